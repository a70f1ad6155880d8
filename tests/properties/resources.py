"""Hypothesis strategies for single resources of every kind that the guideline reads, in many spellings.

Dates hang on `NOW` and prefer the days on either side of a window's edge.
A strategy that takes `dates` draws them from there: whole days only, or partial and impossible ones too.
"""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests import builders
from tests.builders import Concept, Resource, concept
from tests.properties.value_sets import codes_of
from tests.vignettes.codings import MRI_LUMBAR, MRI_LUMBAR_LOINC
from tests.vignettes.forms import RED_FLAGS
from tests.vignettes.story import NOW

Dates = SearchStrategy[str]

DAYS_AGO = (
    *(0, 0, 0, 1, 1, 2, 3, 5, 7, 8, 10, 13, 14, 15, 20, 27, 28, 29, 34, 41, 42, 43, 50, 60, 89, 90, 91, 100),
    *(120, 179, 180, 181, 200, 300, 364, 365, 366, 700, 1500, 3000, 4500, 9000),
)

RED_FLAG_CONDITIONS = (
    *("cauda-equina", "saddle-numbness", "urinary-retention", "urinary-hesitancy", "incomplete-emptying"),
    *("urinary-incontinence", "faecal-incontinence", "bladder-sensation-lost", "sexual-dysfunction"),
    *("bilateral-leg-symptoms", "retention-postoperative", "retention-drug", "retention-chronic"),
    *("leg-weakness", "foot-drop", "paraparesis", "gait-loss", "gait-disturbance", "upper-motor-sign"),
    *("reflex-loss", "leg-numbness", "numbness-without-site", "weakness-without-site", "sequela-weakness"),
    *("cord-compression", "cervical-thoracic-myelopathy", "spinal-haematoma", "bowel-minor"),
    *("incontinence-stress-urge", "neurogenic-bladder", "neurogenic-bowel", "cancer", "cancer-high-risk"),
    *("cancer-history", "cancer-history-high-risk", "spinal-metastasis", "spinal-tumour", "tumour-uncertain"),
    *("spinal-infection", "spinal-tuberculosis", "tuberculosis", "bacteraemia", "endocarditis", "sepsis"),
    *("fever", "weight-loss", "night-pain", "injecting-drug-use", "injecting-drug-use-past"),
    *("heroin-dependence", "immunosuppression", "long-term-steroid", "raised-inflammatory-markers"),
    *("infection-elsewhere", "postoperative-infection", "spinal-surgery-history", "csf-leak"),
    *("implant-failure", "post-procedural-disorder"),
)
HARMLESS_CONDITIONS = (
    *("diabetes", "benign-neoplasm", "skin-cancer-non-melanoma", "tumour-in-situ", "osteoporosis"),
    *("polyneuropathy", "peripheral-nerve-cause", "stroke", "prostate-hyperplasia", "claustrophobia"),
    *("degenerative-lumbar", "other-spine-pain", "night-sweats", "raised-psa", "family-history"),
    *("kidney-failure", "drug-use", "bleeding-disorder", "urinary-catheter"),
)
OUTSIDE_CONDITIONS = (
    *("major-trauma", "fall-or-accident", "road-traffic-accident", "vertebral-fracture", "pregnancy"),
    *("aortic-aneurysm", "aortic-aneurysm-ruptured", "aortic-dissection", "renal-colic", "pyelonephritis"),
    *("pancreatitis", "palliative-care", "axial-spondyloarthritis"),
)
PAIN_CONDITIONS = ("low-back-pain", "low-back-pain", "radicular-pain", "back-pain-unspecified")
FINDINGS = (
    *("saddle-numbness", "urinary-retention", "urinary-hesitancy", "urinary-incontinence", "leg-weakness"),
    *("faecal-incontinence", "bilateral-leg-symptoms", "foot-drop", "gait-loss", "gait-disturbance"),
    *("fever", "weight-loss", "night-pain", "low-back-pain", "reflex-loss", "leg-numbness"),
)
PROCEDURES = (
    *("lumbar-surgery", "spinal-surgery-without-level", "spinal-injection", "lumbar-puncture"),
    *("neuraxial-anaesthesia", "vertebral-augmentation", "stimulator-or-pump", "other-spine-procedure"),
    *("physical-therapy", "self-management", "lumbar-mri", "dialysis", "cardiac-device", "spinal-hardware"),
)
DRUGS = (
    *("simple-analgesic", "nsaid", "opioid", "muscle-relaxant-or-neuropathic", "anticholinergic"),
    *("anticoagulation", "antineoplastic", "immunosuppressant", "corticosteroid"),
)
DEVICES = (
    *("cardiac-device", "aneurysm-clip", "cochlear-implant", "neurostimulator-or-pump", "spinal-hardware"),
    *("orbital-metal", "urinary-catheter"),
)
DEVICE_SAFETY = ("device-mr-unsafe", "device-mr-conditional", "device-mr-unlabelled")
SITES = (
    *(
        "Left lower limb",
        "Right lower limb",
        "Right foot",
        "Left leg",
        "Both legs",
        "Saddle area",
        "Left arm",
    ),
    *("Lumbar spine", "L4/L5 intervertebral disc", "Cervical spine", "Thoracic spine", "Spine", "Nose"),
)
TRENDS = (
    *("worsening", "getting worse", "improving", "not improving", "stable", "unchanged", "settled"),
    *("acute on chronic", "spreading", "long-standing", "much worse"),
)
WORDS = (
    *("Low back pain", "Sciatica, left", "? cauda equina", "no saddle numbness", "denies incontinence"),
    *("numb saddle area", "return if numb", "infiltrating duct carcinoma", "? discitis", "query fracture"),
    *(
        "microdiscectomy 2019",
        "both legs weak",
        "family history of breast cancer",
        "suspected spinal abscess",
    ),
    *("Left foot drop", "cannot pass urine", "feeling tired", "no red flags", "weight loss", "knee pain"),
    *("<b>back pain</b> [x](http://ehr.example)", "| pipe * star _ `tick`", "背痛", "back pain for 3 weeks"),
)
MUSCLES = (
    "hip flexion",
    "knee extension",
    "ankle dorsiflexion",
    "big toe extension",
    "plantarflexion",
    "grip",
)
GRADES: tuple[int | str, ...] = (0, 1, 2, 3, 4, 5, 5, "4+", "4-", "3/5", "5/5", "MRC 4", "not tested")
MEASURES: tuple[tuple[Concept, tuple[float, ...], tuple[str | None, ...]], ...] = (
    (
        concept("Body temperature", loinc="8310-5"),
        (29.0, 36.4, 37.9, 38.0, 38.6, 41.0, 98.2, 101.3, 310.2),
        ("Cel", "Cel", "[degF]", "K", "°C", None, "furlong"),
    ),
    (
        concept("C reactive protein", loinc="1988-5"),
        (0.4, 1.1, 3.2, 4.2, 9.9, 10, 10.1, 14, 30, 30.1, 85, 101, 2000),
        ("mg/L", "mg/L", "mg/dL", "mg/dl", None),
    ),
    (concept("Erythrocyte sedimentation rate", loinc="4537-7"), (4, 20, 21, 50, 51, 90), ("mm/h", "mm/hr", None)),
    (
        concept("Post-void residual volume (bladder scan)", local="PVR"),
        (0, 0.199, 0.2, 0.45, 30, 199, 200, 450, 2900, 9000),
        ("mL", "mL", "L", "cm3", "cc", None),
    ),
    (concept("Body weight", loinc="29463-7"), (58.0, 61.0, 61.1, 64.3, 70.0, 154.3, 70000), ("kg", "[lb_av]", "g", None)),
    (concept("Pain severity 0-10", loinc="72514-3"), (0, 2, 3, 4, 6, 7, 8, 10), ("{score}", None)),
    (concept("eGFR", loinc="62238-1"), (12, 29, 30, 88), ("mL/min/{1.73_m2}",)),
)  # fmt: skip
FORM_QUESTIONS = tuple(question for question, _ in RED_FLAGS)


