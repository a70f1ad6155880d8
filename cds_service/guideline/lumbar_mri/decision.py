"""One decision an order: the findings of every pathway, put in order of precedence (2.11 to 2.15, 8.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from cds_service.guideline.content import ENDORSED, IMPROVING, Guideline, resource_type_of
from cds_service.guideline.decision import (
    Decision,
    Evidence,
    Finding,
    Indicator,
    MriOrder,
    Outcome,
    Pathway,
    Plan,
    SafetyLine,
)
from cds_service.guideline.lumbar_mri import cauda_equina, infection, malignancy, neurology, outside
from cds_service.guideline.lumbar_mri.cauda_equina import assess_cauda_equina
from cds_service.guideline.lumbar_mri.conservative_care import (
    assess_care,
    assess_nonspecific,
    not_recorded,
    previous_mri,
    stale,
)
from cds_service.guideline.lumbar_mri.infection import assess_infection, fever_present
from cds_service.guideline.lumbar_mri.malignancy import assess_cancer
from cds_service.guideline.lumbar_mri.mri_safety import is_for_contrast, read_safety, speaks_against_contrast
from cds_service.guideline.lumbar_mri.neurology import assess_neurology, lifts_other_pathways
from cds_service.guideline.lumbar_mri.outside import (
    age_years,
    assess_outside,
    is_silent_patient,
    pregnancy,
    vascular_fact,
)
from cds_service.guideline.lumbar_mri.pain import Pain, read_pain
from cds_service.guideline.lumbar_mri.plan import WITH_CONTRAST, is_adequate, make_plan, what_changes
from cds_service.guideline.lumbar_mri.procedures import UNDATED_REASON, assess_procedure, list_recent
from cds_service.guideline.lumbar_mri.red_flag_questions import denials, open_items
from cds_service.guideline.lumbar_mri.would_change import would_change
from cds_service.record.facts import PatientFacts, ReadState
from cds_service.record.users import USER_ROLE

ORDER_SIGN = "order-sign"
# The kinds of resource without which R1 and R2 cannot be told (8.1.7), with their FHIR types.
STOPPING_READS = {
    "conditions": "Condition",
    "observations": "Observation",
    "procedures": "Procedure",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
}
# These stop R1 and R2 only where the client tried to read them: not every EHR offers them.
TRIED_READS = {"questionnaireResponses": "QuestionnaireResponse", "examinations": "Observation"}
# Where the features of R3 and R4 stand, which break a silence.
SERIOUS_READS = frozenset({"Condition", "Observation", "QuestionnaireResponse"})
NO_INDICATION_READS = ("conditions", "observations", "encounter")
_TRIED_IN_VAIN = frozenset({ReadState.FAILED, ReadState.PARTIAL})
RED_FLAGS = frozenset({Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED})
_TIES = {
    Pathway.CAUDA_EQUINA: 0,
    Pathway.NEUROLOGY: 1,
    Pathway.INFECTION: 2,
    Pathway.CANCER: 3,
    Pathway.PROCEDURE: 4,
}
_TIES_WITHOUT_FEVER = {**_TIES, Pathway.CANCER: 2, Pathway.INFECTION: 3}

CRITERIA: tuple[tuple[str, str], ...] = (
    (
        "first",
        "An emergency, urgent or indicated finding of R3 to R6: the highest leads, the others are named",
    ),
    (
        "first",
        "R5 that is urgent beside neurology of R3 or R4 becomes an emergency; a mere question does not",
    ),
    (
        "then",
        "Outside the six, unless a possible infection may be the other cause itself, or a child has a "
        "possible red flag",
    ),
    ("then", "A possible red flag, then a value or answer that cannot be used"),
    ("then", "A part of the record that was not read, no recorded reason, or an unknown age: unclear"),
    ("last", "R2, else R1, else unclear"),
    (
        "check first",
        "An indicated or outside order with a possible red flag of R3, R4 or R5, or with a part of the "
        "record unread, is not confirmed before bladder, saddle and leg power are checked",
    ),
    ("warning", "Aortic disease with new pain makes any card at least a warning"),
    ("silent", "The patient has died, or the record is marked as a test"),
    ("silent", "Hospice care or another indication, without an emergency and without any tier of R3 or R4"),
    (
        "silent",
        "A child without any tier of R3, R4 or R5; at signing one card says that the guideline is for adults",
    ),
    ("silent", "A CT without a red flag; a wider study for another reason, where only R1 or R2 would speak"),
    ("silent", "Nothing recorded that the order could be for, while ordering; as switched"),
    (
        "silent",
        "A possible red flag and nothing about MRI safety, where the user has a role that the site names "
        "among its specialists",
    ),
    (
        "never silent",
        "For want of a finding of R3 or R4 where conditions, observations or a questionnaire that was asked "
        "for were not read: one may stand there",
    ),
)


@dataclass(frozen=True, slots=True)
class _Assessment:
    """Everything that was found for one order, before precedence."""

    order: MriOrder
    facts: PatientFacts
    pain: Pain
    today: date
    guideline: Guideline
    findings: tuple[Finding, ...]  # of R3 to R6, in order of precedence
    outside: Finding | None
    stopping: tuple[str, ...]  # FHIR types that were not read whole and so stop R1 and R2

    @property
    def child(self) -> bool:
        age = age_years(self.facts, self.today)
        return age is not None and age < self.guideline.thresholds.adult_age

    def of(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome in outcomes)


def decide(
    order: MriOrder,
    facts: PatientFacts,
    now: datetime,
    guideline: Guideline,
    *,
    hook: str,
    emergency_referral: bool = False,
    specialist: bool = False,
) -> Decision:
    """The guideline's answer for one order.

    `facts` hold the facts of the order's own reason, too.
    `emergency_referral` tells that the drafts hold a referral to the emergency department,
    `specialist` that the user has a role for which the site wants no questions (3.8).
    `Decision.silent` names the reason where no card is to be sent.
    """
    local = now.astimezone(guideline.zone)
    assessment = _assess(order, facts, local.date(), guideline)
    top, findings = _resolve(assessment)
    decision = _describe(assessment, top, findings, local, emergency_referral)
    return replace(decision, silent=_silence(assessment, decision, hook, specialist=specialist))


def _assess(order: MriOrder, facts: PatientFacts, today: date, guideline: Guideline) -> _Assessment:
    pain = read_pain(facts, order, today, guideline)
    r4 = assess_cauda_equina(facts, pain, order, today, guideline)
    r3 = assess_neurology(facts, pain, order, today, guideline)
    neuro = lifts_other_pathways(r4) or lifts_other_pathways(r3)
    fever = fever_present(facts, today, guideline)
    infection = _lifted(
        assess_infection(facts, pain, order, today, guideline, neuro=neuro), neuro, "emergency-abscess"
    )
    cancer = _lifted(
        assess_cancer(facts, pain, order, today, guideline, neuro=neuro), neuro, "emergency-cord"
    )
    r6 = assess_procedure(facts, pain, order, today, guideline, neuro=neuro, fever=fever)
    found = [finding for finding in (r4, r3, infection, cancer, r6) if finding is not None]
    found.sort(key=lambda finding: precedence(finding, fever=fever))
    return _Assessment(
        order, facts, pain, today, guideline, tuple(found),
        assess_outside(facts, pain, order, today, guideline), _stopping(facts.reads),
    )  # fmt: skip


def precedence(finding: Finding, *, fever: bool) -> tuple[int, bool, int]:
    """Where a finding stands, the leading one least: rank, then question before gap, then tie (2.11)."""
    ties = _TIES if fever else _TIES_WITHOUT_FEVER
    return -finding.outcome.rank, finding.outcome is Outcome.UNCLEAR, ties[finding.pathway]


def _lifted(finding: Finding | None, neuro: bool, variant: str) -> Finding | None:
    """R5 beside neurology is an emergency, in the words of its pattern; weak facts do not escalate (2.11)."""
    if finding is None or not neuro or finding.outcome not in (Outcome.URGENT, Outcome.EMERGENCY):
        return finding
    return replace(finding, outcome=Outcome.EMERGENCY, variant=variant)


def _stopping(reads: Mapping[str, ReadState]) -> tuple[str, ...]:
    """The FHIR types that were not read to the end and so stop R1 and R2 (8.1.7)."""
    missing = [kind for key, kind in STOPPING_READS.items() if reads.get(key) is not ReadState.COMPLETE]
    missing += [kind for key, kind in TRIED_READS.items() if reads.get(key) in _TRIED_IN_VAIN]
    return tuple(dict.fromkeys(missing))


def _unread(a: _Assessment, findings: Sequence[Finding], contrast: str | None) -> tuple[str, ...]:
    """The FHIR types that the card names: what stops R1, then everything else that was tried in vain.

    Of what was never sent it names only what could have changed this card, so that it stays short.
    """
    reads, needed = a.facts.reads, set(_needed(a, findings, contrast))
    missing = [
        resource_type_of(query)
        for key, query in a.guideline.prefetch.items()
        if (reads.get(key) in _TRIED_IN_VAIN and key != USER_ROLE)
        or (key in needed and reads.get(key) is not ReadState.COMPLETE)
    ]
    return tuple(dict.fromkeys((*a.stopping, *missing)))


def _needed(a: _Assessment, findings: Sequence[Finding], contrast: str | None) -> Iterator[str]:
    """The prefetch keys that R1 does not need, and this card does."""
    yield "devices"  # a missing card about MRI safety would look like a patient without an implant
    if a.facts.birth_date is None:
        yield "patient"
    if is_for_contrast(a.order, contrast):
        yield "allergies"
    if findings[0].variant == "unread" and not a.stopping:
        yield from NO_INDICATION_READS


def _resolve(a: _Assessment) -> tuple[Outcome, tuple[Finding, ...]]:
    """The leading outcome and the findings of the card, the leading one first (2.11)."""
    if a.of(*RED_FLAGS):
        return a.findings[0].outcome, a.findings
    possible, unclear = a.of(Outcome.POSSIBLE), a.of(Outcome.UNCLEAR)
    before_outside = any(finding.variant == "possible-source" for finding in possible)  # 8.7.4
    if a.outside is not None and not before_outside and not (a.child and possible):
        return Outcome.OUTSIDE, (a.outside, *possible, *unclear)
    if possible:
        return Outcome.POSSIBLE, a.findings
    if unclear:
        return Outcome.UNCLEAR, unclear
    if a.stopping:
        return Outcome.UNCLEAR, (_undecided("unread"),)
    if not a.pain.present:
        return Outcome.UNCLEAR, (_no_indication(a),)
    if age_years(a.facts, a.today) is None:
        read = a.facts.reads.get("patient") is ReadState.COMPLETE
        return Outcome.UNCLEAR, (_undecided("age-unknown" if read else "age-unread"),)
    care = assess_care(a.facts, a.pain, a.today, a.guideline)
    finding = assess_nonspecific(a.facts, a.pain, care, a.today, a.guideline)
    return finding.outcome, (finding,)


def _undecided(variant: str) -> Finding:
    """Unclear between R1 and R2 (8.8.8)."""
    return Finding(Pathway.PAIN, "R1", Outcome.UNCLEAR, tier=variant, variant=variant)


def _no_indication(a: _Assessment) -> Finding:
    """Nothing recorded that the order could be for; only where the record was read (8.1.8)."""
    read = all(a.facts.reads.get(key) is ReadState.COMPLETE for key in NO_INDICATION_READS)
    if not read:
        return _undecided("unread")
    named = _red_flag_reason(a)
    variant, blank, reason = (
        ("reason-without-pain", "cause", named) if named else ("no-indication", "reason", a.pain.other_reason)
    )
    fills = {blank: reason} if reason else {}
    return Finding(Pathway.PAIN, "", Outcome.UNCLEAR, tier="no indication", variant=variant, fills=fills)


def _red_flag_reason(a: _Assessment) -> str:
    """The cancer or infection that the order gives as its reason, which counts only with pain (8.7.1)."""
    named = (line.short or line.text for line in _without_pain(a) if line.resource == a.order.reference)
    return next(named, "")


def _describe(
    a: _Assessment, top: Outcome, findings: tuple[Finding, ...], local: datetime, emergency_referral: bool
) -> Decision:
    pregnant = pregnancy(a.facts, a.today, a.guideline)
    target = make_plan(findings)
    changes = what_changes(target, a.order, top, pregnant=pregnant is not None, switches=a.guideline.switches)
    safety = read_safety(a.facts, a.order, changes.contrast, a.today, a.guideline)
    unread = _unread(a, findings, changes.contrast)
    changes = _without_risky_contrast(changes, a.order, safety)
    vascular = vascular_fact(a.facts, a.pain, a.today, a.guideline)
    check_first = top in (Outcome.INDICATED, Outcome.OUTSIDE) and (bool(a.stopping) or _has_open_question(a))
    unasked = findings[0].variant == UNDATED_REASON
    contrast = _unsuitable_contrast(a.order, safety)
    endorsed = (
        not (check_first or unasked)
        and vascular is None
        and _is_concordant(a, target, top, safety, emergency_referral, unsuitable_contrast=bool(contrast))
    )
    return Decision(
        order=a.order,
        outcome=top,
        findings=findings,
        recommendations=_recommendations(top, findings),
        indicator=_indicator(
            top, findings, a.guideline.indicators, endorsed=endorsed, vascular=vascular is not None
        ),
        endorsed=endorsed,
        plan=_to_consider(changes, a.order) if endorsed else changes,
        reason=_reason(findings),
        evaluated_at=local,
        today=a.today,
        not_recorded=not_recorded(a.facts, a.today, a.guideline, unread),
        denied=denials(a.facts, a.today, a.guideline),
        open_items=open_items(a.facts, a.today, a.guideline, top, findings),
        stale=_stale(a, findings),
        unread=unread,
        would_change=tuple(would_change(top, findings, unread=bool(a.stopping))),
        listed=tuple(_listed(a, vascular)),
        safety=safety,
        first_lines=tuple(_first_lines(target, check_first, vascular, contrast, a)),
        primary_care=_in_primary_care(a.facts, a.guideline),
        pregnant=pregnant is not None,
        child=a.child,
        recent_procedure=bool(_unjudged_procedures(a)),
        fills=findings[0].fills,
        background=(*a.pain.evidence, *assess_care(a.facts, a.pain, a.today, a.guideline).evidence),
    )


def _to_consider(changes: Plan, order: MriOrder) -> Plan:
    """What a right order may still gain: region and contrast, which radiology decides."""
    said_nothing = order.contrast is None and changes.contrast == "without"
    return replace(changes, contrast=None if said_nothing else changes.contrast)


def _stale(a: _Assessment, findings: Sequence[Finding]) -> tuple[Evidence, ...]:
    """What is too old to count, without what a finding rests on all the same."""
    counted = {fact.resource for finding in findings for fact in finding.evidence}
    return tuple(f for f in stale(a.facts, a.today, a.guideline) if f.resource not in counted)


def _has_open_question(a: _Assessment) -> bool:
    """A possible red flag of R3, R4 or R5, or a value of theirs that cannot be used (8.1.5, 8.8.2)."""
    open_ones = a.of(Outcome.POSSIBLE, Outcome.UNCLEAR)
    return any(finding.pathway is not Pathway.PROCEDURE for finding in open_ones)


def _is_concordant(
    a: _Assessment,
    target: Plan,
    top: Outcome,
    safety: Sequence[SafetyLine],
    emergency_referral: bool,
    *,
    unsuitable_contrast: bool,
) -> bool:
    unsafe = any(line.kind == "unsafe" for line in safety)
    in_hospital = emergency_referral or a.facts.encounter_class in a.guideline.switches.emergency_classes
    return top in RED_FLAGS and is_adequate(
        target, a.order, top, in_hospital=in_hospital, unsafe_implant=unsafe,
        unsuitable_contrast=unsuitable_contrast,
    )  # fmt: skip


def _unsuitable_contrast(order: MriOrder, safety: Sequence[SafetyLine]) -> str | None:
    """Why the contrast of the order must be settled first, as a key of first lines (2.11, 2.13)."""
    kinds = {line.kind for line in safety}
    if order.contrast not in WITH_CONTRAST:
        return None
    if "pregnancy" in kinds:
        return "contrast-pregnant"
    return "contrast-risk" if speaks_against_contrast(safety) else None


def _without_risky_contrast(changes: Plan, order: MriOrder, safety: Sequence[SafetyLine]) -> Plan:
    """The changes without contrast where the record speaks against it: that is radiology's word (2.14)."""
    if changes.contrast not in WITH_CONTRAST or not speaks_against_contrast(safety):
        return changes
    # A contrast of its own is what turns a CT into an MRI.
    return replace(changes, contrast="without" if order.is_ct else None)


