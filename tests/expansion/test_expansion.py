"""The differences between what a server says and what the value sets hold, and what becomes of them."""

import csv
import io
import json
from typing import Any

import pytest

from cds_service.access.terminology_server import open_server
from cds_service.expand import Report, ask_server
from cds_service.guideline.content import Guideline
from cds_service.knowledge.expansion import (
    Change,
    Difference,
    Expanded,
    ServerCode,
    additions,
    as_csv,
    compare_listed,
)
from tests.expansion.conftest import BASE, Server, include_of, parameter

SNOMED = "http://snomed.info/sct"


def asked(guideline: Guideline, *names: str) -> Report:
    return ask_server(open_server(BASE), guideline, names or ("cauda-equina",))


def codes(report: Report, change: Change) -> list[str]:
    return sorted(found.code for found in report.differences if found.change is change)


@pytest.fixture
def report(server: Server, shipped: Guideline) -> Report:
    """What the recorded server says of the cauda equina codes."""
    server.answers()
    return asked(shipped)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (Change.INACTIVE, ["212192004"]),
        (Change.UNKNOWN, ["230614002"]),
        (Change.DISPLAY, ["405753002"]),
        (Change.MISSING, ["71286001", "860951008", "94782007"]),
    ],
)
def test_a_difference_is_found(report: Report, change: Change, found: list[str]) -> None:
    assert codes(report, change) == found


def test_codes_outside_the_definition_are_told_unless_retired(report: Report) -> None:
    outside = codes(report, Change.OUTSIDE)
    assert "202736000" in outside
    assert not {"212192004", "230614002", "192970008"} & set(outside)


def test_a_missing_code_names_the_lists_that_have_it(report: Report) -> None:
    also_in = {f.code: f.also_in for f in report.differences if f.change is Change.MISSING}
    assert also_in == {"71286001": ("cord-compression",), "860951008": (), "94782007": ()}


def test_a_code_that_another_list_has_is_not_added(report: Report, shipped: Guideline) -> None:
    (rows,) = additions(report.differences, shipped).values()
    assert [row.code for row in rows] == ["860951008", "94782007"]
    assert all("<< 192970008" in row.provenance and "version/20260101" in row.provenance for row in rows)


def test_a_code_that_two_definitions_claim_is_not_added(shipped: Guideline) -> None:
    claimed = [
        Difference(name, Change.MISSING, SNOMED, "860951008", "", "x") for name in ("cauda-equina", "cancer")
    ]
    assert additions(claimed, shipped) == {}


def test_an_absence_from_a_part_means_nothing(server: Server, shipped: Guideline) -> None:
    server.answers(listed="truncated.json", defined="truncated.json")
    report = asked(shipped)
    assert not {Change.OUTSIDE, Change.UNKNOWN} & {found.change for found in report.differences}
    assert {line.rpartition(": ")[2] for line in report.unanswered} == {
        "the server lists only a part of them"
    }
    assert len(report.unanswered) == len(report.asked)


def test_a_system_that_the_server_lacks_is_one_line_and_no_difference(
    server: Server, shipped: Guideline
) -> None:
    server.answers(listed="empty.json", defined="empty.json")
    report = asked(shipped)
    assert (len(report.unanswered), report.differences) == (3, ())


def test_a_question_that_fails_leaves_the_others(server: Server, shipped: Guideline) -> None:
    server.answers(defined="outcome.json")
    report = asked(shipped)
    assert codes(report, Change.INACTIVE) == ["212192004"]
    assert [line.split(":")[0] for line in report.unanswered] == ["the definition of cauda-equina"]


def test_only_codes_are_sent(server: Server, shipped: Guideline) -> None:
    server.answers()
    asked(shipped)
    listed = next(body for body in server.asked if "concept" in include_of(body))
    assert all(concept.keys() == {"code"} for concept in include_of(listed)["concept"])
    sent = json.dumps(server.asked)
    assert "provenance" not in sent
    assert "Cauda equina syndrome (disorder)" not in sent


def test_long_lists_are_asked_in_parts(server: Server, shipped: Guideline) -> None:
    def echo(body: dict[str, Any]) -> dict[str, Any]:
        include = include_of(body)
        contains = [{"system": include["system"], **c} for c in include.get("concept", [])][
            parameter(body, "offset") :
        ]
        expansion = {"timestamp": "2026-06-15T02:00:00Z", "contains": contains, "total": len(contains)}
        return {"resourceType": "ValueSet", "status": "active", "expansion": expansion}

    server.answers_with(echo)
    report = asked(shipped, "immunosuppression")
    sizes = [len(include_of(body).get("concept", [])) for body in server.asked]
    assert max(sizes) == 500
    assert not codes(report, Change.UNKNOWN)


def test_prefixes_and_own_codes_are_not_asked_for(server: Server, shipped: Guideline) -> None:
    """Of ICD-10 the set lists prefixes alone; the reasons are codes of our own."""
    server.answers()
    asked(shipped, "cauda-equina", "reason-red-flag-cancer")
    systems = {include_of(body)["system"] for body in server.asked}
    assert systems == {SNOMED, "http://hl7.org/fhir/sid/icd-10-cm"}


def test_own_wording_is_no_other_display(shipped: Guideline) -> None:
    own = [row for row in shipped.terminology.value_sets["lumbar-mri"] if "[own wording]" in row.display]
    answer = Expanded(
        tuple(ServerCode(r.system, r.code, "Theirs", ("Theirs",), False) for r in own), (), complete=True
    )
    assert own
    assert compare_listed(shipped, ["lumbar-mri"], own[0].system, answer) == []


def test_the_table_can_be_read_again(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report.differences))))
    assert len(rows) == len(report.differences)
    assert rows == sorted(rows, key=lambda row: (row["value set"], row["change"], row["system"], row["code"]))


def test_a_display_cannot_be_a_formula_of_a_spreadsheet() -> None:
    one = Difference("fever", Change.MISSING, SNOMED, "1", "", '=HYPERLINK("http://x")')
    (row,) = csv.DictReader(io.StringIO(as_csv([one])))
    assert row["display of the server"] == '\'=HYPERLINK("http://x")'
