"""The guideline's card: blocks in order, facts with date and record type, the auditable decision."""

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import (
    Decision,
    Denial,
    Evidence,
    Finding,
    Indicator,
    Outcome,
    Pathway,
    Plan,
    SafetyLine,
    ShownAgain,
)
from cds_service.guideline.lumbar_mri.assertions import NOT_USABLE
from cds_service.guideline.lumbar_mri.detail import study_words
from cds_service.guideline.lumbar_mri.render import render_cards
from cds_service.guideline.words import Words
from cds_service.record.dates import read_date
from tests.guideline.lumbar_mri.decision_builders import (
    card_of,
    cards_of,
    cauda_equina,
    day,
    decision,
    device,
    draft,
    fact,
    finding,
    order,
    short_pain,
    uuids,
)
from tests.guideline.lumbar_mri.facts_builders import ZONE

DECISION = "org.lumbar-mri-cds.decision"
HEADINGS = [
    "Why you see this",
    "What to do",
    "Not recorded or out of date",
    "What would change this advice",
    "Evidence",
    "Limits",
]


def headings(card: dict[str, Any]) -> list[str]:
    return re.findall(r"^\*\*(.+)\*\*$", card["detail"], re.MULTILINE)


def block(card: dict[str, Any], heading: str) -> str:
    """The text under one heading."""
    return str(card["detail"]).split(f"**{heading}**")[1].split("\n\n**")[0].strip()


def extension_of(card: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = card["extension"][DECISION]
    return described


def test_the_blocks_stand_in_their_order(guideline: Guideline) -> None:
    assert headings(card_of(short_pain(), guideline)) == HEADINGS


def test_a_block_without_content_is_left_out(guideline: Guideline) -> None:
    card = card_of(cauda_equina(not_recorded=(), would_change=("imaged",)), guideline)
    assert headings(card) == [name for name in HEADINGS if name != "Not recorded or out of date"]


def test_the_detail_ends_with_the_clinician_deciding(guideline: Guideline) -> None:
    for made in (cauda_equina(), short_pain(), cauda_equina(endorsed=True)):
        detail = card_of(made, guideline)["detail"]
        assert detail.endswith("Decision support from coded records; clinical judgement decides.")


def test_a_fact_has_its_date_and_record_type(guideline: Guideline) -> None:
    why = block(card_of(cauda_equina(), guideline), "Why you see this")
    assert why.splitlines()[-2:] == [
        "- Numbness of saddle area, 14 Jun 2026 (Condition)",
        "- Post-void residual 450 mL, 15 Jun 2026 (Observation)",
    ]


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("QuestionnaireResponse/q", "(questionnaire)"),
        ("MedicationRequest/m", "(medication order)"),
        ("ServiceRequest/mri-1", "(order)"),
        ("Procedure/p", "(Procedure)"),
    ],
)
def test_record_types_are_said_in_plain_words(resource: str, said: str, guideline: Guideline) -> None:
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", (fact("Numb", resource=resource),))
    card = card_of(decision(found, reason="cauda-equina.emergency"), guideline)
    assert f"- Numb, 14 Jun 2026 {said}" in card["detail"]


def test_a_note_a_partial_date_and_a_missing_date_are_said_as_they_are(guideline: Guideline) -> None:
    evidence = (
        replace(fact("Saddle anaesthesia", note="recorded without a value"), when=read_date("2026-05", ZONE)),
        fact("Numb perineum", None, None),
    )
    found = finding(Pathway.CAUDA_EQUINA, Outcome.POSSIBLE, "possible", evidence)
    why = block(card_of(decision(found, reason="cauda-equina.possible"), guideline), "Why you see this")
    assert "- Saddle anaesthesia, May 2026 (Condition); recorded without a value" in why
    assert "- Numb perineum\n" in f"{why}\n"


def test_many_facts_are_counted_and_not_listed(guideline: Guideline) -> None:
    evidence = tuple(fact(f"Feature {number}") for number in range(9))
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", evidence)
    card = card_of(decision(found, reason="cauda-equina.emergency"), guideline)
    why = block(card, "Why you see this")
    assert "- and 4 more on record" in why
    assert "Feature 5" not in why
    assert len(extension_of(card)["facts"]) == 9


def test_other_findings_stand_behind_the_leading_one(guideline: Guideline) -> None:
    surgery = finding(
        Pathway.PROCEDURE, Outcome.URGENT, "urgent", (fact("L4/5 discectomy", "2026-05-25", "Procedure/p1"),)
    )
    made = cauda_equina()
    made = replace(made, findings=(*made.findings, surgery), recommendations=("R4", "R6"))
    why = block(card_of(made, guideline), "Why you see this").splitlines()
    assert why[-1] == "- Also, pain after a spinal procedure (R6): L4/5 discectomy, 25 May 2026 (Procedure)"


def test_facts_without_a_tier_are_listed_apart(guideline: Guideline) -> None:
    made = short_pain(listed=(fact("Diabetes mellitus type 2", "2015-03-01"),))
    why = block(card_of(made, guideline), "Why you see this")
    assert "- Also on record: Diabetes mellitus type 2, 1 Mar 2015 (Condition)" in why


