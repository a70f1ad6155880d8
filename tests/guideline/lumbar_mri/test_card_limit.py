"""What a client that shows few cards is told of the others."""

from dataclasses import replace

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri.card_limit import LABEL_CHARACTERS, RenderedCard, limit_cards
from cds_service.guideline.lumbar_mri.render import render_cards
from tests.guideline.lumbar_mri.decision_builders import device, fact, order, short_pain, uuids
from tests.guideline.lumbar_mri.test_render_summary import decision_of


def rendered(guideline: Guideline, *labels: str) -> list[RenderedCard]:
    decisions = [short_pain(order=order(label=label)) for label in labels]
    return render_cards(decisions, guideline=guideline, new_uuid=uuids(), patient_id="p1", encounter_id=None)


@pytest.mark.parametrize("detail", ["What to do.", None, ""], ids=["with a detail", "without", "empty"])
def test_the_line_about_the_others_stands_behind_what_the_last_card_says(
    detail: str | None, guideline: Guideline
) -> None:
    first, *others = rendered(guideline, "One", "Two", "Three", "Two")
    first = replace(first, card=first.card.model_copy(update={"detail": detail}))
    (sent,) = limit_cards([first, *others], 1, guideline.words)
    line = guideline.words.say("common", "cards-left-out", {"count": "3", "orders": "Two, Three"})
    assert sent.card.detail == (f"{detail}\n\n{line}" if detail else line)
    assert sent == replace(first, card=first.card.model_copy(update={"detail": sent.card.detail}))


@pytest.mark.parametrize(("most", "sent"), [(1, 1), (2, 2), (3, 3), (4, 3), (None, 3)])
def test_of_cards_as_urgent_as_each_other_the_first_are_sent(
    most: int | None, sent: int, guideline: Guideline
) -> None:
    made = rendered(guideline, "One", "Two", "Three")
    assert [one.card.uuid for one in limit_cards(made, most, guideline.words)] == [
        one.card.uuid for one in made[:sent]
    ]


def test_a_card_about_a_device_is_sent_beside_the_most_urgent_one(guideline: Guideline) -> None:
    decisions = [
        decision_of("may-be-indicated", "band", fact("x")),
        replace(decision_of("may-be-indicated", "full", fact("x")), safety=(device(),)),
    ]
    made = render_cards(decisions, guideline=guideline, new_uuid=uuids(), patient_id="p1", encounter_id=None)
    assert [one.is_safety for one in made] == [False, False, True]
    sent = limit_cards(made, 1, guideline.words)
    assert [one.card.uuid for one in sent] == [made[0].card.uuid, made[2].card.uuid]


def test_a_long_label_is_cut_in_the_line_about_the_others(guideline: Guideline) -> None:
    label = "MRI lumbar spine " + "very " * 20
    first, second = rendered(guideline, "One", label)
    (sent,) = limit_cards([first, second], 1, guideline.words)
    assert sent.card.detail is not None
    assert f"about {label[:55]}" in sent.card.detail
    assert label[: LABEL_CHARACTERS + 1] not in sent.card.detail
