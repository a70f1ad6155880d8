"""The low back pain fact: present, since when, where it goes, and which of it is an earlier episode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, MriOrder
from cds_service.guideline.lumbar_mri.assertions import standing_of
from cds_service.guideline.lumbar_mri.order_elements import codes_in, objects_of, words_of
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    Fact,
    Measure,
    Measurement,
    Origin,
    PatientFacts,
    Region,
    State,
    Trend,
)

BACK = frozenset({"low-back-pain", "back-pain-unspecified", "degenerative-lumbar"})
LEG = frozenset({"radicular-pain", "bilateral-leg-symptoms"})
PAIN = BACK | LEG
_LUMBAR_BY_NAME = frozenset({"low-back-pain"}) | LEG
_ELSEWHERE = frozenset({Region.OTHER_SPINE, Region.ARM, Region.OTHER})
_NOT_THE_BACK = frozenset({"other-spine-pain"})
_FROM_THE_ORDER = frozenset({Origin.ORDER, Origin.ORDER_TEXT})
_DATABLE = frozenset({Certainty.KNOWN, Certainty.SUSPECTED})

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "pain",
        "A record of low back pain after a gap of more than $pain_episode_gap_days days is a new episode",
    ),
    (
        "pain",
        "Improving: the pain's own words within $pain_trend_days days say so, or over the last "
        "$pain_score_window_days days the score fell by $pain_improved_points points and "
        "$pain_improved_percent % and is now $pain_improved_latest_score or less",
    ),
    (
        "pain",
        "Progressive: the pain's own words within $pain_trend_days days say so, or the score rose by "
        "$pain_improved_points points from its first or its lowest value",
    ),
)


@dataclass(frozen=True, slots=True)
class Pain:
    """The pain of the current episode, as the rules of R1, R2, R5 and R6 need it.

    `flags`: "order-only" (nothing but the order names it), "words-only" (only words or a code without value),
    "disputed" (active, yet ended in the past), "minimum-onset" (an older record of it than its own onset),
    "returned" (a pain of this episode had ended), "future" or "impossible" (the onset).
    """

    present: bool  # low back pain or radicular pain that counts for the gate
    fact: (
        Fact | None
    )  # the fact of the current episode that dates it (Condition before order reason before encounter)
    days: int | None  # longest possible days of pain in the current episode; None: unknown
    onset: Interval | None  # of the current episode
    first_recorded_days: int | None  # where no onset is recorded: days since the first record (8.4.1)
    onset_problem: bool  # recorded onset unusable (future, impossible)
    trend: Trend | None  # of the pain, in its window (8.2, 8.4.3)
    leg: bool  # radicular / leg pain present
    earlier: tuple[Fact, ...]  # pain facts of earlier episodes
    scores: tuple[Measurement, ...]  # pain scores of the current episode's last days, oldest first
    other_reason: (
        str | None
    )  # the order's coded/text reason that is not the back (8.4.5), whatever else it has
    evidence: tuple[Evidence, ...]
    flags: frozenset[str] = frozenset()


def read_pain(facts: PatientFacts, order: MriOrder, today: date, guideline: Guideline) -> Pain:
    """The pain that this order is about (specification 2.3, 8.4.1 to 8.4.3, 8.4.5).

    The gate takes any positive fact; only a sure or suspected one gives dates.
    The order's reason opens the gate, and never is an onset nor starts an episode.
    """
    limits = guideline.thresholds
    named = [fact for fact in facts.facts if fact.certainty.positive and is_low_back_pain(fact)]
    current = [fact for fact in named if fact.state is State.CURRENT and not fact.history]
    begins = _beginning(named, current, facts, today, limits)
    episode = [fact for fact in named if _belongs(fact, begins)]
    onset = _onset(episode)
    scores = _scores(facts, onset, today, limits)
    leading = _leading(episode) or _leading(current)
    return Pain(
        present=bool(current),
        fact=leading,
        days=_days(onset, today),
        onset=onset,
        first_recorded_days=None if onset else _days(_first_record(episode, facts, begins), today),
        onset_problem=onset is None and any(fact.started_problem for fact in episode),
        trend=_trend(current, scores, today, limits),
        leg=any(fact.is_about(*LEG) for fact in current),
        earlier=tuple(fact for fact in named if _is_recorded(fact) and not _belongs(fact, begins)),
        scores=scores,
        other_reason=_other_reason(order, guideline),
        evidence=_evidence(leading, current, scores, onset),
        flags=frozenset(_flags(current, episode, onset)),
    )


def is_low_back_pain(fact: Fact) -> bool:
    """Whether the fact is pain of the lower back, or of a leg from it; neck and thoracic pain are not.

    Unspecified back pain counts, because the order is a lumbar MRI (8.3).
    """
    if not fact.is_about(*PAIN) or fact.region in _ELSEWHERE:
        return False
    return fact.is_about(*_LUMBAR_BY_NAME) or not fact.is_about(*_NOT_THE_BACK)


def is_for_the_back(reasons: frozenset[str]) -> bool:
    """Whether the reasons given for a medicine, procedure or visit name the back."""
    return not reasons.isdisjoint(PAIN)


def explicit_onset(fact: Fact) -> Interval | None:
    """The onset that somebody recorded; a first visit or the recordedDate is only a minimum (2.3)."""
    if fact.started_is_minimum or not can_date(fact):
        return None
    # An encounter's own date says when somebody came, not when the pain began.
    return None if fact.origin is Origin.ENCOUNTER else fact.started


def _is_recorded(fact: Fact) -> bool:
    """Whether the record says it surely enough to tell one episode from another; the order never does."""
    return fact.certainty in _DATABLE and fact.origin not in _FROM_THE_ORDER


def can_date(fact: Fact) -> bool:
    return _is_recorded(fact) and not fact.history


def _beginning(
    named: Sequence[Fact], current: Sequence[Fact], facts: PatientFacts, today: date, limits: Thresholds
) -> date | None:
    """The first day of the current episode: from its newest entry back until a gap is too long (2.3)."""
    treated = list(_treatments(facts, today))
    reach = _newest_entry([fact for fact in current if can_date(fact) and fact.when])
    if reach is None:
        # Nothing dates the pain itself: what was done for the back lately does.
        if not current or not treated:
            return None
        reach = today
    own = [_span(fact) for fact in named if can_date(fact) and fact.when]
    for first, last in sorted([*own, *treated], reverse=True):
        if (reach - last).days <= limits.pain_episode_gap_days:
            reach = min(reach, first)
    return reach


def _newest_entry(dated: Sequence[Fact]) -> date | None:
    """The first day of the newest entry; what one visit says counts only where nothing else is on record."""
    entries = [fact for fact in dated if not _only_mentions(fact)] or dated
    return max((_span(fact)[0] for fact in entries), default=None)


def _only_mentions(fact: Fact) -> bool:
    """A statement of one visit without an onset: it speaks of the pain already on record."""
    return fact.origin is not Origin.CONDITION and explicit_onset(fact) is None


def _span(fact: Fact) -> tuple[date, date]:
    """The days between which the fact is on record; being active does not renew an old entry."""
    seen = [moment for moment in (fact.started, fact.recorded, fact.ended) if moment]
    return min(moment.first for moment in seen), max(moment.last for moment in seen)


def _treatments(facts: PatientFacts, today: date) -> Iterator[tuple[date, date]]:
    """When medicines, procedures and visits for the back took place: they too are records of it (8.4.1)."""
    for medicine in facts.medications:
        if is_for_the_back(medicine.reasons) and medicine.started:
            ends = [moment.last for moment in (medicine.started, medicine.ended) if moment]
            yield medicine.started.first, today if medicine.open else max(ends)
    for done in facts.procedures:
        if is_for_the_back(done.reasons) and done.performed:
            yield done.performed.first, (done.ended or done.performed).last
    for visit in facts.visits:
        if is_for_the_back(visit.reasons) and visit.when:
            yield visit.when.first, visit.when.last


def _belongs(fact: Fact, begins: date | None) -> bool:
    """Whether the fact is of the current episode; an undated one that is current is."""
    if not can_date(fact):
        return False
    if fact.when is None:
        return fact.state is State.CURRENT
    return begins is not None and _span(fact)[0] >= begins


def _onset(episode: Sequence[Fact]) -> Interval | None:
    """The earliest onset of the episode, or an older record of the pain: the longest possible (8.4.1)."""
    onset = min(filter(None, map(explicit_onset, episode)), key=_first_day, default=None)
    if onset is None:
        return None
    older = [fact.when for fact in episode if fact.when and fact.when.last < onset.first]
    return min((onset, *older), key=_first_day)


def _first_record(episode: Sequence[Fact], facts: PatientFacts, begins: date | None) -> Interval | None:
    """The first record of a pain without onset: its own, or a medicine, procedure or visit for it (8.4.1)."""
    own = [moment for fact in episode for moment in (fact.started, fact.recorded) if moment]
    if begins is None:
        return None
    treated = [
        *(medicine.started for medicine in facts.medications if is_for_the_back(medicine.reasons)),
        *(done.performed for done in facts.procedures if is_for_the_back(done.reasons)),
        *(visit.when for visit in facts.visits if is_for_the_back(visit.reasons)),
    ]
    in_episode = [*own, *(moment for moment in treated if moment and moment.first >= begins)]
    return min(in_episode, key=_first_day, default=None)


def _first_day(moment: Interval) -> date:
    return moment.first


def _days(moment: Interval | None, today: date) -> int | None:
    return None if moment is None else max(0, moment.most_days_ago(today))


def _scores(
    facts: PatientFacts, onset: Interval | None, today: date, limits: Thresholds
) -> tuple[Measurement, ...]:
    in_window = [
        score
        for score in facts.measurements
        if score.measure is Measure.PAIN_SCORE
        and score.value is not None
        and score.when
        and 0 <= score.when.most_days_ago(today) <= limits.pain_score_window_days
        and (onset is None or score.when.last >= onset.first)
    ]
    return tuple(sorted(in_window, key=_score_order))


def _score_order(score: Measurement) -> tuple[date, str, Decimal]:
    day = score.when.last if score.when else date.min
    clock = score.when.at.isoformat() if score.when and score.when.at else ""
    return day, clock, score.value or Decimal(0)


def _trend(
    current: Sequence[Fact], scores: Sequence[Measurement], today: date, limits: Thresholds
) -> Trend | None:
    """Worsening beats improving beats stable, in words as in scores (8.2, 8.4.3)."""
    said = {_words_of_trend(fact, today, limits) for fact in current if fact.certainty in _DATABLE}
    measured = _measured_trend(scores, limits)
    for trend in (Trend.WORSENING, Trend.IMPROVING, Trend.STABLE):
        if trend in said or trend is measured:
            return trend
    return None


def _words_of_trend(fact: Fact, today: date, limits: Thresholds) -> Trend | None:
    own_date = fact.recorded if fact.origin is Origin.CONDITION else fact.when
    written = fact.trend_on or own_date  # an undated note of an undated resource is of today (8.9.4)
    return fact.trend if written is None or written.within(limits.pain_trend_days, today) else None


def _measured_trend(scores: Sequence[Measurement], limits: Thresholds) -> Trend | None:
    values = [score.value for score in scores if score.value is not None]
    if len(values) < 2:
        return None
    if values[-1] - min(values) >= limits.pain_improved_points:  # the lowest may be the first
        return Trend.WORSENING
    # A preliminary score is only ever evidence for the worse.
    final = [score.value for score in scores if score.value is not None and not score.preliminary]
    if len(final) >= 2 and _has_improved(final[0], final[-1], limits):
        return Trend.IMPROVING
    return Trend.STABLE


def _has_improved(first: Decimal, latest: Decimal, limits: Thresholds) -> bool:
    fall = first - latest
    return (
        fall >= limits.pain_improved_points
        and fall * 100 >= limits.pain_improved_percent * first
        and latest <= limits.pain_improved_latest_score
    )


def _leading(facts: Sequence[Fact]) -> Fact | None:
    """The fact that dates the pain: a Condition before the order's reason before an encounter."""
    return min(facts, key=_leading_order, default=None)