def test_the_negative_screen_is_quoted_with_its_day(guideline: Guideline) -> None:
    made = short_pain()
    made = replace(made, fills={"pain_days": "10", "screen": "15 Jun"})
    assert "Red-flag screen of 15 Jun negative." in card_of(made, guideline)["detail"]


def test_without_a_screen_none_is_claimed(guideline: Guideline) -> None:
    card = card_of(short_pain(), guideline)
    assert "screen" not in card["detail"].lower()
    assert "no red flag found in the coded record" in card["detail"]


def test_the_order_that_names_another_reason_is_quoted(guideline: Guideline) -> None:
    found = finding(
        Pathway.PAIN, Outcome.UNCLEAR, "no-indication", recommendation="", fills={"reason": "Knee *pain*"}
    )
    card = card_of(decision(found, reason="unclear.no-indication"), guideline)
    assert r"The order names another reason: Knee \*pain\*." in card["detail"]
    assert card["source"]["topic"]["code"] == "none"


def test_what_was_not_recorded_not_read_or_is_too_old_is_listed(guideline: Guideline) -> None:
    made = cauda_equina(
        unread=("Condition", "Observation"),
        not_recorded=("saddle", "fever"),
        stale=(fact("CRP 85 mg/L", "2026-03-01", "Observation/o2"),),
    )
    assert block(card_of(made, guideline), "Not recorded or out of date").splitlines() == [
        "- Not read in full, or not sent: problem list, observations and results.",
        "- Not recorded: saddle sensation, fever.",
        "- Out of date: CRP 85 mg/L, 1 Mar 2026 (Observation).",
    ]


def beside_each_other() -> Decision:
    """An infection that leads, and other diseases that share its fact or have many of their own."""
    shared = fact("Temperature 38.6 Cel", "2026-06-14", "Observation/t")
    operated = fact("Discectomy", "2026-05-25", "Procedure/p1")
    signs = tuple(fact(text, None, None) for text in ("Numb", "Weak", "Wet", "Lame"))
    return decision(
        finding(Pathway.INFECTION, Outcome.URGENT, "urgent", (shared,), checks=("saddle", "anal-tone")),
        finding(Pathway.CANCER, Outcome.URGENT, "urgent", (shared,)),
        finding(Pathway.PROCEDURE, Outcome.URGENT, "urgent", (shared, operated)),
        finding(Pathway.CAUDA_EQUINA, Outcome.POSSIBLE, "possible", signs, recommendation=""),
        finding(Pathway.OTHER, Outcome.OUTSIDE, "trauma"),
        reason="infection.urgent",
        plan=Plan("urgent", "whole-spine", "without", "same-day"),
        pregnant=True,
        first_lines=("vascular", "new-thing"),
        would_change=("red-flag",),
    )


@pytest.mark.parametrize("pathway", [Pathway.CAUDA_EQUINA, Pathway.CANCER])
def test_oncology_is_told_beside_another_disease_than_cancer_alone(
    pathway: Pathway, guideline: Guideline
) -> None:
    found = finding(pathway, Outcome.URGENT, "urgent", (fact("x"),))
    do = block(card_of(decision(found, reason=f"{pathway.value}.urgent"), guideline), "What to do")
    assert "Tell oncology or the cancer team now." not in do


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        pytest.param(Plan(), "", id="neither"),
        pytest.param(Plan(region="whole-spine"), "whole spine", id="the region"),
        pytest.param(Plan(contrast="without"), "without contrast", id="the contrast"),
        pytest.param(Plan(region="whole-spine", contrast="with-and-without"), "whole spine, with and without contrast",
                     id="both"),
    ],
)  # fmt: skip
def test_what_should_change_of_a_study_is_named(plan: Plan, said: str, guideline: Guideline) -> None:
    assert study_words(plan, guideline.words) == said


def test_diseases_beside_the_leading_one_say_only_what_it_does_not(guideline: Guideline) -> None:
    card = card_of(beside_each_other(), guideline)
    assert block(card, "Why you see this").splitlines() == [
        "Order checked: MRI lumbar spine without contrast.",
        "",
        "- Temperature 38.6 Cel, 14 Jun 2026 (Observation)",
        "- Also, possible spinal malignancy (R5): the same facts",
        "- Also, pain after a spinal procedure (R6): Discectomy, 25 May 2026 (Procedure)",
        "- Also, suspected cauda equina syndrome: Numb; Weak; and 2 more on record",
        "- Also, other",
    ]
    assert card["detail"].split("**Why")[0] == (
        "**Consider a vascular emergency first: aortic aneurysm with new pain, or dissection, is on record.**\n\n"
        "**New thing**\n\n"
    )


def test_what_to_do_names_the_teams_and_checks_of_every_disease(guideline: Guideline) -> None:
    made = beside_each_other()
    assert block(card_of(made, guideline), "What to do").splitlines()[4:] == [
        "- Check today: anal tone.",
        "- Tell oncology or the cancer team now.",
        "- Call the operating team.",
        "- Change the study: whole spine, without contrast; radiology decides.",
        "- Pregnant: MRI without gadolinium; pregnancy does not delay an emergency.",
        "- Bladder symptoms are common in pregnancy, and cauda equina is often found late in it: ask what is new.",
    ]
    endorsed = card_of(replace(made, endorsed=True, plan=Plan(contrast="without")), guideline)
    assert block(endorsed, "What to do").splitlines()[2:6] == [
        "- Blood cultures before antibiotics if the patient is stable; CRP and ESR.",
        "- Tell oncology or the cancer team now.",
        "- Call the operating team.",
        "- Consider: without contrast; radiology decides.",
    ]
    assert "What would change this advice" not in headings(endorsed)
    assert "wouldChange" not in extension_of(endorsed)
    assert extension_of(endorsed)["endorsed"] is True


