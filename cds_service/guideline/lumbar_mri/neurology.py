"""Progressive neurological symptoms or signs (R3; specification 2.7, 8.3, 8.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri.assertions import (
    DISPUTED,
    NOT_USABLE,
    age_days,
    counts_fully,
    disputing,
    evidence_of,
    is_current,
    is_improving,
    is_new,
    is_only_a_hint,
    is_worsening,
    on_both_sides,
    on_same_side,
)
from cds_service.guideline.lumbar_mri.interventions import read_interventions
from cds_service.guideline.lumbar_mri.muscle_power import (
    FULL_POWER,
    Deficit,
    Standing,
    read_deficits,
    weak_sides,
)
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.lumbar_mri.procedure_findings import HAEMATOMA, judge_haematoma
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import Certainty, Fact, Origin, PatientFacts, Region, Side, Trend, read_once

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "emergency",
        "Leg power has fallen by $power_drop_grades MRC grade or more within $power_rapid_days days",
    ),
    (
        "emergency",
        "Leg power is grade $power_severe_grade or less, and the weakness began within "
        "$deficit_new_days days",
    ),
    ("emergency", "Foot drop that began within $deficit_new_days days"),
    ("emergency", "Paraparesis, paraplegia or loss of gait that began within $power_rapid_days days"),
    (
        "emergency",
        "Two root groups, or both legs, each with a measured fall or an onset within $deficit_new_days days",
    ),
    ("emergency", "Cord compression or myelopathy that is new, worsening, suspected or undated"),
    ("emergency", "Spinal epidural or subdural haematoma, current or suspected"),
    (
        "urgent",
        "Leg power has fallen by $power_drop_grades MRC grade or more, with an exam within "
        "$power_recent_days days",
    ),
    ("urgent", "A leg weakness, numbness or gait problem coded as worsening or spreading"),
    ("urgent", "Numbness of a leg that reaches more levels, or is called more severe, than before"),
    ("urgent", "New weakness of one leg without a grade, within $deficit_new_days days"),
    ("urgent", "Radicular pain with new reflex loss within $deficit_new_days days"),
    ("urgent", "The doctor records that neurology is worse on examination"),
    ("possible", "A weakness examined once, undated, or last examined more than $power_recent_days days ago"),
    (
        "possible",
        "A fall of $power_small_drop_grades MRC grade or more that is smaller than that, or a fall over "
        "more than $power_baseline_days days",
    ),
    (
        "possible",
        "New weakness without a site, gait problem, hyperreflexia or Babinski sign within "
        "$deficit_new_days days",
    ),
    (
        "possible",
        "A weakness coded chronic or as a sequela, with no date of more than $deficit_stable_days days",
    ),
    ("possible", "A new or worsening arm weakness or numbness: another region may need imaging"),
    (
        "none",
        "A deficit older than $deficit_stable_days days and no worse since; numbness of one "
        "leg that is not spreading",
    ),
    (
        "reading",
        "A fall is rapid only where the latest exam is at most $power_fresh_days days old; an answer that "
        "cannot be used asks for as long",
    ),
    (
        "reading",
        "A left and a right side count as both legs where they lie within $bilateral_days days of each other",
    ),
)

PARAPARESIS = ("paraparesis", "gait-loss")
MOTOR = ("foot-drop", "leg-weakness", *PARAPARESIS)
SENSORY = ("leg-numbness", "numbness-without-site")
UNSITED = ("weakness-without-site", "gait-disturbance", "upper-motor-sign")
CORD = ("cord-compression", "cervical-thoracic-myelopathy")
ARM = ("arm-weakness", "arm-numbness")
UPPER_MOTOR = ("upper-motor-sign", *CORD)
SEQUELA = ("sequela-weakness",)
LONG_STANDING_CODES = ("coded-chronic", *SEQUELA)
ALL_CONCEPTS = (*MOTOR, *SENSORY, *UNSITED, *CORD, *ARM, *SEQUELA, "reflex-loss", HAEMATOMA)
ATTESTED = ("reason-neurology-worse", "reason-red-flag-neurology")


@dataclass(frozen=True, slots=True)
class Sign:
    """One fact or series with the tier that it has by itself."""

    outcome: Outcome
    tier: str
    evidence: Evidence
    structured: bool = True  # a code or a structured value: only these lift R5 and R6 (8.5.9)
    recent: bool = True  # recorded within `deficit_new_days`
    limb: Region = Region.LEG
    severe_part: tuple[str, Side | None] | None = None  # root group and side that count for the severe tier
    upper_motor: bool = False  # of the cord: the lumbar spine alone may miss its level


def assess_neurology(
    facts: PatientFacts, pain: Pain, order: MriOrder, today: date, guideline: Guideline
) -> Finding | None:
    """The finding of recommendation 3; None where the record holds no fact of it.

    Needs no coded pain: a missing code must not hide an emergency (2.3).
    """
    t = guideline.thresholds
    deficits = leg_deficits(facts, today, t)
    signs = [
        *_signs_of_exams(deficits, facts, today, t),
        *_signs_of_arms(facts, today, t),
        *_signs_of_facts(facts, pain, today, t, elsewhere=_taken_by_procedures(facts, today, guideline)),
    ]
    unknown = tuple(
        f
        for f in facts.about(*ALL_CONCEPTS)
        if f.certainty is Certainty.UNKNOWN and is_new(f, t.power_fresh_days, today)
    )
    if not signs:
        return _unclear(unknown) if unknown else None
    if _is_severe(signs):
        signs = [_raised(sign) if sign.severe_part else sign for sign in signs]
    signs.sort(key=lambda sign: -sign.outcome.rank)
    top = signs[0]
    return Finding(
        pathway=Pathway.NEUROLOGY,
        recommendation="R3",
        outcome=top.outcome,
        tier=top.tier,
        variant=_variant(signs),
        evidence=tuple(sign.evidence for sign in signs),
        flags=frozenset(_flags(signs, deficits)),
        checks=("bladder-bowel", "saddle"),
    )


@read_once
def leg_deficits(facts: PatientFacts, today: date, t: Thresholds) -> tuple[Deficit, ...]:
    """The deficits of the legs, with long-standing ones recognised by their codes.

    A peripheral cause is none of them: it lowers a new weakness, and never to silence (2.7, 8.5.8).
    """
    return read_deficits(facts, today, t, tuple(_long_standing(facts, today, t)))


def _long_standing(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Standing]:
    for fact in facts.about("foot-drop", *LONG_STANDING_CODES):
        if not (counts_fully(fact) and is_current(fact) and _is_old(fact, t.deficit_stable_days, today)):
            continue
        if fact.when is not None and fact.region not in (Region.ARM, Region.OTHER):
            side = Side.BOTH if fact.is_about("paraparesis") else fact.side
            yield Standing(_DORSIFLEXION if fact.is_about("foot-drop") else None, side, fact.when.last)


_DORSIFLEXION = "ankle-dorsiflexion"  # the root group of a foot drop; a weak leg stands for none


def list_long_standing(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The deficits that are no fact of R3 because they are old and no worse (2.7, row none)."""
    t = guideline.thresholds
    deficits = leg_deficits(facts, today, t)
    one_date = "old; no later change recorded"  # one date says nothing about the time since
    note = "long-standing" if any(deficit.outcome for deficit in deficits) else one_date
    coded = [
        evidence_of(fact, note=note)
        for fact in facts.about(*MOTOR, *LONG_STANDING_CODES)
        if counts_fully(fact) and is_current(fact) and _is_long_standing(fact, today, t)
    ]
    examined = [
        replace(d.evidence, note="old and unchanged: no progression") for d in deficits if d.tier == "stable"
    ]
    return (*coded, *examined)