def _leading_order(fact: Fact) -> tuple[bool, int, date, str]:
    places = (Origin.CONDITION, Origin.OBSERVATION, Origin.ANSWER, Origin.ORDER, Origin.ENCOUNTER)
    place = places.index(fact.origin) if fact.origin in places else len(places)
    since = fact.when.first if fact.when else date.max
    return explicit_onset(fact) is None, place, since, fact.resource


def _other_reason(order: MriOrder, guideline: Guideline) -> str | None:
    """The order's reason where it is neither the back nor anything else that the guideline knows."""
    for reason in objects_of(order.resource.get("reasonCode")):
        words = words_of(reason)
        known = set(codes_in(reason, guideline.terminology))
        known.update(mention.concept for text in words for mention in guideline.patterns.mentions(text))
        if words and known <= _NOT_THE_BACK:
            return words[0]
    return None


def _evidence(
    leading: Fact | None, current: Sequence[Fact], scores: Sequence[Measurement], onset: Interval | None
) -> tuple[Evidence, ...]:
    if leading is None:
        return ()
    others = [fact for fact in current if fact is not leading and fact.origin not in _FROM_THE_ORDER]
    shown = [leading, *sorted(others, key=_leading_order)[:2]]
    ends = (scores[0], scores[-1]) if len(scores) > 1 else tuple(scores)
    return (*(_pain_line(fact, onset) for fact in shown), *(_score_line(score) for score in ends))