@pytest.mark.parametrize(
    ("setting", "teams", "told"),
    [
        ("same-day", [], "endorsed.same-day"),
        ("specialist", [], "endorsed.specialist"),
        ("oncology", [], "endorsed.oncology"),
        ("operating-team", [], "endorsed.operating-team"),
        ("oncology", [Pathway.CANCER], None),
        ("operating-team", [Pathway.PROCEDURE], "endorsed.operating-team"),  # in the same words, so once
        ("operating-team", [Pathway.CANCER], "endorsed.operating-team"),
        ("emergency", [], None),
    ],
)
def test_beside_a_right_order_a_clinic_is_told_whom_to_call(
    setting: str, teams: list[Pathway], told: str | None, guideline: Guideline
) -> None:
    found = [finding(Pathway.NEUROLOGY, Outcome.URGENT, "urgent", (fact("Weak"),))]
    found += [finding(pathway, Outcome.URGENT, "urgent") for pathway in teams]
    made = decision(*found, reason="neurology.urgent", endorsed=True, plan=Plan(setting=setting))
    sections = guideline.words.sections["common"]
    calls = {text.strip(): name for name, text in sections.items() if name.startswith("endorsed.")}
    said = [line.removeprefix("- ") for line in card_of(made, guideline)["detail"].splitlines()]
    assert [calls[line] for line in said if line in calls] == ([told] if told else [])
    in_hospital = card_of(replace(made, primary_care=False), guideline)["detail"]
    assert told in (None, "endorsed.operating-team") or sections[told].strip() not in in_hospital


@pytest.mark.parametrize(
    ("leading", "pattern", "said"),
    [
        (Pathway.NEUROLOGY, None, ["beside.procedure"]),
        (Pathway.NEUROLOGY, "haematoma", ["beside.haematoma"]),
        (Pathway.PROCEDURE, "haematoma", []),
        (Pathway.PROCEDURE, None, []),
    ],
)
def test_a_haematoma_is_told_in_one_line(
    leading: Pathway, pattern: str | None, said: list[str], guideline: Guideline
) -> None:
    found = [finding(leading, Outcome.EMERGENCY, "emergency", (fact("Weak"),))]
    found += [finding(Pathway.PROCEDURE, Outcome.URGENT, "urgent")]
    plan = Plan(priority="stat", pattern=pattern, setting="emergency")
    do = block(card_of(decision(*found, reason=f"{leading}.emergency", plan=plan), guideline), "What to do")
    sections = guideline.words.sections["common"]
    assert [name for name in ("beside.procedure", "beside.haematoma") if sections[name].strip() in do] == said


def test_the_card_names_the_place_of_its_order_among_several(guideline: Guideline) -> None:
    one, two = cards_of(short_pain(), short_pain(), guideline=guideline)
    alone = card_of(short_pain(), guideline)
    assert [block(card, "Why you see this").splitlines()[0] for card in (one, two, alone)] == [
        "Order checked (1 of 2): MRI lumbar spine without contrast.",
        "Order checked (2 of 2): MRI lumbar spine without contrast.",
        "Order checked: MRI lumbar spine without contrast.",
    ]
    unread = order({}, reference="ServiceRequest/x")
    found = finding(Pathway.OTHER, Outcome.UNCLEAR, "foreign", (fact("Numb"),))
    shown = card_of(decision(found, reason="unclear.foreign", order=unread), guideline)
    assert block(shown, "Why you see this").splitlines() == [
        "The draft order's subject is not the patient whose record is open.",
        "",
        "- Numb, 14 Jun 2026 (Condition)",
    ]


def test_everything_that_is_open_stands_in_one_block(guideline: Guideline) -> None:
    made = short_pain(
        unread=("Device", "Condition"),
        denied=(
            Denial("fever", day("2026-06-12"), asked=True, fresh=True),
            Denial("saddle", day("2026-05-01"), asked=True, fresh=False),
            Denial("bladder", day("2026-05-01"), asked=True, fresh=False),
        ),
        open_items=("bladder", "bowel", "saddle", "weight"),
        stale=(
            fact("Power 5", "2026-03-01", "Observation/o2"),
            fact("Power 4", "2026-02-01", "Observation/o3"),
        ),
    )
    assert block(card_of(made, guideline), "Not recorded or out of date").splitlines() == [
        "- Not read in full, or not sent: device list, problem list.",
        "- Not recorded: bladder and bowel function, lower-limb power, fever, weight loss, cancer, "
        "spinal injection or surgery.",
        "- Red-flag checklist: items 1-3, 7.",
        "- Asked and denied on 12 Jun 2026: fever.",
        "- Denied on 1 May 2026, too long ago to count: saddle numbness, bladder.",
        "- Out of date: Power 5, 1 Mar 2026 (Observation); Power 4, 1 Feb 2026 (Observation).",
    ]


