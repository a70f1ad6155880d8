"""The definitions of `expansions.toml` are checked at start."""

import shutil
from pathlib import Path

import pytest

from cds_service.guideline.content import ContentError, load_guideline
from tests.expansion.conftest import SHIPPED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "lumbar-mri"))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(
            '[nope]\necl = "<< 192970008"\norigin = "OTHER"\nsource = "x"',
            "nope: the name of",
            id="no such set",
        ),
        pytest.param(
            '[fever]\necl = "<< 192970009"\norigin = "OTHER"\nsource = "x"',
            "fever.ecl: codes of",
            id="check digit",
        ),
        pytest.param(
            '[fever]\necl = "<< 860951008"\norigin = "OTHER"\nsource = "x"',
            "fever.ecl: codes of",
            id="a code of no list",
        ),
        pytest.param(
            '[fever]\necl = "*"\norigin = "OTHER"\nsource = "x"', "fever.ecl: codes, <", id="everything"
        ),
        pytest.param(
            '[fever]\necl = ""\norigin = "OTHER"\nsource = "x"', "fever.ecl: codes, <", id="nothing"
        ),
        pytest.param(
            '[fever]\necl = "<< 192970008"\norigin = "OTHER"\nsource = " "',
            "fever.source: where",
            id="no source",
        ),
        pytest.param(
            '[fever]\necl = "<< 192970008"\norigin = "ME"\nsource = "x"', "origin: ", id="no such origin"
        ),
        pytest.param(
            '[fever]\necl = "<< 192970008"\norigin = "ACG"\nsource = "x"\nroot = 1',
            "root: ",
            id="unknown key",
        ),
    ],
)
def test_a_definition_is_refused(folder: Path, table: str, expected: str) -> None:
    with (folder / "expansions.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{table}\n")
    with pytest.raises(ContentError) as caught:
        load_guideline(folder)
    assert caught.value.file == "expansions.toml"
    assert expected in caught.value.expected


def test_the_definitions_need_none_of_the_wider_lists(folder: Path) -> None:
    shutil.rmtree(folder / "value_sets" / "extended_snomed")
    assert load_guideline(folder).expansions
