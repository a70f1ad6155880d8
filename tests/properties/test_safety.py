"""The safety properties of the specification (6.3), over generated records and over the vignettes.

A rank is that of the decision, not of what is shown: E 6, U 5, I 4, P and X 3, M 2, N 1, outside 0.
A call that the service refuses with 412, because it could read nothing, counts as unclear.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, Never

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import builders
from tests.builders import Concept, Resource, concept, condition, observation, quantity
from tests.conformance.lint import complaints_about_response
from tests.properties import changes
from tests.properties.asking import CLEARED, RED_FLAGS, answer, answer_read, read, without_uuids
from tests.properties.records import (
    Request,
    any_request,
    lumbar_orders,
    out_of_scope_orders,
    plain_requests,
    requests,
    told_requests,
    whole_day_requests,
)
from tests.properties.resources import coded, day, whole_days
from tests.properties.strong_and_quiet import LOW_BACK_PAIN, QUIET, STRONG
from tests.vignettes import codings
from tests.vignettes.stories import NOW, STORIES
from tests.vignettes.well_formed import CLAIMS_OF_SAFETY, DEVICE_LABELS, our_words

MUST_BE_READ = (
    *("conditions", "observations", "examinations", "procedures", "medications", "medicationStatements"),
    "questionnaireResponses",
)
EVERY_KEY = ("encounter", "examinations", *builders.PREFETCH_TYPES)


# Half of these would get "not indicated" or "may be indicated".
clearable = st.one_of(plain_requests(), told_requests("V01", "V03", "V04", "V05"), any_request())


# --- Red flags raise, and nothing else lowers --------------------------------------------------------------


@pytest.mark.parametrize("name", STRONG)
@given(before=any_request())
def test_a_strong_fact_more_never_lowers_the_rank_and_at_least_asks(name: str, before: Request) -> None:
    strong = STRONG[name]
    if strong.with_pain:
        before = changes.add(before, [LOW_BACK_PAIN])
    after = changes.add(before, strong.resources)
    assert answer(after).rank >= max(answer(before).rank, 3)


@given(any_request(), st.sampled_from(sorted(STRONG)))
def test_a_strong_fact_more_never_silences_a_card(before: Request, name: str) -> None:
    assume(answer(before).cards)
    assert answer(changes.add(before, [LOW_BACK_PAIN, *STRONG[name].resources])).cards


@given(any_request())
def test_an_emergency_always_speaks(request: Request) -> None:
    answered = answer(request)
    assume("emergency" in answered.outcomes)
    assert answered.cards
    assert (
        answered.cards[0]["indicator"] == "critical" or answered.cards[0]["extension"][DECISION]["endorsed"]
    )


DECISION = "org.lumbar-mri-cds.decision"


# --- What was not read is not absent ------------------------------------------------------------------------


@given(clearable, st.sampled_from(MUST_BE_READ), st.sampled_from([*changes.PARTIAL, *changes.FAILED]))
def test_an_unread_type_leaves_no_order_judged_unnecessary(request: Request, key: str, failure: str) -> None:
    assert not CLEARED & set(answer(changes.fail(request, key, failure)).outcomes)


@given(clearable, st.sampled_from(MUST_BE_READ[:2] + MUST_BE_READ[3:6]))
def test_a_type_that_was_not_sent_leaves_no_order_judged_unnecessary(request: Request, key: str) -> None:
    assert not CLEARED & set(answer(changes.fail(request, key, "not sent")).outcomes)


@given(any_request(), st.sampled_from(EVERY_KEY), st.sampled_from(sorted(changes.PARTIAL)))
def test_a_read_that_ends_early_never_lowers_the_rank(request: Request, key: str, failure: str) -> None:
    before = answer(request)
    cut = request if key == "encounter" else changes.fail(request, key, failure)
    after = answer(cut)
    assert after.rank >= before.rank
    if before.rank >= 4:
        assert RED_FLAGS & set(after.outcomes)


@given(any_request(), st.sampled_from(EVERY_KEY), st.sampled_from([*changes.FAILED, "not sent"]))
def test_a_failed_read_is_never_judged_lower_than_an_empty_one(
    request: Request, key: str, failure: str
) -> None:
    as_empty = changes.fail(request, key, "not sent") if key == "encounter" else changes.empty(request, key)
    assert answer(changes.fail(request, key, failure)).rank >= answer(as_empty).rank


@pytest.mark.parametrize("name", STRONG)
def test_a_strong_fact_with_a_broken_element_is_never_taken_as_absent(name: str) -> None:
    facts = STRONG[name].resources
    pain_only = changes.add(STORIES["V03"].request(NOW), [LOW_BACK_PAIN])
    cleared = []
    for place, fact in enumerate(facts):
        for path, broken in changes.broken_once_everywhere(fact):
            record = [*facts[:place], broken, *facts[place + 1 :]]
            if CLEARED & set(answer(changes.add(pain_only, record)).outcomes):
                cleared.append(path)
    assert cleared == []


_EMERGENCIES = st.one_of(
    coded("cauda-equina"), coded("saddle-numbness"), coded("spinal-haematoma"), coded("faecal-incontinence")
)


@given(
    any_request(),
    _EMERGENCIES,
    st.dictionaries(st.sampled_from(["patient", *EVERY_KEY]), st.sampled_from(sorted(changes.FAILURES))),
    st.sampled_from(["as it is", "nothing sent", "all null", "all failed"]),
)
def test_an_emergency_in_the_reason_of_the_order_needs_no_record(
    request: Request, reason: Concept, failures: dict[str, str], rest: str
) -> None:
    assume(not _was_cauda_equina_refuted_today(request))
    request = changes.with_reason(request, reason)
    for key, failure in failures.items():
        request = changes.fail(request, key, failure)
    match rest:
        case "nothing sent":
            request = {name: member for name, member in request.items() if name != "prefetch"}
        case "all null":
            request = request | {"prefetch": dict.fromkeys(["patient", *EVERY_KEY])}
        case "all failed":
            outcome = builders.operation_outcome("forbidden", "403")
            request = request | {"prefetch": dict.fromkeys(["patient", *EVERY_KEY], outcome)}
    assert answer(request).outcomes[0] == "emergency"


def _was_cauda_equina_refuted_today(request: Request) -> bool:
    """A refutation of today closes a reason of today; that is for the rules of R4 to say (8.6.1)."""
    entries = request["prefetch"]["conditions"]
    found = entries.get("entry", ()) if isinstance(entries, dict) else ()
    return any("refuted" in str(entry.get("resource", {}).get("verificationStatus")) for entry in found)


# --- What denies, or is somebody else's, raises nothing -----------------------------------------------------


@given(clearable, st.sampled_from(sorted(QUIET)))
def test_a_fact_that_denies_or_does_not_count_never_raises_the_rank(request: Request, name: str) -> None:
    assert answer(changes.add(request, [QUIET[name]])).rank <= answer(request).rank


@pytest.mark.parametrize("name", QUIET)
def test_beside_ten_days_of_pain_such_a_fact_leaves_the_order_not_indicated(name: str) -> None:
    assert answer(changes.add(STORIES["V01"].request(NOW), [QUIET[name]])).outcomes == ("not-indicated",)


@given(any_request(), st.sampled_from(sorted(STRONG)))
def test_a_fact_of_another_patient_never_raises_the_rank(request: Request, name: str) -> None:
    strangers = STRONG[name].resources
    # Where nothing else was found, somebody else's data tells that the search went wrong.
    beside = changes.add(request, [_quiet_companion(stranger) for stranger in strangers])
    assert answer(changes.add(beside, strangers, patient_id="p2")).rank <= answer(beside).rank


def _quiet_companion(stranger: Resource) -> Resource:
    """An entry of the same type that says nothing, so that the search is not empty."""
    companions: dict[str, Resource] = {
        "Condition": condition(concept("Allergic rhinitis"), recorded=day(400)),
        "Observation": observation(concept("Sodium"), quantity(140, "mmol/L"), effective=day(400)),
        "Procedure": builders.procedure(concept("Spirometry"), performed=day(400)),
        "MedicationRequest": builders.medication_request(concept("Loratadine"), authored=day(400)),
        "QuestionnaireResponse": builders.questionnaire_response([("Glasses?", "yes")], authored=day(400)),
    }
    return companions[stranger["resourceType"]]


@given(any_request(), coded("cancer-high-risk", "spinal-metastasis", "cauda-equina", "spinal-infection"))
def test_the_family_s_history_is_nobody_s_red_flag(request: Request, code: Concept) -> None:
    member = {
        "resourceType": "FamilyMemberHistory",
        "id": "f1",
        "status": "completed",
        "patient": {"reference": f"Patient/{request['context']['patientId']}"},
        "relationship": concept("Mother"),
        "condition": [{"code": code}],
    }
    family = {"familyHistory": builders.searchset([member])}
    assert answer(request | {"prefetch": request["prefetch"] | family}).rank <= answer(request).rank


# --- The same record in other clothes -----------------------------------------------------------------------


@given(any_request(), st.integers(0, 2**32))
def test_the_order_of_keys_and_entries_changes_no_decision(request: Request, seed: int) -> None:
    assert answer(changes.shuffle(request, Random(seed))).decided == answer(request).decided


@given(any_request(), st.integers(0, 2**32))
def test_the_order_of_keys_and_entries_changes_no_word_of_a_card(request: Request, seed: int) -> None:
    shuffled = changes.shuffle(request, Random(seed))
    assert without_uuids(answer(shuffled).cards) == without_uuids(answer(request).cards)


@given(
    requests(
        orders=st.tuples(
            lumbar_orders("mri-1"), lumbar_orders("mri-2"), out_of_scope_orders(), lumbar_orders("mri-3")
        ).map(list)
    ),
    st.permutations(range(4)),
)
def test_the_order_of_the_drafts_changes_no_decision(request: Request, order: list[int]) -> None:
    assert _by_draft(changes.reorder_drafts(request, order)) == _by_draft(request)


_DECIDED = ("outcome", "recommendations", "endorsed")


def _by_draft(request: Request) -> dict[str, Any]:
    """What each draft is told, whatever card it shares with another."""
    return {
        draft: (card["indicator"], *(card["extension"][DECISION].get(name) for name in _DECIDED))
        for card in answer(request).cards
        if DECISION in card["extension"]
        for draft in card["extension"][DECISION]["orders"]
    }


@given(any_request())
def test_an_observation_that_two_searches_find_counts_once(request: Request) -> None:
    assume(_is_whole(request, "observations"))
    both = request["prefetch"] | {"examinations": request["prefetch"]["observations"]}
    once = request["prefetch"] | {"examinations": builders.searchset()}
    twice_told, told_once = answer(request | {"prefetch": both}), answer(request | {"prefetch": once})
    assert without_uuids(twice_told.cards) == without_uuids(told_once.cards)


@given(any_request())
def test_a_record_that_holds_everything_twice_gets_the_same_rank(request: Request) -> None:
    assert answer(changes.twice(request)).rank == answer(request).rank


@given(any_request())
def test_resources_without_an_id_count_as_well(request: Request) -> None:
    # Two searches that find the same resource can only tell so by its id.
    request = changes.fail(request, "examinations", "not sent")
    assert answer(changes.without_ids(request)).outcomes == answer(request).outcomes


def _is_whole(request: Request, key: str) -> bool:
    found = request["prefetch"].get(key)
    return isinstance(found, dict) and found.get("resourceType") == "Bundle" and "link" not in found


SAME_QUANTITY: tuple[tuple[Concept, tuple[tuple[Any, str], ...]], ...] = (
    *(
        (codings.CRP, ((mg_l, "mg/L"), (round(mg_l / 10, 3), "mg/dL"), (mg_l, "ug/mL")))
        for mg_l in (3, 9.9, 10, 10.1, 14, 30, 30.1, 42, 100, 101)
    ),
    *(
        (codings.TEMPERATURE, ((cel, "Cel"), (fahrenheit, "[degF]"), (round(cel + 273.15, 2), "K")))
        for cel, fahrenheit in ((36.5, 97.7), (37.9, 100.22), (38.0, 100.4), (38.1, 100.58), (40.0, 104.0))
    ),
    *(
        (codings.POST_VOID_RESIDUAL, ((ml, "mL"), (ml / 1000, "L"), (ml, "cm3"), (ml / 10, "cL")))
        for ml in (0, 30, 199, 200, 201, 450, 1200)
    ),
)


@given(any_request(), st.sampled_from(SAME_QUANTITY), whole_days())
def test_a_quantity_in_another_unit_gets_the_same_answer(
    request: Request, same: tuple[Concept, tuple[tuple[Any, str], ...]], when: str
) -> None:
    code, spellings = same
    request = changes.add(request, [LOW_BACK_PAIN])
    answers = {
        answer(changes.add(request, [observation(code, quantity(*spelled), effective=when)])).decided
        for spelled in spellings
    }
    assert len(answers) == 1


# Pounds to kilograms is exact; 154.4 lb to 146.6 lb is a loss of 5.05 %, to 146.7 lb one of 4.99 %.
@given(
    any_request(),
    st.sampled_from([(154.4, 146.6), (154.4, 146.7), (200.0, 190.0), (200.0, 190.1), (150.0, 151.0)]),
    st.sampled_from([(179, 0), (180, 0), (181, 0), (90, 10), (170, 2)]),
)
def test_a_loss_of_weight_is_the_same_in_pounds_kilograms_and_grams(
    request: Request, pounds: tuple[float, float], days_ago: tuple[int, int]
) -> None:
    request = changes.add(request, [LOW_BACK_PAIN])
    answers = set()
    for unit, factor, digits in (("[lb_av]", 1.0, 1), ("kg", 0.45359237, 9), ("g", 453.59237, 6)):
        weights = [
            observation(
                concept("Body weight", loinc="29463-7"),
                quantity(round(value * factor, digits), unit),
                effective=day(ago),
            )
            for value, ago in zip(pounds, days_ago, strict=True)
        ]
        answers.add(answer(changes.add(request, weights)).decided)
    assert len(answers) == 1


@given(any_request())
def test_left_and_right_get_the_same_answer(request: Request) -> None:
    assert answer(changes.mirror(request)).decided == answer(request).decided


@given(st.one_of(whole_day_requests(), told_requests()), st.integers(-1500, 1500))
def test_everything_and_the_clock_moved_by_days_gets_the_same_answer(request: Request, days: int) -> None:
    assume(not changes.has_partial_dates(request))
    moved = answer(changes.shift(request, days), NOW + timedelta(days=days))
    assert moved.decided == answer(request).decided


# --- What a card may be ---------------------------------------------------------------------------------------


@given(any_request())
def test_every_card_keeps_the_rules_of_the_standard_and_claims_no_safety(request: Request) -> None:
    response = {"cards": list(answer(request).cards)}
    entries = request["context"]["draftOrders"]["entry"]
    drafts = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}": entry["resource"]
        for entry in entries
    }
    assert complaints_about_response(response, drafts, request["context"]["patientId"]) == []
    for card in response["cards"]:
        assert card["source"]["url"]
        assert card["links"]
        assert list(_claims(card, request)) == []


def _claims(card: dict[str, Any], request: Request) -> Iterator[str]:
    """Banned words of our own: what the record itself says may be quoted."""
    for text in our_words(card):
        for hit in CLAIMS_OF_SAFETY.finditer(DEVICE_LABELS.sub("", _without_quotes(text, request))):
            yield hit.group()


def _without_quotes(text: str, request: Request) -> str:
    return re.sub("normal bladder control", "", text, flags=re.IGNORECASE)


@given(any_request())
def test_the_same_call_twice_gets_the_same_advice(request: Request) -> None:
    assert without_uuids(answer(request).cards) == without_uuids(answer(request).cards)


@given(st.one_of(requests(), told_requests()), st.lists(out_of_scope_orders(), max_size=2))
def test_an_order_out_of_scope_gets_no_card_and_no_look_at_the_record(
    request: Request, drafts: list[Resource]
) -> None:
    context = request["context"] | {
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": draft} for draft in drafts],
        },
        "selections": [f"{draft['resourceType']}/{draft['id']}" for draft in drafts],
    }
    unread = replace(read(request | {"context": context}), prefetch=_NeverRead())
    assert answer_read(unread).cards == ()


class _NeverRead(dict[str, Never]):
    """A prefetch that fails the test when somebody looks."""

    def _touched(self, *_: object) -> Never:
        raise AssertionError("the prefetch was read")

    __getitem__ = __iter__ = __len__ = __contains__ = get = keys = values = items = _touched
