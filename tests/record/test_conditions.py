"""Conditions: which count, how sure they are, whether they still hold, and where they are."""

from datetime import date
from typing import Any

import pytest

from cds_service.record.dates import on_day
from cds_service.record.facts import Certainty, Region, Side, State, Trend
from tests.builders import concept, condition
from tests.record.records import only, read
from tests.vignettes import codings


@pytest.mark.parametrize(
    ("verification", "certainty"),
    [
        ("confirmed", Certainty.KNOWN),
        (None, Certainty.KNOWN),
        ("unconfirmed", Certainty.SUSPECTED),
        ("provisional", Certainty.SUSPECTED),
        ("differential", Certainty.SUSPECTED),
        ("refuted", Certainty.REFUTED),
    ],
)
def test_the_verification_says_how_sure_a_condition_is(
    verification: str | None, certainty: Certainty
) -> None:
    fact = only(read(condition(codings.CAUDA_EQUINA, verification=verification, recorded="2026-06-14")))
    assert fact.certainty is certainty


def test_what_was_entered_in_error_does_not_exist() -> None:
    assert read(condition(codings.CAUDA_EQUINA, verification="entered-in-error", clinical=None)).facts == ()


def test_a_refutation_without_a_recorded_date_is_of_its_onset() -> None:
    fact = only(read(condition(codings.CAUDA_EQUINA, verification="refuted", onset="2026-06-12")))
    assert fact.recorded == on_day(date(2026, 6, 12))


@pytest.mark.parametrize(
    ("clinical", "abated", "state", "disputed"),
    [
        pytest.param("active", None, State.CURRENT, False, id="active"),
        pytest.param("recurrence", None, State.CURRENT, False, id="recurrence"),
        pytest.param("relapse", None, State.CURRENT, False, id="relapse"),
        pytest.param("remission", "2019", State.REMISSION, False, id="remission"),
        pytest.param("inactive", None, State.ENDED, False, id="inactive"),
        pytest.param("resolved", "2026-06-01", State.ENDED, False, id="resolved"),
        pytest.param(None, None, State.CURRENT, False, id="no status"),
        pytest.param(None, "2026-06-01", State.ENDED, False, id="no status, ended"),
        pytest.param(None, "2026-06-15", State.ENDED, False, id="no status, ended today"),
        pytest.param(None, "2026-06-16", State.CURRENT, False, id="no status, ends tomorrow"),
        pytest.param("active", "2026-06-01", State.CURRENT, True, id="active, yet ended"),
        pytest.param("active", "2026-07-01", State.CURRENT, False, id="active, ends next month"),
    ],
)
def test_status_and_end_say_whether_a_condition_holds(
    clinical: str | None, abated: str | None, state: State, disputed: bool
) -> None:
    fact = only(read(condition(codings.BREAST_CANCER, clinical=clinical, abated=abated)))
    assert (fact.state, fact.disputed) == (state, disputed)


@pytest.mark.parametrize(
    "system",
    ["http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96", "SNOMED"],
)
def test_a_code_system_is_known_by_its_other_names(system: str) -> None:
    code = {"coding": [{"system": system, "code": "192970008"}]}
    assert only(read(condition(code))).concepts == {"cauda-equina"}


@pytest.mark.parametrize("code", ["M54.5", "M545", "m54.5", "M54.5|2019", "M54.50"])
def test_icd_codes_match_with_and_without_dots(code: str) -> None:
    coding = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
    assert only(read(condition(coding))).concepts == {"low-back-pain"}


def test_the_codings_of_one_condition_are_one_fact() -> None:
    assert only(read(condition(codings.RETENTION))).concepts == {"urinary-retention"}


def test_a_coding_that_is_known_silences_the_words_beside_it() -> None:
    code = concept("Osteoporosis, discitis considered", icd10cm="M81.0|Osteoporosis")
    assert only(read(condition(code))).concepts == {"osteoporosis"}


def test_an_unknown_code_with_the_words_of_a_red_flag_only_asks() -> None:
    code = concept("Infiltrating duct carcinoma", local="X1")
    fact = only(read(condition(code)))
    assert (set(fact.concepts), fact.certainty) == ({"cancer-high-risk"}, Certainty.WORDS)