def _recommendations(top: Outcome, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Leading first, then every other with a tier of possible or more; R1 with R2 where none can be told."""
    leading = findings[0]
    if top is Outcome.OUTSIDE:
        return ()
    if leading.pathway is Pathway.PAIN and top is Outcome.UNCLEAR:
        return ("R1", "R2") if leading.recommendation else ()
    named = [
        f.recommendation
        for f in findings
        if f is leading or (f.outcome.rank >= Outcome.POSSIBLE.rank and f.outcome is not Outcome.UNCLEAR)
    ]
    return tuple(dict.fromkeys(name for name in named if name))


def _indicator(
    top: Outcome,
    findings: Sequence[Finding],
    indicators: Mapping[str, Indicator],
    *,
    endorsed: bool,
    vascular: bool,
) -> Indicator:
    if vascular and top is not Outcome.EMERGENCY:  # 8.8.3
        return Indicator.WARNING
    if endorsed:
        return indicators[ENDORSED]
    return indicators[IMPROVING if findings[0].variant == IMPROVING else top]


_FILES = {
    Outcome.NOT_INDICATED: "not-indicated",
    Outcome.MAY_BE_INDICATED: "may-be-indicated",
    Outcome.OUTSIDE: "outside",
}


def _reason(findings: Sequence[Finding]) -> str:
    """The file and section that hold the card's words."""
    leading = findings[0]
    if leading.pathway is Pathway.PAIN and leading.outcome is Outcome.UNCLEAR:
        return f"unclear.{leading.variant}"
    file = _FILES.get(leading.outcome, leading.pathway.value)
    return f"{file}.{leading.variant or leading.outcome.value}"


def _listed(a: _Assessment, vascular: Evidence | None) -> Iterator[Evidence]:
    """Facts without a tier that the doctor should still see (2.9, 8.7.1, 8.9.5)."""
    if vascular is not None:
        yield vascular
    scan = previous_mri(a.facts, a.today, a.guideline)
    if scan is not None:
        yield scan
    yield from _unjudged_procedures(a)
    if all(finding.pathway is not Pathway.CAUDA_EQUINA for finding in a.findings):
        yield from cauda_equina.list_untiered(a.facts, a.pain, a.today, a.guideline)
    yield from neurology.list_long_standing(a.facts, a.today, a.guideline)
    yield from neurology.list_recovered(a.facts, a.today, a.guideline)
    suspects_r5 = any(finding.recommendation == "R5" for finding in a.findings)
    if suspects_r5 or not a.of(*RED_FLAGS):  # beside another emergency, diabetes is only noise
        ask_age = suspects_r5 and not a.of(Outcome.EMERGENCY)
        yield from infection.list_contributory(a.facts, a.today, a.guideline, suspected=ask_age)
        yield from malignancy.list_contributory(a.facts, a.today, a.guideline)
    if not a.pain.present:
        yield from _uncounted(a)
    yield from outside.list_beside(a.facts, a.today, a.guideline)


def _uncounted(a: _Assessment) -> Iterator[Evidence]:
    """The clues of R5 that count only with recorded pain, and so stand in no finding (8.7.1)."""
    counted = {line for finding in a.findings for line in finding.evidence}
    for line in _without_pain(a):
        if line not in counted:
            yield line


def _without_pain(a: _Assessment) -> tuple[Evidence, ...]:
    return (
        *infection.list_without_pain(a.facts, a.today, a.guideline),
        *malignancy.list_without_pain(a.facts, a.today, a.guideline),
    )


def _unjudged_procedures(a: _Assessment) -> tuple[Evidence, ...]:
    """Recent procedures of which R6 found nothing, because the pain is older and unchanged on record."""
    if any(finding.pathway is Pathway.PROCEDURE for finding in a.findings):
        return ()
    return list_recent(a.facts, a.today, a.guideline)


def _first_lines(
    target: Plan, check_first: bool, vascular: Evidence | None, contrast: str | None, a: _Assessment
) -> Iterator[str]:
    if vascular is not None:
        yield "vascular"
    if a.order.is_ct:
        yield "ct"
    if check_first:
        yield "check-first"
    if target.pattern is not None:
        yield target.pattern
    if contrast is not None:
        yield contrast
    if a.child:
        yield "child"


def _in_primary_care(facts: PatientFacts, guideline: Guideline) -> bool:
    """Whether the advice says "refer"; an unknown setting is read as primary care (2.12)."""
    return facts.encounter_class is None or facts.encounter_class in guideline.switches.primary_care_classes


def _silence(a: _Assessment, decision: Decision, hook: str, *, specialist: bool) -> str:
    """Why no card is sent; empty where one is (3.8, 8.8.5)."""
    switches = a.guideline.switches
    emergency = decision.outcome is Outcome.EMERGENCY
    # What would break a silence may stand in what was not read.
    unread = not SERIOUS_READS.isdisjoint(a.stopping)
    serious = emergency or unread or any(f.recommendation in ("R3", "R4") for f in a.findings)
    reason = is_silent_patient(a.facts, a.order, a.today, a.guideline)
    if reason in ("deceased", "test patient"):
        return reason
    if reason and not serious:
        return reason
    if a.child and not serious and not any(f.recommendation == "R5" for f in a.findings):
        return "" if hook == ORDER_SIGN else "child"
    if a.order.is_ct and decision.outcome not in RED_FLAGS and not unread:
        return "ct"
    if decision.endorsed and not switches.endorse:
        return "concordant"
    if specialist and decision.outcome is Outcome.POSSIBLE and not decision.safety and not unread:
        return "specialist"
    # A study of more than the lumbar spine is about R1 and R2 only for back pain alone (2.1.4).
    about_pain = decision.findings[0].pathway is Pathway.PAIN
    if a.order.covers != "lumbar" and a.pain.other_reason and about_pain and not unread:
        return "other reason"
    at_select = hook != ORDER_SIGN
    if (
        decision.reason == "unclear.no-indication"
        and at_select
        and not switches.no_indication_at_order_select
    ):
        return "no indication"
    if decision.outcome is Outcome.UNCLEAR and at_select and not switches.unclear_at_order_select:
        return "unclear"
    return ""
