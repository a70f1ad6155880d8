"""Suspected cauda equina syndrome (R4; specification 2.8, 8.1.1, 8.3, 8.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Evidence, Finding, MriOrder, Outcome, Pathway
from cds_service.guideline.lumbar_mri.assertions import (
    DISPUTED,
    NOT_USABLE,
    age_days,
    counts_fully,
    disputing,
    ended_days,
    evidence_of,
    is_current,
    is_improving,
    is_new,
    is_only_a_hint,
    is_worsening,
    measured,
    on_both_sides,
    worsening_said_on,
)
from cds_service.guideline.lumbar_mri.drug_starts import new_starts
from cds_service.guideline.lumbar_mri.measured_values import is_over
from cds_service.guideline.lumbar_mri.neurology import MOTOR, leg_deficits, weakness_of_both_legs
from cds_service.guideline.lumbar_mri.pain import Pain
from cds_service.guideline.thresholds import Thresholds
from cds_service.record.dates import Interval, surely_by
from cds_service.record.facts import (
    Certainty,
    Fact,
    Measure,
    Measurement,
    PatientFacts,
    Region,
    State,
    read_once,
)

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "emergency",
        "Cauda equina syndrome, known or suspected, dated within $cauda_diagnosis_days days or undated",
    ),
    (
        "emergency",
        "New within $cauda_acute_days days or worsening: urinary retention, hesitancy, "
        "incontinence or lost bladder sensation",
    ),
    (
        "emergency",
        "Post-void residual volume of $residual_volume_ml mL or more within $cauda_acute_days days",
    ),
    (
        "emergency",
        "New within $cauda_acute_days days or worsening: faecal incontinence, lost rectal "
        "sensation or reduced anal tone",
    ),
    ("emergency", "New within $cauda_acute_days days or worsening: saddle, perianal or genital numbness"),
    ("emergency", "Severe or progressive weakness of both legs"),
    ("urgent", "One of these features up to $cauda_subacute_days days old and not improving"),
    (
        "urgent",
        "Pain or numbness of both legs that began within $cauda_subacute_days days or is "
        "worsening, and nothing else",
    ),
    (
        "urgent",
        "New retention, incontinence or lost bladder sensation beside an enlarged prostate, "
        "or a bladder-active drug started up to $bladder_drug_days days before",
    ),
    ("urgent", "Cauda equina syndrome refuted without an MRI on record, with a feature dated before"),
    ("possible", "Hesitancy or incomplete emptying alone, beside an enlarged prostate or such a drug"),
    ("possible", "A retention older than the pain and unchanged, or a long-term catheter"),
    (
        "possible",
        "Features dated before a lumbar MRI of the last $cauda_imaging_days days that names no compression",
    ),
    (
        "possible",
        "A feature older than $cauda_subacute_days days, undated, improving, or resolved "
        "within $cauda_resolved_days days",
    ),
    ("possible", "Sexual dysfunction new within $cauda_subacute_days days, and nothing else"),
    ("possible", "Stress, urge or minor bowel symptoms new within $cauda_acute_days days"),
    ("possible", "Words in the order or record that name a feature or the syndrome"),
    (
        "reading",
        "A drug is renewed and not started where an earlier supply of it reached up to $drug_gap_days days "
        "before, or further",
    ),
    (
        "reading",
        "A left and a right side count as both legs where they lie within $bilateral_days days of each other",
    ),
)

# Kinds of feature: two concepts of one kind are one feature (8.6.2, 8.6.3).
KINDS: dict[str, tuple[str, ...]] = {
    "emptying": (
        "urinary-retention", "retention-postoperative", "retention-drug", "retention-chronic",
        "retention-other-cause", "urinary-hesitancy", "incomplete-emptying", "neurogenic-bladder",
        "bladder-dysfunction",
    ),
    "incontinence": ("urinary-incontinence",),
    "bladder sensation": ("bladder-sensation-lost",),
    "bowel": (
        "faecal-incontinence", "rectal-sensation-lost", "anal-tone-reduced", "neurogenic-bowel",
        "bowel-dysfunction",
    ),
    "saddle": ("saddle-numbness",),
    "sexual": ("sexual-dysfunction",),
    "minor": ("incontinence-stress-urge", "bowel-minor"),
}  # fmt: skip
URINARY_KINDS = frozenset({"emptying", "incontinence", "bladder sensation"})
HESITANCY = ("urinary-hesitancy", "incomplete-emptying")
EXPLAINED_BY_THEIR_CODE = ("retention-postoperative", "retention-drug")
BLADDER_DRUGS = ("opioid", "anticholinergic")
DIAGNOSIS = ("cauda-equina", "reason-red-flag-cauda-equina")
FEATURES = tuple(concept for concepts in KINDS.values() for concept in concepts)
NEURAXIAL = (
    "lumbar-surgery", "spinal-surgery-without-level", "spinal-injection", "lumbar-puncture",
    "neuraxial-anaesthesia", "vertebral-augmentation", "stimulator-or-pump",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature with the tier that it has by itself; `outcome` None: listed, no tier."""

    kind: str
    outcome: Outcome | None
    tier: str
    evidence: Evidence
    when: Interval | None = None
    new: bool = False  # within the acute window, or worsening
    worse_on: Interval | None = None  # when it was said to be worse
    hesitancy: bool = False
    structured: bool = True