@pytest.mark.parametrize(
    ("found", "items", "said"),
    [
        pytest.param(
            finding(Pathway.CAUDA_EQUINA, Outcome.POSSIBLE, "possible"), ("bladder", "leg-power"),
            "- Red-flag checklist: items 1, 4.", id="a disease",
        ),
        pytest.param(
            finding(Pathway.PAIN, Outcome.UNCLEAR, "age-unknown"), ("fever",),
            "- Ask (checklist item 6): fever.", id="a gap",
        ),
        pytest.param(
            finding(Pathway.PAIN, Outcome.UNCLEAR, "care-unknown"), ("fever", "treatment"),
            "- Ask (checklist items 6, 10): fever, treatment so far.", id="a gap and treatment",
        ),
        pytest.param(
            finding(Pathway.PAIN, Outcome.UNCLEAR, "care-unknown"), ("treatment",),
            "- Red-flag checklist: item 10.", id="treatment alone",
        ),
        pytest.param(
            finding(Pathway.CANCER, Outcome.UNCLEAR, "unclear"), ("cancer",),
            "- Red-flag checklist: item 8.", id="an unclear disease",
        ),
        pytest.param(finding(Pathway.PAIN, Outcome.UNCLEAR, "age-unknown"), (), None, id="nothing"),
        pytest.param(finding(Pathway.CANCER, Outcome.URGENT, "urgent"), ("cancer",), None, id="decided"),
    ],
)  # fmt: skip
def test_a_question_names_the_items_that_settle_it(
    found: Finding, items: tuple[str, ...], said: str | None, guideline: Guideline
) -> None:
    file = "unclear" if found.pathway is Pathway.PAIN else found.pathway.value
    card = card_of(decision(found, reason=f"{file}.{found.variant}", open_items=items), guideline)
    do = block(card, "What to do").splitlines()
    assert [line for line in do if "checklist" in line] == ([said] if said else [])


def test_unusable_answers_are_one_line_and_other_diagnoses_one_each(guideline: Guideline) -> None:
    pain = fact("Low back pain", "2026-06-05", "Condition/c1")
    answers = (
        fact("Fever *answer*", note=NOT_USABLE),
        fact("Low back pain", note=NOT_USABLE),
        fact("Night pain", note=NOT_USABLE),
    )
    listed = (
        pain, fact("Diabetes", "2015-03-01"), fact("diabetes", "2016-03-01"), fact("Gout"), fact("Asthma"),
    )  # fmt: skip
    made = short_pain(listed=listed)
    unclear = [finding(p, Outcome.UNCLEAR, "unclear", answers) for p in (Pathway.INFECTION, Pathway.CANCER)]
    made = replace(made, findings=(*made.findings, *unclear))
    assert block(card_of(made, guideline), "Why you see this").splitlines()[-5:] == [
        "- Low back pain, 5 Jun 2026 (Condition)",
        r"- Also asked, answer not usable: Fever \*answer\*, Night pain",
        "- Also on record: Diabetes, 1 Mar 2015 (Condition)",
        "- Also on record: Gout, 14 Jun 2026 (Condition)",
        "- Also on record: Asthma, 14 Jun 2026 (Condition)",
    ]


@pytest.mark.parametrize(
    ("variant", "room"), [("short", 4), ("first-recorded", 4), ("no-care", 6), ("under-way", 6)]
)
def test_a_short_pain_shows_fewer_facts(variant: str, room: int, guideline: Guideline) -> None:
    evidence = tuple(fact(f"Visit {number}") for number in range(room + 1))
    found = finding(
        Pathway.PAIN, Outcome.NOT_INDICATED, variant, evidence, recommendation="R1", fills={"pain_days": "10"}
    )
    why = block(card_of(decision(found, reason=f"not-indicated.{variant}"), guideline), "Why you see this")
    assert [line for line in why.splitlines() if line.startswith("- ")] == [
        *(f"- Visit {number}, 14 Jun 2026 (Condition)" for number in range(room - 1)),
        "- and 2 more on record",
    ]


def test_what_would_change_the_advice_is_said_on_the_card_and_in_the_decision(guideline: Guideline) -> None:
    card = card_of(short_pain(), guideline)
    said = block(card, "What would change this advice").splitlines()
    assert said == [
        "- Any red flag, on record or as a reason of the order.",
        "- Pain that persists after 4 to 6 weeks of conservative care.",
    ]
    assert extension_of(card)["wouldChange"] == [line.removeprefix("- ") for line in said]


def test_a_card_without_a_change_that_the_rules_make_promises_none(guideline: Guideline) -> None:
    assert "What would change" not in card_of(cauda_equina(), guideline)["detail"]


def test_a_key_without_words_is_said_as_it_is_spelled(guideline: Guideline) -> None:
    made = cauda_equina(would_change=("new-thing",), not_recorded=("other-thing",))
    card = card_of(made, guideline)
    assert "- New thing." in card["detail"]
    assert extension_of(card)["notRecorded"] == ["other thing"]