@pytest.mark.parametrize(
    ("text", "concepts", "certainty"),
    [
        pytest.param("Low back pain", "low-back-pain", Certainty.KNOWN, id="pain in plain words is known"),
        pytest.param("? sciatica", "radicular-pain", Certainty.SUSPECTED, id="queried pain is suspected"),
        pytest.param("Benign prostatic hyperplasia", "prostate-hyperplasia", Certainty.KNOWN, id="an explanation"),
        pytest.param("? discitis", "spinal-infection", Certainty.WORDS, id="a queried red flag"),
        pytest.param("Saddle anaesthesia", "saddle-numbness", Certainty.WORDS, id="a red flag"),
        pytest.param("Hospice care", "palliative-care", Certainty.KNOWN, id="hospice"),
    ],
)  # fmt: skip
def test_words_alone(text: str, concepts: str, certainty: Certainty) -> None:
    fact = only(read(condition(concept(text))))
    assert (set(fact.concepts), fact.certainty) == ({concepts}, certainty)


@pytest.mark.parametrize(
    "text",
    [
        "No saddle anaesthesia",
        "CES ruled out",
        "Warned about CES",
        "Mother had breast cancer",
        "At risk of falls",
    ],
)
def test_negated_advised_and_family_words_are_no_fact(text: str) -> None:
    assert read(condition(concept(text))).facts == ()


@pytest.mark.parametrize(
    ("text", "certainty"),
    [
        pytest.param("No saddle anaesthesia", Certainty.DENIED, id="no"),
        pytest.param("Denies saddle numbness", Certainty.DENIED, id="denies"),
        pytest.param("Saddle numbness absent", Certainty.DENIED, id="absent"),
        pytest.param("Saddle numbness excluded", Certainty.DENIED, id="excluded"),
        pytest.param("Saddle numbness (ruled out)", Certainty.DENIED, id="in brackets"),
        pytest.param("Saddle numbness excluded 12/6", Certainty.DENIED, id="with its day"),
        pytest.param("Saddle numbness: negative", Certainty.WORDS, id="negative only asks"),
        pytest.param("Saddle numbness ruled out by MRI", Certainty.WORDS, id="by a scan only asks"),
        pytest.param("Saddle numbness not excluded", Certainty.SUSPECTED, id="not excluded"),
        pytest.param("Suspected saddle numbness", Certainty.SUSPECTED, id="suspected"),
        pytest.param("? saddle numbness", Certainty.SUSPECTED, id="query"),
        pytest.param("Saddle numbness, no incontinence", Certainty.KNOWN, id="another thing is denied"),
        pytest.param("Saddle numbness", Certainty.KNOWN, id="plain"),
    ],
)
def test_the_text_beside_a_code_may_deny_or_doubt_it(text: str, certainty: Certainty) -> None:
    code = concept(text, snomed="449813001|Numbness of saddle area (finding)")
    assert only(read(condition(code))).certainty is certainty


def test_a_display_never_denies_its_code() -> None:
    code = concept(None, snomed="706970001|Triple negative malignant neoplasm of breast (disorder)")
    assert only(read(condition(code))).certainty is Certainty.KNOWN


def test_a_display_that_denies_its_code_with_its_last_word_asks() -> None:
    found = only(read(condition(concept("Cauda equina syndrome ruled out", snomed="192970008"))))
    assert found.certainty is Certainty.WORDS


@pytest.mark.parametrize(("code", "side"), [("M54.31", Side.RIGHT), ("M54.32", Side.LEFT)])
def test_a_bare_code_has_the_side_of_its_name(code: str, side: Side) -> None:
    bare = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
    assert only(read(condition(bare))).side is side


@pytest.mark.parametrize(("code", "concept_name"), [("M54.12", "other-spine-pain"), ("M54.14", "other-spine-pain"), ("M54.16", "radicular-pain")])  # fmt: skip
def test_the_site_of_a_who_code_is_read(code: str, concept_name: str) -> None:
    assert concept_name in only(read(condition(concept(icd10=code)))).concepts