def assess_cauda_equina(
    facts: PatientFacts, pain: Pain, order: MriOrder, today: date, guideline: Guideline
) -> Finding | None:
    """The finding of recommendation 4; None where the record holds no feature of it.

    Needs no coded pain: a missing code must not hide an emergency (2.3).
    """
    features = _read_features(facts, pain, today, guideline)
    tiered = sorted((f for f in features if f.outcome is not None), key=_precedence)
    if not tiered:
        return None
    top = tiered[0]
    beside = tuple(_beside(tiered, facts, today, guideline.thresholds))
    catheters = facts.about("urinary-catheter")
    drained = any(fact.certainty.positive and is_current(fact) for fact in catheters)
    variant = _variant(tiered, beside, drained=drained)
    return Finding(
        pathway=Pathway.CAUDA_EQUINA,
        recommendation="R4",
        outcome=top.outcome or Outcome.POSSIBLE,
        tier=top.tier,
        variant=variant,
        evidence=(
            *(feature.evidence for feature in (*tiered, *(f for f in features if f.outcome is None))),
            *beside,
        ),
        flags=frozenset(_flags(tiered)),
        # A catheter leaves no residual volume to measure.
        checks=("saddle", "bladder-bowel", "anal-tone")
        + (() if variant == "possible-catheter" else ("residual-volume",)),
    )


def _beside(tiered: list[Feature], facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Evidence]:
    """What lowered a feature, so that the doctor can judge it: another cause, the refutation, its MRI."""
    tiers = {feature.tier for feature in tiered}
    shown = {feature.evidence.resource for feature in tiered}
    if tiers & _EXPLAINED:
        for fact in facts.about("prostate-hyperplasia", "urinary-catheter"):
            if fact.certainty.positive and is_current(fact) and fact.resource not in shown:
                yield evidence_of(fact, note=_MAY_EXPLAIN)
        yield from _medicines_before(tiered, facts, t)
    if tiers & {"imaged", "refuted"}:
        for fact in facts.about("cauda-equina"):
            if fact.certainty is Certainty.REFUTED:
                line = evidence_of(fact, "cauda equina syndrome refuted", "refuted")
                yield replace(line, when=fact.recorded or fact.started)
    if "imaged" in tiers:
        for scan in facts.imaging:
            if scan.when and scan.when.within(t.cauda_imaging_days, today):
                yield Evidence(scan.text, scan.resource, scan.when, "previous MRI", "previous MRI")


_EXPLAINED = frozenset({"explained", "earlier", "catheter"})
_MAY_EXPLAIN = "may explain the bladder feature"


