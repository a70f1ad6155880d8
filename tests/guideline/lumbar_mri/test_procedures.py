"""Pain after an invasive procedure on the lumbar spine, R6 (specification 2.10, 8.3, 8.6.2, 8.7.5)."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome
from cds_service.guideline.lumbar_mri.neurology import assess_neurology
from cds_service.guideline.lumbar_mri.pain import read_pain
from cds_service.guideline.lumbar_mri.procedures import (
    VARIANTS,
    assess_procedure,
    has_spinal_haematoma,
    list_recent,
)
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    DeviceFact,
    DeviceSafety,
    Origin,
    PatientFacts,
    Region,
    State,
    Trend,
)
from tests.guideline.lumbar_mri.facts_builders import (
    TODAY,
    ago,
    done,
    fact,
    medicine,
    mri_order,
    on,
    pain,
    record,
    score,
)

E, U, P, X = Outcome.EMERGENCY, Outcome.URGENT, Outcome.POSSIBLE, Outcome.UNCLEAR
INDICATED = Outcome.INDICATED
LUMBAR, SPINE, NECK = Region.LUMBAR, Region.SPINE, Region.OTHER_SPINE


def assess(
    facts: PatientFacts, guideline: Guideline, *, neuro: bool = False, fever: bool = False
) -> Finding | None:
    order = mri_order()
    seen = read_pain(facts, order, TODAY, guideline)
    return assess_procedure(facts, seen, order, TODAY, guideline, neuro=neuro, fever=fever)


def found(guideline: Guideline, *entries: Any, **more: Any) -> tuple[Outcome, str] | None:
    finding = assess(record(*entries), guideline, **more)
    if finding is None:
        return None
    assert finding.outcome is X or finding.variant in VARIANTS
    return finding.outcome, finding.variant


def after(concept: str, days: int, **more: Any) -> tuple[Any, Any]:
    """A procedure so many days ago, and pain that began the day after it."""
    return done(concept, performed=ago(days), **more), pain(max(days - 1, 0))


def hardware(resource: str = "Device/1") -> DeviceFact:
    return DeviceFact(frozenset({"spinal-hardware"}), resource, "Pedicle screws", DeviceSafety.UNKNOWN)


@pytest.mark.parametrize(
    ("concept", "days", "more", "expected"),
    [
        pytest.param("lumbar-surgery", 90, {}, (U, "urgent"), id="surgery 90 days"),
        pytest.param("lumbar-surgery", 91, {}, (INDICATED, "indicated"), id="surgery 91 days"),
        pytest.param("lumbar-surgery", 9000, {}, (INDICATED, "indicated"), id="surgery of long ago"),
        pytest.param("lumbar-surgery", 21, {"region": NECK}, (U, "urgent"), id="lumbar by code"),
        pytest.param("vertebral-augmentation", 90, {"region": LUMBAR}, (U, "urgent"), id="cement 90 days"),
        pytest.param(
            "vertebral-augmentation", 91, {"region": LUMBAR}, (INDICATED, "indicated"), id="cement 91 days"
        ),
        pytest.param("vertebral-augmentation", 21, {}, (P, "possible-level"), id="cement, no level"),
        pytest.param("stimulator-or-pump", 90, {}, (U, "urgent"), id="stimulator 90 days"),
        pytest.param("stimulator-or-pump", 91, {}, (INDICATED, "indicated"), id="stimulator 91 days"),
        pytest.param("spinal-injection", 90, {}, (U, "urgent"), id="injection 90 days"),
        pytest.param("spinal-injection", 91, {}, None, id="injection 91 days"),
        pytest.param(
            "spinal-injection", 21, {"region": SPINE}, (P, "possible-level"), id="injection, no level"
        ),
        pytest.param("lumbar-puncture", 30, {}, (P, "possible-needle"), id="puncture 30 days"),
        pytest.param("lumbar-puncture", 31, {}, None, id="puncture 31 days"),
        pytest.param(
            "neuraxial-anaesthesia", 30, {"region": SPINE}, (P, "possible-needle"), id="anaesthesia 30 days"
        ),
        pytest.param("neuraxial-anaesthesia", 31, {}, None, id="anaesthesia 31 days"),
        pytest.param(
            "spinal-surgery-without-level",
            21,
            {"region": LUMBAR},
            (U, "urgent"),
            id="laminectomy, lumbar site",
        ),
        pytest.param(
            "spinal-surgery-without-level",
            21,
            {"region": SPINE},
            (P, "possible-level"),
            id="laminectomy, spine",
        ),
        pytest.param("spinal-surgery-without-level", 26, {}, (P, "possible-level"), id="V83"),
        pytest.param(
            "spinal-surgery-without-level", 900, {}, (P, "possible-level"), id="laminectomy, old, no level"
        ),
        pytest.param(
            "spinal-surgery-without-level", 21, {"region": NECK}, None, id="laminectomy of the neck"
        ),
        pytest.param("other-spine-procedure", 21, {}, None, id="cervical by code"),
        pytest.param(
            "lumbar-surgery", 21, {"certainty": Certainty.WORDS}, (P, "possible"), id="surgery in words"
        ),
        pytest.param(
            "lumbar-puncture",
            21,
            {"certainty": Certainty.WORDS},
            (P, "possible-needle"),
            id="puncture in words",
        ),
        pytest.param(
            "spinal-injection", 91, {"certainty": Certainty.WORDS}, None, id="old injection in words"
        ),
        pytest.param("lumbar-mri", 21, {}, None, id="no invasive procedure"),
    ],
)
def test_new_pain_after_a_procedure_counts_by_kind_and_age(
    guideline: Guideline, concept: str, days: int, more: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, *after(concept, days, **more)) == expected


SURGERY = done("lumbar-surgery", performed=ago(21))


def ended(days: int) -> dict[str, Any]:
    """The end of a pain so many days ago."""
    return {"state": State.ENDED, "ended": ago(days)}


def sciatica(since: int, **more: Any) -> Any:
    return pain(
        since, concept="radicular-pain", **(ended(more.pop("ended")) if "ended" in more else {}), **more
    )


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param((pain(21),), (U, "urgent"), id="began the same day"),
        pytest.param((pain(22),), None, id="began the day before"),
        pytest.param((pain(400),), None, id="began long before"),
        pytest.param(
            (fact("low-back-pain", started=on("2026-05"), recorded=ago(1)),),
            (U, "urgent"),
            id="began on some day of the month",
        ),
        pytest.param((pain(400), score("5", 40), score("7", 3)), (U, "urgent"), id="score up by 2 since"),
        pytest.param((pain(400), score("5", 40), score("6.9", 3)), None, id="score up by less"),
        pytest.param(
            (pain(400), score("7", 40), score("3", 15), score("5", 3)),
            (U, "urgent"),
            id="score up by 2 from the lowest since",
        ),
        pytest.param(
            (pain(400), score("3", 50), score("7", 40), score("7", 3)), None, id="rise before the procedure"
        ),
        pytest.param((pain(400), score("5", 40), score("5", 3)), None, id="score unchanged"),
        pytest.param(
            (pain(400, trend=Trend.WORSENING, trend_on=ago(21)),),
            (U, "urgent"),
            id="worse in words, that day",
        ),
        pytest.param(
            (pain(400, trend=Trend.WORSENING, trend_on=ago(22)),), None, id="worse in words, the day before"
        ),
        pytest.param(
            (pain(400), fact("pain-free", recorded=ago(10), resource="Observation/free")),
            (U, "urgent"),
            id="pain-free in between",
        ),
        pytest.param(
            (pain(400), fact("pain-free", recorded=ago(22), resource="Observation/free")),
            None,
            id="pain-free before the procedure",
        ),
        pytest.param(
            (pain(400), fact("pain-free", recorded=ago(10), certainty=Certainty.DENIED)),
            None,
            id="not pain-free",
        ),
        pytest.param(
            (fact("low-back-pain", recorded=ago(3)),), (U, "urgent"), id="onset unknown, first recorded after"
        ),
        pytest.param((fact("low-back-pain", recorded=ago(60)),), None, id="onset unknown, recorded before"),
        pytest.param(
            (fact("low-back-pain", recorded=ago(21)),),
            (U, "urgent"),
            id="onset unknown, first recorded that day",
        ),
        pytest.param((fact("low-back-pain"),), (P, "possible"), id="undated"),
        pytest.param(
            (fact("low-back-pain", origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0)),),
            (P, "possible"),
            id="the order's reason only",
        ),
        pytest.param((fact("radicular-pain", started=ago(10)),), (U, "urgent"), id="new leg pain"),
        pytest.param((sciatica(26), pain(5)), (U, "urgent"), id="new back pain, old leg pain"),
        pytest.param((sciatica(900), pain(5)), (U, "urgent"), id="new back pain, leg pain of years"),
        pytest.param((pain(300), sciatica(5)), (U, "urgent"), id="new leg pain, old back pain"),
        pytest.param((sciatica(26, ended=22), pain(5)), (U, "urgent"), id="leg pain that ended before"),
        pytest.param((pain(100, **ended(18)), pain(5)), (U, "urgent"), id="pain that ended after"),
        pytest.param(
            (pain(100, concept="degenerative-lumbar"), pain(5)), (U, "urgent"), id="new pain, old disc"
        ),
        pytest.param((pain(26, **ended(22)),), None, id="pain that ended, and none now"),
        pytest.param(
            (pain(100, **ended(18)), pain(recorded=ago(5))), (U, "urgent"), id="recorded anew after an end"
        ),
        pytest.param(
            (pain(100), pain(200, **ended(150)), pain(recorded=ago(5))),
            None,
            id="recorded again, and never gone",
        ),
        pytest.param((pain(100), pain(recorded=ago(5))), None, id="mentioned again"),
        pytest.param(
            (pain(100), fact("low-back-pain", origin=Origin.ENCOUNTER, started=ago(5))),
            None,
            id="a visit for it",
        ),
        pytest.param((pain(100), pain(5, certainty=Certainty.WORDS)), None, id="a later pain in words only"),
        pytest.param((), None, id="no pain recorded"),
    ],
)
def test_the_pain_must_be_new_or_worse_since_the_procedure(
    guideline: Guideline, entries: tuple[Any, ...], expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, SURGERY, *entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            (fact("spinal-surgery-history"), pain(21)),
            (INDICATED, "indicated"),
            id="history, pain of three weeks",
        ),
        pytest.param(
            (fact("spinal-surgery-history"), pain(90)),
            (INDICATED, "indicated"),
            id="history, pain of 90 days",
        ),
        pytest.param(
            (fact("spinal-surgery-history"), pain(91)), (P, "possible-date"), id="history, pain of 91 days"
        ),
        pytest.param(
            (fact("spinal-surgery-history", recorded=ago(400)), pain(200)),
            (INDICATED, "indicated"),
            id="on record before the pain",
        ),
        pytest.param(
            (
                fact("spinal-surgery-history", recorded=ago(100)),
                pain(200),
                fact("pain-free", recorded=ago(100), resource="Observation/free"),
            ),
            (INDICATED, "indicated"),
            id="pain-free since it was on record",
        ),
        pytest.param(
            (
                fact("spinal-surgery-history", recorded=ago(100)),
                pain(200),
                fact("pain-free", recorded=ago(101), resource="Observation/free"),
            ),
            (P, "possible-date"),
            id="pain-free before it was on record",
        ),
        pytest.param(
            (fact("spinal-surgery-history", recorded=ago(100)), pain(200)),
            (P, "possible-date"),
            id="on record after the pain began",
        ),
        pytest.param(
            (fact("spinal-surgery-history", started=ago(20), recorded=ago(20)), pain(200)),
            (P, "possible-date"),
            id="a syndrome's onset is no operation",
        ),
        pytest.param(
            (fact("spinal-surgery-history"), pain(400, trend=Trend.WORSENING, trend_on=ago(3))),
            (INDICATED, "indicated"),
            id="history, worse",
        ),
        pytest.param(
            (fact("spinal-surgery-history"), fact("low-back-pain")),
            (P, "possible-date"),
            id="history, pain undated",
        ),
        pytest.param((fact("spinal-surgery-history", region=NECK), pain(21)), None, id="of the neck"),
        pytest.param(
            (fact("spinal-surgery-history", certainty=Certainty.WORDS), pain(21)),
            (P, "possible"),
            id="in words",
        ),
        pytest.param(
            (fact("spinal-surgery-history", certainty=Certainty.DENIED), pain(21)), None, id="denied"
        ),
        pytest.param((fact("spinal-surgery-history"),), None, id="without pain"),
        pytest.param(
            (done("lumbar-surgery", history=True), pain(21)),
            (INDICATED, "indicated"),
            id="procedure of unknown day",
        ),
        pytest.param(
            (done("lumbar-surgery", performed_problem=DateProblem.FUTURE), pain(400)),
            (P, "possible-date"),
            id="day in the future",
        ),
        pytest.param(
            (done("spinal-injection"), pain(21)), (P, "possible-date"), id="injection of unknown day"
        ),
        pytest.param((done("lumbar-puncture"), pain(21)), (P, "possible-date"), id="puncture of unknown day"),
        pytest.param(
            (fact("spinal-procedure", origin=Origin.ANSWER, recorded=ago(0)), pain(21)),
            (P, "possible-date"),
            id="answer: injection or surgery",
        ),
        pytest.param(
            (
                fact("spinal-procedure", origin=Origin.ANSWER, certainty=Certainty.UNKNOWN, recorded=ago(14)),
                pain(21),
            ),
            (X, ""),
            id="no usable answer",
        ),
        pytest.param(
            (
                fact("spinal-procedure", origin=Origin.ANSWER, certainty=Certainty.UNKNOWN, recorded=ago(15)),
                pain(21),
            ),
            None,
            id="no usable answer, stale",
        ),
        pytest.param(
            (fact("spinal-procedure", origin=Origin.ANSWER, certainty=Certainty.DENIED), pain(21)),
            None,
            id="answer: no",
        ),
        pytest.param((hardware(), pain(21)), (INDICATED, "indicated"), id="hardware, new pain"),
        pytest.param(
            (pain(9), fact("spinal-hardware", started=ago(20))),
            (INDICATED, "indicated"),
            id="hardware as a problem; its day is no day of surgery",
        ),
        pytest.param(
            (fact("lumbar-surgery", origin=Origin.ENCOUNTER, started=ago(20)), pain(9)),
            (INDICATED, "indicated"),
            id="the day of a visit is no day of surgery",
        ),
        pytest.param(
            (fact("spinal-surgery-without-level", started=ago(20), region=LUMBAR), pain(9)),
            (U, "urgent"),
            id="surgery as a problem, the site is lumbar",
        ),
        pytest.param((hardware(), pain(4000)), (P, "possible-date"), id="hardware, old pain"),
        pytest.param(
            (hardware(), done("lumbar-surgery", performed=on("2012")), pain(6000)),
            None,
            id="V97: hardware beside its dated operation",
        ),
        pytest.param(
            (fact("spinal-surgery-history"), done("lumbar-surgery", performed=on("2012")), pain(6000)),
            None,
            id="history beside its dated operation",
        ),
        pytest.param(
            (done("lumbar-surgery", history=True), done("lumbar-surgery", performed=on("2012")), pain(6000)),
            None,
            id="a history in the list of procedures, beside its dated operation",
        ),
        pytest.param(
            (done("lumbar-surgery"), done("lumbar-surgery", performed=on("2012")), pain(6000)),
            (P, "possible-date"),
            id="another operation of unknown day",
        ),
        pytest.param(
            (done("lumbar-surgery", history=True, performed=ago(21)), pain(20)),
            (U, "urgent"),
            id="a history with its day",
        ),
        pytest.param(
            (done("lumbar-surgery", "spinal-surgery-without-level", performed=ago(21)), pain(20)),
            (U, "urgent"),
            id="two codes, one of them lumbar",
        ),
    ],
)
def test_a_procedure_of_unknown_day_is_late_with_new_pain_and_else_asks(
    guideline: Guideline, entries: tuple[Any, ...], expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, *entries) == expected


RECENT = done("lumbar-surgery", performed=ago(14))
LEG_PAIN = fact("radicular-pain", started=ago(3), resource="Condition/leg")
WARFARIN = medicine("anticoagulant", started=ago(400), open=True)


@pytest.mark.parametrize(
    ("entries", "more", "expected"),
    [
        pytest.param((RECENT,), {"neuro": True}, (E, "emergency"), id="neurology"),
        pytest.param((RECENT,), {"fever": True}, (E, "emergency"), id="fever"),
        pytest.param((RECENT,), {}, None, id="no alarm, no pain"),
        pytest.param(
            (done("lumbar-surgery", performed=ago(15)),), {"neuro": True, "fever": True}, None, id="15 days"
        ),
        pytest.param(
            (done("lumbar-puncture", performed=ago(14)),), {"fever": True}, (E, "emergency"), id="needle"
        ),
        pytest.param(
            (done("spinal-injection", performed=ago(14)),), {"neuro": True}, (E, "emergency"), id="injection"
        ),
        pytest.param(
            (done("spinal-surgery-without-level", performed=ago(14)),),
            {"fever": True},
            (E, "emergency"),
            id="level unknown",
        ),
        pytest.param(
            (done("spinal-surgery-without-level", performed=ago(14), region=NECK),),
            {"fever": True},
            None,
            id="of the neck",
        ),
        pytest.param(
            (done("lumbar-surgery", performed=ago(14), certainty=Certainty.WORDS),),
            {"neuro": True},
            None,
            id="in words only",
        ),
        pytest.param(
            (done("lumbar-surgery", performed=on("2026-06")),),
            {"fever": True},
            (E, "emergency"),
            id="some day of this month",
        ),
        pytest.param(
            (done("lumbar-surgery", performed=on("2026-05")),),
            {"fever": True},
            None,
            id="some day of last month",
        ),
        pytest.param((RECENT, score("6", 20), score("8", 2)), {}, (E, "emergency"), id="score 8, up by 2"),
        pytest.param(
            (RECENT, score("9", 1, when=None), score("6", 20), score("8", 2)),
            {},
            (E, "emergency"),
            id="an undated score beside them",
        ),
        pytest.param((RECENT, score("6.1", 20), score("8", 2)), {}, None, id="score 8, up by less"),
        pytest.param((RECENT, score("5", 20), score("7.9", 2)), {}, None, id="score under 8"),
        pytest.param(
            (RECENT, score("9", 20), score("0", 10), score("8", 2)),
            {},
            (E, "emergency"),
            id="back to 8 from none",
        ),
        pytest.param(
            (RECENT, score("4", 60), score("9", 20), score("9", 2)), {}, None, id="the rise lay before it"
        ),
        pytest.param((RECENT, WARFARIN, LEG_PAIN), {}, (E, "emergency"), id="anticoagulant and new leg pain"),
        pytest.param(
            (RECENT, WARFARIN, fact("leg-numbness", started=ago(14), resource="Condition/l")),
            {},
            (E, "emergency"),
            id="numb that day",
        ),
        pytest.param(
            (RECENT, WARFARIN, fact("leg-numbness", started=ago(15), resource="Condition/l")),
            {},
            None,
            id="numb the day before",
        ),
        pytest.param(
            (RECENT, fact("bleeding-disorder"), LEG_PAIN),
            {},
            (E, "emergency"),
            id="bleeding disorder and new leg pain",
        ),
        pytest.param(
            (RECENT, fact("bleeding-disorder", certainty=Certainty.DENIED), LEG_PAIN),
            {},
            (U, "urgent"),
            id="no bleeding disorder",
        ),
        pytest.param(
            (RECENT, fact("bleeding-disorder", state=State.ENDED), LEG_PAIN),
            {},
            (U, "urgent"),
            id="a bleeding disorder that is over",
        ),
        pytest.param(
            (RECENT, medicine("anticoagulant", started=ago(400), ended=ago(14)), LEG_PAIN),
            {},
            (E, "emergency"),
            id="anticoagulant stopped that day",
        ),
        pytest.param(
            (RECENT, medicine("anticoagulant", started=ago(400), ended=ago(15)), LEG_PAIN),
            {},
            (U, "urgent"),
            id="anticoagulant stopped before",
        ),
        pytest.param((RECENT, WARFARIN), {}, None, id="anticoagulant alone"),
        pytest.param(
            (RECENT, fact("retention-postoperative", started=ago(13))),
            {},
            (E, "emergency"),
            id="postoperative retention",
        ),
        pytest.param((RECENT, fact("retention-drug", started=ago(20))), {}, None, id="retention from before"),
    ],
)
def test_alarm_features_in_the_first_two_weeks_need_no_pain(
    guideline: Guideline, entries: tuple[Any, ...], more: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, *entries, **more) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            (done("lumbar-puncture", performed=ago(2)), fact("spinal-haematoma")),
            (E, "emergency-haematoma"),
            id="after a puncture",
        ),
        pytest.param(
            (done("lumbar-surgery", performed=on("2012")), fact("spinal-haematoma")),
            (E, "emergency-haematoma"),
            id="operated long ago",
        ),
        pytest.param(
            (done("lumbar-surgery"), fact("spinal-haematoma", certainty=Certainty.SUSPECTED)),
            (E, "emergency-haematoma"),
            id="suspected",
        ),
        pytest.param(
            (done("lumbar-surgery"), fact("spinal-haematoma", certainty=Certainty.WORDS)),
            (P, "possible"),
            id="in words",
        ),
        pytest.param(
            (done("lumbar-surgery"), fact("spinal-haematoma", disputed=True)),
            (P, "possible"),
            id="records disagree",
        ),
        pytest.param(
            (done("lumbar-surgery"), fact("spinal-haematoma", state=State.ENDED)), None, id="resolved"
        ),
        pytest.param(
            (done("lumbar-surgery"), fact("spinal-haematoma", certainty=Certainty.REFUTED)),
            None,
            id="refuted",
        ),
        pytest.param((fact("spinal-haematoma"),), None, id="without a procedure it is R3"),
        pytest.param(
            (done("other-spine-procedure", performed=ago(2)), fact("spinal-haematoma")),
            None,
            id="cervical procedure",
        ),
    ],
)
def test_a_spinal_haematoma_after_a_procedure_is_an_emergency(
    guideline: Guideline, entries: tuple[Any, ...], expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, *entries) == expected


def test_one_haematoma_is_one_emergency_of_the_operating_team(guideline: Guideline) -> None:
    haematoma, surgery = fact("spinal-haematoma", started=ago(1)), done("lumbar-surgery", performed=ago(2))
    alone, order = record(haematoma), mri_order()

    def neurology_of(facts: PatientFacts) -> Finding | None:
        return assess_neurology(facts, read_pain(facts, order, TODAY, guideline), order, TODAY, guideline)

    found_alone = neurology_of(alone)
    assert found_alone is not None
    assert found_alone.outcome is E
    assert neurology_of(record(haematoma, surgery)) is None
    assert found(guideline, haematoma, surgery) == (E, "emergency-haematoma")


def test_the_haematoma_is_told_with_and_without_a_procedure(guideline: Guideline) -> None:
    older = fact("spinal-haematoma", started=ago(40), resource="Condition/older")
    newer = fact("spinal-haematoma", started=ago(1), resource="Condition/newer")
    assert has_spinal_haematoma(record(newer, older), TODAY, guideline) == newer
    undated = replace(older, started=None, resource="Condition/undated")
    assert has_spinal_haematoma(record(newer, undated), TODAY, guideline) == undated
    for no_haematoma in (
        record(),
        record(replace(newer, certainty=Certainty.WORDS)),
        record(replace(newer, certainty=Certainty.DENIED)),
        record(replace(newer, state=State.ENDED)),
    ):
        assert has_spinal_haematoma(no_haematoma, TODAY, guideline) is None


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(pain(400, **ended(100)), id="back pain of long ago"),
        pytest.param(pain(100, **ended(30)), id="back pain before the procedure"),
        pytest.param(pain(100, **ended(12)), id="back pain into the time after"),
        pytest.param(pain(100, state=State.ENDED), id="back pain that ended on an unknown day"),
        pytest.param(sciatica(26, ended=22), id="leg pain before the procedure"),
        pytest.param(pain(100, concept="degenerative-lumbar", **ended(30)), id="disc"),
    ],
)
@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((SURGERY, pain(5)), id="new pain"),
        pytest.param((SURGERY, pain(recorded=ago(5))), id="new pain without an onset"),
        pytest.param((SURGERY, sciatica(5)), id="new leg pain"),
        pytest.param((done("lumbar-surgery"), pain(5)), id="undated surgery"),
        pytest.param((done("spinal-injection", performed=ago(8)), pain(5)), id="injection"),
        pytest.param((done("lumbar-puncture", performed=ago(8)), pain(5)), id="needle"),
        pytest.param((done("lumbar-surgery", performed=ago(400)), pain(5)), id="late"),
        pytest.param((SURGERY, pain(60), score("4", 30), score("7", 3)), id="risen score"),
    ],
)
def test_an_older_resolved_pain_never_lowers_what_new_pain_comes_to(
    entries: tuple[Any, ...], older: Any, guideline: Guideline
) -> None:
    alone = found(guideline, *entries)
    assert alone is not None
    assert found(guideline, *entries, older) == alone


@pytest.mark.parametrize(
    ("first", "last", "fever", "expected"),
    [
        pytest.param(20, 10, True, (E, "emergency"), id="ended 10 days ago, fever"),
        pytest.param(20, 14, True, (E, "emergency"), id="ended 14 days ago, fever"),
        pytest.param(20, 15, True, (U, "urgent"), id="ended 15 days ago, fever"),
        pytest.param(95, 90, False, (U, "urgent"), id="ended 90 days ago"),
        pytest.param(95, 91, False, (INDICATED, "indicated"), id="ended 91 days ago"),
    ],
)
def test_a_procedure_is_as_recent_as_its_last_day(
    first: int, last: int, fever: bool, expected: tuple[Outcome, str], guideline: Guideline
) -> None:
    operation = done("lumbar-surgery", performed=ago(first), ended=ago(last))
    assert found(guideline, operation, pain(5), fever=fever) == expected


def test_pain_since_the_first_day_of_a_procedure_is_new(guideline: Guideline) -> None:
    stay = done("lumbar-surgery", performed=ago(20), ended=ago(10))
    assert found(guideline, stay, pain(15)) == (U, "urgent")


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([("3", 12), ("9", 3), ("6", 1)], (E, "emergency"), id="a peak, then lower"),
        pytest.param([("3", 12), ("9", 3), ("9", 2), ("0", 1)], (E, "emergency"), id="a peak, then gone"),
        pytest.param([("3", 12), ("5", 5), ("8", 4), ("7", 1)], (E, "emergency"), id="two rises, then lower"),
        pytest.param([("3", 12), ("7", 3), ("6", 1)], (U, "urgent"), id="never severe"),
        pytest.param([("7", 12), ("8", 3), ("6", 1)], None, id="never risen"),
    ],
)
def test_a_later_lower_score_does_not_hide_the_peak(
    scores: list[tuple[str, int]], expected: tuple[Outcome, str] | None, guideline: Guideline
) -> None:
    operation = done("lumbar-surgery", performed=ago(10))
    assert found(guideline, operation, pain(20), *(score(*each) for each in scores)) == expected


def test_pain_that_may_have_begun_after_a_vague_day_is_new(guideline: Guideline) -> None:
    operation = done("lumbar-surgery", performed=on("2026-05"))
    assert found(guideline, operation, pain(26)) == (U, "urgent")
    assert found(guideline, operation, pain(46)) is None


@pytest.mark.parametrize("concept", ["csf-leak", "implant-failure"])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"started": ago(90)}, (U, "urgent-complication"), id="90 days"),
        pytest.param({"started": ago(91)}, (INDICATED, "indicated"), id="91 days"),
        pytest.param({}, (INDICATED, "indicated"), id="undated"),
        pytest.param(
            {"started": ago(5), "certainty": Certainty.SUSPECTED}, (U, "urgent-complication"), id="suspected"
        ),
        pytest.param({"started": ago(5), "certainty": Certainty.WORDS}, (P, "possible"), id="words"),
        pytest.param({"started": ago(5), "disputed": True}, (P, "possible"), id="records disagree"),
        pytest.param({"started": ago(5), "region": NECK}, None, id="of the neck"),
        pytest.param({"started": ago(5), "state": State.ENDED}, None, id="resolved"),
        pytest.param({"started": ago(5), "certainty": Certainty.DENIED}, None, id="denied"),
    ],
)
def test_leaks_and_implant_failures_count_by_their_age(
    guideline: Guideline, concept: str, more: Any, expected: tuple[Outcome, str] | None
) -> None:
    assert found(guideline, pain(400), fact(concept, **more)) == expected
    assert found(guideline, fact(concept, **more)) is None


def test_a_complication_counts_beside_one_that_is_over(guideline: Guideline) -> None:
    over = fact("csf-leak", started=ago(9), state=State.ENDED)
    assert found(guideline, pain(400), over, fact("implant-failure", started=ago(5))) == (
        U,
        "urgent-complication",
    )


def test_other_complications_only_ask(guideline: Guideline) -> None:
    assert found(guideline, pain(400), fact("procedure-complication")) == (P, "possible")
    assert found(guideline, pain(400), fact("post-procedural-disorder")) is None
    assert found(guideline, pain(400), fact("post-procedural-disorder", region=LUMBAR)) == (P, "possible")


def test_the_orders_own_reason_says_new_or_worse_pain(guideline: Guideline) -> None:
    reason = fact(
        "reason-red-flag-procedure", origin=Origin.ORDER, certainty=Certainty.SUSPECTED, recorded=ago(0)
    )
    assert found(guideline, reason) == (INDICATED, "indicated-undated")
    assert found(guideline, reason, done("lumbar-surgery", region=LUMBAR)) == (INDICATED, "indicated-undated")
    assert found(guideline, reason, done("lumbar-surgery", performed=ago(400), region=LUMBAR)) == (
        INDICATED,
        "indicated",
    )
    assert found(guideline, reason, SURGERY, fact("low-back-pain")) == (U, "urgent")
    in_words = done("lumbar-surgery", performed=ago(400), certainty=Certainty.WORDS)
    assert found(guideline, reason, in_words) == (INDICATED, "indicated-undated")


@pytest.mark.parametrize(
    ("performed", "tier", "variant"),
    [
        pytest.param(ago(21), "attested", "indicated", id="dated"),
        pytest.param(None, "undated", "indicated-undated", id="undated"),
    ],
)
def test_the_orders_own_reason_names_no_procedure_that_the_record_is_not_sure_of(
    performed: Any, tier: str, variant: str, guideline: Guideline
) -> None:
    reason = fact("reason-red-flag-procedure", origin=Origin.ORDER, recorded=ago(0))
    operation = done("spinal-surgery-without-level", performed=performed)
    finding = assess(record(reason, operation), guideline)
    assert finding
    assert (finding.tier, finding.variant) == (tier, variant)
    assert dict(finding.fills) == {"procedure": "a procedure on the spine"}


def test_the_gravest_comes_first_and_the_others_are_shown(guideline: Guideline) -> None:
    fusion = done("lumbar-surgery", performed=on("2012"), resource="Procedure/fusion", text="Lumbar fusion")
    injection = done(
        "spinal-injection", performed=ago(26), resource="Procedure/inj", text="Epidural injection"
    )
    finding = assess(record(fusion, injection, pain(10)), guideline)
    assert finding
    assert (finding.outcome, finding.fills["procedure"]) == (U, "epidural injection")
    assert [line.resource for line in finding.evidence] == [
        "Procedure/inj",
        "Procedure/fusion",
        "Condition/low-back-pain",
    ]


def test_of_two_alike_the_newest_gives_its_name(guideline: Guideline) -> None:
    older, newer = (
        done("lumbar-surgery", performed=ago(days), resource=f"Procedure/{days}", text=f"Surgery {days}")
        for days in (60, 20)
    )
    for entries in ((older, newer, pain(10)), (older, newer, fact("spinal-haematoma"))):
        finding = assess(record(*entries), guideline)
        assert finding
        assert dict(finding.fills) == {"procedure": "surgery 20", "ago": "20 days ago"}


def test_a_haematoma_in_words_is_told_with_the_day_of_the_procedure(guideline: Guideline) -> None:
    in_words = fact("spinal-haematoma", certainty=Certainty.WORDS)
    finding = assess(record(done("lumbar-surgery", performed=ago(20), text="Surgery"), in_words), guideline)
    assert finding
    assert dict(finding.fills) == {"procedure": "surgery", "ago": "20 days ago"}


@pytest.mark.parametrize(
    ("concept", "days", "listed"),
    [
        pytest.param("lumbar-surgery", 90, True, id="surgery, 90 days"),
        pytest.param("lumbar-surgery", 91, False, id="surgery, 91 days"),
        pytest.param("lumbar-puncture", 30, True, id="puncture, 30 days"),
        pytest.param("lumbar-puncture", 31, False, id="puncture, 31 days"),
    ],
)
def test_a_procedure_is_recent_within_the_window_of_its_kind(
    concept: str, days: int, listed: bool, guideline: Guideline
) -> None:
    assert bool(list_recent(record(done(concept, performed=ago(days))), TODAY, guideline)) is listed


def test_recent_procedures_are_listed_newest_first(guideline: Guideline) -> None:
    days = {"b": 1, "a": 0, "d": 5, "c": 1}
    listed = (done("lumbar-surgery", performed=ago(day), resource=name) for name, day in days.items())
    assert [line.resource for line in list_recent(record(*listed), TODAY, guideline)] == ["a", "b", "c", "d"]


def test_the_card_shows_what_makes_the_pain_worse(guideline: Guideline) -> None:
    free = fact("pain-free", recorded=ago(10), resource="Observation/free")
    finding = assess(record(SURGERY, pain(400), score("4", 40), score("8", 3), free), guideline)
    assert finding
    assert [line.resource for line in finding.evidence] == [
        "Procedure/lumbar-surgery",
        "Condition/low-back-pain",
        "Observation/pain-score-40",
        "Observation/pain-score-3",
        "Observation/free",
    ]


def test_the_alarm_is_shown_before_the_procedure(guideline: Guideline) -> None:
    finding = assess(record(RECENT, WARFARIN, LEG_PAIN), guideline)
    assert finding
    assert [line.resource for line in finding.evidence][:3] == [
        "Condition/leg",
        "MedicationRequest/anticoagulant",
        "Procedure/lumbar-surgery",
    ]
    assert "anticoagulant" in finding.flags


def test_each_alarm_is_shown_once(guideline: Guideline) -> None:
    entries = [
        RECENT,
        *(fact("leg-numbness", started=ago(days), resource=f"Condition/leg-{days}") for days in (3, 4)),
        *(medicine("anticoagulant", open=True, started=ago(9), resource=f"Medicine/{n}") for n in (1, 2)),
        *(fact("retention-drug", started=ago(days), resource=f"Condition/urine-{days}") for days in (3, 4)),
        *(fact("fever", started=ago(days), resource=f"Condition/fever-{days}") for days in (1, 2)),
    ]
    finding = assess(record(*entries), guideline, fever=True)
    assert finding
    assert [line.resource for line in finding.evidence] == [
        "Condition/leg-3",
        "Medicine/1",
        "Condition/urine-3",
        "Condition/fever-1",
        "Procedure/lumbar-surgery",
        "Medicine/2",
    ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param(ago(0), {"ago": "today"}, id="today"),
        pytest.param(ago(1), {"ago": "1 day ago"}, id="yesterday"),
        pytest.param(ago(21), {"ago": "21 days ago"}, id="V75"),
        pytest.param(ago(90), {"ago": "90 days ago"}, id="90 days"),
        pytest.param(ago(91), {"ago": "2 months ago"}, id="91 days"),
        pytest.param(on("2025-06-15"), {"ago": "12 months ago"}, id="a year"),
        pytest.param(on("2024-06-16"), {"ago": "23 months ago"}, id="two years less a day"),
        pytest.param(on("2024-06-15"), {"ago": "2 years ago"}, id="two years"),
        pytest.param(on("2012"), {"ago": "14 years ago"}, id="some day of 2012"),
        pytest.param(None, {}, id="undated"),
    ],
)
def test_the_card_says_how_long_ago(guideline: Guideline, when: Any, expected: dict[str, str]) -> None:
    operation = done("lumbar-surgery", performed=when, text="L4/5 discectomy")
    finding = assess(record(operation, pain(0)), guideline)
    assert finding
    assert dict(finding.fills) == {"procedure": "L4/5 discectomy"} | expected


def test_the_orders_own_reason_makes_the_pain_after_a_puncture_urgent(guideline: Guideline) -> None:
    reason = fact("reason-red-flag-procedure", origin=Origin.ORDER, recorded=ago(0))
    finding = assess(record(reason, done("lumbar-puncture", performed=ago(21))), guideline)
    assert finding
    assert (finding.outcome, finding.tier, finding.variant) == (U, "recent", "urgent")
    assert dict(finding.fills) == {"procedure": "lumbar-puncture", "ago": "21 days ago"}


def test_where_late_procedures_only_ask_so_does_the_orders_own_reason(guideline: Guideline) -> None:
    asking = replace(guideline, switches=replace(guideline.switches, late_procedure_outcome="possible"))
    reason = fact("reason-red-flag-procedure", origin=Origin.ORDER, recorded=ago(0))
    finding = assess(record(reason), asking)
    assert finding
    assert (finding.outcome, finding.tier, finding.variant) == (P, "attested", "possible")


def test_a_site_may_choose_what_late_and_needle_come_to(guideline: Guideline) -> None:
    def with_switches(**switches: Any) -> Guideline:
        return replace(guideline, switches=replace(guideline.switches, **switches))

    late, needle = after("lumbar-surgery", 900), after("lumbar-puncture", 5)
    assert found(with_switches(late_procedure_outcome="possible"), *late) == (P, "possible")
    assert found(with_switches(needle_outcome="urgent"), *needle) == (U, "urgent")
    not_invasive = with_switches(needle_counts_as_invasive=False)
    assert found(not_invasive, *needle) is None
    assert found(not_invasive, *needle, fever=True) == (E, "emergency")
    assert found(not_invasive, done("lumbar-puncture"), pain(21)) is None
    assert found(not_invasive, done("lumbar-surgery"), pain(21)) == (INDICATED, "indicated")


@pytest.mark.parametrize(
    ("days", "expected"),
    [(60, (U, "urgent")), (61, None)],
)
def test_an_injection_counts_for_a_window_of_its_own(
    guideline: Guideline, days: int, expected: tuple[Outcome, str] | None
) -> None:
    shorter = replace(guideline, thresholds=replace(guideline.thresholds, injection_days=60))
    assert found(shorter, *after("spinal-injection", days)) == expected
    assert found(shorter, *after("lumbar-surgery", days)) == (U, "urgent")


def test_an_injection_is_recent_as_long_as_it_counts(guideline: Guideline) -> None:
    longer = replace(guideline, thresholds=replace(guideline.thresholds, injection_days=120))
    assert found(longer, *after("spinal-injection", 120)) == (U, "urgent")
    assert found(longer, *after("spinal-injection", 121)) is None
