"""Weight loss and pain at night or at rest: the weak facts that cancer and infection share (2.9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cds_service.guideline.decision import Evidence
from cds_service.guideline.lumbar_mri.assertions import counts_fully
from cds_service.guideline.lumbar_mri.clues import Clue, Weight, last_mention, read_clue
from cds_service.guideline.lumbar_mri.measured_values import measured_in, show, spelled
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.facts import Fact, Measure, Measurement, PatientFacts, State

# Concept: what counts once, and how the card says it.
_SYMPTOMS = {
    "night-pain": ("night or rest pain", "night pain"),
    "rest-pain": ("night or rest pain", "pain at rest"),
    "weight-loss": ("weight loss", "weight loss"),
}
# They speak of neither disease by name.
KINDS = frozenset(kind for kind, _ in _SYMPTOMS.values())

CRITERIA: tuple[tuple[str, str], ...] = (
    ("weak", "Pain at night or at rest, recorded within $symptom_days days"),
    ("weak", "Weight loss, recorded within $symptom_days days"),
    (
        "weak",
        "Body weight down by $weight_loss_percent % or more within $weight_loss_days days, "
        "both weights of the last $weight_fresh_days days",
    ),
)


def read_weak_symptoms(facts: PatientFacts, today: date, limits: Thresholds) -> Iterator[Clue]:
    """The clues of night or rest pain, and of weight loss, coded or weighed."""
    for fact in facts.about(*_SYMPTOMS):
        kind, short = next(named for concept, named in _SYMPTOMS.items() if fact.is_about(concept))
        clue = read_clue(
            fact, kind, lambda found: _judge(found, today, limits), facts, today, limits, short=short
        )
        if clue is not None:
            yield clue
    weighed = _weighed_loss(facts, today, limits)
    if weighed is not None and not _is_intended(facts, today, limits):
        yield weighed


def weights_without_unit(facts: PatientFacts, today: date, limits: Thresholds) -> tuple[Evidence, ...]:
    """Weights of the last year that cannot be compared; they are listed and change nothing (8.9.4)."""
    fresh = measured_in(facts, Measure.WEIGHT, limits.weight_fresh_days, today)
    return tuple(show(weight, note="cannot be used") for weight in fresh if weight.problem)


def _judge(fact: Fact, today: date, limits: Thresholds) -> Weight | None:
    seen = last_mention(fact)
    if seen is None:
        return Weight.WEAK if fact.state is State.CURRENT else None
    return Weight.WEAK if seen.within(limits.symptom_days, today) else None


def _is_intended(facts: PatientFacts, today: date, limits: Thresholds) -> bool:
    """Whether the record says in the time of the weights that the loss is meant (2.9)."""
    return any(
        counts_fully(fact)
        and not fact.history
        and ((seen := last_mention(fact)) is None or seen.within(limits.weight_fresh_days, today))
        for fact in facts.about("weight-loss-intended")
    )


def _weighed_loss(facts: PatientFacts, today: date, limits: Thresholds) -> Clue | None:
    """The largest loss between two weights of different days that lie close enough together."""
    weights = [
        weight
        for weight in measured_in(facts, Measure.WEIGHT, limits.weight_fresh_days, today)
        if weight.when and weight.value and weight.comparator is None
    ]
    pairs = [(a, b) for n, a in enumerate(weights) for b in weights[n + 1 :] if _are_comparable(a, b, limits)]
    if not pairs:
        return None
    earlier, later = max(pairs, key=lambda pair: _percent_lost(*pair))
    if _percent_lost(earlier, later) < limits.weight_loss_percent:
        return None
    lost = spelled(_percent_lost(earlier, later))
    shown = show(later, short=f"weight loss {lost} %", note=f"down {lost} %")
    newest = (show(weights[-1], note="newest weight"),) if weights[-1] is not later else ()
    return Clue("weight loss", Weight.WEAK, shown, also=(show(earlier), *newest), known=True)


def _are_comparable(earlier: Measurement, later: Measurement, limits: Thresholds) -> bool:
    if earlier.when is None or later.when is None:
        return False
    apart = (later.when.first - earlier.when.last).days
    return 0 < apart <= limits.weight_loss_days


def _percent_lost(earlier: Measurement, later: Measurement) -> Decimal:
    if not earlier.value or later.value is None:
        return Decimal(0)
    percent = (earlier.value - later.value) * 100 / earlier.value
    # Pounds become kilograms with six decimals: 220 to 209 lb would be a hair under 5 %.
    return percent.quantize(_PERCENT_DIGITS)


_PERCENT_DIGITS = Decimal("0.0001")
