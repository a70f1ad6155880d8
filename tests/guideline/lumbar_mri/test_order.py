"""Which drafts are lumbar MRIs and what is read of them (2.1, 8.9.5; field notes 1.1, 1.5)."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import MriOrder
from cds_service.guideline.lumbar_mri.order import (
    ForeignOrder,
    OrderSelection,
    has_emergency_referral,
    read_other_indication,
    select_orders,
)
from cds_service.record.terminology import CodeSystem, ValueSetCode, build_terminology
from tests.builders import concept, service_request
from tests.vignettes import codings

PATIENT = "p1"


def select(
    *drafts: Any, guideline: Guideline, selections: tuple[str, ...] | None = None, patient_id: str = PATIENT
) -> OrderSelection:
    return select_orders(drafts, selections, patient_id, guideline)


def read(code: Any, guideline: Guideline, **more: Any) -> MriOrder | None:
    """The one order that a draft of this code gives; None where it is out of scope."""
    orders = select(service_request(code, **more), guideline=guideline).orders
    return orders[0] if orders else None


def text_only(text: str) -> dict[str, Any]:
    return {"text": text}


# --- scope by code ---


@pytest.mark.parametrize(
    ("code", "covers"),
    [
        pytest.param(concept("x", snomed="394451000119106"), "lumbar", id="SNOMED lumbar"),
        pytest.param(concept("x", snomed="433141005"), "lumbar", id="SNOMED lumbar and sacral"),
        pytest.param(concept("x", snomed="726546000"), "lumbar", id="SNOMED lumbar and sacroiliac"),
        pytest.param(concept("x", snomed="411571000119106"), "thoracolumbar", id="SNOMED thoracolumbar"),
        pytest.param(concept("x", snomed="411611000119102"), "whole-spine", id="SNOMED whole spine"),
        pytest.param(concept("x", loinc="24968-0"), "lumbar", id="LOINC"),
        pytest.param(concept("x", loinc="42698-1"), "whole-spine", id="LOINC whole spine"),
        pytest.param(concept("x", cpt="72148"), "lumbar", id="CPT"),
        pytest.param(
            {"coding": [{"system": "http://www.ama-assn.org/cpt", "code": "72148"}]},
            "lumbar",
            id="CPT, alias",
        ),
        pytest.param(
            {"coding": [{"system": "CPT", "code": "72158|99999"}]}, "lumbar", id="CPT with a suffix"
        ),
        pytest.param(
            {
                "coding": [
                    {"system": "http://hospital.example/x", "code": "7"},
                    *concept(cpt="72148")["coding"],
                ]
            },
            "lumbar",
            id="a local code before CPT",
        ),
        pytest.param(concept("CT abdomen", cpt="72148"), "lumbar", id="a right code with a wrong display"),
        pytest.param(concept("MRI thoracic spine", snomed="396171000119100"), None, id="thoracic"),
        pytest.param(concept("MRI cervical spine", cpt="72141"), None, id="cervical"),
        pytest.param(codings.MRI_KNEE, None, id="knee"),
        pytest.param(codings.CT_LUMBAR, None, id="lumbar CT"),
        pytest.param(concept("X-ray", snomed="840361000"), None, id="lumbar radiograph"),
        pytest.param(
            concept("MRI lumbar spine", loinc="24802-1"), None, id="a known other study beats words"
        ),
        pytest.param(
            concept("MRI lumbar spine then physiotherapy", snomed="306170007"),
            None,
            id="a known referral, too",
        ),
        pytest.param(concept("MRI", snomed="1332288001"), None, id="sacroiliac joints alone"),
        pytest.param(concept("x", snomed="241645008"), None, id="spine without a region"),
        pytest.param(
            concept("MRI lumbar spine", snomed="241645008"), "lumbar", id="spine, region in the text"
        ),
        pytest.param(concept("MRI cervical", snomed="241645008"), None, id="spine, other region in the text"),
        pytest.param(concept("MRI", snomed="113091000"), None, id="MRI without a region"),
        pytest.param(concept("MRI lumbar", snomed="113091000"), "lumbar", id="MRI, region in the text"),
        pytest.param(
            {"coding": [{"system": "http://loinc.org", "code": "24968-8", "display": "MR lumbar spine"}]},
            "lumbar",
            id="a wrong LOINC is no code: its display tells",
        ),
        pytest.param(
            {"coding": [{"system": "http://loinc.org", "code": "24968-8"}]}, None, id="a wrong LOINC alone"
        ),
        pytest.param(
            {"coding": [{"system": "http://loinc.org", "code": "24531-6", "display": "US Retroperitoneum"}]},
            None,
            id="an ultrasound",
        ),
        pytest.param({"coding": [{}]}, None, id="the sandbox before anything is chosen"),
        pytest.param({"coding": []}, None, id="no coding"),
        pytest.param({}, None, id="empty"),
        pytest.param(None, None, id="absent"),
        pytest.param("MRI lumbar spine", None, id="not a concept"),
        pytest.param({"coding": [None, 7, {"system": 3, "code": []}], "text": 5}, None, id="wrong kinds"),
    ],
)
def test_a_known_code_says_what_the_study_is(code: Any, covers: str | None, guideline: Guideline) -> None:
    order = read(code, guideline)
    assert (order.covers if order else None) == covers


@pytest.mark.parametrize(
    ("more", "covers"),
    [
        pytest.param({"bodySite": [text_only("Lumbar spine")]}, "lumbar", id="bodySite text"),
        pytest.param({"bodySite": [{"coding": [{"display": "Lumbosacral region"}]}]}, "lumbar", id="display"),
        pytest.param({"bodySite": text_only("Lumbar spine")}, "lumbar", id="bodySite not in a list"),
        pytest.param({"bodySite": [text_only("Cervical spine")]}, None, id="bodySite cervical"),
        pytest.param(
            {"bodySite": [text_only("Thoracic spine"), text_only("Lumbar spine")]},
            "thoracolumbar",
            id="two sites",
        ),
        pytest.param(
            {"bodySite": [text_only("Lumbar spine"), text_only("T-spine")]},
            "thoracolumbar",
            id="two sites, turned",
        ),
        pytest.param({"orderDetail": [text_only("L-spine, sagittal T2")]}, "lumbar", id="orderDetail"),
        pytest.param(
            {"bodySite": [text_only("Neck")], "orderDetail": [text_only("had lumbar fusion")]},
            None,
            id="bodySite goes before orderDetail",
        ),
    ],
)
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(concept("MRI of spine", snomed="241645008"), id="coded"),
        pytest.param({"text": "MRI of spine"}, id="in words"),
    ],
)
def test_a_spine_mri_takes_its_region_from_site_or_detail(
    code: Any, more: dict[str, Any], covers: str | None, guideline: Guideline
) -> None:
    order = read(code, guideline, **more)
    assert (order.covers if order else None) == covers


# --- scope by words ---

LUMBAR_TEXTS = (
    "MRI lumbar spine",
    "mri LUMBAR SPINE w/o contrast",
    "MR lumbar spine",
    "MRT LWS nativ",
    "Magnetic resonance imaging of lumbar spine",
    "magnetic-resonance imaging, lumbosacral",
    "MRI lumbo-sacral spine",
    "MRI L-spine",
    "MRI L spine",
    "MRI LS spine",
    "MRI L/S",
    "MRI L/S spine with contrast",
    "MRI_LUMBAR_SPINE",
    "M.R.I. lumbar",
    "Lumbar spine MRI",
    "Lumber spine MRI",
    "MRI lower back",
    "MRI lower spine",
    "MRI for low back pain",
    "MRI LBP 6 weeks",
    "MRI L4/5",
    "MRI L1-S1",
    "MRI L3–S1",
    "MRI\nlumbar\tspine",
    "MRI lumbar and thoracic spine",
    "MRI cervical and lumbar spine",
    "MRI pelvis and L-spine",
    "MRI lumbar spine; x-ray of 2020 seen",
    "MRI or CT lumbar spine",
    "Repeat MRI lumbar spine",
    "Referral for MRI lumbar spine",
    "MRI lumbar spine (pacemaker: check)",
    "MRI whole spine",
    "MRI spine, whole",
    "MRI C/T/L spine",
    "MRI T-L spine",
    "MR lumbar spine after lumbar puncture",
)
OTHER_TEXTS = (
    "MRI knee",
    "MRI brain",
    "MRI spine",
    "MRI cervical spine",
    "MRI thoracic spine",
    "MRI T-spine",
    "MRI sacroiliac joints",
    "MRI sacrum",
    "MRI lumbar plexus",
    "MRI lumbosacral plexus",
    "MRI brain before lumbar puncture",
    "MRI knee, has low back pain",
    "MRI hip and pelvis, low back pain",
    "Lumbar spine",
    "X-ray lumbar spine",
    "CT lumbar spine",
    "CT lumbar spine, MRI contraindicated",
    "Lumbar spine CT (no MRI, pacemaker)",
    "Lumbar radiograph prior to MRI",
    "Lumbar spine imaging, not MRI",
    "Lumbar spine, MRI not possible",
    "Bone scan lumbar spine, MRI later",
    "Lumbar epidural injection after MRI",
    "MRI-guided lumbar injection",
    "MRI compatible lumbar brace",
    "MRI safety screening, lumbar stimulator",
    "MRA lumbar vessels",
    "Physiotherapy lumbar spine, MRI seen",
    "Primary care visit",
    "mr smith, lower limb doppler",
    "",
)


@pytest.mark.parametrize("text", LUMBAR_TEXTS)
@pytest.mark.parametrize("where", ["text", "display"])
def test_words_that_order_a_lumbar_mri_are_in_scope(text: str, where: str, guideline: Guideline) -> None:
    code = (
        {"text": text} if where == "text" else {"coding": [{"system": "urn:x", "code": "1", "display": text}]}
    )
    assert read(code, guideline) is not None


@pytest.mark.parametrize("text", OTHER_TEXTS)
@pytest.mark.parametrize("where", ["text", "display"])
def test_words_that_order_something_else_are_not(text: str, where: str, guideline: Guideline) -> None:
    code = (
        {"text": text} if where == "text" else {"coding": [{"system": "urn:x", "code": "1", "display": text}]}
    )
    assert read(code, guideline) is None


@pytest.mark.parametrize(
    ("text", "covers"),
    [
        ("MRI lumbar spine", "lumbar"),
        ("MRI lumbar and thoracic spine", "thoracolumbar"),
        ("MRI thoracolumbar spine", "thoracolumbar"),
        ("MRI T-L spine", "thoracolumbar"),
        ("MRI cervical, thoracic and lumbar spine", "whole-spine"),
        ("MRI cervical and lumbar spine", "lumbar"),
        ("MRI of the entire spine", "whole-spine"),
        ("MRI CTL spine", "whole-spine"),
    ],
)
def test_words_tell_how_much_of_the_spine_is_covered(text: str, covers: str, guideline: Guideline) -> None:
    order = read({"text": text}, guideline)
    assert order is not None
    assert order.covers == covers


def test_a_very_long_text_is_read_only_at_its_beginning(guideline: Guideline) -> None:
    assert read({"text": "MRI lumbar spine " + "a " * 500_000}, guideline) is not None
    assert read({"text": "a " * 500_000 + "MRI lumbar spine"}, guideline) is None


# --- status, intent, subject, selections ---


@pytest.mark.parametrize(
    ("change", "in_scope"),
    [
        pytest.param({"status": "draft"}, True, id="draft"),
        pytest.param({"status": "active"}, True, id="active, signed again"),
        pytest.param({"status": None}, True, id="no status"),
        pytest.param({"status": "on-hold"}, False, id="on hold"),
        pytest.param({"status": "completed"}, False, id="completed"),
        pytest.param({"status": "entered-in-error"}, False, id="entered in error"),
        pytest.param({"status": "revoked"}, False, id="revoked"),
        pytest.param({"status": ["draft"]}, False, id="status of a wrong kind"),
        pytest.param({"intent": "plan"}, True, id="plan, as the sandbox sends it"),
        pytest.param({"intent": "proposal"}, True, id="proposal"),
        pytest.param({"intent": "original-order"}, True, id="original order"),
        pytest.param({"intent": None}, True, id="no intent"),
        pytest.param({"intent": "directive"}, False, id="directive"),
        pytest.param({"intent": "option"}, False, id="option"),
        pytest.param({"doNotPerform": True}, False, id="not to be done"),
        pytest.param({"doNotPerform": "true"}, False, id="not to be done, as a text"),
        pytest.param({"doNotPerform": False}, True, id="explicitly to be done"),
        pytest.param({"resourceType": "MedicationRequest"}, False, id="another resource type"),
    ],
)
def test_only_orders_to_be_carried_out_are_in_scope(
    change: dict[str, Any], in_scope: bool, guideline: Guideline
) -> None:
    draft = service_request(codings.MRI_LUMBAR) | change
    assert bool(select(draft, guideline=guideline).orders) is in_scope


@pytest.mark.parametrize(
    ("subject", "foreign"),
    [
        pytest.param({"reference": "Patient/p1"}, False, id="relative"),
        pytest.param({"reference": "https://ehr.example/fhir/Patient/p1"}, False, id="absolute"),
        pytest.param({"reference": "Patient/p1/_history/3"}, False, id="versioned"),
        pytest.param(
            {"reference": "https://ehr.example/fhir/Patient/p1/_history/3"}, False, id="absolute, versioned"
        ),
        pytest.param({"reference": "Patient/p1/"}, False, id="a slash at its end"),
        pytest.param({"reference": "p1"}, False, id="bare"),
        pytest.param({"reference": "urn:uuid:p1"}, False, id="urn"),
        pytest.param({"reference": "#pat"}, False, id="contained"),
        pytest.param({"display": "A. Patient"}, False, id="without a reference"),
        pytest.param(None, False, id="absent"),
        pytest.param("Patient/p1", False, id="of a wrong kind"),
        pytest.param({"reference": "Patient/p2"}, True, id="another patient"),
        pytest.param({"reference": "Patient/p11"}, True, id="an id that only begins alike"),
        pytest.param({"reference": "Patient/p1X"}, True, id="an id with a letter more"),
        pytest.param({"reference": "Group/p1"}, True, id="a group"),
        pytest.param({"reference": "p2"}, True, id="another bare id"),
    ],
)
def test_an_order_for_another_patient_is_foreign(subject: Any, foreign: bool, guideline: Guideline) -> None:
    found = select(service_request(codings.MRI_LUMBAR) | {"subject": subject}, guideline=guideline)
    assert bool(found.orders) is not foreign
    expected = (ForeignOrder("ServiceRequest/mri-1", codings.MRI_LUMBAR["text"]),) if foreign else ()
    assert found.foreign == expected


def test_an_order_out_of_scope_for_another_patient_is_not_reported(guideline: Guideline) -> None:
    knee = service_request(codings.MRI_KNEE, patient_id="p2")
    assert select(knee, guideline=guideline) == OrderSelection((), ())


LUMBAR = service_request(codings.MRI_LUMBAR, id="mri-1")
KNEE = service_request(codings.MRI_KNEE, id="knee-1")


@pytest.mark.parametrize(
    ("selections", "selected"),
    [
        pytest.param(None, ["ServiceRequest/mri-1"], id="order-sign: all"),
        pytest.param(("ServiceRequest/mri-1",), ["ServiceRequest/mri-1"], id="type and id"),
        pytest.param(("mri-1",), ["ServiceRequest/mri-1"], id="bare id"),
        pytest.param(("ServiceRequest/knee-1",), [], id="only the other one"),
        pytest.param(("MedicationRequest/mri-1",), [], id="the id of another type"),
        pytest.param(
            ("ServiceRequest/none", "ServiceRequest/mri-1"), ["ServiceRequest/mri-1"], id="one unknown"
        ),
        pytest.param((), [], id="nothing"),
    ],
)
def test_only_selected_drafts_are_read(
    selections: tuple[str, ...] | None, selected: list[str], guideline: Guideline
) -> None:
    found = select(KNEE, LUMBAR, selections=selections, guideline=guideline)
    assert [order.reference for order in found.orders] == selected


def without_id(draft: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if name != "id"}


@pytest.mark.parametrize(
    ("selections", "selected"),
    [
        pytest.param(None, ["ServiceRequest/draft-2"], id="order-sign"),
        pytest.param(
            ("ServiceRequest/undefined",), ["ServiceRequest/draft-2"], id="a selection that fits none"
        ),
        pytest.param(("ServiceRequest/knee-1",), [], id="a selection of another draft"),
        pytest.param(("MedicationRequest/1",), [], id="a selection of another type"),
        pytest.param((), [], id="nothing selected"),
    ],
)
def test_a_draft_without_an_id_is_named_by_its_place(
    selections: tuple[str, ...] | None, selected: list[str], guideline: Guideline
) -> None:
    found = select(KNEE, without_id(LUMBAR), selections=selections, guideline=guideline)
    assert [order.reference for order in found.orders] == selected


def test_one_draft_sent_twice_is_one_order(guideline: Guideline) -> None:
    assert len(select(LUMBAR, LUMBAR, guideline=guideline).orders) == 1


def test_two_drafts_are_two_orders_in_the_order_sent(guideline: Guideline) -> None:
    second = service_request(codings.MRI_LUMBAR_LOINC, id="mri-2")
    found = select(LUMBAR, second, guideline=guideline)
    assert [order.reference for order in found.orders] == ["ServiceRequest/mri-1", "ServiceRequest/mri-2"]


def test_drafts_that_are_no_objects_are_left(guideline: Guideline) -> None:
    assert select("x", None, [LUMBAR], {}, guideline=guideline) == OrderSelection((), ())


# --- what is read of an order ---


@pytest.mark.parametrize(
    ("code", "contrast"),
    [
        pytest.param(concept("x", snomed="394451000119106"), "without", id="SNOMED without"),
        pytest.param(concept("x", snomed="41333006"), "with", id="SNOMED with"),
        pytest.param(concept("x", snomed="433141005"), None, id="SNOMED not said"),
        pytest.param(concept("x", loinc="30679-5"), "without", id="LOINC without"),
        pytest.param(concept("x", loinc="30678-7"), "with", id="LOINC with"),
        pytest.param(concept("x", loinc="24967-2"), "with-and-without", id="LOINC both"),
        pytest.param(concept("x", loinc="24968-0"), None, id="LOINC not said"),
        pytest.param(concept("x", loinc="24977-1"), None, id="LOINC with anaesthesia"),
        pytest.param(concept("x", cpt="72148"), "without", id="CPT without"),
        pytest.param(concept("x", cpt="72149"), "with", id="CPT with"),
        pytest.param(concept("x", cpt="72158"), "with-and-without", id="CPT both"),
        pytest.param(
            concept("MRI lumbar with contrast", snomed="394451000119106"),
            "without",
            id="the code beats words",
        ),
        pytest.param({"text": "MRI lumbar spine"}, None, id="words that do not say"),
        pytest.param({"text": "MRI lumbar spine without contrast"}, "without", id="without contrast"),
        pytest.param({"text": "MRI lumbar spine w/o contrast"}, "without", id="w/o"),
        pytest.param({"text": "MRI lumbar WO contrast"}, "without", id="WO"),
        pytest.param({"text": "MRI lumbar non-contrast"}, "without", id="non-contrast"),
        pytest.param({"text": "Plain MRI lumbar"}, "without", id="plain"),
        pytest.param({"text": "MRI lumbar spine with contrast"}, "with", id="with contrast"),
        pytest.param({"text": "MRI lumbar spine with gadolinium"}, "with", id="with gadolinium"),
        pytest.param({"text": "MRI lumbar spine w/ contrast"}, "with", id="w/ contrast"),
        pytest.param({"text": "MRI lumbar contrast-enhanced"}, "with", id="enhanced"),
        pytest.param({"text": "MRI lumbar with and without contrast"}, "with-and-without", id="both"),
        pytest.param({"text": "MRI lumbar without and with contrast"}, "with-and-without", id="both, turned"),
        pytest.param({"text": "MRI lumbar w/wo contrast"}, "with-and-without", id="w/wo"),
        pytest.param({"text": "MRI lumbar w & w/o contrast"}, "with-and-without", id="w & w/o"),
        pytest.param({"text": "MRI lumbar pre and post contrast"}, "with-and-without", id="pre and post"),
        pytest.param({"text": "MRI lumbar +/- contrast"}, "with-and-without", id="plus minus"),
        pytest.param({"text": "MRI lumbar with sedation"}, None, id="with something else"),
    ],
)
def test_contrast_is_that_of_the_code_else_of_the_words(
    code: Any, contrast: str | None, guideline: Guideline
) -> None:
    order = read(code, guideline)
    assert order is not None
    assert order.contrast == contrast


def test_contrast_may_stand_in_the_order_detail(guideline: Guideline) -> None:
    order = read({"text": "MRI lumbar"}, guideline, orderDetail=[text_only("with contrast")])
    assert order is not None
    assert order.contrast == "with"


@pytest.mark.parametrize(
    ("sent", "priority"),
    [
        ("stat", "stat"),
        ("asap", "asap"),
        ("urgent", "urgent"),
        ("routine", "routine"),
        ("STAT", "stat"),
        (None, "routine"),
        ("soon", "routine"),
        (3, "routine"),
    ],
)
def test_a_priority_that_says_nothing_is_routine(sent: Any, priority: str, guideline: Guideline) -> None:
    found = select(LUMBAR | {"priority": sent}, guideline=guideline)
    assert found.orders[0].priority == priority


def test_the_resource_stays_as_it_was_sent(guideline: Guideline) -> None:
    draft = LUMBAR | {"extension": [{"url": "http://ehr.example/x"}], "unknown": 1}
    assert select(draft, guideline=guideline).orders[0].resource is draft


CALLED = pytest.mark.parametrize(
    ("code", "label", "system"),
    [
        pytest.param(concept("My MRI", cpt="72148"), "My MRI", "http://www.ama-assn.org/go/cpt", id="text"),
        pytest.param(
            {"coding": [{"system": "CPT", "code": "72148", "display": "L-spine"}]},
            "L-spine",
            "CPT",
            id="display",
        ),
        pytest.param(
            {"coding": [{"system": "CPT", "code": "72148"}]},
            "MRI of the lumbar spine",
            "CPT",
            id="code alone",
        ),
        pytest.param(
            {
                "coding": [
                    {"display": "Radiology 7"},
                    {"system": "CPT", "code": "72148", "display": "L-spine"},
                ]
            },
            "L-spine",
            "CPT",
            id="the display of the known code",
        ),
        pytest.param(
            {"coding": [{"display": "Radiology 7"}, {"system": "CPT", "code": "72148"}]},
            "Radiology 7",
            "CPT",
            id="the display of another code",
        ),
        pytest.param(
            {"coding": [{"system": "http://snomed.info/sct", "code": "241645008"}], "text": "MRI lumbar"},
            "MRI lumbar",
            "http://snomed.info/sct",
            id="a code without a region",
        ),
        pytest.param({"text": " MRI lumbar "}, "MRI lumbar", None, id="words alone"),
    ],
)


@CALLED
def test_the_code_of_the_order_is_the_one_that_was_recognised(
    code: Any, label: str, system: str | None, guideline: Guideline
) -> None:
    order = read(code, guideline)
    assert order is not None
    sent = {(coding.get("system"), coding.get("code")) for coding in code.get("coding", ())}
    assert (order.code_system, order.code) in (sent if system else {(None, None)})


@CALLED
def test_the_order_is_called_as_its_doctor_calls_it(
    code: Any, label: str, system: str | None, guideline: Guideline
) -> None:
    order = read(code, guideline)
    assert order is not None
    assert (order.label, order.code_system) == (label, system)


def test_reasons_and_notes_are_read(guideline: Guideline) -> None:
    order = read(
        codings.MRI_LUMBAR,
        guideline,
        reasonCode=[codings.CAUDA_EQUINA, {"text": "worse since Monday"}],
        note="? cauda equina",
    )
    assert order is not None
    assert "cauda-equina" in order.reason_concepts
    assert order.texts == ("Cauda equina syndrome", "worse since Monday", "? cauda equina")


def test_a_contained_reason_is_read(guideline: Guideline) -> None:
    order = read(
        codings.MRI_LUMBAR,
        guideline,
        contained=[{"resourceType": "Condition", "id": "c", "code": codings.CAUDA_EQUINA}],
        reasonReference=[{"reference": "#c"}, {"reference": "Condition/9", "display": "Sciatica"}],
    )
    assert order is not None
    assert "cauda-equina" in order.reason_concepts
    assert order.texts == ("Cauda equina syndrome", "Sciatica")


# --- other indications (2.1.6) ---

SCOLIOSIS = concept("Scoliosis", icd10="M41")
SPONDYLITIS = concept("Ankylosing spondylitis", snomed="9631008")


def code_only(icd10: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": icd10}]}


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        pytest.param([SCOLIOSIS], "Scoliosis", id="coded"),
        pytest.param([SPONDYLITIS], "Ankylosing spondylitis", id="axial spondyloarthritis, coded"),
        pytest.param([code_only("M41")], "another indication", id="a code without words"),
        pytest.param(
            [code_only("M41"), code_only("M54.5")], None, id="beside back pain, codes without words"
        ),
        pytest.param(
            [{"text": "Follow-up", "coding": [{"display": "Scoliosis"}]}],
            "Follow-up ; Scoliosis",
            id="text and display",
        ),
        pytest.param([text_only("MS, known demyelination")], "MS, known demyelination", id="demyelination"),
        pytest.param([text_only("Tumour surveillance")], "Tumour surveillance", id="surveillance"),
        pytest.param([text_only("inflammatory back pain")], "inflammatory back pain", id="inflammatory"),
        pytest.param([text_only("? axSpA")], "? axSpA", id="work-up of axial spondyloarthritis"),
        pytest.param([text_only("pre-op planning")], "pre-op planning", id="pre-operative"),
        pytest.param([text_only("research protocol 12")], "research protocol 12", id="research"),
        pytest.param([text_only("no scoliosis")], None, id="denied"),
        pytest.param([SCOLIOSIS, codings.LOW_BACK_PAIN], None, id="beside coded back pain"),
        pytest.param([codings.LOW_BACK_PAIN, SCOLIOSIS], None, id="beside coded back pain, turned"),
        pytest.param([text_only("scoliosis, new back pain")], None, id="beside back pain in words"),
        pytest.param(
            [text_only("scoliosis, no back pain")], "scoliosis, no back pain", id="back pain denied"
        ),
        pytest.param([codings.LOW_BACK_PAIN], None, id="back pain"),
        pytest.param([codings.CAUDA_EQUINA], None, id="a red flag"),
        pytest.param([], None, id="no reason"),
    ],
)
def test_a_reason_of_another_guideline_is_told(
    reasons: list[Any], told: str | None, guideline: Guideline
) -> None:
    order = read(codings.MRI_LUMBAR, guideline, reasonCode=reasons)
    assert order is not None
    assert order.other_indication == told


def test_reasons_from_the_record_can_be_judged_too(guideline: Guideline) -> None:
    reasons = [(frozenset({"axial-spondyloarthritis"}), "Ankylosing spondylitis")]
    assert read_other_indication(reasons, guideline) == "Ankylosing spondylitis"


# --- CT and emergency referrals ---


@pytest.mark.parametrize(
    ("code", "system"),
    [
        pytest.param(codings.CT_LUMBAR, "http://snomed.info/sct", id="coded"),
        pytest.param({"text": "CT lumbar spine, MRI contraindicated"}, None, id="in words"),
    ],
)
def test_a_lumbar_ct_is_read_only_where_the_switch_is_on(
    code: Any, system: str | None, guideline: Guideline
) -> None:
    draft = service_request(code)
    assert select(draft, guideline=guideline) == OrderSelection((), ())
    open_to_ct = replace(guideline, switches=replace(guideline.switches, advise_mri_for_ct=True))
    found = select(draft, guideline=open_to_ct)
    assert [(order.is_ct, order.covers, order.code_system) for order in found.orders] == [
        (True, "lumbar", system)
    ]


@pytest.mark.parametrize(
    ("draft", "told"),
    [
        pytest.param(service_request({"text": "Referral to emergency department"}), True, id="our own words"),
        pytest.param(service_request({"text": "Refer to A&E"}), True, id="A&E"),
        pytest.param(service_request({"text": "Transfer to ED now"}), True, id="transfer to ED"),
        pytest.param(
            service_request({"text": "Referral"}, performer=[{"display": "Emergency Department"}]),
            True,
            id="performer",
        ),
        pytest.param(
            service_request({"text": "Referral"}, performerType={"text": "Emergency Department"}),
            True,
            id="kind of performer",
        ),
        pytest.param(service_request({"text": "Referral to physiotherapy"}), False, id="physiotherapy"),
        pytest.param(
            service_request({"text": "MRI lumbar, emergency department"}), False, id="the MRI itself"
        ),
        pytest.param(service_request({"text": "Not for emergency department"}), False, id="denied"),
        pytest.param(service_request({"text": "Refer to A&E"}, patient_id="p2"), False, id="another patient"),
        pytest.param(service_request({"text": "Refer to A&E"}, status="revoked"), False, id="revoked"),
        pytest.param(service_request(codings.MRI_LUMBAR), False, id="no referral"),
    ],
)
def test_an_emergency_referral_among_the_drafts_is_seen(draft: Any, told: bool, guideline: Guideline) -> None:
    assert has_emergency_referral((draft,), PATIENT, guideline) is told
    revoked = service_request({"text": "Refer to A&E"}, status="revoked")
    assert has_emergency_referral((revoked, draft), PATIENT, guideline) is told


def test_a_referral_by_the_sites_own_code_is_known(guideline: Guideline) -> None:
    catalogue = CodeSystem("catalogue", "urn:catalogue")
    code = ValueSetCode("urn:catalogue", "9001", "Transfer", prefix=False, provenance="a site")
    of_a_site = replace(guideline, terminology=build_terminology([catalogue], {"order-emergency": (code,)}))
    referral, other = (
        service_request({"coding": [{"system": "urn:catalogue", "code": number}]})
        for number in ("9001", "9002")
    )
    assert has_emergency_referral((other, referral), PATIENT, of_a_site)
    assert not has_emergency_referral((other,), PATIENT, of_a_site)