def test_a_risk_is_no_disease() -> None:
    assert read(condition(concept("At risk of falls", snomed="192970008|Cauda equina syndrome"))).facts == ()


@pytest.mark.parametrize("category", ["problem-list-item", "encounter-diagnosis", "health-concern", None])
def test_a_condition_of_every_category_counts(category: str | None) -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-category"
    kept = [{"coding": [{"system": system, "code": category}]}] if category else None
    told = {**condition(codings.CAUDA_EQUINA, recorded="2026-06-14"), "category": kept}
    assert only(read(told)).certainty is Certainty.KNOWN


def test_a_family_history_is_no_fact() -> None:
    family = concept("Family history of malignant neoplasm of breast", icd10="Z80.3")
    assert read(condition(family)).facts == ()


def test_the_familys_cancer_is_not_the_patients_own() -> None:
    family = condition(concept("Malignant neoplasm of breast", icd10="Z80.3"), id="family")
    own = condition(codings.BREAST_CANCER, id="own")
    assert [fact.resource for fact in read(family, own).facts] == ["Condition/own"]


def test_the_family_history_resource_is_never_read() -> None:
    relative = {"resourceType": "FamilyMemberHistory", "condition": [{"code": codings.BREAST_CANCER}]}
    assert read(relative).facts == ()


@pytest.mark.parametrize(
    ("code", "history"),
    [
        pytest.param(codings.LYMPHOMA_HISTORY, True, id="a history code"),
        pytest.param(concept("History of breast cancer", icd10="C50"), True, id="history in words"),
        pytest.param(concept("Previous low back pain", snomed="279039007|Low back pain"), True, id="previous"),
        pytest.param(concept("History of being lung transplant recipient", snomed="161672008"), False, id="transplant"),
        pytest.param(codings.BREAST_CANCER, False, id="plain"),
    ],
)  # fmt: skip
def test_the_past_is_marked(code: dict[str, Any], history: bool) -> None:
    assert only(read(condition(code))).history is history


def test_an_operation_among_the_problems_is_one_of_the_past() -> None:
    fact = only(read(condition(concept("Microdiscectomy L4/5"))))
    assert fact.concepts == {"lumbar-surgery", "spinal-surgery-history"}
    assert (fact.certainty, fact.history) == (Certainty.WORDS, True)


@pytest.mark.parametrize(
    ("code", "site", "concepts", "side", "region"),
    [
        pytest.param(codings.FOOT_DROP, "Right foot", {"foot-drop"}, Side.RIGHT, Region.LEG, id="by the body site"),
        pytest.param(codings.FOOT_DROP_RIGHT, None, {"foot-drop"}, Side.RIGHT, Region.LEG, id="by the words"),
        pytest.param(concept("Foot drop (L5)", snomed="6077001"), None, {"foot-drop"}, None, Region.LEG, id="a level is no place"),
        pytest.param(concept("Muscle weakness of limb", snomed="713514005"), "Left leg", {"weakness-without-site", "leg-weakness"}, Side.LEFT, Region.LEG, id="weakness of the leg"),
        pytest.param(concept("Muscle weakness of limb", snomed="713514005"), "Right arm", {"weakness-without-site", "arm-weakness"}, Side.RIGHT, Region.ARM, id="weakness of the arm"),
        pytest.param(concept("Muscle weakness of limb", snomed="713514005"), None, {"weakness-without-site"}, None, None, id="no site"),
        pytest.param(codings.SADDLE_PARAESTHESIA, "Saddle area", {"numbness-without-site", "saddle-numbness"}, None, None, id="saddle"),
        pytest.param(concept("Saddle paraesthesia", snomed="91019004|Paresthesia"), None, {"numbness-without-site", "saddle-numbness"}, None, None, id="saddle in the words"),
        pytest.param(concept("Sciatica, both sides", icd10cm="M54.3"), None, {"radicular-pain", "bilateral-leg-symptoms"}, Side.BOTH, Region.LEG, id="both legs"),
        pytest.param(concept("Cervical radiculopathy", snomed="128196005"), None, None, None, Region.OTHER_SPINE, id="the neck"),
    ],
)  # fmt: skip
def test_the_place_is_read(
    code: dict[str, Any],
    site: str | None,
    concepts: set[str] | None,
    side: Side | None,
    region: Region | None,
) -> None:
    fact = only(read(condition(code, site=site)))
    assert (fact.side, fact.region) == (side, region)
    assert concepts is None or fact.concepts == concepts


