"""Every answer keeps every rule of form: cards, suggestions, actions, links, extensions."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.lint import DISCOVERY_RULES, RESPONSE_RULES, complaints_about_discovery
from tests.conformance.requests_ import (
    KNEE_MRI,
    LUMBAR_MRI_BY_CPT,
    back_pain,
    hook_request,
    mri_order,
    saddle_numbness,
    whole_prefetch,
)
from tests.conformance.service import Answer, Service

Lint = Callable[[dict[str, Any], Answer], list[str]]

REQUESTS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "not indicated": lambda keys: hook_request(whole_prefetch(keys, back_pain())),
    "not indicated, at signing": lambda keys: hook_request(
        whole_prefetch(keys, back_pain()), hook="order-sign"
    ),
    "emergency": lambda keys: hook_request(whole_prefetch(keys, back_pain(), saddle_numbness())),
    "emergency, ordered as such": lambda keys: hook_request(
        whole_prefetch(keys, back_pain(), saddle_numbness()), mri_order(priority="stat"), hook="order-sign"
    ),
    "unclear": lambda keys: hook_request(
        {
            **whole_prefetch(keys, back_pain()),
            "observations": {"resourceType": "OperationOutcome", "issue": []},
        }
    ),
    "two orders": lambda keys: hook_request(
        whole_prefetch(keys, back_pain()),
        mri_order("mri-1"),
        mri_order("mri-2", LUMBAR_MRI_BY_CPT),
        hook="order-sign",
    ),
    "no advice": lambda keys: hook_request(whole_prefetch(keys, back_pain()), mri_order(code=KNEE_MRI)),
}


def rules(names: tuple[str, ...]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.rule(name), id=name) for name in names]


@pytest.fixture(scope="module")
def answered(service: Service, keys: list[str]) -> list[tuple[str, dict[str, Any], Answer]]:
    """Every request with its answer."""
    bodies = [(name, build(keys)) for name, build in REQUESTS.items()]
    return [(name, body, service.call(body)) for name, body in bodies]


@pytest.mark.parametrize("rule", rules(RESPONSE_RULES))
def test_no_answer_breaks_the_rule(
    rule: str, answered: list[tuple[str, dict[str, Any], Answer]], lint: Lint
) -> None:
    complaints = [f"{name}: {text}" for name, body, answer in answered for text in lint(body, answer)]
    assert [text for text in complaints if f": {rule} " in text] == []


@pytest.mark.rule("CARD-5", "CALL-15")
def test_no_uuid_is_used_twice_in_all_answers(answered: list[tuple[str, dict[str, Any], Answer]]) -> None:
    uuids = [card["uuid"] for _, _, answer in answered for card in answer.cards]
    assert len(uuids) > 1
    assert len(set(uuids)) == len(uuids)


def test_the_requests_of_these_tests_get_the_cards_that_make_them_worth_a_look(
    answered: list[tuple[str, dict[str, Any], Answer]],
) -> None:
    counts = {name: len(answer.cards) for name, _, answer in answered}
    assert counts.pop("no advice") == 0
    assert min(counts.values()) >= 1


@pytest.mark.parametrize("rule", rules(DISCOVERY_RULES))
def test_discovery_keeps_the_rule(rule: str, service: Service) -> None:
    assert [
        text for text in complaints_about_discovery(service.discover().json) if text.startswith(f"{rule} ")
    ] == []
