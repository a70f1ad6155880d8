"""What would change the advice: only what the rules do, so that no card promises what does not happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cds_service.guideline.decision import Finding, Outcome, Pathway

_UNCLEAR = {
    "unread": "records-read",
    "no-indication": "reason-coded",
    "reason-without-pain": "pain-recorded",
    "care-unknown": "care-recorded",
    "care-partial": "care-recorded",
    "duration-unknown": "onset-recorded",
    "onset-problem": "onset-recorded",
    "age-unknown": "age-recorded",
    "age-unread": "records-read",
}
_POSSIBLE: Mapping[Pathway, Mapping[str, tuple[str, ...]]] = {
    Pathway.CAUDA_EQUINA: {
        "possible-explained": ("new-cauda-equina",),
        "possible-catheter": ("new-cauda-equina",),
        "possible-sexual": ("new-cauda-equina",),
        "possible-imaged": ("newer-than-imaging",),
        "possible-words": ("feature-coded",),
    },
    Pathway.NEUROLOGY: {"possible-words": ("feature-coded",), "possible-arm": ("deficit-worse",)},
    Pathway.INFECTION: {"possible": ("feature-coded",)},
    Pathway.CANCER: {"possible": ("feature-coded",)},
    Pathway.PROCEDURE: {
        "possible-needle": ("worse-after-needle",),
        "possible-level": ("level-recorded",),
        "possible-date": ("level-recorded",),
    },
}
_POSSIBLE_OTHERWISE: Mapping[Pathway, tuple[str, ...]] = {
    Pathway.CAUDA_EQUINA: ("feature-confirmed", "new-cauda-equina"),
    Pathway.NEUROLOGY: ("deficit-worse", "deficit-old"),
    Pathway.INFECTION: ("second-feature",),
    Pathway.CANCER: ("second-feature",),
    Pathway.PROCEDURE: ("pain-after-procedure",),
}


def would_change(top: Outcome, findings: Sequence[Finding], *, unread: bool) -> Iterator[str]:
    """The keys of the words that say what would raise, lower or settle the outcome of these findings."""
    leading = findings[0]
    match top:
        case Outcome.NOT_INDICATED:
            yield from ("red-flag", "not-improving" if leading.variant == "improving" else "care-four-weeks")
        case Outcome.MAY_BE_INDICATED:
            yield from ("red-flag", "improving")
        case Outcome.UNCLEAR:
            yield _UNCLEAR.get(leading.variant, "value-recorded")
        case Outcome.POSSIBLE:
            yield from _of_possible(leading)
        case Outcome.OUTSIDE:
            yield "red-flag"
        case Outcome.URGENT:
            yield "new-neurology" if leading.recommendation == "R5" else "new-cauda-equina"
            if leading.pathway is Pathway.INFECTION:
                yield "fever-strong"
        case Outcome.INDICATED:
            yield from ("new-cauda-equina", "fever")
    # What lowers one finding changes nothing where another one is as high.
    if all(finding.outcome is not top for finding in findings[1:]):
        yield from _lowering(top, leading)
    if unread and leading.variant != "unread":
        yield "records-read"


def _of_possible(leading: Finding) -> tuple[str, ...]:
    otherwise = _POSSIBLE_OTHERWISE.get(leading.pathway, ())
    keys = _POSSIBLE.get(leading.pathway, {}).get(leading.variant, otherwise)
    # A lesion of the cord asks at any age, and a measured weakness is settled by exams alone.
    settled = leading.flags.isdisjoint({"cord", "measured"})
    return tuple(key for key in keys if key != "deficit-old" or settled)


def _lowering(top: Outcome, leading: Finding) -> Iterator[str]:
    """What closes an emergency or an urgent finding: an MRI (8.6.1), or a coded deficit that is old (2.7)."""
    match leading.pathway:
        case Pathway.CAUDA_EQUINA if top in (Outcome.EMERGENCY, Outcome.URGENT):
            if all(fact.when for fact in leading.evidence):
                yield "imaged"
        case Pathway.NEUROLOGY if top is Outcome.EMERGENCY:
            if leading.tier != "haematoma" and "measured" not in leading.flags:
                yield "deficit-corrected"