@pytest.mark.parametrize(
    ("text", "notes", "trend", "day"),
    [
        pytest.param("Low back pain, worsening", [], Trend.WORSENING, None, id="own words"),
        pytest.param("Low back pain", [("2026-06-05", "Pain much worse.")], Trend.WORSENING, date(2026, 6, 5), id="a note"),
        pytest.param("Low back pain", [("2026-06-05", "improving"), ("2026-06-01", "worse")], Trend.WORSENING, date(2026, 6, 1), id="worsening beats improving"),
        pytest.param("Low back pain", [("2026-06-01", "worse"), ("2026-06-08", "worse")], Trend.WORSENING, date(2026, 6, 8), id="the newest note of a trend"),
        pytest.param("Low back pain", [("2026-06-05", "not improving")], None, None, id="not improving"),
    ],
)  # fmt: skip
def test_the_trend_is_the_facts_own(
    text: str, notes: list[tuple[str, str]], trend: Trend | None, day: date | None
) -> None:
    written = [{"time": f"{when}T09:00:00+08:00", "text": told} for when, told in notes]
    more = {"note": written} if written else {}
    base = condition(concept(text, snomed="279039007|Low back pain"), recorded="2026-06-01")
    fact = only(read(base | more))
    assert fact.trend is trend
    assert (fact.trend_on.last if fact.trend_on else None) == day


def test_a_progressive_code_is_worsening() -> None:
    code = concept("Chronic progressive paraparesis", snomed="95651005")
    assert only(read(condition(code))).trend is Trend.WORSENING


@pytest.mark.parametrize("system", ["urn:oid:1.2.3.4.5", "http://hospital.example/dx", None])
def test_a_bare_red_flag_code_of_an_unknown_system_asks(system: str | None) -> None:
    coding = {"code": "G83.4"} | ({"system": system} if system else {})
    fact = only(read(condition({"coding": [coding]}, recorded="2026-06-14")))
    assert (fact.concepts, fact.certainty) == (frozenset({"cauda-equina"}), Certainty.WORDS)


def test_a_bare_code_of_an_unknown_system_that_could_be_anything_was_not_read() -> None:
    coding = {"system": "http://hospital.example/dx", "code": "4711"}
    assert [one.element for one in read(condition({"coding": [coding]})).unreadable] == ["code"]
    named = {"coding": [coding | {"display": "Hay fever"}]}
    assert read(condition(named)).unreadable == ()
    known = {"coding": [{"system": "http://snomed.info/sct", "code": "195967001"}]}
    assert read(condition(known)).unreadable == ()


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Low back pain with urinary retention", {"urinary-retention"}),
        ("Low back pain, numb saddle area", {"saddle-numbness"}),
        ("Low back pain, ?CES", {"cauda-equina"}),
        ("Low back pain, no urinary retention", set()),
        ("Low back pain without saddle numbness", set()),
        ("Low back pain. Return if numb saddle area", set()),
        ("Low back pain", set()),
    ],
)
@pytest.mark.parametrize("in_note", [True, False], ids=["in a note", "in the text"])
def test_red_flags_in_the_words_beside_a_coded_pain_only_ask(
    text: str, concepts: set[str], in_note: bool
) -> None:
    own = "Low back pain" if in_note else text
    base = condition(
        concept(own, snomed="279039007|Low back pain"), onset="2026-01-01", recorded="2026-06-01"
    )
    note = {"note": [{"time": "2026-06-10T09:00:00+08:00", "text": text}]} if in_note else {}
    told = [fact for fact in read(base | note).facts if "low-back-pain" not in fact.concepts]
    assert {name for fact in told for name in fact.concepts} == concepts
    assert {fact.certainty for fact in told} <= {Certainty.WORDS}
    days = {fact.recorded.last for fact in told if fact.recorded}
    assert days <= {date(2026, 6, 10 if in_note else 1)}
    assert {fact.started for fact in told} <= {None}