@pytest.mark.parametrize(
    ("pathway", "variant", "strength"),
    [
        (Pathway.CAUDA_EQUINA, "emergency", "ACE R4: strong recommendation, moderate certainty of evidence."),
        (Pathway.PROCEDURE, "urgent", "ACE R6: strong recommendation, low certainty of evidence."),
    ],
)
def test_the_evidence_begins_with_strength_and_certainty(
    pathway: Pathway, variant: str, strength: str, guideline: Guideline
) -> None:
    made = decision(finding(pathway, Outcome.URGENT, variant), reason=f"{pathway.value}.{variant}")
    assert block(card_of(made, guideline), "Evidence").splitlines()[0] == f"- {strength}"


@pytest.mark.parametrize(
    ("outcome", "flags", "shown"),
    [
        pytest.param(Outcome.EMERGENCY, {"both-legs-weak"}, True, id="both legs, R4 leads"),
        pytest.param(Outcome.EMERGENCY, {"bilateral"}, True, id="both legs, R3"),
        pytest.param(Outcome.EMERGENCY, {"neuro"}, False, id="one leg"),
        pytest.param(Outcome.URGENT, {"bilateral"}, False, id="both legs, mild"),
    ],
)
def test_the_odds_of_a_bilateral_deficit_are_shown_for_that_only(
    outcome: Outcome, flags: set[str], shown: bool, guideline: Guideline
) -> None:
    found = finding(Pathway.CAUDA_EQUINA, outcome, outcome.value, flags=frozenset(flags))
    detail = card_of(decision(found, reason=f"cauda-equina.{outcome.value}"), guideline)["detail"]
    assert ("14.97 (95% CI 4.15-96.79)" in detail) is shown
    assert ("14.97" in detail) is shown


def test_other_figures_are_shown_only_where_a_site_wants_them(guideline: Guideline) -> None:
    made = decision(finding(Pathway.INFECTION, Outcome.URGENT, "urgent"), reason="infection.urgent")
    shown = replace(guideline, switches=replace(guideline.switches, other_figures=True))
    assert "55%" not in card_of(made, guideline)["detail"]
    assert "55% of patients with spinal infection [D9]" in card_of(made, shown)["detail"]


def test_an_unclear_card_shows_no_evidence_for_a_recommendation_that_it_did_not_reach(
    guideline: Guideline,
) -> None:
    found = finding(
        Pathway.PAIN, Outcome.UNCLEAR, "care-unknown", recommendation="R1", fills={"pain_days": "35"}
    )
    made = decision(found, reason="unclear.care-unknown", recommendations=("R1", "R2"))
    assert "Evidence" not in headings(card_of(made, guideline))


def test_a_first_line_stands_before_everything(guideline: Guideline) -> None:
    detail = card_of(short_pain(first_lines=("vascular",)), guideline)["detail"]
    assert detail.startswith("**Consider a vascular emergency first")


def test_a_child_is_named_with_the_age_of_the_guideline(guideline: Guideline) -> None:
    detail = card_of(cauda_equina(first_lines=("child",)), guideline)["detail"]
    assert detail.startswith("**Under 18 years: discuss with the paediatric team")


def test_the_study_that_should_change_is_named(guideline: Guideline) -> None:
    plan = Plan(priority="stat", region="whole-spine", contrast="with-and-without")
    do = block(card_of(cauda_equina(plan=plan), guideline), "What to do")
    assert "- Change the study: whole spine, with and without contrast; radiology decides." in do


def test_checks_that_the_words_name_already_are_not_repeated(guideline: Guideline) -> None:
    found = finding(Pathway.CAUDA_EQUINA, Outcome.URGENT, "urgent")
    made = decision(replace(found, checks=("temperature", "saddle")), reason="cauda-equina.urgent")
    do = block(card_of(made, guideline), "What to do")
    assert "Check today: temperature." in do


def test_an_emergency_does_not_wait_for_checks(guideline: Guideline) -> None:
    made = cauda_equina()
    made = replace(made, findings=(replace(made.findings[0], checks=("temperature",)),))
    assert "Check today" not in block(card_of(made, guideline), "What to do")


@pytest.mark.parametrize(
    ("pathway", "outcome", "safety", "pregnant", "cauda"),
    [
        pytest.param(Pathway.NEUROLOGY, Outcome.EMERGENCY, (), True, False, id="neurology"),
        pytest.param(Pathway.CAUDA_EQUINA, Outcome.URGENT, (), True, True, id="cauda equina"),
        pytest.param(Pathway.CAUDA_EQUINA, Outcome.POSSIBLE, (), False, True, id="no MRI yet"),
        pytest.param(Pathway.NEUROLOGY, Outcome.POSSIBLE, (), False, False, id="neither"),
        pytest.param(
            Pathway.NEUROLOGY, Outcome.URGENT, (device("pregnancy", "Pregnant", own_card=False),), False, False,
            id="said by the line about contrast",
        ),
        pytest.param(
            Pathway.NEUROLOGY, Outcome.URGENT, (device("renal", "eGFR 12", own_card=False),), True, False,
            id="beside another line",
        ),
    ],
)  # fmt: skip
def test_pregnancy_brings_its_lines_once(
    pathway: Pathway,
    outcome: Outcome,
    safety: tuple[SafetyLine, ...],
    pregnant: bool,
    cauda: bool,
    guideline: Guideline,
) -> None:
    made = decision(finding(pathway, outcome), reason=f"{pathway}.{outcome}", safety=safety, pregnant=True)
    do = block(card_of(made, guideline), "What to do")
    assert ("Pregnant: MRI without gadolinium" in do) is pregnant
    assert ("Bladder symptoms are common in pregnancy" in do) is cauda
    without = block(card_of(replace(made, pregnant=False), guideline), "What to do")
    assert "Pregnant:" not in without
    assert "Bladder symptoms" not in without


