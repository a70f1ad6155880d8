"""Cancer, R5 (specification 2.9, 8.1, 8.3, 8.7.1, 8.7.2, 8.9.3, 8.9.4)."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.malignancy import (
    VARIANTS,
    assess_cancer,
    list_contributory,
    list_without_pain,
    name_cancer,
)
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import Certainty, Measure, Origin, PatientFacts, State, ValueProblem
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
)

U, P, X = Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
ENDED, REMISSION = State.ENDED, State.REMISSION


def assess(facts: PatientFacts, guideline: Guideline, *, neuro: bool = False) -> Finding | None:
    order = mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    return assess_cancer(facts, seen, order, TODAY, guideline, neuro=neuro)


def found(guideline: Guideline, *entries: Any) -> tuple[Outcome, str] | None:
    """Outcome and variant with three weeks of back pain."""
    finding = assess(record(pain(21), *entries), guideline)
    if finding is None:
        return None
    assert finding.outcome is X or finding.variant in VARIANTS
    return finding.outcome, finding.variant


def of(concept: str, days: int | None, **more: Any) -> Any:
    """A condition that began, and was recorded, so many days ago."""
    dates = {} if days is None else {"started": ago(days), "recorded": ago(days)}
    return fact(concept, **(dates | more))


def past(concept: str, end: str | None, state: State = ENDED, **more: Any) -> Any:
    """A cancer of 1990 that ended then."""
    return fact(concept, started=on("1990"), state=state, ended=on(end) if end else None, **more)


def weight(value: str | None, days: int, **more: Any) -> Any:
    return measurement(Measure.WEIGHT, value, days, **more)


@pytest.mark.parametrize(
    ("concept", "variant"),
    [
        ("spinal-tumour", "urgent-spine"),
        ("spinal-metastasis", "urgent-spine"),
        ("cancer", "urgent"),
        ("cancer-high-risk", "urgent"),
    ],
)
@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        pytest.param({}, U, id="known"),
        pytest.param({"certainty": Certainty.SUSPECTED}, U, id="suspected"),
        pytest.param({"started": on("1990")}, U, id="of long ago"),
        pytest.param({"started": None, "recorded": None}, U, id="undated"),
        pytest.param({"certainty": Certainty.WORDS}, P, id="words"),
        pytest.param({"certainty": Certainty.VALUELESS}, P, id="without a value"),
        pytest.param({"certainty": Certainty.UNKNOWN}, X, id="no usable answer"),
        pytest.param({"certainty": Certainty.DENIED}, None, id="denied"),
        pytest.param({"certainty": Certainty.REFUTED}, None, id="refuted"),
    ],
)
def test_a_current_cancer_is_urgent(
    guideline: Guideline, concept: str, variant: str, more: Any, outcome: Outcome | None
) -> None:
    result = found(guideline, of(concept, 5, **more))
    if outcome is None:
        assert result is None
    else:
        urgent = "urgent-suspected" if more.get("certainty") is Certainty.SUSPECTED else variant
        assert result == (outcome, {U: urgent, P: "possible", X: ""}[outcome])


@pytest.mark.parametrize("state", [ENDED, REMISSION])
@pytest.mark.parametrize(
    ("concept", "end", "expected"),
    [
        pytest.param("cancer", "2016-06-15", (U, "urgent"), id="ten years to the day"),
        pytest.param("cancer", "2016-06-14", (P, "possible-remote"), id="ten years and a day"),
        pytest.param("cancer", "2016", (U, "urgent"), id="some day of 2016"),
        pytest.param("cancer", "2015", (P, "possible-remote"), id="some day of 2015"),
        pytest.param("cancer", "2006", (P, "possible-remote"), id="V58"),
        pytest.param("cancer-high-risk", "1991", (U, "urgent"), id="high risk, of any age"),
        pytest.param("spinal-metastasis", "1991", (U, "urgent"), id="of the spine, of any age"),
        pytest.param("spinal-tumour", "1991", (U, "urgent"), id="tumour of the spine, of any age"),
    ],
)
def test_a_past_cancer_is_urgent_for_ten_years_and_longer_where_it_comes_back_late(
    guideline: Guideline, state: State, concept: str, end: str, expected: tuple[Outcome, str]
) -> None:
    assert found(guideline, past(concept, end, state)) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(fact("cancer-history", history=True), (P, "possible-remote"), id="undated"),
        pytest.param(fact("cancer-history-high-risk", history=True), (U, "urgent"), id="undated, high risk"),
        pytest.param(of("cancer-history", 3000, history=True), (U, "urgent"), id="recorded within ten years"),
        pytest.param(of("cancer-history", 4000, history=True), (P, "possible-remote"), id="recorded before"),
        pytest.param(fact("cancer", history=True), (P, "possible-remote"), id="words beside the code"),
        pytest.param(fact("cancer-history", history=True, certainty=Certainty.DENIED), None, id="denied"),
        pytest.param(fact("cancer-history", certainty=Certainty.WORDS), (P, "possible"), id="words"),
        pytest.param(
            fact(
                "cancer-history-high-risk",
                origin=Origin.ORDER,
                certainty=Certainty.SUSPECTED,
                recorded=ago(0),
            ),
            (U, "urgent-suspected"),
            id="the order's reason",
        ),
    ],
)
def test_a_history_of_cancer(guideline: Guideline, entry: Any, expected: tuple[Outcome, str] | None) -> None:
    assert found(guideline, entry) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((past("cancer", None, recorded=on("2018")),), U, id="recordedDate without an end"),
        pytest.param(
            (past("cancer", "2006", recorded=on("2018")),), P, id="the end goes before recordedDate"
        ),
        pytest.param((past("cancer", None),), P, id="its onset alone"),
        pytest.param(
            (past("cancer", "2006"), medicine("opioid", started=on("2017"), reasons=frozenset({"cancer"}))),
            U,
            id="a treatment for it",
        ),
        pytest.param(
            (
                past("cancer", "2006"),
                done("cancer-treatment", performed=on("2017"), reasons=frozenset({"cancer"})),
            ),
            U,
            id="a procedure for it",
        ),
        pytest.param(
            (
                past("cancer", "2006"),
                medicine("opioid", started=on("2017"), reasons=frozenset({"low-back-pain"})),
            ),
            P,
            id="a treatment for something else",
        ),
    ],
)
def test_ten_years_count_from_the_end_else_from_the_last_record(
    guideline: Guideline, entries: tuple[Any, ...], expected: Outcome
) -> None:
    result = found(guideline, *entries)
    assert result
    assert result[0] is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(medicine("antineoplastic", started=ago(180)), U, id="180 days ago"),
        pytest.param(medicine("antineoplastic", started=ago(181)), None, id="181 days ago"),
        pytest.param(
            medicine("antineoplastic", started=ago(400), ended=ago(180)), U, id="ended 180 days ago"
        ),
        pytest.param(medicine("chemotherapy", started=ago(400), open=True), U, id="taken now"),
        pytest.param(medicine("antineoplastic"), P, id="undated"),
        pytest.param(
            medicine("antineoplastic", "immunosuppressant", started=ago(9), open=True),
            None,
            id="methotrexate",
        ),
        pytest.param(
            medicine("antineoplastic", "immunosuppressant", started=ago(9), reasons=frozenset({"cancer"})),
            U,
            id="methotrexate for cancer",
        ),
        pytest.param(
            medicine("antineoplastic", started=ago(9), reason_given=True), U, id="for an unknown reason"
        ),
        pytest.param(
            medicine("antineoplastic", started=ago(9), reasons=frozenset({"axial-spondyloarthritis"})),
            None,
            id="for another reason",
        ),
        pytest.param(
            medicine("antineoplastic", "biologic", started=ago(9)), None, id="a biologic without a reason"
        ),
        pytest.param(fact("chemotherapy"), P, id="chemotherapy, undated"),
        pytest.param(fact("chemotherapy", state=ENDED), None, id="chemotherapy of the past, undated"),
        pytest.param(
            fact("chemotherapy", started=ago(300), ended=ago(180), state=ENDED),
            U,
            id="chemotherapy that ended 180 days ago",
        ),
        pytest.param(done("cancer-treatment", performed=ago(180)), U, id="radiotherapy 180 days ago"),
        pytest.param(done("cancer-treatment", performed=ago(181)), None, id="radiotherapy 181 days ago"),
        pytest.param(
            done("cancer-treatment", performed=ago(5), certainty=Certainty.WORDS),
            P,
            id="radiotherapy in words",
        ),
        pytest.param(fact("chemotherapy", origin=Origin.ANSWER, recorded=ago(1)), U, id="by answer"),
        pytest.param(
            done("spinal-metastasis", performed=on("2019")), U, id="irradiation of a bone metastasis"
        ),
    ],
)
def test_treatment_against_cancer_means_active_cancer(
    guideline: Guideline, entry: Any, expected: Outcome | None
) -> None:
    result = found(guideline, entry)
    assert (result and result[0]) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((of("night-pain", 180),), (P, "possible-weak"), id="night pain, 180 days"),
        pytest.param((of("night-pain", 181),), None, id="night pain, 181 days"),
        pytest.param(
            (of("night-pain", 400, recorded=ago(3)),), (P, "possible-weak"), id="night pain, recorded again"
        ),
        pytest.param((of("night-pain", None),), (P, "possible-weak"), id="night pain, undated"),
        pytest.param(
            (of("night-pain", 400, state=ENDED, ended=ago(180)),),
            (P, "possible-weak"),
            id="night pain that ended",
        ),
        pytest.param(
            (of("night-pain", 400, state=ENDED, ended=ago(181)),), None, id="night pain that ended before"
        ),
        pytest.param(
            (of("weight-loss", 3, certainty=Certainty.SUSPECTED),), (P, "possible-weak"), id="weight loss"
        ),
        pytest.param(
            (of("weight-loss", 3, certainty=Certainty.WORDS),), (P, "possible"), id="weight loss in words"
        ),
        pytest.param(
            (of("weight-loss", 3, certainty=Certainty.UNKNOWN),), (X, ""), id="weight loss, no usable answer"
        ),
        pytest.param((of("weight-loss", 3, certainty=Certainty.DENIED),), None, id="weight loss denied"),
        pytest.param((of("tumour-uncertain", 3000),), (P, "possible-weak"), id="uncertain tumour"),
        pytest.param((of("tumour-uncertain", 30, state=ENDED),), None, id="uncertain tumour that ended"),
        pytest.param(
            (fact("tumour-uncertain", "cancer-high-risk"),),
            (U, "urgent"),
            id="uncertain by one code, cancer by the other",
        ),
        pytest.param((of("night-pain", 3), of("weight-loss", 9)), (U, "urgent-weak"), id="two different"),
        pytest.param(
            (of("night-pain", 3), of("rest-pain", 9)), (P, "possible-weak"), id="night and rest pain are one"
        ),
        pytest.param(
            (of("weight-loss", 3), weight("80", 90), weight("70", 1)),
            (P, "possible-weak"),
            id="weight loss coded and weighed is one",
        ),
        pytest.param(
            (of("tumour-uncertain", 3), of("night-pain", 3)),
            (U, "urgent-weak"),
            id="uncertain tumour and night pain",
        ),
        pytest.param(
            (past("cancer", "2006"), of("night-pain", 3)),
            (U, "urgent-weak"),
            id="remote cancer and another feature",
        ),
        pytest.param(
            (past("cancer", "2006"), past("cancer", "2001", resource="Condition/2")),
            (P, "possible-remote"),
            id="two remote cancers",
        ),
        pytest.param(
            (of("night-pain", 3), of("weight-loss", 9, certainty=Certainty.WORDS)),
            (P, "possible-weak"),
            id="one of two in words",
        ),
    ],
)
def test_weak_facts(
    guideline: Guideline, entries: tuple[Any, ...], expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, *entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((weight("80", 90), weight("76", 1)), P, id="5 percent"),
        pytest.param((weight("80", 90), weight("76.1", 1)), None, id="under 5 percent"),
        pytest.param((weight("99.790321", 90), weight("94.800805", 1)), P, id="220 to 209 pounds"),
        pytest.param((weight("80", 181), weight("70", 1)), P, id="180 days apart"),
        pytest.param((weight("80", 182), weight("70", 1)), None, id="181 days apart"),
        pytest.param((weight("80", 365), weight("70", 300)), P, id="both within the year"),
        pytest.param((weight("80", 366), weight("70", 300)), None, id="one older than a year"),
        pytest.param((weight("70", 90), weight("80", 1)), None, id="gain"),
        pytest.param((weight("80", 1), weight("70", 1)), None, id="the same day"),
        pytest.param((weight("80", 90), weight("70", 40), weight("79", 1)), P, id="regained"),
        pytest.param((weight("80", 90), weight(None, 1, problem=ValueProblem.NO_UNIT)), None, id="no unit"),
        pytest.param((weight("80", 90),), None, id="one weight"),
        pytest.param((weight("80", 90), weight("70", 1, comparator="<")), None, id="only a limit"),
    ],
)
def test_weight_loss_by_two_weights(
    guideline: Guideline, entries: tuple[Any, ...], expected: Outcome | None
) -> None:
    result = found(guideline, *entries)
    assert (result and result[0]) == expected


LOST = (weight("80", 90), weight("72", 1))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((*LOST, of("weight-loss-intended", 90)), None, id="meant"),
        pytest.param((*LOST, of("weight-loss-intended", 365)), None, id="meant a year ago"),
        pytest.param((*LOST, of("weight-loss-intended", 366)), P, id="meant long ago"),
        pytest.param((*LOST, of("weight-loss-intended", 9, certainty=Certainty.DENIED)), P, id="not meant"),
        pytest.param((*LOST, of("weight-loss-intended", 90), of("weight-loss", 3)), P, id="and unexplained"),
    ],
)
def test_a_loss_that_is_meant_cancels_only_the_measured_one(
    guideline: Guideline, entries: tuple[Any, ...], expected: Outcome | None
) -> None:
    result = found(guideline, *entries)
    assert (result and result[0]) == expected


def test_weight_loss_shows_both_weights(guideline: Guideline) -> None:
    finding = assess(record(pain(21), weight("80", 90), weight("74", 1)), guideline)
    assert finding
    assert [line.text for line in finding.evidence] == ["Body weight 74 kg", "Body weight 80 kg"]
    assert finding.evidence[0].short == "weight loss 7.5 %"


@pytest.mark.parametrize(
    ("concepts", "expected"),
    [
        pytest.param(("skin-cancer-non-melanoma",), None, id="skin"),
        pytest.param(("skin-cancer-non-melanoma", "cancer"), None, id="skin, with a general cancer code"),
        pytest.param(("skin-cancer-non-melanoma", "cancer-high-risk"), U, id="skin, with a melanoma code"),
        pytest.param(("tumour-in-situ",), None, id="in situ"),
        pytest.param(("tumour-in-situ", "cancer"), U, id="in situ by one code only"),
        pytest.param(("benign-neoplasm",), None, id="benign"),
        pytest.param(("family-history",), None, id="family history"),
        pytest.param(("raised-psa",), None, id="PSA has no tier"),
        pytest.param(("night-sweats",), None, id="night sweats have no tier"),
    ],
)
def test_what_is_no_cancer(guideline: Guideline, concepts: tuple[str, ...], expected: Outcome | None) -> None:
    result = found(guideline, fact(*concepts, recorded=ago(5)))
    assert (result and result[0]) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(of("cancer", 9000, disputed=True, ended=on("2019")), U, id="urgent by both readings"),
        pytest.param(of("cancer", 9000, disputed=True, ended=on("2009")), P, id="urgent by one"),
        pytest.param(of("cancer-high-risk", 9000, disputed=True, ended=on("2009")), U, id="high risk"),
    ],
)
def test_active_with_a_past_end_is_judged_by_both_readings(
    guideline: Guideline, entry: Any, expected: Outcome
) -> None:
    finding = assess(record(pain(21), entry), guideline)
    assert finding
    assert finding.outcome is expected
    assert "records disagree" in finding.evidence[0].note


def test_a_later_refutation_lowers_nothing_and_the_card_says_so(guideline: Guideline) -> None:
    refuted = of("cancer", 1, certainty=Certainty.REFUTED, resource="Condition/refuted")
    finding = assess(record(pain(21), of("cancer", 90), refuted), guideline)
    assert finding
    assert finding.outcome is U
    assert [line.note for line in finding.evidence] == ["records disagree"]


def test_without_pain_only_a_tumour_of_the_spine_counts(guideline: Guideline) -> None:
    assert assess(record(of("cancer", 9), of("night-pain", 3)), guideline) is None
    for certainty, expected in ((Certainty.KNOWN, U), (Certainty.SUSPECTED, U), (Certainty.WORDS, P)):
        finding = assess(record(of("spinal-metastasis", 9, certainty=certainty)), guideline)
        assert finding
        assert finding.outcome is expected


def test_a_past_tumour_of_the_spine_needs_pain(guideline: Guideline) -> None:
    assert assess(record(past("spinal-tumour", "2019")), guideline) is None
    irradiated = done("spinal-metastasis", performed=on("2019"), history=True)
    assert assess(record(irradiated), guideline) is None


def test_a_current_cancer_leads_a_past_one(guideline: Guideline) -> None:
    over = past("cancer", "2020", resource="Condition/over")
    alone, both = (
        assess(record(pain(21), *entries), guideline)
        for entries in ([of("cancer", 5)], [over, of("cancer", 5)])
    )
    assert alone
    assert both
    assert (both.tier, both.evidence[0]) == (alone.tier, alone.evidence[0])


def test_a_tumour_of_unknown_behaviour_counts_beside_one_that_is_named(guideline: Guideline) -> None:
    named = fact("tumour-uncertain", "cancer", certainty=Certainty.DENIED)
    assert found(guideline, named, fact("tumour-uncertain", started=ago(5))) == (P, "possible-weak")


def test_neurology_lifts_the_gate(guideline: Guideline) -> None:
    finding = assess(record(of("cancer", 9)), guideline, neuro=True)
    assert finding
    assert finding.outcome is U  # the resolver raises it


def test_the_orders_own_reason_is_a_suspected_cancer_and_needs_no_pain(guideline: Guideline) -> None:
    reason = fact(
        "reason-red-flag-cancer", origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0)
    )
    finding = assess(record(reason), guideline)
    assert finding
    assert (finding.outcome, finding.variant, finding.evidence[0].short) == (
        U, "urgent-suspected", "suspected cancer",
    )  # fmt: skip
    assert "suspected" in finding.flags


def test_known_and_suspected_are_told_apart_for_the_region(guideline: Guideline) -> None:
    known = assess(record(pain(21), past("cancer-high-risk", "2019")), guideline)
    suspected = assess(record(pain(21), of("cancer", 5, certainty=Certainty.SUSPECTED)), guideline)
    assert known
    assert suspected
    assert "suspected" not in known.flags
    assert "suspected" in suspected.flags


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ("Carcinoma of breast", {}, "breast cancer"),
        ("Malignant neoplasm of breast (disorder)", {}, "breast cancer"),
        ("Malignant tumor of colon", {"state": ENDED}, "history of colon cancer"),
        ("Hx of lymphoma", {"history": True}, "history of lymphoma"),
        (
            "History of malignant neoplasm of prostate (situation)",
            {"history": True},
            "history of prostate cancer",
        ),
        ("Personal history of malignant neoplasm of breast", {"history": True}, "history of breast cancer"),
        ("Multiple myeloma", {"certainty": Certainty.SUSPECTED}, "suspected multiple myeloma"),
        ("Hodgkin lymphoma", {}, "Hodgkin lymphoma"),
        (
            "Malignant neoplasm of bronchus and lung, unspecified",
            {},
            "malignant neoplasm of bronchus and lung, unspecified",
        ),
    ],
)
def test_cancers_are_named_as_a_doctor_says_them(text: str, more: Any, expected: str) -> None:
    assert name_cancer(fact("cancer", text=text, **more)) == expected


def test_a_tumour_of_the_spine_keeps_the_records_words() -> None:
    assert name_cancer(fact("spinal-tumour", text="Malignant tumour of spine")) == "malignant tumour of spine"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(past("cancer", "2019"), on("2019"), id="ended"),
        pytest.param(past("cancer", "2019", REMISSION), on("2019"), id="in remission"),
        pytest.param(past("cancer", None), on("1990"), id="ended, no day"),
        pytest.param(of("cancer", 90, disputed=True, ended=ago(9)), ago(90), id="active, yet ended"),
    ],
)
def test_a_cancer_of_the_past_is_shown_with_its_end(guideline: Guideline, entry: Any, expected: Any) -> None:
    finding = assess(record(pain(21), entry), guideline)
    assert finding
    assert finding.evidence[0].when == expected


def test_the_card_gets_the_name_in_a_doctor_s_words(guideline: Guideline) -> None:
    finding = assess(
        record(pain(21), past("cancer-high-risk", "2019", text="Carcinoma of breast")), guideline
    )
    assert finding
    assert finding.evidence[0].short == "history of breast cancer"


def test_without_pain_every_clue_that_needs_it_is_listed(guideline: Guideline) -> None:
    facts = record(of("cancer", 9), of("night-pain", 3), of("spinal-tumour", 3))
    assert [line.resource for line in list_without_pain(facts, TODAY, guideline)] == [
        "Condition/cancer",
        "Condition/night-pain",
    ]


def test_what_has_no_tier_is_listed(guideline: Guideline) -> None:
    facts = record(
        of("night-sweats", 180),
        of("raised-psa", 181, resource="Observation/old"),
        of("raised-psa", 5, certainty=Certainty.DENIED, resource="Observation/denied"),
        weight(None, 365, problem=ValueProblem.NO_UNIT, text="80"),
        weight(None, 366, problem=ValueProblem.NO_UNIT, text="81"),
    )
    assert [line.text for line in list_contributory(facts, TODAY, guideline)] == [
        "Night-sweats",
        "Body weight 80",
    ]


@pytest.mark.parametrize(
    ("entry", "listed"),
    [
        pytest.param(fact("night-sweats"), True, id="current"),
        pytest.param(fact("night-sweats", state=ENDED), False, id="ended"),
    ],
)
def test_an_undated_sign_is_listed_while_it_holds(guideline: Guideline, entry: Any, listed: bool) -> None:
    assert bool(list_contributory(record(entry), TODAY, guideline)) is listed


@pytest.mark.parametrize(
    ("performed", "expected"),
    [
        pytest.param(on("2016-06-15"), (U, "urgent"), id="ten years ago"),
        pytest.param(on("2016-06-14"), (P, "possible-remote"), id="before"),
        pytest.param(None, (P, "possible-remote"), id="undated"),
    ],
)
def test_what_was_done_for_a_cancer_tells_of_a_past_one(
    guideline: Guideline, performed: Any, expected: tuple[Outcome, str]
) -> None:
    told = fact("cancer", origin=Origin.PROCEDURE, recorded=performed, resource="Procedure/cancer")
    excision = done("cancer", performed=performed)
    assert found(guideline, told) == expected
    assert found(guideline, excision) == expected
    finding = assess(record(pain(21), told, excision), guideline)
    assert finding
    assert len(finding.evidence) == 1


def test_an_undated_treatment_only_asks(guideline: Guideline) -> None:
    assert found(guideline, medicine("antineoplastic"), of("night-pain", 3)) == (P, "possible-weak")
    assert found(guideline, medicine("antineoplastic")) == (P, "possible")


def test_a_site_may_choose_the_outcome_of_a_remote_cancer(guideline: Guideline) -> None:
    urgent = replace(guideline, switches=replace(guideline.switches, remote_cancer_outcome="urgent"))
    assert found(urgent, past("cancer", "2006")) == (U, "urgent")


def test_cancer_of_the_skin_counts_where_the_owner_wants_it_so(guideline: Guideline) -> None:
    skin = fact("skin-cancer-non-melanoma", started=ago(60))
    counted = replace(guideline, switches=replace(guideline.switches, exclude_non_melanoma_skin_cancer=False))
    assert found(guideline, skin) is None
    assert found(guideline, skin, of("cancer", 5)) == (U, "urgent")
    assert found(counted, skin) == (U, "urgent")