def day(days_ago: int, now: datetime = NOW) -> str:
    """The date so many days before today; a negative number lies in the future."""
    return (now - timedelta(days=days_ago)).date().isoformat()


@st.composite
def whole_days(draw: DrawFn, earliest: int = 0) -> str:
    """A past day, or a moment of it in one of the spellings of EHRs."""
    days_ago = draw(st.sampled_from([age for age in DAYS_AGO if age >= earliest]))
    clock = draw(
        st.sampled_from(["", "", "", "T07:30:00+08:00", "T09:59:00+08:00", "T01:00:00Z", "T08:15:00.5+08:00"])
    )
    return day(days_ago) + clock


@st.composite
def any_days(draw: DrawFn) -> str:
    """A past day, a month, a year, a future or an impossible one."""
    whole = draw(whole_days())
    odd = [
        day(-1),
        day(-2),
        day(-40),
        "1899-12-31",
        "0001-01-01",
        whole[:7],
        whole[:4],
        "2026-06-15T09:00:00",
    ]
    return draw(st.sampled_from([whole, whole, whole, whole, *odd]))


def coded(*concepts: str) -> SearchStrategy[Concept]:
    """A CodeableConcept with a code of one of these value sets, worded as clients word it."""
    return st.sampled_from(concepts).flatmap(_coded)