def _medicines_before(tiered: list[Feature], facts: PatientFacts, t: Thresholds) -> Iterator[Evidence]:
    explained = [feature.when for feature in tiered if feature.tier == "explained" and feature.when]
    for medicine in facts.medications:
        started = medicine.started
        if medicine.concepts.isdisjoint(("opioid", "anticholinergic")) or started is None:
            continue
        if any(_lies_before(started, when, t.bladder_drug_days) for when in explained):
            yield Evidence(medicine.text, medicine.resource, started, note=f"started before; {_MAY_EXPLAIN}")


def list_untiered(facts: PatientFacts, pain: Pain, today: date, guideline: Guideline) -> tuple[Evidence, ...]:
    """Features too old for a tier, such as a sexual dysfunction of years; a refuted diagnosis (8.6.1)."""
    old = (f for f in _read_features(facts, pain, today, guideline) if f.outcome is None)
    refuted = (f for f in facts.about("cauda-equina") if f.certainty is Certainty.REFUTED)
    return (
        *(replace(feature.evidence, note="old; no later change recorded") for feature in old),
        *(evidence_of(fact, note="refuted") for fact in refuted),
    )


@read_once
def _read_features(facts: PatientFacts, pain: Pain, today: date, guideline: Guideline) -> list[Feature]:
    """Every feature with its tier, explained and refuted ones lowered."""
    t = guideline.thresholds
    features = [*_diagnoses(facts, today, t), *_findings(facts, pain, today, t), *_volumes(facts, today, t)]
    features += _weak_legs(facts, today, t)
    features += _bilateral_symptoms(facts, today, guideline)
    features += _catheter(facts, features)
    features = [_resolve_explained(feature, features, facts, today, t) for feature in features]
    features = [_close_if_refuted(feature, facts, today, t) for feature in features]
    return _judge_sexual_alone(features, Outcome(guideline.switches.sexual_only_outcome))


def _judge_sexual_alone(features: list[Feature], outcome: Outcome) -> list[Feature]:
    """A sexual dysfunction and nothing else has the outcome that the owner chose (2.8, Q6)."""
    if any(f.kind != "sexual" and f.outcome is not None for f in features):
        return features
    return [replace(f, outcome=outcome) if f.tier == "sexual" else f for f in features]


def _precedence(feature: Feature) -> tuple[int, int]:
    """Highest outcome first, and the features that a doctor must hear of first within it."""
    order = ("diagnosis", "saddle", "emptying", "bowel", "incontinence", "bladder sensation")
    rank = feature.outcome.rank if feature.outcome else 0
    return -rank, order.index(feature.kind) if feature.kind in order else len(order)


def _diagnoses(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Feature]:
    for fact in facts.about(*DIAGNOSIS):
        if fact.certainty is Certainty.UNKNOWN and (unknown := _unknown("diagnosis", fact, today, t)):
            yield unknown
        if not fact.certainty.positive:
            continue
        if not counts_fully(fact):
            yield Feature(
                "diagnosis",
                Outcome.POSSIBLE,
                "words",
                evidence_of(fact, note="in words only"),
                fact.when,
                structured=False,
            )
        elif is_current(fact):
            yield _diagnosis(fact, facts, today, t)
        elif (ended_days(fact, today) or 0) <= t.cauda_resolved_days:
            yield Feature(
                "diagnosis",
                Outcome.POSSIBLE,
                "resolved",
                evidence_of(fact, note="recorded as resolved"),
                fact.when,
            )


def _diagnosis(fact: Fact, facts: PatientFacts, today: date, t: Thresholds) -> Feature:
    age = age_days(fact, today)
    recent = age is None or age <= t.cauda_diagnosis_days or is_worsening(fact, t.cauda_subacute_days, today)
    outcome, tier = (Outcome.EMERGENCY, "diagnosis") if recent else (Outcome.POSSIBLE, "old")
    if fact.disputed:
        outcome, tier = Outcome.POSSIBLE, DISPUTED
    shown = evidence_of(fact, note=_dispute(fact, facts))
    return Feature("diagnosis", outcome, tier, shown, fact.when, recent, worsening_said_on(fact))


def _dispute(fact: Fact, facts: PatientFacts) -> str:
    return DISPUTED if disputing(fact, facts) else ""


