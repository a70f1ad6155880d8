"""`check` and `replay` on the command line: what they print, and how they end."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cds_service.__main__ import main
from cds_service.app import build_services
from cds_service.guideline.content import ContentError
from cds_service.settings import Settings

ROOT = Path(__file__).parent.parent
SHIPPED, FIXTURES, SITES = ROOT / "cards" / "lumbar-mri", ROOT / "fhir_fixtures", ROOT / "sites"
NOW = "2026-06-15T10:00+08:00"
EMERGENCY = FIXTURES / "r3-progressive-weakness.request.json"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def changed(tmp_path: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the shipped content in which each pattern is replaced once, in its file."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "changed"))
    for file, before, after in changes:
        path = folder / file
        text, count = re.subn(before, after, path.read_text(encoding="utf-8"), count=1)
        assert count == 1, before
        path.write_text(text, encoding="utf-8")
    return folder


def signed(tmp_path: Path, review: str) -> Path:
    return changed(
        tmp_path,
        ("guideline.toml", 'status = "draft"', 'status = "active"'),
        ("guideline.toml", 'approver = ""', 'approver = "Dr A"'),
        ("guideline.toml", '\ndate = ""', '\ndate = "2019-01-01"'),
        ("guideline.toml", 'next_review = ""', f'next_review = "{review}"'),
    )


# --- check ---


def test_check_says_what_it_looked_at_where_nothing_is_wrong() -> None:
    result = run("check")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert re.search(
        r"Nothing wrong in \d+ files, [\d,]+ codes, \d+ thresholds, \d+ card texts and \d+ examples\.", said
    )


def test_check_prints_a_line_a_problem_and_ends_with_1(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("guideline.toml", 'origin = "SEED"', 'origin = "X"'),
        ("cancer.md", r"\$features", "$feature"),
    )
    result = run("check", folder)
    assert result.exit_code == 1
    assert re.search(r"^guideline\.toml:\d+: thresholds\.\w+\.origin: one of ", result.stdout, re.M)
    assert re.search(r"^cancer\.md:\d+: section summary\.\S+: \$feature cannot be", result.stdout, re.M)
    assert "2 problems" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            'outcome = "not-indicated"', 'outcome = "unclear"',
            r"examples.0.expect.outcome: short-pain expects unclear; it is not-indicated", id="outcome",
        ),
        pytest.param(
            r'recommendations = \["R1"\]', 'recommendations = ["R2"]',
            r"short-pain expects R2; it is R1", id="recommendations",
        ),
        pytest.param(
            'indicator = "warning"', 'indicator = "info"', r"short-pain expects info; it is warning", id="indicator",
        ),
        pytest.param(
            "low back pain 20 days", "low back pain 21 days",
            r"short-pain expects a card that says 'low back pain 21 days'; it does not", id="words",
        ),
    ],
)  # fmt: skip
def test_check_tells_of_an_example_what_was_expected_and_what_happens(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    folder = changed(tmp_path, ("examples.toml", before, after))
    result = run("check", folder)
    assert result.exit_code == 1
    told = re.search(r"^examples\.toml:(\d+): ", result.stdout, re.M)
    assert told
    assert expected in " ".join(result.stdout.split())
    lines = (folder / "examples.toml").read_text(encoding="utf-8").split("\n")
    assert after in lines[int(told[1]) - 1]


def test_a_threshold_that_breaks_an_example_is_found_by_it(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        (
            "guideline.toml",
            r"\[thresholds\.pain_short_days\]\nvalue = 28",
            "[thresholds.pain_short_days]\nvalue = 14",
        ),
    )
    assert "short-pain expects not-indicated; it is" in " ".join(run("check", folder).stdout.split())


def test_an_overdue_review_is_a_warning_and_no_problem(tmp_path: Path) -> None:
    result = run("check", signed(tmp_path, "2020-01-01"))
    assert result.exit_code == 0
    assert "Warning: guideline.toml: the review of the guideline was due on 2020-01-01" in result.stdout


def test_a_review_in_time_is_no_warning(tmp_path: Path) -> None:
    assert "review" not in run("check", signed(tmp_path, "2999-01-01")).stdout


@pytest.mark.parametrize("site", ["polyclinic", "hospital"])
def test_check_takes_a_site_s_overlay(site: str) -> None:
    assert run("check", "--site", SITES / site).exit_code == 0


def test_check_tells_what_a_site_changes_so_that_nothing_gets_milder_unseen(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITES / "hospital", tmp_path / "site"))
    text = (site / "site.toml").read_text(encoding="utf-8")
    (site / "site.toml").write_text(text.replace("value = 150", "value = 900"), encoding="utf-8")
    result = run("check", "--site", site)
    said = " ".join(result.stdout.split())
    assert "At this site: threshold residual_volume_ml is 900 mL, not 200 mL (Head of spine service" in said
    assert "At this site: switch endorse is off, not on" in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_broken_overlay_is_told_with_its_lines(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITES / "polyclinic", tmp_path / "site"))
    text = (site / "site.toml").read_text(encoding="utf-8")
    (site / "site.toml").write_text(
        text.replace("[thresholds.care_cover_days]", "[thresholds.care_days]").replace(
            "contrast_advice = false", "contrast = false"
        )
    )
    result = run("check", "--site", site)
    assert result.exit_code == 1
    assert re.findall(r"^site\.toml:\d+: (\S+):", result.stdout, re.M) == [
        "thresholds.care_days",
        "switches.contrast",
    ]


def test_a_code_of_a_site_that_contradicts_the_guideline_is_told(tmp_path: Path) -> None:
    site = Path(shutil.copytree(SITES / "polyclinic", tmp_path / "site"))
    file = site / "codes.csv"
    rows = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    file.write_text(
        "\n".join(
            [*rows, "catalogue,X1,A device,device-mr-safe", "catalogue,X1,A device,device-mr-unsafe", ""]
        )
    )
    result = run("check", "--site", site)
    assert f"codes.csv:{len(rows) + 2}: X1 in device-mr-safe or in device-mr-unsafe" in " ".join(
        result.stdout.split()
    )


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert run("check", tmp_path / "nobody").exit_code == 2


def test_a_service_with_a_failing_example_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(tmp_path, ("examples.toml", 'outcome = "not-indicated"', 'outcome = "unclear"')).rename(
        tmp_path / "lumbar-mri"
    )
    monkeypatch.setattr("cds_service.app.cards_folder", lambda: tmp_path)
    with pytest.raises(ContentError, match="short-pain expects unclear"):
        build_services(Settings())


# --- replay ---


def replay(new: Path, *requests: object, options: tuple[str, ...] = ("--now", NOW)) -> Result:
    return run("replay", "--old", SHIPPED, "--new", new, *options, *(requests or (FIXTURES,)))


def test_the_same_content_changes_nothing() -> None:
    result = replay(SHIPPED)
    assert result.exit_code == 0
    assert "6 unchanged" in result.stdout
    assert "What differs" not in result.stdout


def lost_emergency(tmp_path: Path) -> Path:
    """Power that was tested yesterday is no longer recent."""
    return changed(
        tmp_path,
        *(
            ("guideline.toml", rf"(\[thresholds\.{name}\])\nvalue = \d+", r"\1\nvalue = 0")
            for name in ("power_fresh_days", "power_recent_days")
        ),
    )


def test_a_lost_emergency_is_told_first_and_ends_with_1(tmp_path: Path) -> None:
    result = replay(lost_emergency(tmp_path))
    assert result.exit_code == 1
    at = result.stdout.index
    assert at("EMERGENCY LOST") < at("Outcomes that change") < at("What differs in the content")
    assert (
        "r3-progressive-weakness.request.json"
        in result.stdout[at("EMERGENCY LOST") : at("Outcomes that change")]
    )
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_report_as_json_holds_every_order(tmp_path: Path) -> None:
    result = replay(lost_emergency(tmp_path), options=("--now", NOW, "--format", "json"))
    report: dict[str, Any] = json.loads(result.stdout)
    (lost,) = report["lostEmergencies"]
    assert (lost["file"], lost["recommendation"]) == ("r3-progressive-weakness.request.json", "R3")
    assert lost["before"].startswith("emergency R3")
    assert report["unchangedOrders"] == report["orders"] - len(report["outcomeChanges"]) - len(
        report["wordChanges"]
    )


def test_a_request_that_cannot_be_read_is_named_and_ends_with_2(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"hook": "order-select"')
    result = replay(SHIPPED, EMERGENCY, broken)
    assert result.exit_code == 2
    assert "broken.json: The body is not JSON." in result.stdout
    assert "1 unchanged" in result.stdout


def test_a_lost_emergency_weighs_more_than_a_request_that_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[]")
    assert replay(lost_emergency(tmp_path), EMERGENCY, broken).exit_code == 1


def test_broken_content_ends_with_2_and_names_the_option(tmp_path: Path) -> None:
    new = changed(tmp_path, ("guideline.toml", 'origin = "SEED"', 'origin = "X"'))
    result = replay(new)
    assert (result.exit_code, "--new is broken" in result.stderr) == (2, True)
    assert re.search(r"guideline\.toml:\d+: ", result.stderr)


def test_a_folder_without_requests_is_a_usage_error(tmp_path: Path) -> None:
    assert replay(SHIPPED, tmp_path).exit_code == 2


def test_a_folder_without_request_files_by_name_gives_all_its_json(tmp_path: Path) -> None:
    shutil.copy(EMERGENCY, tmp_path / "one.json")
    result = replay(SHIPPED, tmp_path)
    assert (result.exit_code, "1 unchanged" in result.stdout) == (0, True)


def test_without_a_moment_both_versions_answer_at_this_one() -> None:
    assert replay(SHIPPED, EMERGENCY, options=()).exit_code == 0


def test_a_moment_that_is_none_is_a_usage_error() -> None:
    assert replay(SHIPPED, options=("--now", "yesterday")).exit_code == 2


def test_a_replay_shows_what_an_overlay_does(tmp_path: Path) -> None:
    result = replay(SHIPPED, options=("--now", NOW, "--new-site", str(SITES / "hospital")))
    assert "residual_volume_ml" in result.stdout
    assert "suggestions" in result.stdout[result.stdout.index("Words that change") :]
    assert "order code studies lumbar-without ris" in result.stdout
    assert result.exit_code == 0


def test_a_file_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    shutil.copy(EMERGENCY, tmp_path / "a\x1b[2Jb\nc.json")
    result = replay(lost_emergency(tmp_path), tmp_path / "a\x1b[2Jb\nc.json")
    assert "a?[2Jb?c.json" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31"])
def test_a_moment_that_no_calendar_holds_is_a_usage_error(moment: str) -> None:
    assert replay(SHIPPED, options=("--now", moment)).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((SITES / "hospital",), id="a site as content"),
        pytest.param((SHIPPED, "--site", SHIPPED), id="content as a site"),
    ],
)
def test_a_folder_of_another_kind_is_a_usage_error(arguments: tuple[object, ...]) -> None:
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert "a folder with" in result.stderr
