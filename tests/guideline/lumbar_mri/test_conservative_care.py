"""Conservative care and non-specific pain, R1 and R2: specification 2.4 to 2.6, 2.15, 8.4."""

from datetime import timedelta
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.conservative_care import (
    Care,
    assess_care,
    assess_nonspecific,
)
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    Origin,
    PatientFacts,
    ReadState,
    Trend,
)
from tests.guideline.lumbar_mri.facts_builders import (
    ALL_READ,
    TODAY,
    ago,
    attested,
    done,
    fact,
    medicine,
    mri_order,
    on,
    pain,
    record,
    score,
    visit,
)

BACK = frozenset({"low-back-pain"})
NO_CARE: dict[str, Any] = {"reason_given": True, "reasons": frozenset({"gout"})}


def care_of(facts: PatientFacts, guideline: Guideline) -> Care:
    return assess_care(facts, read_pain(facts, mri_order(), TODAY, guideline), TODAY, guideline)


def assess(facts: PatientFacts, guideline: Guideline) -> Finding:
    current = read_pain(facts, mri_order(), TODAY, guideline)
    care = assess_care(facts, current, TODAY, guideline)
    return assess_nonspecific(facts, current, care, TODAY, guideline)


def session(days: int, **more: Any) -> Any:
    return done("physical-therapy", performed=ago(days), resource=f"Procedure/{days}", **more)


def course(start: int, end: int | None = None, *, drug: str = "nsaid", **more: Any) -> Any:
    """A medicine from `start` days ago to `end` days ago; without an end it is still taken."""
    ended = None if end is None else ago(end)
    return medicine(drug, started=ago(start), ended=ended, open=end is None, **more)


ADEQUATE = (
    pytest.param([session(28), session(14)], 28, id="28 days, two sessions 14 days apart"),
    pytest.param([session(49), session(7)], 49, id="49 days"),
    pytest.param([course(34)], 34, id="a drug taken for 34 days"),
    pytest.param([course(34, 21)], 34, id="a period that covers 14 days"),
    pytest.param([course(34, 20, drug="simple-analgesic")], 34, id="paracetamol"),
    pytest.param([course(34, 20, drug="opioid")], 34, id="opioid"),
    pytest.param(
        [course(34, 20, drug="muscle-relaxant-or-neuropathic", reasons=BACK, reason_given=True)],
        34,
        id="relaxant for the back",
    ),
    pytest.param([course(30, 26), session(16)], 30, id="a short course and a session 14 days later"),
    pytest.param(
        [medicine("nsaid", started=ago(40)), medicine("nsaid", started=ago(20))],
        40,
        id="a repeat prescription",
    ),
    pytest.param([visit("physical-therapy", when=ago(40)), session(20)], 40, id="a visit counts"),
    pytest.param([visit("physiotherapy", when=ago(40)), session(20)], 40, id="physiotherapy by name"),
    pytest.param(
        [done("self-management", performed=ago(40)), session(20)], 40, id="advice with a second item"
    ),
    pytest.param([done("physical-therapy", performed=ago(40), ended=ago(10))], 40, id="a course of sessions"),
    pytest.param([course(34, 20, reasons=BACK, reason_given=True)], 34, id="for the back"),
    pytest.param([attested(days=28)], 28, id="attested for 28 days"),
    pytest.param([attested(days=35)], 35, id="attested for 35 days"),
    pytest.param([attested(days=42)], 42, id="our own code for six weeks"),
    pytest.param([attested(days=28, when=None)], 28, id="an undated attestation is of today"),
    pytest.param([attested(days=30, when=ago(10))], 40, id="attested ten days ago"),
    pytest.param([session(30), attested()], 30, id="one session, and somebody says that it went on"),
    pytest.param([session(60), session(40), attested(none=True)], 60, id="what took place beats 'none'"),
    pytest.param([course(67)], 67, id="from 7 days before the onset"),
    pytest.param([session(67), session(40)], 67, id="a session 7 days before the onset"),
    pytest.param(
        [course(90, 68), course(40, **NO_CARE), course(34)], 34, id="beside drugs that are for something else"
    ),
    pytest.param([attested(days=90, when=ago(67))], 157, id="attested 7 days before the onset"),
    pytest.param([session(60), session(40), attested(days=35)], 60, id="what took place is longer"),
)
NOT_ADEQUATE = (
    pytest.param([], "unknown", None, id="nothing on record"),
    pytest.param([session(27), session(13)], "unknown", 27, id="27 days, but 33 days after the onset"),
    pytest.param([session(28), session(15)], "unknown", 28, id="two sessions 13 days apart"),
    pytest.param([session(40)], "unknown", 40, id="one session"),
    pytest.param([course(34, 22)], "unknown", 34, id="a period that covers 13 days"),
    pytest.param([course(34, 30)], "unknown", 34, id="a short course is not 'inadequate' unattested"),
    pytest.param([course(40, **NO_CARE)], "unknown", None, id="a drug for gout"),
    pytest.param([course(40, reason_given=True)], "unknown", None, id="a drug for a reason nobody knows"),
    pytest.param(
        [course(40, drug="muscle-relaxant-or-neuropathic")], "unknown", None, id="a nerve drug, no leg pain"
    ),
    pytest.param([course(40, drug="corticosteroid")], "unknown", None, id="no analgesic"),
    pytest.param(
        [course(68, 67, reasons=BACK, reason_given=True)],
        "unknown",
        67,
        id="its last day is the first that counts",
    ),
    pytest.param([course(90, 68)], "unknown", None, id="stopped before the pain"),
    pytest.param([course(68)], "unknown", None, id="begun before the pain, reason unknown"),
    pytest.param([done("physical-therapy-referral", performed=ago(40))], "unknown", None, id="a referral"),
    pytest.param([done("spinal-injection", performed=ago(40))], "unknown", None, id="an epidural injection"),
    pytest.param([done("self-management", performed=ago(40))], "unknown", None, id="advice alone"),
    pytest.param([session(40, **NO_CARE), session(20, **NO_CARE)], "unknown", None, id="sessions for a knee"),
    pytest.param([done("physical-therapy")], "unknown", None, id="undated"),
    pytest.param([attested(none=True)], "none", None, id="explicitly none"),
    pytest.param([attested(none=True, when=ago(27))], "none", None, id="none 27 days ago"),
    pytest.param([attested(none=True, when=ago(28))], "unknown", None, id="none 28 days ago"),
    pytest.param([attested(none=True, when=ago(68))], "unknown", None, id="none before this pain"),
    pytest.param([attested(days=27)], "inadequate", None, id="attested for 27 days"),
    pytest.param([attested(days=20, when=ago(7))], "inadequate", None, id="20 days, told 7 days ago"),
    pytest.param([attested(days=20, when=ago(8))], "unknown", None, id="20 days, told 8 days ago"),
    pytest.param([attested(days=90, when=ago(68))], "unknown", None, id="attested of an earlier pain"),
    pytest.param([attested()], "unknown", None, id="treated, nobody says how long"),
    pytest.param([course(34, 30), attested(none=True)], "none", None, id="a short course, and 'none'"),
    pytest.param([course(34, 30), attested(days=5)], "inadequate", None, id="a short course, attested"),
)