def _findings(facts: PatientFacts, pain: Pain, today: date, t: Thresholds) -> Iterator[Feature]:
    for kind, concepts in KINDS.items():
        for fact in facts.about(*concepts):
            if fact.is_about("cauda-equina") or fact.region is Region.ARM:
                continue  # "cauda equina syndrome with neurogenic bladder" is the diagnosis
            feature = _feature(kind, fact, facts, pain, today, t)
            if feature is not None:
                yield feature


def _feature(
    kind: str, fact: Fact, facts: PatientFacts, pain: Pain, today: date, t: Thresholds
) -> Feature | None:
    if fact.certainty is Certainty.UNKNOWN:
        return _unknown(kind, fact, today, t)
    if not fact.certainty.positive:
        return None
    feature = _current_or_resolved(kind, fact, facts, pain, today, t)
    return _as_a_hint(fact, feature) if feature and is_only_a_hint(fact) else feature


def _unknown(kind: str, fact: Fact, today: date, t: Thresholds) -> Feature | None:
    asked = evidence_of(fact, note=NOT_USABLE)
    fresh = fact.when is None or is_new(fact, t.cauda_acute_days, today)
    return Feature(kind, Outcome.UNCLEAR, "unknown", asked, fact.when) if fresh else None


def _as_a_hint(fact: Fact, feature: Feature) -> Feature:
    """What would have a tier as a code asks, where it is only words or has no value (8.1.6, 8.1.9)."""
    if feature.outcome is None:
        return feature
    in_words = fact.certainty is Certainty.WORDS
    note = "in words only" if in_words else "recorded without a value"
    if feature.evidence.note == DISPUTED:
        note = f"{note}; {DISPUTED}"
    tier = "words" if in_words else "no value"
    evidence = replace(feature.evidence, note=note)
    return Feature(feature.kind, Outcome.POSSIBLE, tier, evidence, fact.when, structured=not in_words)


def _current_or_resolved(
    kind: str, fact: Fact, facts: PatientFacts, pain: Pain, today: date, t: Thresholds
) -> Feature | None:
    if not is_current(fact) and not _retention_is_hidden(kind, fact, facts, today, t):
        return _resolved(kind, fact, today, t)
    outcome, tier = _tier(kind, fact, facts, pain, today, t)
    new = is_new(fact, t.cauda_acute_days, today) or is_worsening(fact, t.cauda_subacute_days, today)
    evidence = evidence_of(fact, note=_dispute(fact, facts))
    worse_on, hesitancy = worsening_said_on(fact), fact.is_about(*HESITANCY)
    return Feature(kind, outcome, tier, evidence, fact.when, new, worse_on, hesitancy)


def _retention_is_hidden(kind: str, fact: Fact, facts: PatientFacts, today: date, t: Thresholds) -> bool:
    """A retention "resolved" while a catheter drains it, or one placed lately, is not resolved (8.1.1)."""
    return kind == "emptying" and any(
        counts_fully(c) and (is_current(c) or is_new(c, t.cauda_resolved_days, today))
        for c in facts.about("urinary-catheter")
    )


def _resolved(kind: str, fact: Fact, today: date, t: Thresholds) -> Feature | None:
    ended = ended_days(fact, today)
    if (
        fact.state is not State.ENDED
        or kind in ("minor", "sexual")
        or ended is None
        or ended > t.cauda_resolved_days
    ):
        return None
    return Feature(
        kind, Outcome.POSSIBLE, "resolved", evidence_of(fact, note="recorded as resolved"), fact.when
    )