def list_recovered(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """The weak muscles that are no fact of R3 because the newest exam found full power again (2.7)."""
    t = guideline.thresholds
    return tuple(
        replace(deficit.evidence, note="power recovered")
        for deficit in leg_deficits(facts, today, t)
        if deficit.outcome is None
        and deficit.latest.grade >= FULL_POWER > deficit.worst.grade
        and deficit.worst.when is not None
        and deficit.worst.when.within(t.power_baseline_days, today)
    )


def lifts_other_pathways(finding: Finding | None) -> bool:
    """Whether R5 and R6 become emergencies beside it (2.11, 8.5.9)."""
    return finding is not None and "neuro" in finding.flags


def _is_old(fact: Fact, days: int, today: date) -> bool:
    age = age_days(fact, today)
    return age is not None and age > days


def _signs_of_exams(
    deficits: tuple[Deficit, ...], facts: PatientFacts, today: date, t: Thresholds
) -> Iterator[Sign]:
    for deficit in deficits:
        if deficit.outcome is None:
            continue
        counts = deficit.fell or (deficit.begun and deficit.severe)
        part = (deficit.root_group, deficit.side) if counts else None
        same_root = [other for other in deficits if other.root_group == deficit.root_group]
        bilateral = {Side.LEFT, Side.RIGHT} <= set(weak_sides(same_root))
        lowered = (
            not deficit.fell and not bilateral and _peripheral_cause(deficit.side, _start(deficit), facts)
        )
        age = deficit.latest.when.days_ago(today) if deficit.latest.when else None
        yield Sign(
            outcome=_lowered(deficit.outcome) if lowered else deficit.outcome,
            tier=deficit.tier,
            evidence=deficit.evidence,
            recent=age is not None and age <= t.deficit_new_days,
            severe_part=None if lowered else part,
        )


def _signs_of_arms(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Sign]:
    """An arm that is measured weaker, or newly weak, or weak at no date: never R3, but it asks (2.2)."""
    for deficit in read_deficits(facts, today, t, limb=Region.ARM):
        if deficit.outcome is not None and (deficit.fell or deficit.begun or deficit.latest.when is None):
            yield Sign(Outcome.POSSIBLE, "arm", deficit.evidence, limb=Region.ARM)


def _start(deficit: Deficit) -> date | None:
    first = deficit.exams[0].when
    return first.last if first else None


def _peripheral_cause(side: Side | None, begun: date | None, facts: PatientFacts) -> bool:
    """A peroneal palsy or stroke coded on the same side and before the deficit (8.5.8)."""
    return any(
        counts_fully(cause) and on_same_side(cause.side, side) and cause.when is not None
        and begun is not None and cause.when.last < begun
        for cause in facts.about("peripheral-nerve-cause", "stroke")
    )  # fmt: skip


def _lowered(outcome: Outcome) -> Outcome:
    return {Outcome.EMERGENCY: Outcome.URGENT, Outcome.URGENT: Outcome.POSSIBLE}.get(outcome, outcome)


def _taken_by_procedures(facts: PatientFacts, today: date, guideline: Guideline) -> tuple[str, ...]:
    """The haematoma that R6 makes an emergency: the operating team, not the spine team (8.3, G5).

    R6 is asked itself, so that the haematoma cannot fall between the two.
    """
    if not facts.about(HAEMATOMA):
        return ()
    verdict = judge_haematoma(read_interventions(facts), facts, today, guideline)
    return (HAEMATOMA,) if verdict is not None and verdict.outcome is Outcome.EMERGENCY else ()


def _signs_of_facts(
    facts: PatientFacts, pain: Pain, today: date, t: Thresholds, *, elsewhere: tuple[str, ...]
) -> Iterator[Sign]:
    for fact in facts.about(*ALL_CONCEPTS, *ATTESTED):
        if not fact.certainty.positive or not is_current(fact):
            continue
        if fact.is_about(*elsewhere) and counts_fully(fact) and not fact.disputed:
            continue
        judged = _judge_fact(fact, facts, pain, today, t)
        if judged is not None:
            yield _as_a_hint(fact, judged) if is_only_a_hint(fact) else judged
    yield from _spreading_numbness(facts, today, t)


def _as_a_hint(fact: Fact, judged: Sign) -> Sign:
    """What a code would be some fact of R3 asks, where it is only words or has no value (8.1.6, 8.1.9)."""
    structured = fact.certainty is Certainty.VALUELESS
    note = "recorded without a value" if structured else "in words only"
    if judged.evidence.note == DISPUTED:
        note = f"{note}; {DISPUTED}"
    return Sign(
        Outcome.POSSIBLE,
        "no value" if structured else "words",
        evidence_of(fact, note=note),
        structured=structured,
        recent=judged.recent,
        limb=judged.limb,
    )


def _limb(fact: Fact) -> Region:
    return Region.ARM if fact.region is Region.ARM or fact.is_about(*ARM) else Region.LEG


def _judge_fact(fact: Fact, facts: PatientFacts, pain: Pain, today: date, t: Thresholds) -> Sign | None:
    """The sign that one coded or structured fact is; None: named no fact of R3."""
    judge = next(rule for concepts, rule in _RULES if fact.is_about(*concepts))
    if fact.disputed:
        verdict: _Verdict = (Outcome.POSSIBLE, DISPUTED)
    elif _limb(fact) is Region.ARM:
        verdict = _judge_arm(fact, today, t)
    else:
        verdict = judge(fact, pain, today, t)
    if verdict is None or _is_repeated(fact, facts, t):
        return None
    outcome, tier = verdict
    if _may_be_peripheral(fact, facts):
        outcome = _lowered(outcome)
    note = DISPUTED if disputing(fact, facts) else ""
    part = _severe_part(fact, today, t) if outcome.rank >= Outcome.URGENT.rank else None
    return Sign(
        outcome,
        tier,
        evidence_of(fact, note=note),
        recent=is_new(fact, t.deficit_new_days, today),
        limb=_limb(fact),
        severe_part=part,
        upper_motor=fact.is_about(*UPPER_MOTOR),
    )


_Verdict = tuple[Outcome, str] | None
_ENDS_WITH_GRADE = re.compile(r": [0-5][+-]?( ?/ ?5)?$")


def _is_repeated(fact: Fact, facts: PatientFacts, t: Thresholds) -> bool:
    """Whether an exam says only what it said `deficit_stable_days` ago: "right leg power: 4/5" (8.5.1).

    The grade of a whole limb has no series of its own; another record of its power in between is no
    repetition, and words without a grade ("weak") do not tell whether it is the same weakness.
    """
    graded = fact.origin is Origin.OBSERVATION and _ENDS_WITH_GRADE.search(fact.text)
    if not graded or fact.when is None or not counts_fully(fact):
        return False
    if not fact.is_about("leg-weakness", "arm-weakness") or is_worsening(
        fact, t.deficit_stable_days, fact.when.last
    ):
        return False
    last = fact.when.last
    earlier = sorted(
        (other.when.last, other.text)
        for other in facts.about("leg-weakness", "arm-weakness")
        if other.side is fact.side and other.region is fact.region and other.when and other.when.last < last
    )
    same = next((day for day, text in earlier if text == fact.text), last)
    unchanged = all(text == fact.text for day, text in earlier if day >= same)
    return unchanged and (last - same).days >= t.deficit_stable_days


def _judge_arm(fact: Fact, today: date, t: Thresholds) -> _Verdict:
    """Never R3, but new or worsening it asks whether another region needs imaging (2.2)."""
    if (
        is_new(fact, t.deficit_new_days, today)
        or is_worsening(fact, t.deficit_stable_days, today)
        or fact.when is None
    ):
        return Outcome.POSSIBLE, "arm"
    return None


def _judge_attested(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    return Outcome.URGENT, "attested"


def _judge_haematoma(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    return Outcome.EMERGENCY, "haematoma"


def _judge_cord(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    """Cord compression and myelopathy (8.3, C4)."""
    if not fact.is_about("cord-compression") or _is_only_at_the_neck(fact):
        return Outcome.POSSIBLE, "cervical"
    if (
        fact.when is None
        or is_new(fact, t.deficit_stable_days, today)
        or is_worsening(fact, t.deficit_stable_days, today)
    ):
        return Outcome.EMERGENCY, "cord"
    return Outcome.POSSIBLE, "old cord lesion"


def _is_only_at_the_neck(fact: Fact) -> bool:
    """Whether the body site says cervical, and nothing says any other part of the spine (8.3)."""
    at_the_neck = fact.is_about("cord-at-the-neck") and not fact.is_about("cord-below-the-neck")
    return at_the_neck and fact.region is Region.OTHER_SPINE


def _judge_paraparesis(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    if _is_long_standing(fact, today, t):
        return None
    if fact.is_about(*LONG_STANDING_CODES):
        return _judge_chronic(fact, pain, today, t)
    if is_new(fact, t.power_rapid_days, today):
        return Outcome.EMERGENCY, "paraparesis" if fact.is_about("paraparesis") else "loss of gait"
    return _judge_worsening(fact, today, t) or _judge_later(fact, today, t, t.deficit_new_days)


def _judge_chronic(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    """Coded chronic or a sequela, and not dated so: possible (2.7, row none needs both)."""
    if worse := _judge_worsening(fact, today, t):
        return worse
    if _is_long_standing(fact, today, t) or fact.region is Region.OTHER:
        return None
    return Outcome.POSSIBLE, "undated" if fact.when is None else "chronic by its code only"


def _judge_foot_drop(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    """A foot drop is a dorsiflexion of grade 3 or less (specification 2.0, B9)."""
    if is_new(fact, t.deficit_new_days, today) and fact.trend is not Trend.STABLE:
        return Outcome.EMERGENCY, "foot drop"
    return _judge_worsening(fact, today, t) or _judge_later(fact, today, t, t.deficit_new_days)


def _judge_leg_weakness(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    return _judge_worsening(fact, today, t) or _judge_later(fact, today, t, t.deficit_new_days)


def _judge_numbness(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    """Numbness is a fact of R3 only where coded worsening or spreading, and of the leg (8.5.7, 2.2)."""
    if not is_worsening(fact, t.deficit_stable_days, today):
        return None
    sited = fact.is_about("leg-numbness") or fact.region in (Region.LEG, Region.LUMBAR)
    return (Outcome.URGENT, "spreading numbness") if sited else (Outcome.POSSIBLE, "numbness without a site")


def _judge_reflex(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    if is_new(fact, t.deficit_new_days, today):
        return (
            (Outcome.URGENT, "radiculopathy with reflex loss")
            if pain.leg
            else (Outcome.POSSIBLE, "reflex loss")
        )
    return _judge_worsening(fact, today, t) or _judge_later(fact, today, t, t.deficit_new_days)


def _judge_unsited(fact: Fact, pain: Pain, today: date, t: Thresholds) -> _Verdict:
    """Weakness without a site, other gait codes, upper motor signs (8.3); in a leg they are leg weakness."""
    if fact.is_about("weakness-without-site") and fact.region is Region.LEG:
        return _judge_leg_weakness(fact, pain, today, t)
    if is_worsening(fact, t.deficit_stable_days, today):
        return (
            (Outcome.URGENT, "worsening")
            if fact.region is Region.LEG
            else (Outcome.POSSIBLE, "worsening without a site")
        )
    new = fact.when is None or is_new(fact, t.deficit_new_days, today)
    return (Outcome.POSSIBLE, "new without a site") if new else None


def _judge_worsening(fact: Fact, today: date, t: Thresholds) -> _Verdict:
    return (Outcome.URGENT, "worsening") if is_worsening(fact, t.deficit_stable_days, today) else None


def _judge_later(fact: Fact, today: date, t: Thresholds, new_days: int) -> _Verdict:
    """New: urgent; older than the stable window or coded long-standing: none; between, undated: possible."""
    if _is_long_standing(fact, today, t):
        return None
    if is_new(fact, new_days, today):
        return (Outcome.POSSIBLE, "improving") if is_improving(fact) else (Outcome.URGENT, "new")
    return Outcome.POSSIBLE, "undated" if fact.when is None else "one record"


def _is_long_standing(fact: Fact, today: date, t: Thresholds) -> bool:
    """Dated long ago and no worse; a code or word for "chronic" is not enough without the date (2.7)."""
    if is_worsening(fact, t.deficit_stable_days, today):
        return False
    return _is_old(fact, t.deficit_stable_days, today)


_Rule = Callable[[Fact, Pain, date, Thresholds], _Verdict]
_RULES: tuple[tuple[tuple[str, ...], _Rule], ...] = (
    (ATTESTED, _judge_attested),
    ((HAEMATOMA,), _judge_haematoma),
    (CORD, _judge_cord),
    (PARAPARESIS, _judge_paraparesis),
    (SEQUELA, _judge_chronic),
    (("foot-drop",), _judge_foot_drop),
    (("leg-weakness",), _judge_leg_weakness),
    (("reflex-loss",), _judge_reflex),
    ((*UNSITED, *ARM), _judge_unsited),
    (SENSORY, _judge_numbness),
)


def _may_be_peripheral(fact: Fact, facts: PatientFacts) -> bool:
    """8.5.8: never for paraparesis, gait loss, cord signs or both sides; polyneuropathy for numbness only."""
    if fact.is_about(*SENSORY):
        earlier = [f.when for f in facts.about("polyneuropathy") if counts_fully(f) and f.when]
        if any(fact.when and when.last < fact.when.first for when in earlier):
            return True
    if fact.side is Side.BOTH or not fact.is_about("foot-drop", "leg-weakness", *SENSORY):
        return False
    return _peripheral_cause(fact.side, fact.when.first if fact.when else None, facts)


def _severe_part(fact: Fact, today: date, t: Thresholds) -> tuple[str, Side | None] | None:
    """What a coded deficit with an onset in the window adds to "two root groups or both sides" (8.5.5)."""
    begun = fact.started is not None and fact.started.within(t.deficit_new_days, today)
    if not begun or not fact.is_about("foot-drop", "leg-weakness"):
        return None
    return (_DORSIFLEXION if fact.is_about("foot-drop") else "leg"), fact.side


def _is_severe(signs: list[Sign]) -> bool:
    """Two root groups, or both sides, each with a measured fall or an onset in the window (8.5.5)."""
    parts = [sign.severe_part for sign in signs if sign.severe_part]
    sides = {side for _, side in parts}
    groups = {group for group, _ in parts} - {"leg"}
    return len(groups) > 1 or Side.BOTH in sides or {Side.LEFT, Side.RIGHT} <= sides


def _raised(sign: Sign) -> Sign:
    return Sign(
        Outcome.EMERGENCY, "severe", sign.evidence, sign.structured, sign.recent, sign.limb, sign.severe_part
    )


def _spreading_numbness(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Sign]:
    """Between two records of one side the levels have become more, or the words worse (2.7)."""
    dated = [f for f in facts.about(*SENSORY) if counts_fully(f) and f.when and _limb(f) is Region.LEG]
    dated.sort(key=lambda f: f.when.last if f.when else date.min)
    for number, later in enumerate(dated):
        if not is_new(later, t.power_fresh_days, today):
            continue
        before = [f for f in dated[:number] if f.side is later.side]
        if any(f.levels and later.levels and f.levels < later.levels for f in before):
            yield _spread(later, "more levels than before")
        elif any(f.severity and later.severity and f.severity < later.severity for f in before):
            yield _spread(later, "more severe than before")


def _spread(fact: Fact, note: str) -> Sign:
    return Sign(Outcome.URGENT, "spreading numbness", evidence_of(fact, note=note))


def _variant(signs: list[Sign]) -> str:
    top = signs[0]
    tiers = {sign.tier for sign in signs if sign.outcome is top.outcome}
    match top.outcome:
        case Outcome.EMERGENCY if tiers & {"cord", "haematoma"}:
            return "emergency-cord"
        case Outcome.EMERGENCY if _both_legs(signs) or "paraparesis" in tiers:
            return "emergency-bilateral"
        case Outcome.POSSIBLE if all(sign.limb is Region.ARM for sign in signs):
            return "possible-arm"
        case Outcome.POSSIBLE if tiers == {"words"}:
            return "possible-words"
        case _:
            return ""


def _both_legs(signs: list[Sign]) -> bool:
    sides = {sign.severe_part[1] for sign in signs if sign.severe_part}
    return Side.BOTH in sides or {Side.LEFT, Side.RIGHT} <= sides


def _flags(signs: list[Sign], deficits: tuple[Deficit, ...]) -> Iterator[str]:
    legs = [sign for sign in signs if sign.structured and sign.limb is Region.LEG]
    if any(sign.outcome is not Outcome.POSSIBLE or sign.recent for sign in legs):
        yield "neuro"
    if _both_legs(signs):
        yield "bilateral"
    if any(sign.tier in ("cord", "old cord lesion", "haematoma") for sign in signs):
        yield "cord"
    if any(sign.upper_motor for sign in signs):
        yield "upper-motor"
    if any(deficit.outcome is not None for deficit in deficits):
        yield "measured"


def _unclear(unknown: tuple[Fact, ...]) -> Finding:
    return Finding(
        pathway=Pathway.NEUROLOGY,
        recommendation="R3",
        outcome=Outcome.UNCLEAR,
        tier="unknown",
        variant="value-unknown",
        evidence=tuple(evidence_of(fact, note=NOT_USABLE) for fact in unknown),
    )


def weakness_of_both_legs(
    facts: PatientFacts, deficits: tuple[Deficit, ...], today: date, t: Thresholds
) -> tuple[Outcome, tuple[Evidence, ...]] | None:
    """Weakness of both legs as a feature of cauda equina syndrome (2.8, 8.5.4, 8.9.2).

    Emergency where severe, falling or new by code; urgent where both legs are examined for the first
    time with a mild weakness; None where the weakness is of one leg, or long-standing.
    """
    weak = [d for d in deficits if d.outcome is not None and d.side is not None]
    sides = {d.side for d in weak}
    coded = tuple(
        f for f in facts.about(*MOTOR) if counts_fully(f) and is_current(f) and _limb(f) is Region.LEG
    )
    measured_both = Side.BOTH in sides or {Side.LEFT, Side.RIGHT} <= sides
    if measured_both and any(d.outcome is not Outcome.POSSIBLE for d in weak):
        return Outcome.EMERGENCY, tuple(d.evidence for d in _weakest_first(weak))
    begun = tuple(f for f in coded if _is_acute(f, today, t))
    paraparesis = tuple(f for f in begun if f.is_about("paraparesis"))
    sided = tuple(f for f in begun if f.is_about("foot-drop", "leg-weakness"))
    if paraparesis or (sided and on_both_sides(sided, t.bilateral_days)):
        return Outcome.EMERGENCY, tuple(evidence_of(f) for f in paraparesis or sided)
    if measured_both and any(d.first_exam for d in weak):
        return Outcome.URGENT, tuple(d.evidence for d in _weakest_first(weak))
    return None


def _weakest_first(weak: list[Deficit]) -> list[Deficit]:
    return sorted(weak, key=lambda deficit: deficit.latest.grade)


def _is_acute(fact: Fact, today: date, t: Thresholds) -> bool:
    return is_worsening(fact, t.cauda_subacute_days, today) or (
        is_new(fact, t.cauda_acute_days, today) and not fact.is_about(*LONG_STANDING_CODES)
    )