@pytest.mark.parametrize(("entries", "days"), ADEQUATE)
def test_care_is_adequate_from_28_days_where_it_is_shown_to_have_gone_on(
    entries: list[Any], days: int, guideline: Guideline
) -> None:
    care = care_of(record(pain(60), *entries), guideline)
    assert (care.state, care.days) == ("adequate", days)
    assert care.start == ago(days)
    assert care_of(record(*reversed(entries), pain(60)), guideline).days == days


@pytest.mark.parametrize(("entries", "state", "days"), NOT_ADEQUATE)
def test_care_is_else_short_or_unknown(
    entries: list[Any], state: str, days: int | None, guideline: Guideline
) -> None:
    care = care_of(record(pain(60), *entries), guideline)
    assert (care.state, care.days) == (state, days)


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        pytest.param([session(19)], "under-way", id="a session"),
        pytest.param([session(2)], "under-way", id="28 days after the onset"),
        pytest.param([session(1)], "unknown", id="29 days after the onset"),
        pytest.param([course(20)], "under-way", id="a drug that is still taken"),
        pytest.param([course(20, 0)], "under-way", id="a drug that ends today"),
        pytest.param([course(5, 0)], "under-way", id="a drug of five days that ends today"),
        pytest.param([course(5, 1)], "unknown", id="a drug of five days that ended yesterday"),
        pytest.param([course(20, 10)], "unknown", id="a short course that is over"),
        pytest.param([course(20, 5)], "under-way", id="a period over 14 days"),
        pytest.param([session(19), attested(none=True)], "under-way", id="although somebody says none"),
    ],
)
def test_care_is_under_way_where_it_began_soon_after_the_onset_and_goes_on(
    entries: list[Any], state: str, guideline: Guideline
) -> None:
    assert care_of(record(pain(30), *entries), guideline).state == state


def test_a_nerve_drug_counts_for_leg_pain(guideline: Guideline) -> None:
    drug = course(34, drug="muscle-relaxant-or-neuropathic")
    assert care_of(record(pain(60, concept="radicular-pain"), drug), guideline).state == "adequate"


def test_care_of_an_interval_counts_from_its_latest_day(guideline: Guideline) -> None:
    vague = done("physical-therapy", performed=on("2026-05"), ended=ago(0))
    care = care_of(record(pain(60), vague), guideline)
    assert (care.state, care.days) == ("unknown", 15)