def _tier(
    kind: str, fact: Fact, facts: PatientFacts, pain: Pain, today: date, t: Thresholds
) -> tuple[Outcome | None, str]:
    """The tier of one current feature by its age, before explanations and refutations."""
    age = age_days(fact, today)
    worse = is_worsening(fact, t.cauda_subacute_days, today)
    if fact.disputed:
        return Outcome.POSSIBLE, DISPUTED
    match kind:
        case "sexual":
            recent = age is None or age <= t.cauda_subacute_days or worse
            return (Outcome.POSSIBLE, "sexual") if recent else (None, "old")
        case "minor":
            return (
                (Outcome.POSSIBLE, "minor")
                if age is None or age <= t.cauda_acute_days or worse
                else (None, "old")
            )
    if fact.is_about("retention-other-cause") and not worse:
        return Outcome.POSSIBLE, "explained"  # a clot or a blocked catheter
    if fact.is_about("retention-chronic") and not worse:
        return Outcome.POSSIBLE, "earlier"
    if worse or (age is not None and age <= t.cauda_acute_days):
        return Outcome.EMERGENCY, "acute"
    if age is None:
        return Outcome.POSSIBLE, "undated"
    if kind == "emptying" and _is_older_than_pain(fact, pain):
        return Outcome.POSSIBLE, "earlier"
    if age <= t.cauda_subacute_days:
        return (Outcome.POSSIBLE, "improving") if is_improving(fact) else (Outcome.URGENT, "subacute")
    return Outcome.POSSIBLE, "old"


def _is_older_than_pain(fact: Fact, pain: Pain) -> bool:
    return fact.when is not None and pain.onset is not None and fact.when.last < pain.onset.first


def _volumes(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Feature]:
    """Residual volumes: at or over the threshold they support, under it they never clear (2.8)."""
    for volume in facts.measurements:
        if volume.measure is not Measure.RESIDUAL_VOLUME:
            continue
        age = max(volume.when.days_ago(today), 0) if volume.when else None
        over = is_over(volume, t.residual_volume_ml, or_equal=True)
        if volume.value is None or over is None:  # without a usable unit, or "over 150 mL"
            yield from _unusable_volume(volume, age, t)
        elif over:
            outcome, tier = _volume_tier(age, t)
            short = f"residual volume {volume.value.normalize():f} mL"
            new = age is not None and age <= t.cauda_acute_days
            yield Feature("emptying", outcome, tier, measured(volume, short), volume.when, new)


def _volume_tier(age: int | None, t: Thresholds) -> tuple[Outcome, str]:
    if age is None or age > t.cauda_subacute_days:
        return Outcome.POSSIBLE, "undated" if age is None else "old"
    return (Outcome.EMERGENCY, "acute") if age <= t.cauda_acute_days else (Outcome.URGENT, "subacute")


def _unusable_volume(volume: Measurement, age: int | None, t: Thresholds) -> Iterator[Feature]:
    """A volume without a usable unit blocks R1, unless it is low in every unit in use for it (8.1.5)."""
    if age is not None and age > t.cauda_acute_days:
        return
    if is_over(volume, t.residual_volume_ml, or_equal=True) is False:
        return
    note = str(volume.problem or "not exact")
    outcome = Outcome.POSSIBLE if volume.flagged_high else Outcome.UNCLEAR
    yield Feature(
        "emptying", outcome, "value unknown", measured(volume, "residual volume", note), volume.when
    )


def _weak_legs(facts: PatientFacts, today: date, t: Thresholds) -> Iterator[Feature]:
    found = weakness_of_both_legs(facts, leg_deficits(facts, today, t), today, t)
    if found is None:
        return
    outcome, lines = found
    tier = "acute" if outcome is Outcome.EMERGENCY else "both legs weak"
    worse_on = {fact.resource: worsening_said_on(fact) for fact in facts.about(*MOTOR)}
    for line in lines:
        yield Feature("leg weakness", outcome, tier, line, line.when, True, worse_on.get(line.resource or ""))