def _pain_line(fact: Fact, onset: Interval | None) -> Evidence:
    short = "leg pain" if fact.is_about(*LEG) and not fact.is_about("low-back-pain") else "low back pain"
    text, note = fact.text or short.capitalize(), _note(fact, onset)
    return Evidence(text, fact.resource, fact.when, short, note, standing=standing_of(fact))


def _note(fact: Fact, onset: Interval | None) -> str:
    if fact.disputed:
        return "records disagree"
    if fact.started_problem:
        return "onset cannot be used"
    if fact.origin in _FROM_THE_ORDER:
        return "the order's reason"
    # An entry without an onset of its own says nothing where another one tells it.
    return "" if onset else "first record, onset not recorded"


def _score_line(score: Measurement) -> Evidence:
    return Evidence(f"Pain score {score.text}", score.resource, score.when, f"pain score {score.value}")


def _flags(current: Sequence[Fact], episode: Sequence[Fact], onset: Interval | None) -> Iterator[str]:
    if current and all(fact.origin in _FROM_THE_ORDER for fact in current):
        yield "order-only"
    if current and all(fact.certainty not in _DATABLE for fact in current):
        yield "words-only"
    if any(fact.disputed for fact in current):
        yield "disputed"
    if any(fact.state is not State.CURRENT for fact in episode):
        yield "returned"
    if onset and onset not in [explicit_onset(fact) for fact in episode]:
        yield "minimum-onset"
    yield from (str(fact.started_problem) for fact in episode if fact.started_problem and onset is None)
