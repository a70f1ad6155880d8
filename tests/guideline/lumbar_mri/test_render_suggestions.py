"""What one click does: whole and valid FHIR orders, the draft unchanged but for what is meant."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome, Pathway, Plan, SafetyLine
from cds_service.guideline.lumbar_mri.changed_order import ForWhom, new_order
from cds_service.guideline.lumbar_mri.wording import VARIANTS
from tests.guideline.lumbar_mri.decision_builders import (
    SNOMED,
    card_of,
    cards_of,
    cauda_equina,
    decision,
    device,
    draft,
    fact,
    finding,
    order,
    short_pain,
)
from tests.guideline.lumbar_mri.test_render_summary import ALL_VARIANTS, decision_of

CPT = "http://www.ama-assn.org/go/cpt"
REASONS = "urn:lumbar-mri-cds:reason"
EXTENDED = {"extension": [{"url": "urn:x", "valueString": "x"}]}
SCREWS = device("hardware", "Pedicle screws", own_card=False)
HARDWARE_NOTE = {"text": "Spinal hardware on record: metal-artefact-reducing sequences."}
CONTRAST = Plan(priority="urgent", contrast="with-and-without", setting="same-day")
Json = dict[str, Any]


def labels(made: Decision, guideline: Guideline) -> list[str]:
    return [choice["label"] for choice in card_of(made, guideline).get("suggestions", ())]


def choice(made: Decision, guideline: Guideline, label: str) -> Json:
    """The suggestion whose label starts so."""
    found: Json = next(s for s in card_of(made, guideline)["suggestions"] if s["label"].startswith(label))
    return found


def actions(made: Decision, guideline: Guideline, label: str, kind: str) -> list[Json]:
    return [action for action in choice(made, guideline, label)["actions"] if action["type"] == kind]


def updated(made: Decision, guideline: Guideline, label: str) -> Json:
    """The one order that the suggestion changes."""
    (action,) = actions(made, guideline, label, "update")
    resource: Json = action["resource"]
    return resource


def created(made: Decision, guideline: Guideline, label: str) -> list[Json]:
    return [action["resource"] for action in actions(made, guideline, label, "create")]


def infection(outcome: Outcome = Outcome.URGENT, **more: Any) -> Decision:
    found = finding(Pathway.INFECTION, outcome, outcome.value, (fact("Temperature 38.6 Cel"),))
    priority = "stat" if outcome is Outcome.EMERGENCY else "urgent"
    values: Json = {"plan": Plan(priority=priority, setting="same-day"), **more}
    return decision(found, reason=f"infection.{outcome.value}", **values)


@pytest.mark.parametrize(("file", "variant"), ALL_VARIANTS)
@pytest.mark.parametrize("primary_care", [True, False], ids=["primary", "hospital"])
def test_every_order_in_every_suggestion_is_valid_fhir_for_this_patient(
    file: str, variant: str, primary_care: bool, guideline: Guideline
) -> None:
    made = replace(decision_of(file, variant, fact("x")), primary_care=primary_care)
    plan = Plan(priority="urgent", region="whole-spine", contrast="with-and-without", setting="specialist")
    for card in (card_of(made, guideline), card_of(replace(made, plan=plan), guideline)):
        suggested = card.get("suggestions", [])
        assert sum(s.get("isRecommended", False) for s in suggested) <= 1
        # An unclear card offers a reason for each of the six (3.7), every other a few.
        assert len(suggested) <= (7 if file == "unclear" else 4)
        for action in (action for s in suggested for action in s["actions"]):
            if action["type"] == "delete":
                assert action["resourceId"] == "ServiceRequest/mri-1"
            else:
                ServiceRequest.model_validate(action["resource"])
                assert action["resource"]["subject"] == {"reference": "Patient/p1"}
                assert action["resource"]["status"] == "draft"
                assert action["resource"]["intent"] == "order"
                assert action["resource"]["reasonCode"]


@pytest.mark.parametrize(("file", "variant"), ALL_VARIANTS)
def test_every_label_begins_with_a_verb(file: str, variant: str, guideline: Guideline) -> None:
    verbs = {"Refer", "Set", "Change", "Remove", "Keep", "Add", "Order"}
    assert {label.split()[0] for label in labels(decision_of(file, variant, fact("x")), guideline)} <= verbs


@pytest.mark.parametrize("file", [f for f in VARIANTS if f not in ("not-indicated", "endorsed")])
def test_only_an_order_that_is_not_indicated_can_be_removed(file: str, guideline: Guideline) -> None:
    for variant in VARIANTS[file]:
        assert '"delete"' not in json.dumps(card_of(decision_of(file, variant, fact("x")), guideline))


# R4, R3, R5, R6: emergency and urgent


def test_primary_care_refers_and_sets_the_priority_in_one_click(guideline: Guideline) -> None:
    recommended = choice(cauda_equina(), guideline, "Refer to emergency department now, set MRI to stat")
    assert recommended["isRecommended"] is True
    (referral,) = created(cauda_equina(), guideline, "Refer to emergency")
    assert referral["priority"] == "stat"
    assert referral["code"]["text"] == "Referral to emergency department"
    assert referral["encounter"] == {"reference": "Encounter/e1"}
    assert "id" not in referral
    assert updated(cauda_equina(), guideline, "Refer to emergency")["priority"] == "stat"


def test_primary_care_can_set_the_priority_alone(guideline: Guideline) -> None:
    assert [a["type"] for a in choice(cauda_equina(), guideline, "Set MRI to stat")["actions"]] == ["update"]


def test_hospital_sets_the_priority_and_refers_to_nobody(guideline: Guideline) -> None:
    (only,) = card_of(cauda_equina(primary_care=False), guideline)["suggestions"]
    assert (only["label"], only["isRecommended"]) == ("Set MRI to stat", True)


def test_without_an_encounter_none_is_invented(guideline: Guideline) -> None:
    (card,) = cards_of(cauda_equina(), guideline=guideline, encounter_id=None)
    assert "encounter" not in card["suggestions"][0]["actions"][0]["resource"]


def test_an_order_that_is_stat_already_is_only_referred(guideline: Guideline) -> None:
    made = cauda_equina(plan=Plan(setting="emergency"), order=order(draft(priority="stat"), priority="stat"))
    assert labels(made, guideline) == ["Refer to emergency department now"]
    assert updated(made, guideline, "Refer")["priority"] == "stat"


def test_an_update_returns_the_whole_draft_and_changes_only_what_is_meant(guideline: Guideline) -> None:
    sent = draft(
        note=[{"text": "please call"}],
        extension=[{"url": "http://hospital.example/x", "valueString": "kept"}],
        unknownMember={"kept": True},
        reasonCode=[{"text": "numb"}],
    )
    made = cauda_equina(order=order(sent))
    changed = updated(made, guideline, "Set MRI to stat")
    assert changed.pop("priority") == "stat"
    reasons = changed.pop("reasonCode")
    assert changed == {k: v for k, v in sent.items() if k not in ("priority", "reasonCode")}
    assert reasons[0] == {"text": "numb"}
    assert sent["priority"] == "routine"


def test_the_reason_that_we_add_is_the_recommendation_and_no_red_flag_of_its_own(
    guideline: Guideline,
) -> None:
    added = updated(cauda_equina(), guideline, "Set MRI to stat")["reasonCode"][-1]
    assert added["coding"][0]["system"] == "urn:lumbar-mri-cds:recommendation"
    assert added["coding"][0]["code"] == "R4"


def test_a_reason_that_stands_on_the_order_is_not_added_again(guideline: Guideline) -> None:
    once = updated(cauda_equina(), guideline, "Set MRI to stat")
    again = updated(cauda_equina(order=order(once)), guideline, "Set MRI to stat")
    assert again["reasonCode"] == once["reasonCode"]


@pytest.mark.parametrize(
    ("system", "code"),
    [
        pytest.param("urn:lumbar-mri-cds:recommendation", "R3", id="another recommendation"),
        pytest.param("http://hospital.example/reasons", "R4", id="the same code of another system"),
    ],
)
def test_a_reason_beside_another_one_on_the_order_is_added(
    system: str, code: str, guideline: Guideline
) -> None:
    sent = draft(reasonCode=[{"coding": [{"system": system, "code": code}]}])
    reasons = updated(cauda_equina(order=order(sent)), guideline, "Set MRI to stat")["reasonCode"]
    assert [reason["coding"][0]["code"] for reason in reasons] == [code, "R4"]


@pytest.mark.parametrize(
    ("element", "sent", "returned"),
    [
        pytest.param("instantiatesUri", ["urn:a", None, "urn:b", ""], ["urn:a", None, "urn:b"], id="values"),
        pytest.param("_instantiatesUri", [None, EXTENDED, {}], [None, EXTENDED, None], id="their extensions"),
        pytest.param("_instantiatesUri", [None, {"id": ""}], None, id="no extension at all"),
        pytest.param("_intent", EXTENDED, EXTENDED, id="the extension of one value"),
    ],
)
def test_a_null_in_a_list_of_primitives_or_of_their_extensions_keeps_its_place(
    element: str, sent: Any, returned: Any, guideline: Guideline
) -> None:
    """FHIR pairs the two by place."""
    made = cauda_equina(order=order(draft(**{element: sent})))
    assert updated(made, guideline, "Set MRI to stat").get(element) == returned


def test_empty_members_of_a_draft_are_not_sent_back(guideline: Guideline) -> None:
    sent = draft(
        note=[], extension=[{}], orderDetail=[{"coding": [{}]}], patientInstruction="", performer=[None]
    )
    changed = updated(cauda_equina(order=order(sent)), guideline, "Set MRI to stat")
    assert not changed.keys() & {"note", "extension", "orderDetail", "patientInstruction", "performer"}


def test_what_fhir_requires_is_added_to_a_draft_that_lacks_it(guideline: Guideline) -> None:
    sent = draft(status=None, intent=None, subject=None)
    changed = updated(cauda_equina(order=order(sent)), guideline, "Set MRI to stat")
    assert (changed["status"], changed["intent"]) == ("draft", "order")
    assert changed["subject"] == {"reference": "Patient/p1"}


@pytest.mark.parametrize("reason", ["text", {"text": "x"}, [None, "x", {"coding": "y"}, {"coding": [1]}]])
def test_a_broken_reason_on_the_draft_does_not_break_the_card(reason: Any, guideline: Guideline) -> None:
    changed = updated(cauda_equina(order=order(draft(reasonCode=reason))), guideline, "Set MRI to stat")
    assert changed["reasonCode"][-1]["coding"][0]["code"] == "R4"


@pytest.mark.parametrize(
    ("element", "sent", "returned"),
    [
        pytest.param("category", {"text": "Imaging"}, [{"text": "Imaging"}], id="category as an object"),
        pytest.param("bodySite", {"text": "Spine"}, [{"text": "Spine"}], id="body site as an object"),
        pytest.param("note", "please call", [{"text": "please call"}], id="note as text"),
        pytest.param("performer", [None, {"display": "MRI"}], [{"display": "MRI"}], id="null in a list"),
        pytest.param("subject", "Patient/p1", {"reference": "Patient/p1"}, id="subject as text"),
        pytest.param(
            "subject",
            {"display": "Example"},
            {"display": "Example", "reference": "Patient/p1"},
            id="subject by name alone",
        ),
        pytest.param(
            "subject",
            {"display": "Example", "reference": "https://fhir.example/Patient/p1"},
            {"display": "Example", "reference": "https://fhir.example/Patient/p1"},
            id="subject as it is",
        ),
    ],
)
def test_a_draft_that_is_no_valid_fhir_comes_back_valid(
    element: str, sent: Any, returned: Any, guideline: Guideline
) -> None:
    changed = updated(cauda_equina(order=order(draft(**{element: sent}))), guideline, "Set MRI to stat")
    assert changed[element] == returned
    assert ServiceRequest.model_validate(changed)


@pytest.mark.parametrize("reason", ["pain since May", {"text": "pain since May"}])
def test_a_reason_that_stands_where_a_list_should_is_kept(reason: Any, guideline: Guideline) -> None:
    changed = updated(cauda_equina(order=order(draft(reasonCode=reason))), guideline, "Set MRI to stat")
    assert changed["reasonCode"][0]["text"] == "pain since May"
    assert len(changed["reasonCode"]) == 2


@pytest.mark.parametrize("id", [None, "", "  ", "with space"])
def test_a_draft_without_a_usable_id_is_neither_changed_nor_removed(
    id: str | None, guideline: Guideline
) -> None:
    nameless = order(draft(id=id), reference="ServiceRequest/draft-1")
    kinds = {
        action["type"]
        for made in (cauda_equina(order=nameless), short_pain(order=nameless))
        for s in card_of(made, guideline).get("suggestions", ())
        for action in s["actions"]
    }
    assert kinds == {"create"}


def test_a_merged_order_is_changed_with_the_first(guideline: Guideline) -> None:
    twin = order(draft(id="mri-2"), reference="ServiceRequest/mri-2")
    changed = actions(cauda_equina(duplicates=(twin,)), guideline, "Refer", "update")
    assert [action["resource"]["id"] for action in changed] == ["mri-1", "mri-2"]
    removed = actions(short_pain(duplicates=(twin,)), guideline, "Remove MRI only", "delete")
    assert [a["resourceId"] for a in removed] == ["ServiceRequest/mri-1", "ServiceRequest/mri-2"]


@pytest.mark.parametrize(
    ("setting", "label"),
    [
        ("same-day", "Refer for same-day specialist review, set MRI to urgent"),
        ("specialist", "Refer to spine or orthopaedic clinic, set MRI to urgent"),
        ("operating-team", "Refer to operating team, set MRI to urgent"),
        ("oncology", "Refer to oncology, set MRI to urgent"),
    ],
)
def test_an_urgent_card_refers_to_the_team_of_its_disease(
    setting: str, label: str, guideline: Guideline
) -> None:
    made = infection(plan=Plan(priority="urgent", setting=setting))
    assert labels(made, guideline)[:2] == [label, "Set MRI to urgent"]


def test_an_emergency_in_primary_care_goes_through_the_emergency_department(guideline: Guideline) -> None:
    made = cauda_equina(plan=Plan(priority="stat", setting="operating-team", pattern="haematoma"))
    assert labels(made, guideline)[0] == "Refer to emergency department now, set MRI to stat"


def test_an_emergency_has_its_blood_tests_at_once(guideline: Guideline) -> None:
    labs = created(infection(Outcome.EMERGENCY), guideline, "Set MRI to stat, order CRP, ESR and blood")
    assert [lab["priority"] for lab in labs] == ["stat", "stat", "stat"]


def test_infection_offers_its_blood_tests(guideline: Guideline) -> None:
    labs = created(infection(), guideline, "Set MRI to urgent, order CRP, ESR and blood cultures")
    assert [lab["code"]["coding"][0]["code"] for lab in labs] == ["1988-5", "4537-7", "600-7"]
    assert {lab["priority"] for lab in labs} == {"urgent"}


# Region and contrast


@pytest.mark.parametrize(
    ("system", "code", "plan", "covers", "new"),
    [
        pytest.param(SNOMED, "41333006", Plan(contrast="without"), "lumbar", "394451000119106", id="SNOMED"),
        pytest.param(CPT, "72148", Plan(contrast="with-and-without"), "lumbar", "72158", id="CPT"),
        pytest.param(
            "http://loinc.org", "30679-5", Plan(contrast="with-and-without"), "lumbar", "24967-2", id="LOINC"
        ),
        pytest.param(
            "urn:oid:2.16.840.1.113883.6.12", "72158", Plan(contrast="without"), "lumbar", "72148", id="alias"
        ),
        pytest.param(
            "http://loinc.org", "30679-5", Plan(region="whole-spine"), "lumbar", "30854-4", id="whole spine"
        ),
        pytest.param(
            SNOMED,
            "x",
            Plan(region="whole-spine", contrast="with-and-without"),
            "lumbar",
            "495741000119105",
            id="both",
        ),
        pytest.param(
            SNOMED, "x", Plan(contrast="with-and-without"), "whole-spine", "495741000119105", id="stays wide"
        ),
    ],
)
def test_another_study_is_coded_in_the_system_of_the_order(
    system: str, code: str, plan: Plan, covers: str, new: str, guideline: Guideline
) -> None:
    sent = draft(code={"coding": [{"system": system, "code": code}], "text": "MRI L-spine"})
    made = cauda_equina(
        order=order(sent, code_system=system, covers=covers),
        plan=replace(plan, priority="stat", setting="emergency"),
    )
    study = updated(made, guideline, "Refer to emergency department now, change to MRI of")["code"]
    assert study["coding"][0]["system"] == system
    assert study["coding"][0]["code"] == new
    assert study["text"].startswith("MRI of")


def test_where_cpt_has_no_code_snomed_replaces_it_and_the_action_says_so(guideline: Guideline) -> None:
    sent = draft(code={"coding": [{"system": CPT, "code": "72148"}]}, bodySite=[{"text": "Lumbar"}])
    made = cauda_equina(order=order(sent, code_system=CPT), plan=Plan(priority="stat", region="whole-spine"))
    (action,) = actions(made, guideline, "Refer to emergency department now, change", "update")
    assert action["resource"]["code"]["coding"][0]["system"] == SNOMED
    assert "SNOMED CT code, because the code system of the order has none" in action["description"]
    assert "bodySite" not in action["resource"]
    assert "body site removed" in action["description"]


def test_a_changed_study_keeps_every_code_system_of_the_order(guideline: Guideline) -> None:
    """The code that says what the text says stands first; SNOMED CT knows "with contrast" only."""
    codings = [{"system": SNOMED, "code": "394451000119106"}, {"system": CPT, "code": "72148"}]
    made = infection(order=order(draft(code={"coding": codings})), plan=CONTRAST)
    study = updated(made, guideline, "Refer for same-day specialist review, change to")["code"]
    assert [(coding["system"], coding["code"]) for coding in study["coding"]] == [
        (CPT, "72158"),
        (SNOMED, "41333006"),
    ]


@pytest.mark.parametrize(
    ("codings", "system", "kept"),
    [
        pytest.param(["http://loinc.org", CPT], "http://loinc.org", ["http://loinc.org", CPT], id="as sent"),
        pytest.param([None, CPT], SNOMED, [CPT, SNOMED], id="behind a coding without a system"),
        pytest.param([5, CPT], SNOMED, [CPT, SNOMED], id="behind a system that is no text"),
        pytest.param(["urn:x", CPT], SNOMED, [CPT, SNOMED], id="behind a system that we do not know"),
        pytest.param(
            ["http://www.ama-assn.org/cpt"],
            None,
            ["http://www.ama-assn.org/cpt"],
            id="another address of CPT",
        ),
        pytest.param(["CPT"], None, [CPT], id="a name that is no address"),
    ],
)
def test_the_code_systems_of_an_order_stand_in_its_own_order_and_spelling(
    codings: list[Any], system: str | None, kept: list[str], guideline: Guideline
) -> None:
    sent = draft(code={"coding": [{"system": one, "code": "1"} for one in codings]})
    made = infection(order=order(sent, code_system=system), plan=CONTRAST)
    study = updated(made, guideline, "Refer for same-day specialist review, change to")["code"]
    assert [coding["system"] for coding in study["coding"]] == kept


@pytest.mark.parametrize(
    ("plan", "covers", "kept"),
    [
        pytest.param(Plan(contrast="with-and-without"), "lumbar", True, id="another contrast"),
        pytest.param(Plan(contrast="with-and-without"), "whole-spine", True, id="wide already"),
        pytest.param(Plan(region="whole-spine"), "lumbar", False, id="a wider study"),
    ],
)
def test_the_body_site_of_an_order_goes_only_where_the_study_outgrows_it(
    plan: Plan, covers: str, kept: bool, guideline: Guideline
) -> None:
    sent = draft(bodySite=[{"text": "Lumbar spine"}])
    made = cauda_equina(order=order(sent, covers=covers), plan=replace(plan, priority="stat"))
    (action,) = actions(made, guideline, "Refer to emergency department now, change", "update")
    assert ("bodySite" in action["resource"]) is kept
    assert ("body site removed" in action["description"]) is not kept


@pytest.mark.parametrize(
    ("codings", "said"),
    [
        pytest.param([{"system": SNOMED, "code": "394451000119106"}], True, id="only SNOMED CT"),
        pytest.param(
            [{"system": SNOMED, "code": "394451000119106"}, {"system": CPT, "code": "72148"}],
            False,
            id="both",
        ),
    ],
)
def test_a_code_that_says_less_than_the_text_is_named(
    codings: list[Json], said: bool, guideline: Guideline
) -> None:
    made = infection(order=order(draft(code={"coding": codings})), plan=CONTRAST)
    (action,) = actions(made, guideline, "Refer for same-day specialist review, change to", "update")
    assert ('its code says only "with contrast"' in action["description"]) is said


def test_a_new_order_has_a_code_a_reason_a_moment_and_the_requester(guideline: Guideline) -> None:
    """Some clients read the first coding and the reason unchecked (field note S6)."""
    sent = draft(requester={"reference": "Practitioner/d1"})
    for made in (cauda_equina(order=order(sent)), decision_of("outside", "fragility", fact("x"))):
        (new,) = created(made, guideline, card_of(made, guideline)["suggestions"][0]["label"])
        assert new["code"]["coding"][0].keys() == {"system", "code", "display"}
        assert new["reasonCode"][0]["coding"][0]["code"]
        assert new["authoredOn"] == "2026-06-15T10:00:00+08:00"
    assert created(cauda_equina(order=order(sent)), guideline, "Refer")[0]["requester"] == sent["requester"]


@pytest.mark.parametrize("requester", [None, "d1", {"reference": "#d1"}, {"reference": 1}])
def test_a_requester_that_holds_only_in_the_draft_is_not_copied(requester: Any, guideline: Guideline) -> None:
    made = cauda_equina(order=order(draft(requester=requester)))
    assert "requester" not in created(made, guideline, "Refer")[0]


def test_a_long_label_is_cut_where_an_action_says_what_it_changes(guideline: Guideline) -> None:
    label = "MRI lumbar spine without contrast, as agreed with the imaging centre by telephone"
    said = {
        action["description"]
        for suggestion in card_of(short_pain(order=order(label=label)), guideline)["suggestions"]
        for action in suggestion["actions"]
        if action["type"] == "delete"
    }
    (text,) = said
    assert label[:50] in text
    assert label[:61] not in text


def test_a_new_order_of_no_category_names_none(guideline: Guideline) -> None:
    entry = guideline.order_codes.orders["crp"]
    whom = ForWhom("Patient/p1", None)
    orders = [
        new_order(one, whom, guideline, priority="stat", reason=None, period=None)
        for one in (entry, replace(entry, category=None))
    ]
    assert [one.get("category", "none") for one in orders] == [[{"text": "Laboratory"}], "none"]


def test_an_operated_spine_with_hardware_is_scanned_with_a_note(guideline: Guideline) -> None:
    found = finding(Pathway.PROCEDURE, Outcome.URGENT, "urgent", (fact("Fusion"),))
    made = decision(
        found,
        reason="procedure.urgent",
        plan=Plan(priority="urgent", setting="operating-team"),
        safety=(SCREWS,),
    )
    (action,) = actions(made, guideline, "Set MRI to urgent", "update")
    assert action["resource"]["note"] == [HARDWARE_NOTE]
    assert "note on metal artefact" in action["description"]
    noted = replace(made, order=order(draft(note=[{"text": "please call"}, HARDWARE_NOTE])))
    (action,) = actions(noted, guideline, "Set MRI to urgent", "update")
    assert action["resource"]["note"] == [{"text": "please call"}, HARDWARE_NOTE]
    assert "note on metal artefact" not in action["description"]
    called = replace(made, order=order(draft(note=[{"text": "please call"}])))
    assert updated(called, guideline, "Set MRI to urgent")["note"] == [{"text": "please call"}, HARDWARE_NOTE]


def test_a_cord_compression_pattern_changes_the_region_with_the_recommended_choice(
    guideline: Guideline,
) -> None:
    plan = Plan(priority="stat", region="whole-spine", setting="emergency", pattern="cord-compression")
    for primary_care in (True, False):
        made = cauda_equina(plan=plan, primary_care=primary_care)
        (recommended,) = [s for s in card_of(made, guideline)["suggestions"] if s.get("isRecommended")]
        assert "whole spine" in recommended["label"]


def test_in_pregnancy_no_contrast_and_no_radiation_is_suggested(guideline: Guideline) -> None:
    plan = Plan(priority="stat", region="whole-spine", contrast="with-and-without")
    fracture = finding(Pathway.OTHER, Outcome.OUTSIDE, "fragility")
    asked_for = [
        card_of(cauda_equina(plan=plan, pregnant=True), guideline)["suggestions"],
        card_of(decision(fracture, reason="outside.fragility", pregnant=True), guideline).get("suggestions"),
    ]
    assert "with and without contrast" not in json.dumps(asked_for)
    assert asked_for[1] is None


def test_a_thoracolumbar_study_keeps_its_region_when_only_contrast_should_change(
    guideline: Guideline,
) -> None:
    made = cauda_equina(
        order=order(covers="thoracolumbar"), plan=Plan(priority="stat", contrast="with-and-without")
    )
    assert not any("change to" in label for label in labels(made, guideline))


def test_an_action_says_everything_that_it_changes(guideline: Guideline) -> None:
    found = finding(
        Pathway.PROCEDURE, Outcome.URGENT, "urgent", (fact("Fusion"),), flags=frozenset({"fever"})
    )
    made = decision(
        found,
        reason="procedure.urgent",
        plan=Plan("urgent", "whole-spine", "with-and-without", "operating-team", "epidural-abscess"),
        safety=(SCREWS,),
        order=order(draft(bodySite=[{"text": "Lumbar spine"}])),
    )
    (refer, change) = choice(made, guideline, "Refer to operating team, change to")["actions"]
    assert refer["description"] == "Create a draft: Referral to operating team"
    assert change["description"] == (
        "Change the order (MRI lumbar spine without contrast): "
        'study MRI of whole spine with and without contrast; its code says only "with contrast"; '
        "body site removed (the study covers more); priority urgent; note on metal artefact; "
        'reason "ACE recommendation R6: MRI is indicated"'
    )
    assert labels(made, guideline) == [
        "Refer to operating team, change to MRI of whole spine with and without contrast, urgent",
        "Change to MRI of whole spine with and without contrast, urgent",
        "Change to MRI of whole spine with and without contrast, urgent, order CRP, ESR and blood cultures",
    ]
    (start, follow) = [
        a["description"] for a in actions(short_pain(), guideline, "Remove MRI and start", "create")
    ]
    assert start == "Create a draft: Referral to physiotherapy"
    assert follow == ("Create a draft: Follow-up visit for low back pain. Review 13 Jul 2026 to 27 Jul 2026")
    (removed,) = actions(short_pain(), guideline, "Remove MRI only", "delete")
    assert removed["description"] == "Remove the order: MRI lumbar spine without contrast"


@pytest.mark.parametrize(
    ("plan", "ordered", "safety", "label"),
    [
        pytest.param(
            Plan(region="whole-spine"), {"contrast": None}, (), "whole spine without", id="not said"
        ),
        pytest.param(
            Plan(region="whole-spine"), {"contrast": "with"}, (), "whole spine with and without", id="kept"
        ),
        pytest.param(
            Plan(region="whole-spine"),
            {"contrast": "with"},
            (device("renal", own_card=False),),
            "whole spine without",
            id="against the kidneys",
        ),
        pytest.param(
            Plan(region="whole-spine"), {"covers": "thoracolumbar"}, (), "whole spine without", id="wider"
        ),
        pytest.param(
            Plan(region="whole-spine", contrast="with-and-without"),
            {"covers": "whole-spine"},
            (),
            "whole spine with and without",
            id="wide already, contrast missing",
        ),
    ],
)
def test_a_wider_study_keeps_the_contrast_unless_the_record_speaks_against_it(
    plan: Plan, ordered: Json, safety: tuple[SafetyLine, ...], label: str, guideline: Guideline
) -> None:
    made = cauda_equina(order=order(**ordered), plan=replace(plan, priority="stat"), safety=safety)
    assert any(f"change to MRI of {label} contrast" in one for one in labels(made, guideline))


# R1, R2, open questions, outside


def test_conservative_care_replaces_the_order_in_one_click(guideline: Guideline) -> None:
    recommended = choice(short_pain(), guideline, "Remove MRI and start conservative care")
    assert recommended["isRecommended"] is True
    assert [a["type"] for a in recommended["actions"]] == ["delete", "create", "create"]
    physio, review = created(short_pain(), guideline, "Remove MRI and start")
    assert physio["code"]["coding"][0]["code"] == "306170007"
    assert [new["priority"] for new in (physio, review)] == ["routine", "routine"]
    assert [new["category"] for new in (physio, review)] == [[{"text": "Referral"}], [{"text": "Follow-up"}]]
    assert review["occurrencePeriod"] == {"start": "2026-07-13", "end": "2026-07-27"}


def test_improving_pain_brings_no_recommended_removal(guideline: Guideline) -> None:
    made = decision_of("not-indicated", "improving", fact("x"))
    assert not any(s.get("isRecommended") for s in card_of(made, guideline)["suggestions"])


def test_the_order_can_be_kept_with_a_reason_that_the_rules_read_again(guideline: Guideline) -> None:
    made = decision_of("not-indicated", "no-care", fact("x"))
    kept = updated(made, guideline, "Keep MRI, record reason: Conservative care completed")
    assert kept["reasonCode"][0]["coding"][0] == {
        "system": REASONS,
        "code": "care-4-6-weeks",
        "display": "Conservative care completed elsewhere: 4 to 6 weeks",
    }


def test_persistent_pain_can_be_referred_and_documented_independently(guideline: Guideline) -> None:
    card = card_of(decision_of("may-be-indicated", "band", fact("x")), guideline)
    assert card["selectionBehavior"] == "any"
    assert [s["label"].split(":")[0] for s in card["suggestions"]] == [
        "Refer to spine or orthopaedic clinic",
        "Add reason",
    ]
    assert "overrideReasons" not in card


@pytest.mark.parametrize(("file", "variant"), [v for v in ALL_VARIANTS if v[0] != "may-be-indicated"])
def test_of_choices_that_change_one_order_only_one_may_be_taken(
    file: str, variant: str, guideline: Guideline
) -> None:
    card = card_of(decision_of(file, variant, fact("x")), guideline)
    assert card.get("selectionBehavior", "at-most-one") == "at-most-one"


def test_in_pregnancy_persistent_pain_needs_another_study_first(guideline: Guideline) -> None:
    made = replace(
        decision_of("may-be-indicated", "band", fact("x")),
        pregnant=True,
        plan=Plan(contrast="without"),
        order=order(contrast="with-and-without"),
    )
    label = "Change to MRI of lumbar spine without contrast"
    assert labels(made, guideline) == ["Refer to spine or orthopaedic clinic", label]
    changed = updated(made, guideline, label)
    assert changed["code"]["text"] == "MRI of lumbar spine without contrast"
    assert changed["reasonCode"][0]["coding"][0]["code"] == "R2"


@pytest.mark.parametrize(
    ("plan", "safety", "expected"),
    [
        pytest.param(Plan(), (), [], id="right as it is"),
        pytest.param(
            Plan(contrast="with-and-without"),
            (),
            ["Change to MRI of lumbar spine with and without contrast"],
            id="another study",
        ),
        pytest.param(Plan(), (SCREWS,), ["Add a note: metal-artefact-reducing sequences"], id="a note"),
        pytest.param(
            Plan(contrast="with-and-without"),
            (SCREWS,),
            ["Change to MRI of lumbar spine with and without contrast"],
            id="both in one",
        ),
    ],
)
def test_a_routine_mri_is_changed_only_where_something_is_missing(
    plan: Plan, safety: tuple[SafetyLine, ...], expected: list[str], guideline: Guideline
) -> None:
    found = finding(Pathway.PROCEDURE, Outcome.INDICATED, "indicated", (fact("Fusion"),))
    made = decision(found, reason="procedure.indicated", plan=plan, safety=safety, primary_care=False)
    assert labels(made, guideline) == expected
    referred = replace(made, primary_care=True)
    assert labels(referred, guideline) == ["Refer to spine or orthopaedic clinic", *expected]
    for label in expected:
        assert updated(made, guideline, label)["reasonCode"][0]["coding"][0]["code"] == "R6"


@pytest.mark.parametrize(
    ("file", "variant", "codes"),
    [
        ("cauda-equina", "possible-old", ["red-flag-cauda-equina", "neurology-worse"]),
        ("cancer", "possible-remote", ["red-flag-cancer", "neurology-worse"]),
        (
            "unclear",
            "care-unknown",
            ["care-4-6-weeks", "care-6-weeks", "neurology-worse", "specialist-requirement"],
        ),
    ],
)
def test_an_open_question_offers_the_reasons_that_close_it(
    file: str, variant: str, codes: list[str], guideline: Guideline
) -> None:
    suggested = card_of(decision_of(file, variant, fact("x")), guideline)["suggestions"]
    added = [
        a["resource"]["reasonCode"][0]["coding"][0]
        for s in suggested
        for a in s["actions"]
        if a["type"] == "update"
    ]
    assert [coding["code"] for coding in added] == codes
    assert {coding["system"] for coding in added} == {REASONS}


@pytest.mark.parametrize("recent", [True, False], ids=["recent procedure", "none"])
@pytest.mark.parametrize(
    ("file", "variant", "markers"),
    [
        ("infection", "possible", True),
        ("cancer", "possible", True),
        ("cauda-equina", "possible", False),
        ("unclear", "care-unknown", False),
    ],
)
def test_an_open_disease_offers_its_markers_and_an_unclear_card_a_recent_procedure(
    file: str, variant: str, markers: bool, recent: bool, guideline: Guideline
) -> None:
    made = replace(decision_of(file, variant, fact("x")), recent_procedure=recent)
    offered = labels(made, guideline)
    assert ("Order CRP and ESR" in offered) is markers
    (procedure,) = guideline.terminology.value_sets["reason-red-flag-procedure"]
    assert (f"Add reason: {procedure.display}" in offered) is (recent and file == "unclear")
    if markers:
        labs = created(made, guideline, "Order CRP and ESR")
        assert [(lab["code"]["text"].split()[0], lab["priority"]) for lab in labs] == [
            ("C-reactive", "routine"),
            ("Erythrocyte", "routine"),
        ]


@pytest.mark.parametrize(
    ("variant", "care_days", "start", "end"),
    [
        pytest.param("under-way", "26", "2026-06-17", "2026-07-01", id="26 days done"),
        pytest.param("under-way", "41", "2026-06-16", "2026-06-16", id="not before tomorrow"),
        pytest.param("under-way", "", "2026-07-13", "2026-07-27", id="no count"),
        pytest.param("improving", "26", "2026-07-13", "2026-07-27", id="a count that is not of this care"),
    ],
)
def test_the_review_is_due_when_the_care_is_complete(
    variant: str, care_days: str, start: str, end: str, guideline: Guideline
) -> None:
    found = finding(
        Pathway.PAIN, Outcome.NOT_INDICATED, variant, recommendation="R1", fills={"care_days": care_days}
    )
    made = decision(found, reason=f"not-indicated.{variant}")
    (review,) = created(made, guideline, "Remove MRI and continue")
    assert review["occurrencePeriod"] == {"start": start, "end": end}


def test_a_fragility_fracture_is_looked_for_with_a_radiograph(guideline: Guideline) -> None:
    made = decision_of("outside", "fragility", fact("x"))
    (radiograph,) = created(made, guideline, "Order a lumbar radiograph")
    assert radiograph["code"]["coding"][0]["code"] == "840361000"


def test_a_vascular_emergency_is_referred_at_once(guideline: Guideline) -> None:
    made = decision_of("outside", "vascular", fact("x"))
    (referral,) = created(made, guideline, "Refer to emergency department now")
    assert referral["priority"] == "stat"
    assert choice(made, guideline, "Refer to emergency department now")["isRecommended"] is True


# Override reasons and codes


@pytest.mark.parametrize(
    ("file", "variant", "codes"),
    [
        (
            "not-indicated",
            "short",
            {
                "red-flag-cauda-equina", "neurology-worse", "red-flag-cancer", "red-flag-infection",
                "red-flag-procedure", "care-4-6-weeks", "care-6-weeks", "specialist-requirement",
                "patient-preference", "other",
            },
        ),
        ("neurology", "urgent", {"deficit-stable", "peripheral-cause", "already-referred", "other"}),
        ("procedure", "urgent", {"pain-unchanged", "expected-soreness", "surgeon-advised-no-mri", "other"}),
        ("may-be-indicated", "full", set()),
    ],
)  # fmt: skip
def test_override_reasons_fit_the_recommendation(
    file: str, variant: str, codes: set[str], guideline: Guideline
) -> None:
    reasons = card_of(decision_of(file, variant, fact("x")), guideline).get("overrideReasons", [])
    assert {reason["code"] for reason in reasons} == codes
    assert {reason["system"] for reason in reasons} <= {REASONS}


def test_an_override_reason_that_is_also_an_order_reason_has_the_same_words(guideline: Guideline) -> None:
    known = {
        row.code: row.display
        for concept, rows in guideline.terminology.value_sets.items()
        if concept.startswith("reason-")
        for row in rows
    }
    for file, variant in ALL_VARIANTS:
        for reason in card_of(decision_of(file, variant, fact("x")), guideline).get("overrideReasons", ()):
            assert reason["display"] == known.get(reason["code"], reason["display"])


def test_every_suggested_code_is_one_of_the_value_sets(guideline: Guideline) -> None:
    known = {
        (guideline.terminology.system_name(row.system), row.code)
        for rows in guideline.terminology.value_sets.values()
        for row in rows
    }
    codes = guideline.order_codes
    for entry in (*codes.studies.values(), *codes.orders.values()):
        assert {(system, code.code) for system, code in entry.codes.items()} <= known


@pytest.mark.parametrize("name", ["lumbar-without", "whole-spine-with-and-without"])
def test_every_study_has_the_code_that_stands_in_for_other_systems(name: str, guideline: Guideline) -> None:
    assert "snomed" in guideline.order_codes.studies[name].codes
