"""Suspected cauda equina syndrome, R4 (specification 2.8, 8.1.1 to 8.1.5, 8.3, 8.6)."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.cauda_equina import FEATURES, assess_cauda_equina, list_untiered
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    Measure,
    PatientFacts,
    Region,
    Side,
    State,
    Trend,
    ValueProblem,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    clock,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
    scan,
)
from tests.guideline.lumbar_mri.test_muscle_power import exam

E, U, P, X = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
STRONG = (
    "saddle-numbness",
    "urinary-retention",
    "urinary-hesitancy",
    "urinary-incontinence",
    "bladder-sensation-lost",
    "faecal-incontinence",
    "rectal-sensation-lost",
    "anal-tone-reduced",
    "bladder-dysfunction",
    "bowel-dysfunction",
)


def assess(facts: PatientFacts, guideline: Guideline) -> Finding | None:
    order = mri_order()
    return assess_cauda_equina(facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline)


def outcome(guideline: Guideline, *entries: Any) -> Outcome | None:
    finding = assess(record(*entries), guideline)
    return finding.outcome if finding else None


def since(concept: str, days: int | None, **more: Any) -> Any:
    return fact(concept, started=None if days is None else ago(days), **more)


def volume(value: str | None, days: int | None = 0, **more: Any) -> Any:
    return measurement(Measure.RESIDUAL_VOLUME, value, days, **more)


@pytest.mark.parametrize("concept", STRONG)
@pytest.mark.parametrize(
    ("days", "more", "expected"),
    [
        pytest.param(0, {}, E, id="today"),
        pytest.param(14, {}, E, id="14 days"),
        pytest.param(15, {}, U, id="15 days"),
        pytest.param(90, {}, U, id="90 days"),
        pytest.param(91, {}, P, id="91 days"),
        pytest.param(None, {}, P, id="undated"),
        pytest.param(30, {"trend": Trend.IMPROVING}, P, id="30 days, improving"),
        pytest.param(300, {"trend": Trend.WORSENING, "recorded": ago(5)}, E, id="300 days, worsening"),
        pytest.param(5, {"certainty": Certainty.SUSPECTED}, E, id="suspected"),
        pytest.param(5, {"certainty": Certainty.WORDS}, P, id="words"),
        pytest.param(5, {"certainty": Certainty.VALUELESS}, P, id="without a value"),
        pytest.param(5, {"certainty": Certainty.UNKNOWN}, X, id="asked, no usable answer"),
        pytest.param(5, {"certainty": Certainty.DENIED}, None, id="denied"),
        pytest.param(5, {"state": State.ENDED, "ended": ago(14)}, P, id="resolved 14 days ago"),
        pytest.param(40, {"state": State.ENDED, "ended": ago(15)}, None, id="resolved 15 days ago"),
        pytest.param(5, {"disputed": True}, P, id="active with a past abatement"),
    ],
)
def test_a_strong_feature_has_the_tier_of_its_age(
    concept: str, days: int | None, more: dict[str, Any], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, since(concept, days, **more)) is expected


def test_a_partial_date_is_read_as_the_latest_day_that_it_may_be(guideline: Guideline) -> None:
    assert outcome(guideline, fact("saddle-numbness", started=on("2026-06"))) is E
    assert outcome(guideline, fact("saddle-numbness", started=on("2026-05"))) is U


@pytest.mark.parametrize(
    ("days", "more", "expected"),
    [
        pytest.param(90, {}, E, id="90 days"),
        pytest.param(91, {}, P, id="91 days"),
        pytest.param(None, {}, E, id="undated"),
        pytest.param(None, {"started_problem": DateProblem.FUTURE}, E, id="dated in the future"),
        pytest.param(1, {"certainty": Certainty.SUSPECTED}, E, id="differential"),
        pytest.param(1, {"certainty": Certainty.WORDS}, P, id="words"),
        pytest.param(20, {"state": State.ENDED, "ended": ago(14)}, P, id="resolved 14 days ago"),
        pytest.param(20, {"state": State.ENDED, "ended": ago(15)}, None, id="resolved 15 days ago"),
        pytest.param(1, {"certainty": Certainty.REFUTED}, None, id="refuted and no feature"),
    ],
)
def test_the_diagnosis_has_the_tier_of_its_age_and_certainty(
    days: int | None, more: dict[str, Any], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, since("cauda-equina", days, **more)) is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(volume("199.9"), None, id="under 200 mL"),
        pytest.param(volume("200"), E, id="200 mL"),
        pytest.param(volume("450", 14), E, id="14 days ago"),
        pytest.param(volume("450", 15), U, id="15 days ago"),
        pytest.param(volume("450", 91), P, id="91 days ago"),
        pytest.param(volume("450", None), P, id="undated"),
        pytest.param(volume("200", comparator="<"), None, id="less than 200 mL"),
        pytest.param(volume("200", comparator=">"), E, id="more than 200 mL"),
        pytest.param(volume("150", comparator=">"), X, id="more than 150 mL"),
        pytest.param(volume("500", comparator="<"), X, id="less than 500 mL"),
        pytest.param(volume("150", 15, comparator=">"), None, id="more than 150 mL, 15 days ago"),
        pytest.param(volume(None, problem=ValueProblem.NO_UNIT), X, id="no unit"),
        pytest.param(
            volume(None, problem=ValueProblem.NO_UNIT, flagged_high=True), P, id="no unit, flagged high"
        ),
        pytest.param(volume(None, 15, problem=ValueProblem.NO_UNIT), None, id="no unit, 15 days ago"),
        pytest.param(volume(None, problem=ValueProblem.IMPLAUSIBLE), X, id="implausible"),
    ],
)
def test_a_residual_volume_supports_and_never_clears(
    entry: Any, expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, entry) is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(volume("450"), E, id="measured today"),
        pytest.param(since("cauda-equina", None, state=State.ENDED), P, id="ended, nobody knows when"),
    ],
)
def test_a_window_of_no_days_still_holds_today(entry: Any, expected: Outcome, guideline: Guideline) -> None:
    limits = replace(guideline.thresholds, cauda_acute_days=0, cauda_resolved_days=0)
    assert outcome(replace(guideline, thresholds=limits), entry) is expected


def test_a_question_about_the_syndrome_without_a_usable_answer_is_unclear(guideline: Guideline) -> None:
    assert outcome(guideline, since("cauda-equina", 1, certainty=Certainty.UNKNOWN)) is X


def test_a_low_volume_today_does_not_take_away_a_high_one_of_yesterday(guideline: Guideline) -> None:
    assert outcome(guideline, volume("450", 1), volume("60", 0)) is E


PROSTATE = fact("prostate-hyperplasia", started=ago(2000))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([since("urinary-hesitancy", 2)], P, id="hesitancy"),
        pytest.param([since("incomplete-emptying", 2)], P, id="incomplete emptying"),
        pytest.param([since("urinary-retention", 2)], U, id="retention"),
        pytest.param(
            [since("urinary-retention", 2), volume("450")], U, id="retention and its volume are one feature"
        ),
        pytest.param([volume("450")], U, id="volume"),
        pytest.param([since("urinary-incontinence", 2)], U, id="incontinence"),
        pytest.param([since("bladder-sensation-lost", 2)], U, id="lost sensation"),
        pytest.param(
            [since("urinary-retention", 2), since("saddle-numbness", 1)], E, id="with a second feature"
        ),
        pytest.param(
            [since("urinary-hesitancy", 2), since("sexual-dysfunction", 3)],
            E,
            id="hesitancy with a second feature",
        ),
        pytest.param([since("saddle-numbness", 2)], E, id="saddle numbness is never explained"),
        pytest.param([since("faecal-incontinence", 2)], E, id="bowel is never explained"),
        pytest.param([], None, id="an explanation alone is no fact"),
    ],
)
def test_an_enlarged_prostate_explains_urinary_facts_only(
    entries: list[Any], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, PROSTATE, *entries) is expected


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        pytest.param(2, P, id="the same day"),
        pytest.param(9, P, id="7 days before"),
        pytest.param(10, E, id="8 days before"),
        pytest.param(1, E, id="after the feature"),
    ],
)
@pytest.mark.parametrize("drug", ["opioid", "anticholinergic"])
def test_a_bladder_active_drug_explains_only_what_follows_it_within_a_week(
    drug: str, started: int, expected: Outcome, guideline: Guideline
) -> None:
    assert outcome(guideline, since("urinary-hesitancy", 2), medicine(drug, started=ago(started))) is expected


@pytest.mark.parametrize(
    ("medicines", "expected"),
    [
        pytest.param([medicine("opioid", started=ago(400), open=True)], E, id="taken for long"),
        pytest.param(
            [medicine("opioid", started=ago(200), ended=ago(100))], P, id="an old course that ended"
        ),
        pytest.param([medicine("opioid", started=ago(30), ended=ago(6))], E, id="a course up to it"),
        pytest.param([medicine("opioid", started=ago(33))], E, id="an earlier supply of unknown length"),
        pytest.param([medicine("opioid", started=ago(95))], P, id="an old supply of unknown length"),
        pytest.param([medicine("opioid")], E, id="an undated entry of it"),
        pytest.param([medicine("opioid", started=ago(5), open=True)], P, id="the same day twice"),
        pytest.param([medicine("opioid", started=ago(7), open=True)], P, id="begun two days before"),
        pytest.param(
            [medicine("anticholinergic", started=ago(400), open=True)], P, id="a drug of the other group"
        ),
        pytest.param([medicine("nsaid", started=ago(400), open=True)], P, id="another drug"),
    ],
)
def test_the_renewal_of_a_drug_is_no_start_of_it(
    medicines: list[Any], expected: Outcome, guideline: Guideline
) -> None:
    renewed = medicine("opioid", started=ago(5))
    assert outcome(guideline, since("urinary-hesitancy", 3), renewed, *medicines) is expected


@pytest.mark.parametrize(
    ("feature", "started"),
    [
        pytest.param(ago(3), on("2026-06"), id="the drug may be younger"),
        pytest.param(on("2026-06"), ago(1), id="the feature may be older"),
        pytest.param(ago(3), on("2026"), id="the drug may be much older"),
    ],
)
def test_a_drug_that_may_not_have_begun_just_before_explains_nothing(
    feature: Any, started: Any, guideline: Guideline
) -> None:
    drug = medicine("anticholinergic", started=started)
    assert outcome(guideline, fact("urinary-hesitancy", started=feature), drug) is E


def test_postoperative_retention_after_a_spinal_procedure_is_an_emergency(guideline: Guideline) -> None:
    retention = since("retention-postoperative", 1)
    assert outcome(guideline, retention) is U
    assert outcome(guideline, retention, done("lumbar-surgery", performed=ago(3))) is E
    assert outcome(guideline, retention, done("lumbar-surgery", performed=ago(16))) is U
    assert outcome(guideline, retention, done("lumbar-surgery", performed=ago(20), ended=ago(5))) is E


def test_a_retention_older_than_the_pain_and_unchanged_is_possible(guideline: Guideline) -> None:
    assert outcome(guideline, pain(20), since("urinary-retention", 60)) is P
    assert outcome(guideline, pain(70), since("urinary-retention", 60)) is U


def test_a_catheter_alone_asks_because_it_hides_a_retention(guideline: Guideline) -> None:
    assert outcome(guideline, since("urinary-catheter", 700)) is P


def test_a_retention_resolved_by_a_catheter_is_not_resolved(guideline: Guideline) -> None:
    resolved = since("urinary-retention", 3, state=State.ENDED, ended=ago(1))
    assert outcome(guideline, resolved) is P
    assert outcome(guideline, resolved, since("urinary-catheter", 2)) is E


def refutation(days: int) -> Any:
    return fact("cauda-equina", certainty=Certainty.REFUTED, recorded=ago(days))


def test_a_refutation_with_an_mri_closes_only_the_features_dated_before_it(guideline: Guideline) -> None:
    mri = scan(2, compression=False)
    assert outcome(guideline, since("saddle-numbness", 3), refutation(1), mri) is P
    assert outcome(guideline, since("saddle-numbness", 0), refutation(1), mri) is E


def test_a_refutation_without_an_mri_on_record_leaves_an_urgent_question(guideline: Guideline) -> None:
    finding = assess(record(since("saddle-numbness", 3), refutation(1)), guideline)
    assert finding is not None
    assert (finding.outcome, finding.variant) == (U, "urgent-refuted")


@pytest.mark.parametrize(
    ("feature", "mri"),
    [
        pytest.param(fact("saddle-numbness", started=on("2026-06")), ago(13), id="month of onset"),
        pytest.param(fact("urinary-retention", started=on("2026")), ago(10), id="year of onset"),
        pytest.param(
            fact("saddle-numbness", started=clock(1, "20:00")), clock(1, "08:00"), id="later the same day"
        ),
        pytest.param(
            measurement(Measure.RESIDUAL_VOLUME, "450", None, when=clock(1, "20:00")),
            clock(1, "08:00"),
            id="volume later the same day",
        ),
        pytest.param(
            since("saddle-numbness", 12, recorded=ago(12), trend=Trend.WORSENING, trend_on=ago(1)),
            ago(8),
            id="said to be worse after the scan",
        ),
        pytest.param(
            since("cauda-equina", 12, recorded=ago(12), trend=Trend.WORSENING, trend_on=ago(1)),
            ago(8),
            id="diagnosis, said to be worse after the scan",
        ),
        pytest.param(
            since("paraparesis", 12, recorded=ago(12), trend=Trend.WORSENING, trend_on=ago(1)),
            ago(8),
            id="both legs, said to be weaker after the scan",
        ),
    ],
)
def test_what_may_be_later_than_the_scan_is_judged_afresh(
    feature: Any, mri: Any, guideline: Guideline
) -> None:
    refuted = fact("cauda-equina", certainty=Certainty.REFUTED, recorded=mri)
    assert outcome(guideline, feature, scan(0, when=mri, compression=False)) is E
    assert outcome(guideline, feature, scan(0, when=mri), refuted) is E


@pytest.mark.parametrize(
    ("feature", "mri"),
    [
        pytest.param(ago(1), ago(1), id="the same day"),
        pytest.param(ago(1), clock(1, "08:00"), id="the same day, one without a clock time"),
        pytest.param(clock(1, "08:00"), clock(1, "08:00"), id="the same minute"),
        pytest.param(on("2026-05"), ago(14), id="a month before"),
    ],
)
def test_what_surely_was_there_at_the_scan_is_closed(feature: Any, mri: Any, guideline: Guideline) -> None:
    numb = fact("saddle-numbness", started=feature)
    assert outcome(guideline, numb, scan(0, when=mri, compression=False)) is P


@pytest.mark.parametrize(
    "feature",
    [
        pytest.param(volume("450", 12), id="residual volume"),
        pytest.param(since("paraparesis", 12), id="weakness of both legs"),
    ],
)
def test_a_scan_closes_what_was_measured_or_seen_in_the_legs_before_it(
    feature: Any, guideline: Guideline
) -> None:
    assert outcome(guideline, feature, scan(8, compression=False)) is P
    assert outcome(guideline, feature, scan(13, compression=False)) is E


def test_a_worsening_said_before_the_scan_is_closed_with_the_feature(guideline: Guideline) -> None:
    numb = since("saddle-numbness", 12, recorded=ago(12), trend=Trend.WORSENING, trend_on=ago(9))
    assert outcome(guideline, numb, scan(8, compression=False)) is P


@pytest.mark.parametrize(
    "mri",
    [
        pytest.param(on("2026-06"), id="month of the scan"),
        pytest.param(clock(1, "12:00"), id="scan after the refutation"),
    ],
)
def test_a_scan_that_may_not_lie_between_feature_and_refutation_supports_no_refutation(
    mri: Any, guideline: Guideline
) -> None:
    refuted = fact("cauda-equina", certainty=Certainty.REFUTED, recorded=clock(1, "10:00"))
    assert outcome(guideline, since("saddle-numbness", 3), scan(0, when=mri), refuted) is U


@pytest.mark.parametrize(
    ("named", "expected"),
    [pytest.param(3, P, id="before"), pytest.param(2, E, id="the same day"), pytest.param(1, E, id="after")],
)
def test_another_report_that_names_compression_keeps_the_feature_open(
    named: int, expected: Outcome, guideline: Guideline
) -> None:
    scans = scan(2, compression=False), scan(named, compression=True)
    assert outcome(guideline, since("saddle-numbness", 4), *scans) is expected


def test_an_mri_before_the_feature_closes_nothing(guideline: Guideline) -> None:
    assert outcome(guideline, since("saddle-numbness", 3), scan(5, compression=False)) is E


@pytest.mark.parametrize(("days", "expected"), [(14, P), (15, U)])
def test_a_report_without_compression_closes_for_two_weeks(
    days: int, expected: Outcome, guideline: Guideline
) -> None:
    assert outcome(guideline, since("saddle-numbness", days), scan(days, compression=False)) is expected


def test_a_report_that_names_no_finding_closes_nothing(guideline: Guideline) -> None:
    assert outcome(guideline, since("saddle-numbness", 5), scan(2, compression=None)) is E


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([since("bilateral-leg-symptoms", 90)], U, id="coded, 90 days"),
        pytest.param([since("bilateral-leg-symptoms", 91)], P, id="coded, 91 days"),
        pytest.param(
            [since("bilateral-leg-symptoms", 300, trend=Trend.WORSENING, recorded=ago(3))],
            U,
            id="old and worsening",
        ),
        pytest.param(
            [since("radicular-pain", 5, side=Side.LEFT), since("radicular-pain", 19, side=Side.RIGHT)],
            U,
            id="left and right 14 days apart",
        ),
        pytest.param(
            [since("radicular-pain", 5, side=Side.LEFT), since("radicular-pain", 20, side=Side.RIGHT)],
            None,
            id="left and right 15 days apart",
        ),
        pytest.param([since("leg-numbness", 5, side=Side.BOTH)], U, id="numbness of both legs"),
        pytest.param(
            [since("leg-numbness", 5, side=Side.BOTH), since("polyneuropathy", 900)],
            P,
            id="with an older polyneuropathy",
        ),
        pytest.param(
            [since("leg-numbness", 5, side=Side.BOTH), since("polyneuropathy", 5)],
            U,
            id="with a polyneuropathy of the same day",
        ),
        pytest.param(
            [
                since("leg-numbness", 5, side=Side.BOTH),
                since("polyneuropathy", 900, certainty=Certainty.WORDS),
            ],
            U,
            id="with a polyneuropathy in words",
        ),
        pytest.param([since("radicular-pain", 5, side=Side.LEFT)], None, id="one side"),
        pytest.param(
            [
                since("radicular-pain", 5, side=Side.LEFT),
                since("radicular-pain", 5, side=Side.RIGHT, certainty=Certainty.WORDS),
            ],
            None,
            id="one side and the other in words",
        ),
        pytest.param(
            [
                since("radicular-pain", 5, side=Side.LEFT),
                since("radicular-pain", 5, side=Side.RIGHT, state=State.ENDED),
            ],
            None,
            id="one side and the other no more",
        ),
        pytest.param(
            [since("leg-numbness", 5, side=Side.BOTH, region=Region.ARM)], None, id="numbness of both arms"
        ),
        pytest.param(
            [since("bilateral-leg-symptoms", 5, certainty=Certainty.DENIED)], None, id="coded and denied"
        ),
        pytest.param([since("bilateral-leg-symptoms", 5, state=State.ENDED)], None, id="coded and no more"),
        pytest.param(
            [since("bilateral-leg-symptoms", 5, certainty=Certainty.UNKNOWN)], X, id="asked, no usable answer"
        ),
        pytest.param(
            [since("bilateral-leg-symptoms", 12), scan(8, compression=False)], P, id="before a scan"
        ),
        pytest.param(
            [
                since("bilateral-leg-symptoms", 12, trend=Trend.WORSENING, trend_on=ago(1)),
                scan(8, compression=False),
            ],
            U,
            id="before a scan, said to be worse after it",
        ),
        pytest.param(
            [since("bilateral-leg-symptoms", 5), since("saddle-numbness", 1)], E, id="with saddle numbness"
        ),
    ],
)
def test_both_legs_without_another_feature_are_urgent(
    entries: list[Any], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, *entries) is expected


def test_of_both_legs_only_what_has_a_side_is_shown(guideline: Guideline) -> None:
    sides = [since("radicular-pain", 5, side=side, resource=f"Condition/{side}") for side in Side]
    finding = assess(record(*sides, since("radicular-pain", 5)), guideline)
    assert finding is not None
    assert [line.resource for line in finding.evidence] == [side.resource for side in sides]


def test_both_legs_in_words_have_the_words_of_mere_words(guideline: Guideline) -> None:
    told = since("bilateral-leg-symptoms", 5, certainty=Certainty.WORDS)
    finding = assess(record(told), guideline)
    assert finding is not None
    assert (finding.outcome, finding.variant) == (P, "possible-words")


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        pytest.param([("4", 0, Side.LEFT), ("4", 0, Side.RIGHT)], U, id="first exam, 4 on both sides"),
        pytest.param([("3", 0, Side.LEFT), ("4", 0, Side.RIGHT)], E, id="3 on one, 4 on the other"),
        pytest.param(
            [("4", 3, Side.LEFT), ("3", 0, Side.LEFT), ("4", 3, Side.RIGHT), ("3", 0, Side.RIGHT)],
            E,
            id="both fall",
        ),
        pytest.param([("3", 0, Side.LEFT), ("5", 0, Side.RIGHT)], None, id="one side only"),
        pytest.param(
            [("4", 200, Side.LEFT), ("4", 0, Side.LEFT), ("4", 200, Side.RIGHT), ("4", 0, Side.RIGHT)],
            None,
            id="long-standing on both",
        ),
    ],
)
def test_weakness_of_both_legs_is_a_feature(
    grades: list[tuple[str, int, Side]], expected: Outcome | None, guideline: Guideline
) -> None:
    assert outcome(guideline, *(exam(grade, days, side=side) for grade, days, side in grades)) is expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(since("sexual-dysfunction", 90), P, id="sexual, 90 days"),
        pytest.param(since("sexual-dysfunction", 91), None, id="sexual, 91 days"),
        pytest.param(since("incontinence-stress-urge", 14), P, id="stress incontinence, 14 days"),
        pytest.param(since("incontinence-stress-urge", 15), None, id="stress incontinence, 15 days"),
        pytest.param(since("bowel-minor", 14), P, id="faecal urgency, 14 days"),
        pytest.param(since("retention-chronic", 3), P, id="chronic retention"),
        pytest.param(since("retention-other-cause", 3), P, id="clot retention"),
        pytest.param(since("neurogenic-bladder", 3), E, id="neurogenic bladder, new"),
        pytest.param(since("neurogenic-bladder", 900), P, id="neurogenic bladder, old"),
    ],
)
def test_weak_features_ask(entry: Any, expected: Outcome | None, guideline: Guideline) -> None:
    assert outcome(guideline, entry) is expected


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        pytest.param(
            since("sexual-dysfunction", 91),
            [("Condition/sexual-dysfunction", "old; no later change recorded")],
            id="a sexual dysfunction past its window",
        ),
        pytest.param(
            fact("cauda-equina", certainty=Certainty.REFUTED, recorded=ago(3)),
            [("Condition/cauda-equina", "refuted")],
            id="a refuted diagnosis without a feature",
        ),
        pytest.param(since("constipation", 1), [], id="constipation"),
        pytest.param(since("saddle-numbness", 1), [], id="a feature that has a tier"),
    ],
)
def test_what_has_no_tier_is_listed(entry: Any, lines: list[tuple[str, str]], guideline: Guideline) -> None:
    facts = record(entry)
    listed = list_untiered(facts, read_pain(facts, mri_order(), TODAY, guideline), TODAY, guideline)
    assert [(line.resource, line.note) for line in listed] == lines


def test_a_newer_denial_never_lowers_and_is_named(guideline: Guideline) -> None:
    denial = fact("saddle-numbness", certainty=Certainty.DENIED, started=ago(0))
    finding = assess(record(since("saddle-numbness", 2), denial), guideline)
    assert finding is not None
    assert (finding.outcome, finding.evidence[0].note) == (E, "records disagree")


@pytest.mark.parametrize("concept", FEATURES)
def test_no_new_coded_feature_falls_through(concept: str, guideline: Guideline) -> None:
    found = outcome(guideline, since(concept, 1))
    assert found is not None
    assert found.rank >= P.rank


def test_the_owner_chooses_the_outcome_of_sexual_dysfunction_alone(guideline: Guideline) -> None:
    urgent = replace(guideline, switches=replace(guideline.switches, sexual_only_outcome="urgent"))
    assert outcome(urgent, since("sexual-dysfunction", 3)) is U
    assert outcome(urgent, since("sexual-dysfunction", 3), since("bowel-minor", 3)) is P
