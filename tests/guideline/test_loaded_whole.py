"""What loading puts together: every part of the content in one guideline, and a site's part in its place."""

import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cds_service.guideline.content import Guideline, check_content, load_guideline
from tests.guideline.told import rewritten, told

ROOT = Path(__file__).parents[2]
SHIPPED, POLYCLINIC, HOSPITAL = (
    ROOT / "cards" / "lumbar-mri", ROOT / "sites" / "polyclinic", ROOT / "sites" / "hospital",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped content without the wider SNOMED lists, which are most of the codes; only read."""
    folder = tmp_path_factory.mktemp("content") / "lumbar-mri"
    return Path(shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("extended_snomed")))


@pytest.fixture(scope="module")
def bare(shared: Path) -> Guideline:
    return load_guideline(shared)


@pytest.fixture
def folder(shared: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    return Path(shutil.copytree(shared, tmp_path / "lumbar-mri"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return Path(shutil.copytree(POLYCLINIC, tmp_path / "site"))


def test_a_guideline_without_a_site_is_the_content_alone(bare: Guideline) -> None:
    assert (bare.id, bare.zone) == ("lumbar-mri", ZoneInfo("Asia/Singapore"))
    assert (bare.site, bare.site_changes, bare.leaflet_url) == (None, (), "")
    assert {name: one.id for name, one in bare.recommendations.items()} == {
        name: name for name in ("R1", "R2", "R3", "R4", "R5", "R6")
    }
    assert bare.words.has("cancer", "summary.urgent")
    assert bare.examples[0].id == "short-pain"
    assert "userRole" not in bare.prefetch
    assert bare.prefetch.keys() == bare.prefetch_reasons.keys()


def test_a_site_puts_its_part_into_every_part(shared: Path, bare: Guideline, site: Path) -> None:
    rewritten(site / "site.toml", {'time_zone = "[^"]*"': 'time_zone = "Asia/Tokyo"'})
    own = load_guideline(shared, site)
    assert own.site
    assert own.site.name == "Example polyclinic"
    assert own.zone == ZoneInfo("Asia/Tokyo")
    assert own.leaflet_url == "https://polyclinic.example/leaflets/low-back-pain"
    assert own.thresholds.care_cover_days == 21
    assert not own.switches.contrast_advice
    assert "care_cover_days" in {change.name for change in own.site_changes}
    assert own.digest != bare.digest
    assert "OBS-PVR" in own.prefetch["observations"]
    assert "userRole" in own.prefetch
    assert own.order_codes.studies["lumbar-without"].codes["catalogue"].code == "RAD-2210"
    assert "residual-volume" in own.terminology.concepts_of("https://polyclinic.example/catalogue", "OBS-PVR")
    assert own.patterns == bare.patterns


def test_the_questions_of_a_sites_forms_stand_beside_the_guidelines(shared: Path, bare: Guideline) -> None:
    own = load_guideline(shared, HOSPITAL)
    form = "https://hospital.example/Questionnaire/spine-intake"
    added = {(form, "q7"): "saddle-numbness", (form, "q8"): "urinary-retention"}
    assert own.patterns.questions == {**bare.patterns.questions, **added}
    assert own.leaflet_url == ""
    assert own.zone == bare.zone


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param("patterns.toml", r'in_use = \["Cel", ', 'in_use = ["Cel",\n"kg", ', "units.temperature.in_use.1: a UCUM unit of its kind, not kg", id="unit"),
        pytest.param("examples.toml", '"snomed 279039007"', '"snomed 279039008"', "examples.0.record.0.code: snomed 279039008: a code of a value set", id="code of a story"),
        pytest.param("checklist.toml", r'yes = \["saddle-numbness"\]', 'yes = ["osteoporosis"]',
                     "items.2.yes: item saddle: yes: osteoporosis is no red flag", id="checklist"),
        pytest.param("contradictions.toml", '"device-mr-safe"', '"device-safe"', "contradictions.0.sets.0: the name of a value set, not device-safe", id="contradiction"),
        pytest.param("expansions.toml", "<< 192970008", "<< 192970009", "cauda-equina.ecl: codes of SNOMED CT that stand in a value set", id="expansion"),
        pytest.param("orders_out.toml", 'code = "306170007"', 'code = "306170008"',
                     "orders.physiotherapy.codes.snomed: snomed|306170008: a code of a value set", id="suggested code"),
        pytest.param("prefetch.toml", r'"Device\?patient', '"Devices?patient', "devices.query: a search for Device", id="search"),
        pytest.param("sources.toml", 'url = "https://read.qxmd.com/read/32538336/"', 'url = "x.example"', "sources.D5.url: an absolute web address", id="source"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_stops_the_start_and_is_told_whole(
    file: str, before: str, after: str, expected: str, folder: Path
) -> None:
    rewritten(folder / file, {before: after})
    text = (folder / file).read_text(encoding="utf-8")
    line = text[: text.index(after)].count("\n") + 1 + after.count("\n")
    assert told(lambda: load_guideline(folder)) == [f"{file}:{line}: {expected}"]
    assert [str(one) for one in check_content(folder)] == [f"{file}:{line}: {expected}"]


def test_a_word_for_orders_that_is_no_expression_is_told_whole(folder: Path) -> None:
    rewritten(folder / "orders.toml", {r"'\\bwrists\?\\b'": "'wrist('"})
    [found] = told(lambda: load_guideline(folder))
    assert found.startswith("orders.toml:")
    assert (
        "wrist("
        in (folder / "orders.toml").read_text(encoding="utf-8").split("\n")[int(found.split(":")[1]) - 1]
    )


@pytest.mark.parametrize("name", ["mRI.md", "a.md"])
def test_every_file_of_words_is_read(name: str, folder: Path) -> None:
    (folder / name).write_text("# Title\n\n## a\n\nwords\n", encoding="utf-8")
    assert told(lambda: load_guideline(folder)) == [f"{name}:5: section a is read by no card"]


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param("site.toml", r"\nvalue = 21", "\nvalue = 21.5", "thresholds.care_cover_days.value: a whole number", id="number"),
        pytest.param("site.toml", 'code = "RAD-2210"', 'code = "RAD-2211"',
                     "studies.lumbar-without.code: RAD-2211: a code of a study without contrast, not 'MRI lumbar spine with and without contrast'", id="study"),
        pytest.param("site.toml", 'code = "RAD-2210"', 'code = "RAD-2299"', "studies.lumbar-without.code: catalogue|RAD-2299: a code of a value set", id="code of a study"),
        pytest.param("codes.csv", "VIS-PT,Physiotherapy visit,physical-therapy", "VIS-PT,Physiotherapy visit,physiotherapy", "physiotherapy: a value set of the guideline", id="value set"),
    ],
)  # fmt: skip
def test_a_fault_of_a_site_is_told_as_the_sites(
    file: str, before: str, after: str, expected: str, shared: Path, site: Path
) -> None:
    [line] = rewritten(site / file, {before: after})
    assert told(lambda: load_guideline(shared, site)) == [f"{file}:{line}: {expected}"]
    assert [str(one) for one in check_content(shared, site)] == [f"{file}:{line}: {expected}"]
