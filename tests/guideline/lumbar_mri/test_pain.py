"""The low back pain fact: specification 2.3, 8.4.1 to 8.4.3, 8.4.5."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri.pain import Pain, read_pain
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    Fact,
    Measurement,
    Origin,
    PatientFacts,
    Region,
    State,
    Trend,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    clock,
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


def read(facts: PatientFacts, guideline: Guideline, **order: object) -> Pain:
    return read_pain(facts, mri_order(**order), TODAY, guideline)


@pytest.mark.parametrize(
    ("entry", "present"),
    [
        pytest.param(pain(10), True, id="low back pain"),
        pytest.param(pain(10, concept="radicular-pain"), True, id="pain of a leg from the back"),
        pytest.param(pain(10, concept="bilateral-leg-symptoms"), True, id="both legs"),
        pytest.param(pain(10, concept="back-pain-unspecified"), True, id="back pain without a level"),
        pytest.param(pain(10, concept="degenerative-lumbar"), True, id="disc disease"),
        pytest.param(pain(10, concept="other-spine-pain"), False, id="thoracic or neck pain"),
        pytest.param(
            fact("back-pain-unspecified", "other-spine-pain", started=ago(3)),
            False,
            id="back pain of the chest",
        ),
        pytest.param(
            fact("low-back-pain", "other-spine-pain", started=ago(3)), True, id="lower and upper back"
        ),
        pytest.param(
            pain(10, concept="radicular-pain", region=Region.ARM), False, id="a root pain of an arm"
        ),
        pytest.param(
            pain(10, concept="back-pain-unspecified", region=Region.OTHER_SPINE), False, id="site: thoracic"
        ),
        pytest.param(pain(10, concept="back-pain-unspecified", region=Region.SPINE), True, id="site: spine"),
        pytest.param(pain(10, certainty=Certainty.SUSPECTED), True, id="suspected"),
        pytest.param(pain(10, certainty=Certainty.WORDS), True, id="words"),
        pytest.param(pain(10, certainty=Certainty.VALUELESS), True, id="a code without a value"),
        pytest.param(pain(10, certainty=Certainty.UNKNOWN), False, id="asked, not answered"),
        pytest.param(pain(10, certainty=Certainty.DENIED), False, id="denied"),
        pytest.param(pain(10, certainty=Certainty.REFUTED), False, id="refuted"),
        pytest.param(pain(10, state=State.ENDED, ended=ago(2)), False, id="resolved"),
        pytest.param(pain(10, history=True), False, id="history of low back pain"),
        pytest.param(
            pain(None, origin=Origin.ORDER, certainty=Certainty.SUSPECTED), True, id="reason of the order"
        ),
        pytest.param(
            pain(None, origin=Origin.ORDER_TEXT, certainty=Certainty.WORDS), True, id="words on the order"
        ),
        pytest.param(fact("night-pain", started=ago(3)), False, id="night pain alone"),
    ],
)
def test_pain_is_present_where_the_lower_back_or_a_leg_from_it_hurts(
    entry: Fact, present: bool, guideline: Guideline
) -> None:
    assert read(record(entry), guideline).present is present


def test_a_record_without_pain_has_no_days_and_no_evidence(guideline: Guideline) -> None:
    found = read(record(), guideline)
    assert (found.present, found.days, found.first_recorded_days, found.evidence) == (False, None, None, ())


@pytest.mark.parametrize(
    ("entries", "days"),
    [
        pytest.param([pain(0)], 0, id="today"),
        pytest.param([pain(27)], 27, id="27 days"),
        pytest.param([pain(None, started=on("2026-05"))], 45, id="a month counts from its first day"),
        pytest.param([pain(None, started=on("2019"))], 2722, id="a year counts from its first day"),
        pytest.param([pain(56), pain(5)], 56, id="two entries of one episode"),
        pytest.param([pain(185), pain(5)], 185, id="180 days apart is one episode"),
        pytest.param([pain(186), pain(5)], 5, id="181 days apart is a new episode"),
        pytest.param([pain(2000), pain(5)], 5, id="an old chronic entry and a new one"),
        pytest.param([pain(2000, recorded=ago(100)), pain(5)], 2000, id="the old entry was recorded lately"),
        pytest.param(
            [pain(150, state=State.ENDED, ended=ago(100)), pain(5)], 150, id="it had ended 95 days before"
        ),
        pytest.param(
            [pain(300, state=State.ENDED, ended=ago(186)), pain(5)], 5, id="it had ended 181 days before"
        ),
        pytest.param(
            [pain(400), medicine("nsaid", started=ago(230), ended=ago(60), reasons=BACK), pain(5)],
            400,
            id="treatment for the back closes the gap",
        ),
        pytest.param(
            [pain(400), medicine("nsaid", started=ago(230), ended=ago(60)), pain(5)],
            5,
            id="treatment without a reason does not",
        ),
        pytest.param(
            [pain(400), medicine("nsaid", started=ago(230), open=True, reasons=BACK), pain(5)],
            400,
            id="an open prescription reaches to today",
        ),
        pytest.param(
            [pain(320), done("physical-therapy", performed=ago(160), reasons=BACK), pain(5)],
            320,
            id="a procedure for the back closes the gap",
        ),
        pytest.param(
            [pain(320), visit("physical-therapy", when=ago(160), reasons=BACK), pain(5)],
            320,
            id="a visit for the back closes the gap",
        ),
        pytest.param(
            [pain(700), pain(None, origin=Origin.ENCOUNTER, recorded=ago(0))],
            700,
            id="today's visit is about the old entry",
        ),
        pytest.param(
            [pain(700), pain(None, origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0))],
            700,
            id="the order's reason starts no episode",
        ),
        pytest.param([pain(10), pain(None, recorded=ago(60))], 60, id="recorded before its onset elsewhere"),
        pytest.param(
            [pain(15), pain(None, recorded=on("2026-05"))],
            15,
            id="a month that ends with the onset is no older",
        ),
        pytest.param([pain(-1)], 0, id="tomorrow"),
    ],
)
def test_the_pain_is_as_old_as_the_episode_may_be(
    entries: list[object], days: int, guideline: Guideline
) -> None:
    found = read(record(*entries), guideline)
    assert found.days == days
    assert found.first_recorded_days is None
    assert read(record(*reversed(entries)), guideline).days == days


@pytest.mark.parametrize(
    ("entries", "days"),
    [
        pytest.param([pain(None, recorded=ago(10))], 10, id="recordedDate"),
        pytest.param([pain(None, started=ago(10), started_is_minimum=True)], 10, id="marked as a minimum"),
        pytest.param(
            [pain(None, origin=Origin.ENCOUNTER, started=ago(0), recorded=ago(0))], 0, id="a visit today"
        ),
        pytest.param(
            [pain(None, recorded=ago(26)), medicine("nsaid", started=ago(46), reasons=BACK)],
            46,
            id="a medicine for the back before it",
        ),
        pytest.param(
            [pain(None, recorded=ago(26)), medicine("nsaid", started=ago(46))],
            26,
            id="a medicine for something else before it",
        ),
        pytest.param(
            [
                pain(None, recorded=ago(26)),
                medicine("nsaid", started=ago(400), ended=ago(390), reasons=BACK),
            ],
            26,
            id="a medicine of an earlier episode",
        ),
        pytest.param(
            [pain(700), pain(None, recorded=ago(5))], 5, id="an entry without onset after a long gap"
        ),
        pytest.param(
            [pain(None), medicine("nsaid", started=ago(46), reasons=BACK)], 46, id="undated, treated of late"
        ),
        pytest.param(
            [pain(None), medicine("nsaid", started=ago(400), ended=ago(390), reasons=BACK)],
            None,
            id="undated, treated long ago",
        ),
        pytest.param(
            [pain(None, recorded=ago(26)), done("physical-therapy", performed=ago(30), reasons=BACK)],
            30,
            id="a procedure for the back before it",
        ),
        pytest.param([pain(None, recorded=on("2026-06"))], 14, id="a month counts from its first day"),
        pytest.param(
            [pain(None, origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0))],
            None,
            id="a reason of the order has no duration",
        ),
        pytest.param([pain(10, certainty=Certainty.WORDS)], None, id="mere words have no duration"),
        pytest.param([pain(None)], None, id="undated"),
    ],
)
def test_without_an_onset_only_the_first_record_is_known(
    entries: list[object], days: int | None, guideline: Guideline
) -> None:
    found = read(record(*entries), guideline)
    assert (found.days, found.onset) == (None, None)
    assert found.first_recorded_days == days


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        pytest.param([pain(None, recorded=ago(0), started_problem=DateProblem.FUTURE)], True, id="future"),
        pytest.param([pain(None, started_problem=DateProblem.IMPOSSIBLE)], True, id="impossible and undated"),
        pytest.param([pain(None, recorded=ago(0))], False, id="none recorded"),
        pytest.param(
            [pain(None, recorded=ago(0), started_problem=DateProblem.FUTURE), pain(20)],
            False,
            id="another entry has one",
        ),
    ],
)
def test_an_onset_that_cannot_be_is_a_problem_and_no_onset(
    entries: list[object], problem: bool, guideline: Guideline
) -> None:
    found = read(record(*entries), guideline)
    assert found.onset_problem is problem


def test_the_card_can_say_that_an_onset_cannot_be_used(guideline: Guideline) -> None:
    entry = pain(None, recorded=ago(0), started_problem=DateProblem.FUTURE)
    assert [line.note for line in read(record(entry), guideline).evidence] == ["onset cannot be used"]


@pytest.mark.parametrize(
    ("scores", "trend"),
    [
        pytest.param([score("7", 30), score("5", 0)], Trend.STABLE, id="down 2 and 29 %, latest 5"),
        pytest.param([score("6", 30), score("4", 0)], Trend.IMPROVING, id="down 2 and 33 %, latest 4"),
        pytest.param([score("6", 30), score("4.1", 0)], Trend.STABLE, id="latest over 4"),
        pytest.param([score("5", 30), score("3.1", 0)], Trend.STABLE, id="down 1.9"),
        pytest.param([score("4", 30), score("2", 0)], Trend.IMPROVING, id="down exactly 2"),
        pytest.param([score("8", 49), score("3", 7)], Trend.IMPROVING, id="down 5"),
        pytest.param([score("10", 30), score("7", 0)], Trend.STABLE, id="30 %, but the latest is 7"),
        pytest.param([score("5", 30), score("7", 0)], Trend.WORSENING, id="up exactly 2"),
        pytest.param([score("5", 30), score("6.9", 0)], Trend.STABLE, id="up 1.9"),
        pytest.param(
            [score("8", 30), score("2", 10), score("4", 0)], Trend.WORSENING, id="up 2 from the lowest"
        ),
        pytest.param([score("8", 30), score("3", 10), score("4", 0)], Trend.IMPROVING, id="up 1 again"),
        pytest.param([score("5", 30)], None, id="one score"),
        pytest.param([score("8", 91), score("3", 0)], None, id="the first is 91 days old"),
        pytest.param([score("8", 90), score("3", 0)], Trend.IMPROVING, id="the first is 90 days old"),
        pytest.param(
            [score("8", 30), score("3", 0, preliminary=True)], Trend.STABLE, id="a preliminary improvement"
        ),
        pytest.param(
            [score("3", 30), score("8", 0, preliminary=True)], Trend.WORSENING, id="a preliminary rise"
        ),
        pytest.param(
            [score("8", 1), score("3", 0, when=clock(0, "09:00")), score("7", 0, when=clock(0, "15:00"))],
            Trend.WORSENING,
            id="two scores of one day by their clock",
        ),
        pytest.param(
            [score("8", 1), score("7", 0, when=clock(0, "09:00")), score("3", 0, when=clock(0, "15:00"))],
            Trend.IMPROVING,
            id="two scores of one day by their clock, falling",
        ),
        pytest.param(
            [score("8", 1), score("7", 0), score("3", 0, when=clock(0, "15:00"))],
            Trend.IMPROVING,
            id="a score without a clock time is the first of its day",
        ),
        pytest.param(
            [score("2", 1), score("0.5", 0), score("0", 0)],
            Trend.STABLE,
            id="of two scores of one day without clock times the higher is the last",
        ),
        pytest.param(
            [score("8", 30), score("7", 20), score("3", 0)], Trend.IMPROVING, id="down 5 by the third score"
        ),
    ],
)
def test_scores_tell_the_trend(scores: list[Measurement], trend: Trend | None, guideline: Guideline) -> None:
    entry = pain(120)
    assert read(record(entry, *scores), guideline).trend is trend
    assert read(record(*reversed(scores), entry), guideline).trend is trend


@pytest.mark.parametrize(
    ("latest", "trend"),
    [
        pytest.param("3.01", Trend.STABLE, id="just under the share"),
        pytest.param("3", Trend.IMPROVING, id="the share exactly"),
    ],
)
def test_an_improved_score_has_fallen_by_the_share_that_a_site_asks_for(
    latest: str, trend: Trend, guideline: Guideline
) -> None:
    half = replace(guideline, thresholds=replace(guideline.thresholds, pain_improved_percent=Decimal(50)))
    assert read(record(pain(120), score("6", 30), score(latest, 0)), half).trend is trend


def test_scores_from_before_the_onset_are_of_another_pain(guideline: Guideline) -> None:
    found = read(record(pain(20), score("8", 21), score("3", 20), score("3", 0)), guideline)
    assert [str(kept.value) for kept in found.scores] == ["3", "3"]
    assert found.trend is Trend.STABLE


@pytest.mark.parametrize(
    ("words", "trend"),
    [
        pytest.param({"trend": Trend.IMPROVING, "trend_on": ago(28)}, Trend.IMPROVING, id="28 days ago"),
        pytest.param({"trend": Trend.IMPROVING, "trend_on": ago(29)}, None, id="29 days ago"),
        pytest.param(
            {"trend": Trend.IMPROVING, "recorded": ago(29)}, None, id="with a record of 29 days ago"
        ),
        pytest.param(
            {"trend": Trend.IMPROVING, "origin": Origin.OBSERVATION, "started": ago(29), "recorded": None},
            None,
            id="in an observation of 29 days ago",
        ),
        pytest.param({"trend": Trend.WORSENING, "recorded": ago(3)}, Trend.WORSENING, id="worsening"),
        pytest.param({"trend": Trend.WORSENING, "recorded": None}, Trend.WORSENING, id="undated is today"),
        pytest.param({"trend": Trend.STABLE, "trend_on": ago(1)}, Trend.STABLE, id="stable"),
        pytest.param(
            {"trend": Trend.WORSENING, "trend_on": ago(1), "certainty": Certainty.WORDS},
            None,
            id="mere words decide nothing",
        ),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_pains_own_words_tell_the_trend_for_28_days(
    words: dict[str, Any], trend: Trend | None, guideline: Guideline
) -> None:
    assert read(record(pain(60, **words)), guideline).trend is trend


def test_worsening_words_beat_improving_scores(guideline: Guideline) -> None:
    worse = pain(60, trend=Trend.WORSENING, trend_on=ago(1))
    assert read(record(worse, score("8", 30), score("2", 0)), guideline).trend is Trend.WORSENING


def test_improving_words_need_no_score(guideline: Guideline) -> None:
    better = pain(60, trend=Trend.IMPROVING, trend_on=ago(1))
    assert read(record(better, score("7", 30), score("7", 0)), guideline).trend is Trend.IMPROVING


def test_pain_facts_of_earlier_episodes_are_kept_apart(guideline: Guideline) -> None:
    old, new, past = pain(2000), pain(5), fact("low-back-pain", history=True, resource="Condition/past")
    found = read(record(old, new, past), guideline)
    assert found.fact == new
    assert set(found.earlier) == {old, past}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pain(None), id="an undated pain now"),
        pytest.param(medicine("nsaid", started=ago(40), open=True, reasons=BACK), id="a treatment now"),
    ],
)
def test_what_tells_no_beginning_makes_an_ended_pain_no_part_of_the_episode(
    other: object, guideline: Guideline
) -> None:
    over = pain(100, state=State.ENDED, ended=ago(90), resource="Condition/over")
    found = read(record(over, other), guideline)
    assert found.earlier == (over,)
    assert "returned" not in found.flags


def test_a_pain_that_came_back_within_the_episode_is_flagged(guideline: Guideline) -> None:
    found = read(record(pain(90, state=State.ENDED, ended=ago(60)), pain(5)), guideline)
    assert "returned" in found.flags


@pytest.mark.parametrize(
    ("entry", "leg"),
    [
        pytest.param(pain(3), False, id="back only"),
        pytest.param(pain(3, concept="radicular-pain"), True, id="leg"),
    ],
)
def test_leg_pain_is_told(entry: Fact, leg: bool, guideline: Guideline) -> None:
    assert read(record(entry), guideline).leg is leg


def test_a_condition_dates_the_pain_before_a_visit(guideline: Guideline) -> None:
    seen = pain(None, origin=Origin.ENCOUNTER, recorded=ago(40), resource="Encounter/1")
    coded = pain(None, recorded=ago(10))
    found = read(record(seen, coded), guideline)
    assert found.fact == coded
    assert found.first_recorded_days == 40


KNEE = {"text": "Knee pain"}
THORACIC = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M54.6"}], "text": "Chest spine"}
CAUDA = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "G83.4", "display": "CES"}]}


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        pytest.param([KNEE], "Knee pain", id="knee"),
        pytest.param([THORACIC], "Chest spine", id="thoracic pain"),
        pytest.param([CAUDA], None, id="a red flag is no other reason"),
        pytest.param([CAUDA, KNEE], "Knee pain", id="beside a red flag"),
        pytest.param(
            [
                {
                    "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "G83.4"}],
                    "text": "See letter",
                }
            ],
            None,
            id="a red flag whose words say nothing",
        ),
        pytest.param([{"coding": [{"code": "x", "display": "Gout"}]}], "Gout", id="only a display"),
        pytest.param([{"text": "Low back pain since May"}], None, id="the back in words"),
        pytest.param([{"text": "? cauda equina"}], None, id="a red flag in words"),
        pytest.param([{"text": "Neck pain"}], "Neck pain", id="the neck in words"),
        pytest.param([{}], None, id="empty"),
        pytest.param("Knee pain", None, id="not a list"),
        pytest.param(["Knee pain", None], None, id="not objects"),
        pytest.param([{"coding": "x", "text": 7}], None, id="elements of the wrong kind"),
        pytest.param(None, None, id="no reason"),
    ],
)
def test_the_orders_other_reason_is_told(reasons: object, told: str | None, guideline: Guideline) -> None:
    resource = {"resourceType": "ServiceRequest", "reasonCode": reasons}
    assert read(record(), guideline, resource=resource).other_reason == told


def test_another_reason_is_told_beside_back_pain_too(guideline: Guideline) -> None:
    resource = {"resourceType": "ServiceRequest", "reasonCode": [KNEE]}
    assert read(record(pain(5)), guideline, resource=resource).other_reason == "Knee pain"


def test_the_evidence_names_the_dating_fact_first_and_both_ends_of_the_scores(guideline: Guideline) -> None:
    leg = pain(3, concept="radicular-pain", text="Sciatica, right")
    found = read(record(leg, pain(20), score("7", 15), score("6", 9), score("5", 1)), guideline)
    assert [line.short for line in found.evidence] == [
        "low back pain",
        "leg pain",
        "pain score 7",
        "pain score 5",
    ]


def test_the_evidence_names_two_entries_beside_the_dating_one(guideline: Guideline) -> None:
    entries = [pain(days, resource=f"Condition/{days}") for days in (5, 20, 10, 15)]
    found = read(record(*entries), guideline)
    assert [line.resource for line in found.evidence] == ["Condition/20", "Condition/15", "Condition/10"]


def test_low_back_pain_that_goes_into_a_leg_is_called_low_back_pain(guideline: Guideline) -> None:
    found = read(record(fact("low-back-pain", "radicular-pain", started=ago(3))), guideline)
    assert [line.short for line in found.evidence] == ["low back pain"]


@pytest.mark.parametrize(
    ("entries", "flag"),
    [
        pytest.param([pain(None, origin=Origin.ORDER)], "order-only", id="only the order"),
        pytest.param([pain(5, certainty=Certainty.WORDS)], "words-only", id="only words"),
        pytest.param([pain(5, disputed=True)], "disputed", id="records disagree"),
        pytest.param(
            [pain(10), pain(None, recorded=ago(60))], "minimum-onset", id="recorded before its onset"
        ),
        pytest.param([pain(None, started_problem=DateProblem.FUTURE)], "future", id="future"),
    ],
)
def test_circumstances_are_flagged(entries: list[object], flag: str, guideline: Guideline) -> None:
    assert flag in read(record(*entries), guideline).flags
    assert flag not in read(record(pain(5)), guideline).flags
