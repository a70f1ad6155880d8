"""The second card: devices and the scanner."""

from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome, Pathway
from tests.guideline.lumbar_mri.decision_builders import (
    cards_of,
    cauda_equina,
    decision,
    device,
    fact,
    finding,
    order,
    short_pain,
)

SAFETY = "org.lumbar-mri-cds.mri-safety"


def with_device(
    outcome: Outcome, *kinds: str, pathway: Pathway = Pathway.CAUDA_EQUINA, **more: Any
) -> Decision:
    recommendation = "R2" if outcome is Outcome.MAY_BE_INDICATED else "R4"
    file = {Outcome.MAY_BE_INDICATED: "may-be-indicated", Outcome.OUTSIDE: "outside"}.get(
        outcome, pathway.value
    )
    found = finding(pathway, outcome, "", (fact("x"),), recommendation=recommendation)
    lines = tuple(device(kind) for kind in kinds or ("unsafe",))
    return decision(found, reason=f"{file}.x", safety=lines, **more)


def safety_card(made: Decision, guideline: Guideline) -> dict[str, Any]:
    main, card = cards_of(made, guideline=guideline)
    assert SAFETY not in main["extension"]
    return card


def test_the_second_card_warns_whatever_the_first_one_says(guideline: Guideline) -> None:
    card = safety_card(with_device(Outcome.MAY_BE_INDICATED), guideline)
    assert card["indicator"] == "warning"
    assert card["source"]["topic"]["code"] == "R2"
    assert not card.keys() & {"suggestions", "overrideReasons", "selectionBehavior"}


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("unsafe", "Call radiology now: MRI may not be possible, Cardiac pacemaker on record."),
        ("unknown-device", "Check the implant card before MRI: Cardiac pacemaker on record."),
        ("conditional", "Give the device model to the MRI team: Cardiac pacemaker on record."),
    ],
)
def test_the_summary_says_what_to_do_about_the_device(kind: str, summary: str, guideline: Guideline) -> None:
    assert safety_card(with_device(Outcome.EMERGENCY, kind), guideline)["summary"] == summary


def test_the_most_pressing_device_speaks_first(guideline: Guideline) -> None:
    kinds = ("conditional", "unknown-device", "unsafe")
    card = safety_card(with_device(Outcome.EMERGENCY, *kinds), guideline)
    assert card["summary"].startswith("Call radiology now")
    assert [line["kind"] for line in card["extension"][SAFETY]["devices"]] == list(reversed(kinds))


@pytest.mark.parametrize(
    ("pathway", "other_test"),
    [
        (Pathway.CAUDA_EQUINA, "CT or CT myelogram"),
        (Pathway.INFECTION, "CT with contrast, PET-CT, bone or gallium scan"),
        (Pathway.CANCER, "CT, bone scan or PET-CT"),
        (Pathway.PROCEDURE, "Another modality"),
    ],
)
def test_the_alternative_fits_the_disease(pathway: Pathway, other_test: str, guideline: Guideline) -> None:
    card = safety_card(with_device(Outcome.EMERGENCY, pathway=pathway), guideline)
    assert other_test in card["detail"].split("**If MRI is not possible**")[1]


def test_in_pregnancy_no_radiation_is_offered(guideline: Guideline) -> None:
    card = safety_card(with_device(Outcome.EMERGENCY, pregnant=True), guideline)
    assert "CT" not in card["detail"]
    assert "obstetrics" in card["detail"]


def test_a_conditional_device_needs_no_alternative(guideline: Guideline) -> None:
    card = safety_card(with_device(Outcome.URGENT, "conditional"), guideline)
    assert "If MRI is not possible" not in card["detail"]


def test_an_emergency_is_not_delayed(guideline: Guideline) -> None:
    emergency = safety_card(with_device(Outcome.EMERGENCY), guideline)
    urgent = safety_card(with_device(Outcome.URGENT), guideline)
    assert "Do not delay" in emergency["detail"]
    assert "Do not delay" not in urgent["detail"]


@pytest.mark.parametrize(
    "outcome",
    [o for o in Outcome if o not in (Outcome.NOT_INDICATED, Outcome.OUTSIDE)],
    ids=lambda o: o.value,
)
def test_the_card_accompanies_every_outcome_that_may_lead_to_a_scan(
    outcome: Outcome, guideline: Guideline
) -> None:
    assert len(cards_of(with_device(outcome), guideline=guideline)) == 2


def test_beside_not_indicated_the_device_is_one_line(guideline: Guideline) -> None:
    (card,) = cards_of(short_pain(safety=(device(),)), guideline=guideline)
    assert (
        "- MRI may not be possible: Cardiac pacemaker, 1 Mar 2019 (Device). Call radiology" in card["detail"]
    )


