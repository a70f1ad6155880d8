"""Whether the pain is new or worse since a procedure (2.10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from cds_service.guideline.lumbar_mri.interventions import Intervention
from cds_service.guideline.lumbar_mri.pain import Pain, can_date, explicit_onset, is_low_back_pain
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval
from cds_service.record.facts import Fact, Measurement, PatientFacts, State, Trend


def is_new_or_worse(
    intervention: Intervention, pain: Pain, facts: PatientFacts, today: date, limits: Thresholds
) -> bool | None:
    """Whether a pain began after it, is worse since, or came back; None where the record cannot tell.

    The pain before the operation is the usual reason for it: an older pain, resolved or not, makes no
    later one old. Where days are vague the answer is the one that asks for more: it may have begun after.
    """
    if intervention.when is None:
        return _is_new_after_an_unknown_day(intervention, pain, facts, today, limits)
    day = intervention.when.first
    if any(onset.last >= day for onset in _onsets(pain, facts)) or _came_back(facts, day):
        return True
    if has_risen_since(pain.scores, day, limits.pain_improved_points) or _is_said_to_be_worse(
        pain, facts, day
    ):
        return True
    if pain_free_since(intervention.when, facts, today):
        return True
    if pain.onset is not None:
        return False
    if pain.first_recorded_days is not None:
        return today - timedelta(days=pain.first_recorded_days) >= day
    return None


def has_risen_since(scores: Sequence[Measurement], day: date, points: Decimal) -> Measurement | None:
    """The highest score so many points over the last one before the day, or over a lower one since.

    None: no rise. A later, lower score takes no rise away (8.1.2). `scores` are in order of time.
    """
    lowest: Decimal | None = None
    risen: list[tuple[Decimal, Measurement]] = []
    for score in scores:
        if score.value is None or score.when is None:
            continue
        if score.when.last < day:
            lowest = score.value
            continue
        if lowest is not None and score.value - lowest >= points:
            risen.append((score.value, score))
        lowest = score.value if lowest is None else min(lowest, score.value)
    return max(risen, key=lambda rise: rise[0])[1] if risen else None


def _onsets(pain: Pain, facts: PatientFacts) -> list[Interval]:
    """When the episode began, and each current pain that has an onset of its own."""
    own = [explicit_onset(fact) for fact in _pains(facts) if fact.state is State.CURRENT]
    return [onset for onset in (pain.onset, *own) if onset]


def _pains(facts: PatientFacts) -> list[Fact]:
    return [
        fact for fact in facts.facts if fact.certainty.positive and can_date(fact) and is_low_back_pain(fact)
    ]


def _came_back(facts: PatientFacts, day: date) -> bool:
    """Whether all pain on record now was recorded from the day on, and after an older one had ended."""
    pains = [(fact, fact.when) for fact in _pains(facts) if fact.when]
    current = [when for fact, when in pains if fact.state is State.CURRENT]
    ended = [fact.ended or when for fact, when in pains if fact.state is not State.CURRENT]
    if not current or not ended:
        return False
    first = min(current, key=lambda when: when.last)
    return first.last >= day and any(end.first <= first.last for end in ended)


def _is_new_after_an_unknown_day(
    intervention: Intervention, pain: Pain, facts: PatientFacts, today: date, limits: Thresholds
) -> bool | None:
    """Worse, begun after the procedure was on record, or begun of late."""
    if pain.trend is Trend.WORSENING:
        return True
    known_by = intervention.on_record_since
    if known_by is not None and pain_free_since(known_by, facts, today):
        return True
    onsets = _onsets(pain, facts)
    if not onsets:
        return None
    began_after = known_by is not None and any(onset.last >= known_by.first for onset in onsets)
    return began_after or any(o.most_days_ago(today) <= limits.procedure_recent_days for o in onsets)


def _is_said_to_be_worse(pain: Pain, facts: PatientFacts, day: date) -> bool:
    """Whether the pain's own words say worse, and were not written before the day (8.2)."""
    if pain.trend is not Trend.WORSENING:
        return False
    written = [_written(fact) for fact in facts.facts if _says_worse(fact)]
    return any(moment is None or moment.last >= day for moment in written)


def _says_worse(fact: Fact) -> bool:
    current = fact.certainty.positive and fact.state is State.CURRENT
    return current and fact.trend is Trend.WORSENING and is_low_back_pain(fact)


def _written(fact: Fact) -> Interval | None:
    return fact.trend_on or fact.recorded or fact.started


def pain_free_since(since: Interval, facts: PatientFacts, today: date) -> tuple[Fact, ...]:
    """What the record says, on days from then on, of a time without pain."""
    return tuple(
        fact
        for fact in facts.about("pain-free")
        if fact.certainty.positive and fact.when is not None and since.first <= fact.when.last <= today
    )