def test_care_that_runs_into_the_pain_counts_from_the_pain(guideline: Guideline) -> None:
    care = care_of(record(pain(60), course(200, reasons=BACK, reason_given=True)), guideline)
    assert (care.state, care.days) == ("adequate", 67)


def test_care_for_the_back_before_the_first_record_of_the_pain_counts(guideline: Guideline) -> None:
    drug = course(46, 26, reasons=BACK, reason_given=True)
    care = care_of(record(pain(None, recorded=ago(26)), drug), guideline)
    assert (care.state, care.days) == ("adequate", 46)


def test_care_long_before_the_first_record_of_the_pain_is_of_something_else(guideline: Guideline) -> None:
    care = care_of(record(pain(None, recorded=ago(26)), session(100)), guideline)
    assert (care.state, care.days) == ("unknown", None)


def test_the_evidence_holds_what_counted_and_what_was_said(guideline: Guideline) -> None:
    care = care_of(record(pain(60), session(40), session(20), attested(days=5)), guideline)
    assert [line.short for line in care.evidence] == ["physiotherapy", "physiotherapy", "treatment attested"]


def test_a_referral_is_shown_but_proves_nothing(guideline: Guideline) -> None:
    care = care_of(record(pain(60), done("physical-therapy-referral", performed=ago(40))), guideline)
    assert care.flags == {"referral-only"}
    assert [line.note for line in care.evidence] == ["a referral only"]


# --- the finding ---

PAINS = (
    pytest.param([pain(0)], Outcome.NOT_INDICATED, "short", id="pain since today"),
    pytest.param([pain(27)], Outcome.NOT_INDICATED, "short", id="27 days"),
    pytest.param([pain(28)], Outcome.UNCLEAR, "care-unknown", id="28 days, no care on record"),
    pytest.param([pain(28), attested(none=True)], Outcome.NOT_INDICATED, "no-care", id="28 days, none"),
    pytest.param(
        [pain(60), attested(days=10)], Outcome.NOT_INDICATED, "no-care", id="a short attested trial"
    ),
    pytest.param([pain(30), session(19)], Outcome.NOT_INDICATED, "under-way", id="care under way"),
    pytest.param([pain(60), session(40)], Outcome.UNCLEAR, "care-partial", id="one session"),
    pytest.param([pain(60), session(20)], Outcome.UNCLEAR, "care-partial", id="care begun late"),
    pytest.param(
        [pain(60), done("self-management", performed=ago(9))], Outcome.UNCLEAR, "care-partial", id="advice"
    ),
    pytest.param(
        [pain(60), done("physical-therapy-referral", performed=ago(9))],
        Outcome.UNCLEAR,
        "care-unknown",
        id="a referral is no care",
    ),
    pytest.param([pain(60), course(28)], Outcome.MAY_BE_INDICATED, "band", id="28 days of care"),
    pytest.param([pain(60), course(41)], Outcome.MAY_BE_INDICATED, "band", id="41 days of care"),
    pytest.param([pain(60), course(42)], Outcome.MAY_BE_INDICATED, "full", id="42 days of care"),
    pytest.param([pain(25), course(28)], Outcome.MAY_BE_INDICATED, "band", id="care since before the onset"),
    pytest.param(
        [pain(60), course(42), score("8", 40), score("3", 0)],
        Outcome.NOT_INDICATED,
        "improving",
        id="improving beats care",
    ),
    pytest.param(
        [pain(60, trend=Trend.IMPROVING, trend_on=ago(1))], Outcome.NOT_INDICATED, "improving", id="improving"
    ),
    pytest.param(
        [pain(60, trend=Trend.WORSENING, trend_on=ago(1)), course(42)],
        Outcome.MAY_BE_INDICATED,
        "full",
        id="worsening",
    ),
    pytest.param(
        [pain(None, recorded=ago(0), started_problem=DateProblem.FUTURE)],
        Outcome.UNCLEAR,
        "onset-problem",
        id="onset in the future",
    ),
    pytest.param(
        [pain(None, started_problem=DateProblem.IMPOSSIBLE), attested(days=42)],
        Outcome.MAY_BE_INDICATED,
        "full",
        id="onset unusable, care attested",
    ),
    pytest.param([pain(None)], Outcome.UNCLEAR, "duration-unknown", id="undated"),
    pytest.param(
        [pain(None, origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0))],
        Outcome.UNCLEAR,
        "duration-unknown",
        id="only the order's reason",
    ),
    pytest.param(
        [pain(None, origin=Origin.ORDER, certainty=Certainty.SUSPECTED), attested(days=28)],
        Outcome.MAY_BE_INDICATED,
        "band",
        id="the order's reason, care attested on it",
    ),
    pytest.param(
        [pain(10), attested(days=28)], Outcome.MAY_BE_INDICATED, "band", id="the doctor knows better"
    ),
    pytest.param(
        [pain(None, recorded=ago(28)), attested(none=True)],
        Outcome.NOT_INDICATED,
        "no-care",
        id="recorded long ago, and none",
    ),
    pytest.param(
        [pain(None, recorded=ago(28))], Outcome.UNCLEAR, "care-unknown", id="first recorded 28 days ago"
    ),
    pytest.param(
        [pain(None, recorded=ago(26)), course(46, 26, reasons=BACK, reason_given=True)],
        Outcome.MAY_BE_INDICATED,
        "full",
        id="a drug for the back extends care",
    ),
    pytest.param(
        [pain(None, started=on("2026-05")), done("physical-therapy", performed=ago(26))],
        Outcome.NOT_INDICATED,
        "under-way",
        id="onset known to the month, care since 20 May",
    ),
)


