"""`lumbar-mri-cds expand` tells, writes a table, and changes content only where it is asked to."""

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cds_service import expand_command
from cds_service.__main__ import main
from cds_service.guideline.content import load_guideline
from tests.expansion.conftest import BASE, SHIPPED, Server

ADDED = "value_sets/extended_snomed/cauda-equina.csv"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "lumbar-mri"))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "expansion"


def run(*arguments: str | Path, url: str = BASE) -> Result:
    return CliRunner().invoke(main, ["expand", "--server", url, *map(str, arguments)])


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_table_is_written_and_the_numbers_are_told(server: Server, output: Path) -> None:
    server.answers()
    result = run("--value-set", "cauda-equina", "--output", output)
    assert result.exit_code == 0, result.output
    assert "missing here                 3" in result.stdout
    with (output / "differences.csv").open(encoding="utf-8") as file:
        assert {row["value set"] for row in csv.DictReader(file)} == {"cauda-equina"}


def test_nothing_is_changed_unasked(server: Server, output: Path) -> None:
    server.answers()
    before = tree(SHIPPED)
    run("--value-set", "cauda-equina", "--output", output)
    assert tree(SHIPPED) == before


def test_what_is_missing_is_added_on_request_and_nothing_else(
    server: Server, content: Path, output: Path
) -> None:
    server.answers()
    before = tree(content)
    result = run("--value-set", "cauda-equina", "--output", output, "--write", content)
    assert result.exit_code == 0, result.output
    after = tree(content)
    assert [name for name in after if after[name] != before.get(name)] == [ADDED]
    old, new = (set(files[ADDED].decode().splitlines()) for files in (before, after))
    assert old <= new
    assert {line.split(",")[1] for line in new - old} == {"860951008", "94782007"}
    held = load_guideline(content).terminology.concepts_of("http://snomed.info/sct", "860951008")
    assert held == {"cauda-equina"}


def test_asked_again_nothing_is_left_to_add(server: Server, content: Path, output: Path) -> None:
    server.answers()
    run("--value-set", "cauda-equina", "--output", output, "--write", content)
    before = tree(content)
    result = run("--value-set", "cauda-equina", "--output", output, "--write", content)
    assert "No code to add." in result.stdout
    assert tree(content) == before


def test_content_that_would_be_broken_stays_as_it_is(server: Server, content: Path, output: Path) -> None:
    """A server's code with a wrong check digit would stop the service."""
    contains = [{"system": "http://snomed.info/sct", "code": "1234567", "display": "x"}]
    expansion = {"timestamp": "2026-06-15T02:00:00Z", "total": 1, "contains": contains}
    server.answers_with(lambda body: {"resourceType": "ValueSet", "status": "active", "expansion": expansion})
    before = tree(content)
    result = run("--value-set", "cauda-equina", "--output", output, "--write", content)
    assert (result.exit_code, "check digit" in result.stderr) == (1, True)
    assert tree(content) == before


def test_the_installed_content_is_never_changed(
    content: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expand_command, "PACKAGE", content.parent)
    result = run("--output", output, "--write", content)
    assert (result.exit_code, "give a copy" in result.stderr) == (2, True)


def test_a_question_that_stays_open_is_told_and_ends_with_1(server: Server, output: Path) -> None:
    server.answers(defined="outcome.json")
    result = run("--value-set", "cauda-equina", "--output", output)
    assert result.exit_code == 1
    assert "Not answered: the definition of cauda-equina: the server answers with status 422" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "url", "said"),
    [
        pytest.param(["--value-set", "nope"], BASE, "no value set is called nope", id="value set"),
        pytest.param([], "http://tx.example/r4", "https://", id="address"),
    ],
)
def test_usage_is_refused(output: Path, arguments: list[str], url: str, said: str) -> None:
    result = run(*arguments, "--output", output, url=url)
    assert (result.exit_code, said in result.stderr, output.exists()) == (2, True, False)
