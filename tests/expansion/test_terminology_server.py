"""A server is asked page by page, within bounds, and every failure is one line."""

from typing import Any

import pytest
import requests
import responses

from cds_service.access import terminology_server
from cds_service.access.terminology_server import TerminologyServerError, expand, open_server
from tests.expansion.conftest import BASE, EXPAND, Server, parameter

INCLUDE = {
    "system": "http://snomed.info/sct",
    "filter": [{"property": "constraint", "op": "=", "value": "<< 192970008"}],
}


def refusal() -> str:
    with pytest.raises(TerminologyServerError) as caught:
        expand(open_server(BASE), INCLUDE)
    return str(caught.value)


def page(codes: list[str], total: int | None = None) -> dict[str, Any]:
    contains = [{"system": "http://snomed.info/sct", "code": code} for code in codes]
    expansion: dict[str, Any] = {"timestamp": "2026-06-15T02:00:00Z", "contains": contains}
    return {
        "resourceType": "ValueSet",
        "status": "active",
        "expansion": expansion | ({"total": total} if total else {}),
    }


def test_the_pages_are_asked_for_until_the_total_is_there(server: Server) -> None:
    server.answers()
    answer = expand(open_server(BASE), INCLUDE)
    assert [parameter(body, "offset") for body in server.asked] == [0, 4, 8]
    assert (len(answer.codes), answer.complete) == (10, True)
    assert answer.codes[0].code == "192970008"
    assert "Cauda equina syndrome (disorder)" in answer.codes[0].names


def test_the_edition_is_told(server: Server) -> None:
    server.answers()
    (edition,) = expand(open_server(BASE), INCLUDE).editions
    assert edition.endswith("/version/20260101")


def test_retired_codes_are_asked_for_and_marked(server: Server) -> None:
    server.answers(listed="listed.json")
    answer = expand(
        open_server(BASE), {"system": "http://snomed.info/sct", "concept": [{"code": "212192004"}]}
    )
    assert [code.code for code in answer.codes if code.inactive] == ["212192004"]
    assert parameter(server.asked[0], "activeOnly") is False


def test_an_expansion_that_is_cut_is_not_complete(server: Server) -> None:
    server.answers(defined="truncated.json")
    answer = expand(open_server(BASE), INCLUDE)
    assert (len(answer.codes), answer.complete, len(server.asked)) == (4, False, 1)


@pytest.mark.parametrize(
    ("pages", "codes", "complete"),
    [
        pytest.param([page(["1", "2"]), page([])], 2, True, id="no total, then an empty page"),
        pytest.param([page(["1", "2"]), page(["1", "2"])], 2, False, id="the same page again, and no total"),
        pytest.param([page(["1", "2"], 5), page([])], 2, False, id="fewer than the total"),
        pytest.param([page(["1", "2"], 2)], 2, True, id="all at once"),
        pytest.param([page([])], 0, True, id="nothing"),
        pytest.param([page(["1"], -5), page(["1"], -5)], 1, False, id="a total below zero"),
        pytest.param([page(["1"], True), page(["1"], True)], 1, False, id="a total that is no number"),
    ],
)
def test_paging_ends(server: Server, pages: list[dict[str, Any]], codes: int, complete: bool) -> None:
    left = iter(pages)
    server.answers_with(lambda body: next(left))
    answer = expand(open_server(BASE), INCLUDE)
    assert (len(answer.codes), answer.complete) == (codes, complete)


def test_a_server_that_never_ends_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminology_server, "_MOST_CODES", 10)
    server.answers_with(lambda body: page([str(parameter(body, "offset") + n) for n in range(3)]))
    assert "more than 10 codes" in refusal()


def test_groups_are_looked_into_and_are_no_codes(server: Server) -> None:
    grouped = page([], 2)
    inner = [{"system": "http://snomed.info/sct", "code": "2"}]
    grouped["expansion"]["contains"] = [
        {"system": "http://snomed.info/sct", "code": "1", "abstract": True, "contains": inner},
        {"display": "a heading", "contains": [{"system": "http://snomed.info/sct", "code": "3"}]},
    ]
    server.answers_with(lambda body: grouped)
    answer = expand(open_server(BASE), INCLUDE)
    assert ([code.code for code in answer.codes], answer.complete) == (["2", "3"], True)


def test_an_outcome_is_told_in_one_plain_line(server: Server) -> None:
    server.answers(defined="outcome.json")
    said = refusal()
    assert said.startswith("the server answers with status 422: The code system http://snomed.info/sct")
    assert said.isprintable()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            {"status": 302, "headers": {"Location": "http://elsewhere.example"}},
            "another address",
            id="redirect",
        ),
        pytest.param({"status": 200, "body": "<html>"}, "no FHIR resource", id="a page"),
        pytest.param({"status": 200, "body": '{"resourceType":'}, "no FHIR resource", id="half an answer"),
        pytest.param({"status": 200, "json": None}, "no FHIR resource", id="null"),
        pytest.param(
            {"status": 200, "json": page(["1\n2"], 1)}, "a code that is none", id="a code of two lines"
        ),
        pytest.param({"status": 401, "body": ""}, "status 401", id="a server that wants a login"),
        pytest.param({"status": 503, "body": ""}, "status 503", id="a server that is down"),
        pytest.param(
            {"status": 200, "json": {"resourceType": "Bundle"}},
            "no expanded value set",
            id="another resource",
        ),
        pytest.param({"body": requests.exceptions.ReadTimeout()}, "in time", id="no answer"),
        pytest.param(
            {"body": requests.exceptions.ConnectionError("10.0.0.1")}, "cannot be reached", id="no connection"
        ),
    ],
)
def test_a_server_that_fails_is_told(server: Server, answer: dict[str, Any], said: str) -> None:
    server.network.add(responses.POST, EXPAND, **answer)
    told = refusal()
    assert said in told
    assert "10.0.0.1" not in told


def test_a_server_that_is_busy_is_asked_again_but_not_for_ever(server: Server) -> None:
    server.network.add(responses.POST, EXPAND, status=503, headers={"Retry-After": "3600"})
    refusal()
    assert len(server.network.calls) == 3


def test_an_answer_without_end_is_not_read_to_its_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminology_server, "_MOST_BYTES", 1_000)
    server.answers()
    assert "larger than 1000 bytes" in refusal()


def test_an_answer_that_drips_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminology_server, "_ANSWER_SECONDS", -1)
    server.answers()
    assert "takes too long" in refusal()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://tx.example/r4", id="unencrypted"),
        pytest.param("ftp://tx.example/r4", id="other scheme"),
        pytest.param("https://user:secret@tx.example/r4", id="a password in the address"),
        pytest.param("https://tx.example/r4?x=1", id="a query"),
        pytest.param("https:///r4", id="no host"),
        pytest.param("http://127.0.0.1.example/r4", id="looks like this machine"),
        pytest.param("tx.example", id="no scheme"),
        pytest.param("https://[::1/r4", id="no address"),
    ],
)
def test_an_address_is_refused(url: str) -> None:
    with pytest.raises(TerminologyServerError) as caught:
        open_server(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://tx.example/r4/",
        "http://localhost:8081/fhir",
        "http://127.0.0.1/fhir",
        "http://[::1]:8081/fhir",
    ],
)
def test_an_address_is_taken(url: str) -> None:
    assert open_server(url).base_url == url.rstrip("/")