@pytest.mark.parametrize(("entries", "outcome", "variant"), PAINS)
def test_pain_and_care_choose_between_r1_and_r2(
    entries: list[Any], outcome: Outcome, variant: str, guideline: Guideline
) -> None:
    finding = assess(record(*entries), guideline)
    assert (finding.outcome, finding.variant) == (outcome, variant)
    assert finding.recommendation == ("R2" if outcome is Outcome.MAY_BE_INDICATED else "R1")


@pytest.mark.parametrize(
    ("recorded", "earliest", "reads", "variant"),
    [
        pytest.param(10, 39, {}, "first-recorded", id="the record is 29 days older than the pain"),
        pytest.param(10, 38, {}, "duration-unknown", id="28 days older"),
        pytest.param(27, 200, {}, "first-recorded", id="27 days"),
        pytest.param(28, 200, {}, "care-unknown", id="28 days"),
        pytest.param(10, None, {}, "duration-unknown", id="nothing else on record"),
        pytest.param(
            10, 200, {"encounters": ReadState.PARTIAL}, "duration-unknown", id="some of the visits not read"
        ),
        pytest.param(10, 200, {"encounters": ReadState.FAILED}, "duration-unknown", id="visits not read"),
        pytest.param(10, 200, {"encounters": ReadState.NOT_SENT}, "duration-unknown", id="visits not sent"),
        pytest.param(10, 200, {"devices": ReadState.NOT_SENT}, "first-recorded", id="not sent is not tried"),
    ],
)
def test_a_first_record_is_a_short_pain_only_where_an_older_one_would_be_seen(
    recorded: int, earliest: int | None, reads: dict[str, ReadState], variant: str, guideline: Guideline
) -> None:
    facts = record(
        pain(None, recorded=ago(recorded)),
        earliest_entry=None if earliest is None else TODAY - timedelta(days=earliest),
        reads=ALL_READ | reads,
    )
    assert assess(facts, guideline).variant == variant


def test_a_recorded_onset_needs_no_visits(guideline: Guideline) -> None:
    reads = ALL_READ | {"encounters": ReadState.NOT_SENT}
    assert assess(record(pain(10), reads=reads), guideline).variant == "short"


@pytest.mark.parametrize("said", [attested(none=True), attested(days=3)], ids=["none", "three days"])
def test_a_lately_recorded_pain_without_enough_care_is_not_indicated_either_way(
    said: Any, guideline: Guideline
) -> None:
    finding = assess(record(pain(None, recorded=ago(5)), said), guideline)
    assert (finding.outcome, finding.variant) == (Outcome.NOT_INDICATED, "first-recorded")


def test_the_fills_count_days_and_the_whole_weeks_of_care(guideline: Guideline) -> None:
    finding = assess(record(pain(60), course(41)), guideline)
    assert finding.fills == {"pain_days": "60", "care_days": "41", "care_weeks": "5"}


def test_a_negative_screen_is_quoted_with_its_day(guideline: Guideline) -> None:
    screen = [
        fact(concept, certainty=Certainty.DENIED, origin=Origin.ANSWER, recorded=ago(0))
        for concept in ("bladder-dysfunction", "saddle-numbness", "leg-weakness")
    ]
    assert assess(record(pain(10), *screen), guideline).fills["screen"] == "15 Jun"


@pytest.mark.parametrize("entries", [pytest.param(row.values[0], id=row.id) for row in PAINS])
def test_every_card_of_this_pathway_can_fill_its_words(entries: list[Any], guideline: Guideline) -> None:
    finding = assess(record(*entries), guideline)
    needed = {
        "short": {"pain_days"},
        "first-recorded": {"pain_days"},
        "no-care": {"pain_days"},
        "under-way": {"care_days"},
        "band": {"care_weeks"},
        "full": {"care_weeks"},
        "care-unknown": {"pain_days"},
    }
    assert needed.get(finding.variant, set()) <= finding.fills.keys()