@st.composite
def _coded(draw: DrawFn, name: str) -> Concept:
    code = draw(st.sampled_from(codes_of(name)))
    system = {"system": code.system, "code": code.code}
    local = {"system": "http://hospital.example/codes", "code": "DX-1", "display": code.display}
    return draw(
        st.sampled_from(
            [
                {"coding": [{**system, "display": code.display}], "text": code.display},
                {"coding": [system]},
                {"coding": [local, {**system, "display": code.display}]},
            ]
        )
    )


def _maybe(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(st.none(), values)


@st.composite
def conditions(draw: DrawFn, codes: SearchStrategy[Concept], dates: Dates) -> Resource:
    """A Condition in any state of assertion, dated in any way or not at all."""
    code = draw(codes)
    trend = draw(st.sampled_from([None, None, None, None, *TRENDS]))
    return builders.condition(
        code,
        clinical=draw(st.sampled_from(["active"] * 6 + ["resolved", "inactive", "remission", "recurrence", None])),
        verification=draw(
            st.sampled_from(
                ["confirmed"] * 6 + ["provisional", "differential", "unconfirmed", "refuted", "entered-in-error", None]
            )
        ),
        onset=draw(st.one_of(st.none(), dates, dates)),
        recorded=draw(st.one_of(st.none(), dates, dates)),
        abated=draw(st.one_of(st.none(), st.none(), st.none(), dates)),
        site=draw(st.sampled_from([None, None, None, *SITES])),
        note=(draw(dates), trend) if trend else None,
        **draw(st.sampled_from([{}, {}, {}, {}, {"onsetString": "3 weeks ago"}, {"category": "encounter-diagnosis"}])),
    )  # fmt: skip


def pain(dates: Dates) -> SearchStrategy[Resource]:
    """Low back or leg pain."""
    return conditions(coded(*PAIN_CONDITIONS), dates)


def red_flags(dates: Dates) -> SearchStrategy[Resource]:
    """A Condition that may be a red flag."""
    return conditions(coded(*RED_FLAG_CONDITIONS), dates)


def other_conditions(dates: Dates) -> SearchStrategy[Resource]:
    """A Condition that is none, or that leads out of the guideline."""
    return conditions(coded(*HARMLESS_CONDITIONS, *OUTSIDE_CONDITIONS), dates)


def worded_conditions(dates: Dates) -> SearchStrategy[Resource]:
    """A Condition without a code: the words have to do."""
    return conditions(st.sampled_from(WORDS).map(concept), dates)


@st.composite
def measurements(draw: DrawFn, dates: Dates) -> Resource:
    """A temperature, CRP, ESR, residual volume, weight, score or eGFR, in any unit or none."""
    code, values, units = draw(st.sampled_from(MEASURES))
    return builders.observation(
        code,
        builders.quantity(draw(st.sampled_from(values)), draw(st.sampled_from(units))),
        effective=draw(dates),
        category=draw(st.sampled_from(["vital-signs", "laboratory", "exam"])),
        status=draw(
            st.sampled_from(["final"] * 6 + ["preliminary", "amended", "cancelled", "entered-in-error"])
        ),
        interpretation=draw(st.sampled_from([None, None, None, "H", "N"])),
    )


@st.composite
def power_series(draw: DrawFn, dates: Dates) -> list[Resource]:
    """One to three exams of one muscle, on one side or both."""
    muscle = draw(st.sampled_from(MUSCLES))
    side = draw(st.sampled_from(["Left", "Right", "Right", "Both legs,", ""]))
    exams = draw(st.lists(st.tuples(st.sampled_from(GRADES), dates), min_size=1, max_size=3))
    return [builders.muscle_power(f"{side} {muscle}".strip(), grade, when) for grade, when in exams]


@st.composite
def findings(draw: DrawFn, dates: Dates) -> Resource:
    """A finding as an Observation: a coded question with an answer of any kind, or an exam in words."""
    answers: list[Any] = [
        True,
        False,
        None,
        "Yes",
        "No",
        "Absent",
        "present",
        "not asked",
        concept("Present"),
    ]
    code = draw(st.one_of(coded(*FINDINGS), st.sampled_from(EXAMS).map(concept)))
    return builders.observation(
        code,
        draw(st.sampled_from([*answers, "reduced", "intact", "altered on the left"])),
        effective=draw(dates),
        site=draw(st.sampled_from([None, None, *SITES])),
        **draw(_NOT_ASKED),
    )


_NOT_ASKED: SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"dataAbsentReason": concept("Not asked")}]
)
EXAMS = (
    *("Saddle sensation", "Anal tone", "Bladder sensation", "Perianal sensation", "Power of the legs"),
    *("Saddle numbness", "Loss of bladder control", "Babinski sign", "Normal bladder control?"),
)