def test_outside_the_guideline_the_device_is_one_line(guideline: Guideline) -> None:
    assert len(cards_of(with_device(Outcome.OUTSIDE), guideline=guideline)) == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("hardware", "artefact-reducing sequences [33]"),
        ("claustrophobia", "sedation or other help may be needed [15]"),
        ("renal", "Gadolinium only after"),
        ("contrast-reaction", "Gadolinium only after"),
        ("pregnancy", "No gadolinium"),
    ],
)
def test_the_other_facts_are_lines_of_the_main_card(kind: str, words: str, guideline: Guideline) -> None:
    made = cauda_equina(safety=(device(kind, "Recorded fact", own_card=False),))
    (card,) = cards_of(made, guideline=guideline)
    assert words in card["detail"]
    assert "Recorded fact, 1 Mar 2019 (Device)" in card["detail"]


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        pytest.param(
            "cauda-equina.emergency",
            "- Lumbar hardware: Screws, 1 Mar 2019 (Device). It can cause artefact; "
            "ask for artefact-reducing sequences [33]. Not a contraindication.",
            id="not said yet",
        ),
        pytest.param(
            "procedure.indicated",
            "- Lumbar hardware: Screws, 1 Mar 2019 (Device). It can cause artefact [33]. Not a contraindication.",
            id="said by the words of the card",
        ),
    ],
)
def test_artefact_reducing_sequences_are_asked_for_once(reason: str, line: str, guideline: Guideline) -> None:
    found = finding(Pathway.PROCEDURE, Outcome.INDICATED, "indicated", (fact("Fusion"),))
    made = decision(found, reason=reason, safety=(device("hardware", "Screws", own_card=False),))
    (card,) = cards_of(made, guideline=guideline)
    assert line in card["detail"].splitlines()


def test_only_the_second_card_speaks_of_a_device_that_has_one(guideline: Guideline) -> None:
    main, second = cards_of(cauda_equina(safety=(device(),)), guideline=guideline)
    assert "pacemaker" not in main["detail"]
    assert second["source"] == main["source"]
    assert second["links"] == main["links"]


def test_the_card_describes_its_devices_for_an_auditor(guideline: Guideline) -> None:
    described = safety_card(with_device(Outcome.EMERGENCY), guideline)["extension"][SAFETY]
    assert described == {
        "orders": ["ServiceRequest/mri-1"],
        "devices": [
            {"kind": "unsafe", "resource": "Device/d1", "date": "2019-03-01", "text": "Cardiac pacemaker"}
        ],
        "guideline": {"id": "lumbar-mri", "version": guideline.version, "digest": guideline.digest},
        "evaluatedAt": "2026-06-15T10:00:00+08:00",
    }


def test_the_second_card_says_why_what_to_do_and_which_other_test(guideline: Guideline) -> None:
    made = with_device(Outcome.EMERGENCY, "conditional", "unsafe")
    assert safety_card(made, guideline)["detail"].splitlines() == [
        "**Why you see this**",
        "",
        "Order checked: MRI lumbar spine without contrast.",
        "",
        "- Cardiac pacemaker, 1 Mar 2019 (Device)",
        "",
        "**What to do**",
        "",
        "- Call radiology now, with the device's make and model; MRI may not be possible.",
        "- This does not change the indication on the guideline's card.",
        "- MR conditional: give make and model to the MRI team; the scan follows the maker's conditions.",
        "- Do not delay the emergency referral for this.",
        "",
        "**If MRI is not possible**",
        "",
        "- CT or CT myelogram; radiology and spine team decide.",
        "",
        "**Limits**",
        "",
        "- Decision support from coded records; clinical judgement decides.",
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("Pump $features $x", "Pump features x", id="dollar signs are no blanks"),
        pytest.param("Infusion pump with a catheter " * 3, "Infusion pump with a catheter Infusion pump with a catheter…", id="cut"),
    ],
)  # fmt: skip
def test_a_device_is_named_in_the_summary_as_far_as_it_fits(
    text: str, named: str, guideline: Guideline
) -> None:
    _, card = cards_of(cauda_equina(safety=(device(text=text),)), guideline=guideline)
    assert card["summary"] == f"Call radiology now: MRI may not be possible, {named} on record."


def test_the_order_is_named_in_the_summary_where_the_whole_label_fits(guideline: Guideline) -> None:
    shown = []
    for length in range(1, 40):
        made = cauda_equina(order=order(label="M" * length), safety=(device(text="Pump " * 8 + "of a kind"),))
        _, card, *_ = cards_of(made, cauda_equina(), guideline=guideline)
        said = card["summary"]
        assert said.endswith(("order 1 of 2.", f"order 1: {'M' * length}."))
        assert "of a kind on record; order" in said
        shown.append(len(said) if "of 2" not in said else 0)
    assert max(shown) == 139
    assert shown == sorted(shown, key=lambda characters: characters == 0)


def test_a_long_device_name_leaves_the_summary_in_its_limit(guideline: Guideline) -> None:
    made = cauda_equina(safety=(device(text="Implantable device " * 20),))
    for card in cards_of(made, made, guideline=guideline):
        assert len(card["summary"]) <= 139