def _bilateral_symptoms(facts: PatientFacts, today: date, guideline: Guideline) -> Iterator[Feature]:
    """Pain or numbness of both legs and nothing stronger (2.8 weak tier, 8.6.4)."""
    t = guideline.thresholds
    sided = tuple(
        f for f in facts.about("radicular-pain", "leg-numbness")
        if counts_fully(f) and is_current(f) and f.side is not None and f.region is not Region.ARM
    )  # fmt: skip
    coded = tuple(f for f in facts.about("bilateral-leg-symptoms") if f.certainty.positive and is_current(f))
    both = coded or (sided if on_both_sides(sided, t.bilateral_days) else ())
    for fact in facts.about("bilateral-leg-symptoms"):
        if fact.certainty is Certainty.UNKNOWN and (asked := _unknown("both legs", fact, today, t)):
            yield asked
    for fact in both:
        recent = is_new(fact, t.cauda_subacute_days, today) or is_worsening(
            fact, t.cauda_subacute_days, today
        )
        neuropathy = any(
            counts_fully(f) and f.when and fact.when and f.when.last < fact.when.first
            for f in facts.about("polyneuropathy")
        )
        certain = counts_fully(fact) and recent and not neuropathy and not fact.disputed
        outcome = Outcome(guideline.switches.bilateral_only_outcome) if certain else Outcome.POSSIBLE
        yield Feature(
            "both legs",
            outcome,
            "bilateral",
            evidence_of(fact),
            fact.when,
            new=is_new(fact, t.cauda_acute_days, today),
            worse_on=worsening_said_on(fact),
            structured=fact.certainty is not Certainty.WORDS,
        )


def _catheter(facts: PatientFacts, features: list[Feature]) -> Iterator[Feature]:
    """A catheter hides a retention, so it asks even alone (8.6.2)."""
    if any(feature.kind == "emptying" for feature in features):
        return
    for fact in facts.about("urinary-catheter"):
        if fact.certainty.positive and is_current(fact):
            yield Feature(
                "emptying",
                Outcome.POSSIBLE,
                "catheter",
                evidence_of(fact, note="a catheter hides retention"),
                fact.when,
            )


def _resolve_explained(
    feature: Feature, features: list[Feature], facts: PatientFacts, today: date, t: Thresholds
) -> Feature:
    """An urinary emergency with one explanation and no second new feature is lowered (8.6.2)."""
    if feature.kind not in URINARY_KINDS or feature.outcome is not Outcome.EMERGENCY:
        return feature
    second = any(other.new and other.kind != feature.kind and other.kind != "diagnosis" for other in features)
    diagnosed = any(other.kind == "diagnosis" and other.outcome is Outcome.EMERGENCY for other in features)
    if second or diagnosed or _follows_spinal_procedure(feature, facts, t):
        return feature
    if not _is_explained(feature, facts, t):
        return feature
    if feature.hesitancy and not _other_emptying(feature, features):
        return replace(feature, outcome=Outcome.POSSIBLE, tier="explained")
    return replace(feature, outcome=Outcome.URGENT, tier="explained")


def _other_emptying(feature: Feature, features: list[Feature]) -> bool:
    return any(f.kind in URINARY_KINDS and f.new and not f.hesitancy for f in features if f is not feature)


def _is_explained(feature: Feature, facts: PatientFacts, t: Thresholds) -> bool:
    codes = facts.about(*EXPLAINED_BY_THEIR_CODE)
    if any(f.resource == feature.evidence.resource and f.certainty.positive for f in codes):
        return True
    if any(counts_fully(f) and is_current(f) for f in facts.about("prostate-hyperplasia")):
        return True
    return feature.when is not None and any(
        _started_just_before(feature.when, started, t.bladder_drug_days)
        for drug in BLADDER_DRUGS
        for started in new_starts(facts.medications, drug, t.drug_gap_days)
    )


def _started_just_before(feature: Interval, started: Interval, days: int) -> bool:
    """Whether the drug surely began on the day of the feature, or up to `days` days before it."""
    return started.last <= feature.first and started.first >= feature.last - timedelta(days=days)


def _lies_before(earlier: Interval, later: Interval, days: int) -> bool:
    """Whether `earlier` may lie on the day of `later` or up to `days` days before it."""
    return earlier.first <= later.last and earlier.last >= later.first - timedelta(days=days)


def _follows_spinal_procedure(feature: Feature, facts: PatientFacts, t: Thresholds) -> bool:
    """Retention after a spinal or neuraxial procedure is an alarm, not an explanation (8.6.2)."""
    return feature.when is not None and any(
        (days := procedure.days) is not None
        and procedure.region is not Region.OTHER_SPINE
        and not procedure.concepts.isdisjoint(NEURAXIAL)
        and _lies_before(days, feature.when, t.procedure_alarm_days)
        for procedure in facts.procedures
    )


