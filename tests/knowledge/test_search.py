"""What a search finds, what it leaves out and what it refuses."""

from typing import Any

import pytest

from cds_service.errors import BadRequest
from cds_service.knowledge.library import Library
from cds_service.knowledge.search import search

BASE = "https://cds.example/fhir"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
Pair = tuple[str, str]


def found(library: Library, *pairs: Pair, strict: bool = False) -> list[str]:
    return [
        entry["resource"]["id"]
        for entry in bundle(library, *pairs, strict=strict).get("entry", ())
        if entry["search"]["mode"] == "match"
    ]


def bundle(library: Library, *pairs: Pair, strict: bool = False) -> dict[str, Any]:
    return search(library, "ValueSet", pairs, strict=strict, base=BASE)


def links(answer: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in answer["link"]}


@pytest.mark.parametrize(
    ("pairs", "ids"),
    [
        pytest.param([("_id", "fever")], ["fever"], id="id"),
        pytest.param([("_id", "fever,sepsis,nope")], ["fever", "sepsis"], id="one of several ids"),
        pytest.param([("url", "urn:lumbar-mri-cds:value-set:fever")], ["fever"], id="url"),
        pytest.param([("url", "urn:lumbar-mri-cds:value-set:fev")], [], id="part of a url"),
        pytest.param([("name", "cauda")], ["cauda-equina"], id="beginning of a name in small letters"),
        pytest.param([("name", "Equina")], [], id="not the beginning"),
        pytest.param([("name:contains", "AEQUIN")], ["cauda-equina", "reason-red-flag-cauda-equina"], id="part of a name"),
        pytest.param([("name:exact", "caudaEquina")], [], id="exact is exact"),
        pytest.param([("title:exact", "Cauda equina")], ["cauda-equina"], id="title"),
        pytest.param([("name", "fever"), ("version", "0.0.0")], [], id="both must hold"),
        pytest.param([("_id", "fever"), ("status", "draft")], ["fever"], id="status"),
        pytest.param([("code", "http://snomed.info/sct|192970008")], ["cauda-equina"], id="code"),
        pytest.param([("code", "192970008")], ["cauda-equina"], id="code without a system"),
        pytest.param([("code", f"{ICD}|G834")], ["cauda-equina"], id="code below a prefix, without dots"),
        pytest.param([("code", "|192970008")], [], id="code of no system"),
        pytest.param([("_id", "fever"), ("name", "")], ["fever"], id="an empty value asks for nothing"),
    ],
)  # fmt: skip
def test_a_search_finds(library: Library, pairs: list[Pair], ids: list[str]) -> None:
    assert found(library, *pairs) == ids


def test_a_search_for_nothing_finds_everything(library: Library) -> None:
    assert found(library) == sorted(library.resources["ValueSet"])


def test_an_unknown_parameter_is_left_out_and_the_answer_says_so(library: Library) -> None:
    answer = bundle(library, ("_id", "fever"), ("colour", "red"))
    outcome = answer["entry"][-1]
    assert (outcome["search"]["mode"], outcome["resource"]["issue"][0]["severity"]) == ("outcome", "warning")
    assert links(answer)["self"] == f"{BASE}/ValueSet?_id=fever"
    assert answer["total"] == 1


def test_formats_are_no_part_of_the_search(library: Library) -> None:
    answer = bundle(library, ("_id", "fever"), ("_format", "json"), strict=True)
    assert [entry["search"]["mode"] for entry in answer["entry"]] == ["match"]


def test_an_unknown_parameter_is_never_repeated(library: Library) -> None:
    answer = bundle(library, ("S1234567A", "S1234567A"))
    assert "S1234567A" not in str(answer)


@pytest.mark.parametrize(
    ("pair", "strict"),
    [
        pytest.param(("colour", "red"), True, id="unknown, strict"),
        pytest.param(("name:below", "x"), False, id="unknown modifier"),
        pytest.param(("_id:exact", "x"), False, id="modifier of another kind"),
        pytest.param(("_count", "-1"), False, id="count below nothing"),
        pytest.param(("_offset", "x"), False, id="offset"),
        pytest.param(("_summary", "some"), False, id="summary"),
    ],
)
def test_a_search_refuses(library: Library, pair: Pair, strict: bool) -> None:
    with pytest.raises(BadRequest) as caught:
        bundle(library, pair, strict=strict)
    assert pair[1] not in (caught.value.text, caught.value.diagnostics)


def test_a_summary_leaves_the_codes_out_and_says_that_it_is_a_part(library: Library) -> None:
    (entry,) = bundle(library, ("_id", "fever"), ("_summary", "true"))["entry"]
    assert "compose" not in entry["resource"]
    assert "SUBSETTED" in [tag["code"] for tag in entry["resource"]["meta"]["tag"]]
    assert "SUBSETTED" not in str(library.resources["ValueSet"]["fever"]["meta"])


@pytest.mark.parametrize("control", [("_summary", "count"), ("_count", "0")])
def test_a_count_has_no_entries(library: Library, control: Pair) -> None:
    answer = bundle(library, control)
    assert (answer["total"], "entry" in answer) == (len(library.resources["ValueSet"]), False)


def test_the_pages_follow_each_other_to_the_end(library: Library) -> None:
    seen: list[str] = []
    offset = 0
    while True:
        answer = bundle(library, ("_summary", "true"), ("_count", "50"), ("_offset", str(offset)))
        seen += [entry["resource"]["id"] for entry in answer["entry"]]
        if "next" not in links(answer):
            break
        offset += 50
        assert links(answer)["next"].endswith(f"_count=50&_offset={offset}")
    assert seen == sorted(library.resources["ValueSet"])


def test_the_second_page_leads_back_to_the_first(library: Library) -> None:
    assert links(bundle(library, ("_count", "5"), ("_offset", "3")))["previous"].endswith("_offset=0")