@st.composite
def procedures(draw: DrawFn, dates: Dates) -> Resource:
    """Something that was done to the spine, or as treatment; perhaps not done, perhaps elsewhere."""
    start, end = draw(dates), draw(_maybe(dates))
    as_period = draw(st.booleans())
    return builders.procedure(
        draw(st.one_of(coded(*PROCEDURES), coded(*PROCEDURES), st.sampled_from(WORDS).map(concept))),
        performed=None if as_period else draw(st.sampled_from([start, start, None])),
        period=(start, end) if as_period else None,
        status=draw(
            st.sampled_from(["completed"] * 6 + ["in-progress", "not-done", "entered-in-error", "stopped"])
        ),
        site=draw(st.sampled_from([None, None, *SITES])),
        reason=draw(_maybe(coded(*PAIN_CONDITIONS, "osteoporosis"))),
    )


@st.composite
def medicines(draw: DrawFn, dates: Dates) -> Resource:
    """A medicine as ordered, as reported or as dispensed."""
    drug = draw(coded(*DRUGS))
    start = draw(dates)
    match draw(st.sampled_from(["order", "order", "statement", "dispense"])):
        case "statement":
            status = draw(st.sampled_from(["active", "completed", "not-taken", "stopped"]))
            return builders.medication_statement(drug, start=start, end=draw(_maybe(dates)), status=status)
        case "dispense":
            days = draw(st.sampled_from([None, 7, 28, 90]))
            return builders.medication_dispense(drug, handed_over=start, days=days)
    return builders.medication_request(
        drug,
        authored=start,
        status=draw(
            st.sampled_from(["active", "active", "completed", "stopped", "draft", "entered-in-error"])
        ),
        reason=draw(_maybe(coded(*PAIN_CONDITIONS, "diabetes"))),
        daily_mg=draw(st.sampled_from([None, 5, 20, 30])),
        until=draw(_maybe(dates)),
    )


@st.composite
def visits(draw: DrawFn, dates: Dates) -> Resource:
    """An appointment that was kept or not, or an earlier encounter."""
    start = draw(dates)
    if draw(st.booleans()):
        status = draw(st.sampled_from(["fulfilled", "fulfilled", "noshow", "cancelled", "booked"]))
        return builders.appointment(concept("Physiotherapy"), start=start, status=status)
    reason = draw(_maybe(coded(*PAIN_CONDITIONS)))
    return builders.encounter(start, end=start, reason=reason, type=concept("General practice consultation"))


@st.composite
def devices(draw: DrawFn) -> Resource:
    """An implant or aid, with or without what its label says of the magnet."""
    safety = draw(_maybe(st.sampled_from([codes_of(name)[0].code for name in DEVICE_SAFETY])))
    status = draw(st.sampled_from(["active", "active", "inactive", "entered-in-error"]))
    return builders.device(draw(coded(*DEVICES)), status=status, safety=safety)


@st.composite
def forms(draw: DrawFn, dates: Dates) -> Resource:
    """A back pain form, answered in part."""
    questions = draw(st.lists(st.sampled_from(FORM_QUESTIONS), min_size=1, max_size=5, unique=True))
    answers: list[bool | str] = [True, False, False, "yes", "no", "none", "unsure"]
    given: list[tuple[str, bool | str]] = [(asked, draw(st.sampled_from(answers))) for asked in questions]
    care = draw(st.sampled_from([None, "none", "physiotherapy for 5 weeks", "no other treatment", "tablets"]))
    if care:
        given.append(("Treatment so far", care))
    status = draw(st.sampled_from(["completed", "completed", "in-progress", "entered-in-error"]))
    return builders.questionnaire_response(given, authored=draw(dates), status=status)


@st.composite
def reports(draw: DrawFn, dates: Dates) -> Resource:
    """An earlier MRI: its report, or that it was done."""
    conclusion = draw(
        st.sampled_from(
            ["No compression of the cauda equina.", "Compression of the cauda equina.", "Disc bulge."]
        )
    )
    if draw(st.booleans()):
        return builders.procedure(MRI_LUMBAR, performed=draw(dates))
    return builders.diagnostic_report(MRI_LUMBAR_LOINC, effective=draw(dates), conclusion=conclusion)