def _close_if_refuted(feature: Feature, facts: PatientFacts, today: date, t: Thresholds) -> Feature:
    """A refutation, or an MRI that names no compression, closes what surely was there before (8.6.1).

    A feature that may have begun, or was said to be worse, after the scan is judged afresh (2.8).
    """
    if feature.outcome is None or feature.when is None or feature.outcome.rank < Outcome.URGENT.rank:
        return feature
    refutations = [
        on for f in facts.about("cauda-equina")
        if f.certainty is Certainty.REFUTED and (on := f.recorded or f.started) and _was_there(feature, on)
    ]  # fmt: skip
    scans = [scan.when for scan in facts.imaging if scan.when and _was_there(feature, scan.when)]
    imaged = any(surely_by(scan, on) for scan in scans for on in refutations)
    if imaged or _is_denied_by_a_report(feature, facts, today, t):
        return replace(feature, outcome=Outcome.POSSIBLE, tier="imaged")
    if refutations and feature.outcome is Outcome.EMERGENCY:
        return replace(feature, outcome=Outcome.URGENT, tier="refuted")
    return feature


def _was_there(feature: Feature, on: Interval) -> bool:
    """Whether the feature surely had begun by then, and nobody said later that it is worse."""
    return all(surely_by(moment, on) for moment in (feature.when, feature.worse_on) if moment)


def _is_denied_by_a_report(feature: Feature, facts: PatientFacts, today: date, t: Thresholds) -> bool:
    """Whether a fresh report denies compression, and none that may be newer names it (2.8, 2.15)."""
    named = [scan.when for scan in facts.imaging if scan.compression]
    return any(
        scan.compression is False
        and scan.when is not None
        and scan.when.most_days_ago(today) <= t.cauda_imaging_days
        and _was_there(feature, scan.when)
        and not any(other is None or other.last >= scan.when.first for other in named)
        for scan in facts.imaging
    )


_POSSIBLE_VARIANTS = {
    "explained": "possible-explained",
    "imaged": "possible-imaged",
    "sexual": "possible-sexual",
    "old": "possible-old",
    "earlier": "possible-old",
    "resolved": "possible-old",
    "improving": "possible-old",
}
_URGENT_VARIANTS = {
    "bilateral": "urgent-bilateral",
    "both legs weak": "urgent-bilateral",
    "explained": "urgent-explained",
    "refuted": "urgent-refuted",
}


def _variant(tiered: list[Feature], beside: tuple[Evidence, ...], *, drained: bool) -> str:
    top = tiered[0]
    match top.outcome:
        case Outcome.POSSIBLE if top.tier in _EXPLAINED and drained:
            return "possible-catheter"
        case Outcome.POSSIBLE if top.tier == "earlier" and beside:
            return "possible-explained"
        case Outcome.EMERGENCY if top.kind == "diagnosis":
            return "emergency-diagnosis"
        case Outcome.EMERGENCY if top.kind == "leg weakness":
            return "emergency-bilateral"
        case Outcome.URGENT:
            return _URGENT_VARIANTS.get(top.tier, "")
        case Outcome.POSSIBLE if all(not feature.structured for feature in tiered):
            return "possible-words"
        case Outcome.POSSIBLE:
            return _POSSIBLE_VARIANTS.get(top.tier, "")
        case Outcome.UNCLEAR:
            return "value-unknown"
        case _:
            return ""


def _flags(tiered: list[Feature]) -> Iterator[str]:
    top = tiered[0]
    if top.structured and top.outcome in (Outcome.EMERGENCY, Outcome.URGENT):
        yield "neuro"
    if top.tier in ("bilateral", "both legs weak"):
        yield "bilateral-only"
    if any(f.kind == "leg weakness" and f.outcome is Outcome.EMERGENCY for f in tiered):
        yield "both-legs-weak"
    if any(feature.tier == "imaged" for feature in tiered):
        yield "imaged"