@pytest.mark.parametrize(
    ("outcome", "changed"),
    [
        pytest.param(Outcome.URGENT, False, id="offered only"),
        pytest.param(Outcome.EMERGENCY, True, id="told"),
    ],
)
def test_after_an_operation_contrast_is_offered_and_not_told(
    outcome: Outcome, changed: bool, guideline: Guideline
) -> None:
    made = decision(
        finding(Pathway.PROCEDURE, outcome, outcome.value, (fact("Fusion"),)),
        reason=f"procedure.{outcome}",
        plan=Plan(contrast="with-and-without"),
    )
    assert ("Change the study: with and without contrast" in card_of(made, guideline)["detail"]) is changed


@pytest.mark.parametrize(
    ("pattern", "outcome", "primary_care", "summary"),
    [
        ("cord-compression", Outcome.EMERGENCY, True, "Refer to ED now, whole-spine MRI: possible malignant cord or cauda compression."),
        ("cord-compression", Outcome.URGENT, False, "Call spine team now, whole-spine MRI: possible malignant cord compression."),
        ("epidural-abscess", Outcome.EMERGENCY, True, "Refer to ED now, whole-spine MRI: possible spinal epidural abscess."),
        ("epidural-abscess", Outcome.EMERGENCY, False, "Call spine team now, whole-spine MRI: possible spinal epidural abscess."),
        ("epidural-abscess", Outcome.URGENT, True, "Refer to ED today, whole-spine MRI: spinal epidural abscess known or suspected."),
        ("epidural-abscess", Outcome.URGENT, False, "Call spine team today, whole-spine MRI: spinal epidural abscess known or suspected."),
        ("haematoma", Outcome.EMERGENCY, True, "Refer to ED and call operating team now: possible spinal haematoma."),
        ("haematoma", Outcome.EMERGENCY, False, "Call operating team now, emergency MRI: possible spinal haematoma."),
    ],
)  # fmt: skip
def test_a_pattern_has_the_summary_of_its_place(
    pattern: str, outcome: Outcome, primary_care: bool, summary: str, guideline: Guideline
) -> None:
    found = finding(Pathway.NEUROLOGY, outcome, outcome.value, (fact("Weak leg"),))
    plan = Plan(priority="stat", setting="emergency", pattern=pattern)
    made = decision(found, reason=f"neurology.{outcome}", plan=plan, primary_care=primary_care)
    assert card_of(made, guideline)["summary"] == f"{summary} Weak leg 14 Jun (ACE R3, strong)."
    endorsed = card_of(replace(made, endorsed=True), guideline)["summary"]
    assert endorsed.startswith("Proceed as ordered")


def test_check_first_names_what_is_open_and_nothing_where_that_is_decided(guideline: Guideline) -> None:
    late = finding(Pathway.PROCEDURE, Outcome.INDICATED, "indicated", (fact("Fusion"),))
    made = decision(late, reason="procedure.indicated", first_lines=("check-first",))
    assert card_of(made, guideline)["summary"] == (
        "Check saddle, bladder and leg power today before this MRI (ACE R6, strong; low certainty)."
    )


@pytest.mark.parametrize("leaflet", ["", "https://hospital.example/leaflet"], ids=["no leaflet", "a leaflet"])
def test_every_page_of_the_guideline_is_linked_by_its_name(leaflet: str, guideline: Guideline) -> None:
    (card,) = cards_of(cauda_equina(), guideline=replace(guideline, leaflet_url=leaflet))
    pages = [
        ("ACE Clinical Guideline (full page)", guideline.url),
        ("ACE guideline details and recommendations", guideline.details_url),
        ("Leaflet for the patient", leaflet),
    ]
    assert [(link["label"], link["url"]) for link in card["links"]] == [page for page in pages if page[1]]


@pytest.mark.parametrize("patient", ["p1", "Patient/p1"])
@pytest.mark.parametrize("encounter", ["e1", "Encounter/e1"])
def test_an_id_may_be_sent_as_a_reference(patient: str, encounter: str, guideline: Guideline) -> None:
    (rendered,) = render_cards(
        [cauda_equina()], guideline=guideline, new_uuid=uuids(), patient_id=patient, encounter_id=encounter
    )
    referral = rendered.card.to_json()["suggestions"][0]["actions"][0]["resource"]
    assert (referral["subject"], referral["encounter"]) == (
        {"reference": "Patient/p1"},
        {"reference": "Encounter/e1"},
    )


def test_the_longest_fact_of_a_decision_is_cut_at_a_word(guideline: Guideline) -> None:
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", (fact("word " * 80),))
    card = card_of(decision(found, reason="cauda-equina.emergency"), guideline)
    text = extension_of(card)["facts"][0]["text"]
    assert (len(text), text[-6:]) == (300, " word…")


def test_a_change_of_several_lines_is_several_changes(guideline: Guideline) -> None:
    words = Words(
        {
            **guideline.words.sections,
            "common": {**guideline.words.sections["common"], "change.imaged": "- One.\n\n- Two."},
        }
    )
    card = card_of(cauda_equina(would_change=("imaged",)), replace(guideline, words=words))
    assert extension_of(card)["wouldChange"] == ["One.", "Two."]


def test_several_checks_are_one_line(guideline: Guideline) -> None:
    found = finding(Pathway.NEUROLOGY, Outcome.URGENT, "x", checks=("anal-tone", "residual-volume"))
    do = block(card_of(decision(found, reason="procedure.possible"), guideline), "What to do")
    assert "- Check today: anal tone, post-void residual volume." in do.splitlines()


def test_duplicate_orders_are_both_named(guideline: Guideline) -> None:
    twin = order(draft(id="mri-2"), label="MRI L-spine")
    card = card_of(short_pain(duplicates=(twin,)), guideline)
    assert (
        "Possible duplicate order: MRI lumbar spine without contrast (ServiceRequest/mri-1) "
        "and MRI L-spine (ServiceRequest/mri-2) ask for the same; this card is about all of them."
    ) in card["detail"].splitlines()
    assert extension_of(card)["orders"] == ["ServiceRequest/mri-1", "ServiceRequest/mri-2"]
    third = order(draft(id="mri-3"), label="MRI spine")
    detail = card_of(short_pain(duplicates=(twin, third)), guideline)["detail"]
    assert "and MRI L-spine (ServiceRequest/mri-2), MRI spine (ServiceRequest/mri-3) ask for" in detail


def test_hostile_record_text_is_escaped_wherever_it_enters(guideline: Guideline) -> None:
    hostile = "<script>x</script> [a](http://evil.example) | `b`"
    made = cauda_equina(
        order=order(label=hostile),
        duplicates=(order(draft(id="mri-2"), label=hostile),),
        stale=(fact(hostile),),
        listed=(fact(hostile),),
        safety=(device("claustrophobia", hostile, own_card=False), device("unsafe", hostile)),
        unread=(hostile,),
        not_recorded=(),
    )
    evidence = fact(hostile, note=hostile, resource=f"{hostile}/1")
    made = replace(
        made, findings=(replace(made.findings[0], evidence=(evidence,), fills={"procedure": hostile}),)
    )
    for card in cards_of(made, guideline=guideline):
        assert "<script" not in card["detail"]
        assert not re.search(r"(?<!\\)\]\(", card["detail"])
        assert "http://" not in card["detail"]
        assert not re.search(r"(?<!\\)[`|]", card["detail"])


def test_the_decision_is_the_public_contract(guideline: Guideline) -> None:
    made = cauda_equina(unread=("Observation",), would_change=("new-neurology",))
    assert extension_of(card_of(made, guideline)) == {
        "outcome": "emergency",
        "endorsed": False,
        "recommendations": ["R4"],
        "orders": ["ServiceRequest/mri-1"],
        "facts": [
            {
                "pathway": "cauda-equina",
                "tier": "acute",
                "resource": "Condition/c2",
                "date": "2026-06-14",
                "text": "Numbness of saddle area",
            },
            {
                "pathway": "cauda-equina",
                "tier": "acute",
                "resource": "Observation/o1",
                "date": "2026-06-15",
                "text": "Post-void residual 450 mL",
            },
        ],
        "notRecorded": ["lower-limb power", "fever"],
        "unread": ["Observation"],
        "wouldChange": ["A new leg, bladder, bowel or saddle sign makes it an emergency."],
        "guideline": {"id": "lumbar-mri", "version": guideline.version, "digest": guideline.digest},
        "evaluatedAt": "2026-06-15T10:00:00+08:00",
    }


def test_members_without_a_value_are_left_out_of_the_decision(guideline: Guideline) -> None:
    found = finding(Pathway.OTHER, Outcome.OUTSIDE, "child", (fact("Age 15", None, None),), tier="")
    described = extension_of(card_of(decision(found, reason="outside.child"), guideline))
    assert described["facts"] == [{"pathway": "other", "text": "Age 15"}]
    assert not described.keys() & {"recommendations", "notRecorded", "unread"}


def test_the_decision_keeps_record_text_as_it_is_but_for_control_characters(guideline: Guideline) -> None:
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", (fact("a*b <c>\x00 " + "x" * 200),))
    card = card_of(decision(found, reason="cauda-equina.emergency"), guideline)
    assert extension_of(card)["facts"][0]["text"] == "a*b <c> " + "x" * 200


@pytest.mark.parametrize(
    ("recorded", "said"), [("2026-05", "2026-05"), ("2019", "2019"), ("2026-06-14", "2026-06-14")]
)
def test_the_decision_has_dates_as_whole_as_they_are_known(
    recorded: str, said: str, guideline: Guideline
) -> None:
    when = read_date(recorded, ZONE)
    found = finding(Pathway.CAUDA_EQUINA, Outcome.EMERGENCY, "emergency", (replace(fact("x"), when=when),))
    card = card_of(decision(found, reason="cauda-equina.emergency"), guideline)
    assert extension_of(card)["facts"][0]["date"] == said


def test_source_and_links_are_the_guideline_s_and_hold_nothing_of_the_patient(guideline: Guideline) -> None:
    card = card_of(cauda_equina(), guideline)
    assert card["source"] == {
        "label": "ACE Clinical Guideline: When to order MRI for low back pain",
        "url": guideline.url,
        "topic": {
            "system": "urn:lumbar-mri-cds:recommendation",
            "code": "R4",
            "display": "Suspected cauda equina syndrome",
        },
    }
    assert [(link["type"], link["url"]) for link in card["links"]] == [
        ("absolute", guideline.url),
        ("absolute", guideline.details_url),
    ]


def test_an_endorsed_order_gets_one_short_card_without_anything_to_choose(guideline: Guideline) -> None:
    made = cauda_equina(endorsed=True, indicator=Indicator.INFO, plan=Plan(setting="emergency"))
    (card,) = cards_of(made, guideline=guideline)
    assert card["summary"].startswith(
        "Proceed as ordered: emergency MRI is indicated. Saddle numbness 14 Jun"
    )
    assert card["indicator"] == "info"
    assert not card.keys() & {"suggestions", "selectionBehavior", "overrideReasons"}
    assert headings(card) == ["Why you see this", "What to do", "Evidence", "Limits"]
    assert "[18]" in card["detail"]
    assert extension_of(card)["endorsed"] is True


def test_an_endorsed_order_names_what_could_not_be_read_and_asks_for_nothing(guideline: Guideline) -> None:
    made = cauda_equina(endorsed=True, plan=Plan(), unread=("Device",), not_recorded=("fever",))
    said = block(card_of(made, guideline), "Not recorded or out of date")
    assert said == "- Not read in full, or not sent: device list."


def test_an_endorsed_order_beside_a_forbidden_device_does_not_say_proceed_as_ordered(
    guideline: Guideline,
) -> None:
    made = cauda_equina(endorsed=True, indicator=Indicator.INFO, plan=Plan(), safety=(device(),))
    card, _ = cards_of(made, guideline=guideline)
    assert card["summary"].startswith("Proceed once MRI safety is settled")


def test_every_word_before_the_evidence_can_be_read_in_a_minute(guideline: Guideline) -> None:
    for made in (cauda_equina(), short_pain()):
        assert len(card_of(made, guideline)["detail"].split("**Evidence**")[0].split()) <= 160


def test_a_draft_of_another_patient_is_named_by_nothing_but_its_reference(guideline: Guideline) -> None:
    found = finding(Pathway.OTHER, Outcome.UNCLEAR, "foreign")
    made = decision(
        found, reason="unclear.foreign", order=order({}, reference="ServiceRequest/x", label="SECRET")
    )
    card = card_of(made, guideline)
    assert "SECRET" not in json.dumps(card)
    assert "Order checked" not in card["detail"]
    assert not card.keys() & {"suggestions", "overrideReasons"}
    assert extension_of(card)["orders"] == ["ServiceRequest/x"]


def test_every_card_and_suggestion_has_a_uuid_of_its_own(guideline: Guideline) -> None:
    cards = cards_of(cauda_equina(safety=(device(),)), short_pain(), guideline=guideline)
    uuids = [card["uuid"] for card in cards] + [
        s["uuid"] for card in cards for s in card.get("suggestions", ())
    ]
    assert len(uuids) == len(set(uuids)) == 9


@pytest.mark.parametrize(
    ("why", "line"),
    [
        (
            "new-facts",
            "Shown again, although overridden on 10 Jun 2026 (Patient preference after shared discussion); "
            "new since then: Fever, 14 Jun 2026 (Condition); Chills, date not recorded (Condition).",
        ),
        (
            "attested",
            "Overridden on 10 Jun 2026; your reason now counts: Patient preference after shared discussion.",
        ),
        (
            "changed",
            "Shown again, although overridden on 10 Jun 2026 (Patient preference after shared discussion): "
            "the assessment has changed.",
        ),
        (
            "less-read",
            "Shown again, although overridden on 10 Jun 2026 (Patient preference after shared discussion): "
            "less of the record could be read than then.",
        ),
        (
            "emergency",
            "Overridden on 10 Jun 2026 (Patient preference after shared discussion); an emergency is shown each time.",
        ),
        (
            "device",
            "Shown again, although overridden on 10 Jun 2026 (Patient preference after shared discussion), "
            "because of the implant.",
        ),
    ],
)
def test_a_card_that_was_overridden_says_why_it_is_shown_again(
    why: Any, line: str, guideline: Guideline
) -> None:
    new = (Evidence("Fever", "Condition/f", day("2026-06-14")), Evidence("Chills", "Condition/c"))
    again = ShownAgain(date(2026, 6, 10), "patient-preference", why, new if why == "new-facts" else ())
    card = card_of(short_pain(again=again), guideline)
    assert line in card["detail"].splitlines()


def test_a_reason_of_the_client_is_told_by_its_code(guideline: Guideline) -> None:
    again = ShownAgain(date(2026, 6, 10), "a-code_of*theirs", "changed")
    assert "(a-code\\_of\\*theirs)" in card_of(short_pain(again=again), guideline)["detail"]
