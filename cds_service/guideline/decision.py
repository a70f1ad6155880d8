"""What a guideline concludes: findings per pathway, and one decision an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from cds_service.record.dates import Interval
from cds_service.record.facts import DateProblem


class Outcome(StrEnum):
    """The eight answers, highest first; `reference` letters E U I P X M N O of the specification."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    INDICATED = "indicated"
    POSSIBLE = "possible"
    UNCLEAR = "unclear"
    MAY_BE_INDICATED = "may-be-indicated"
    NOT_INDICATED = "not-indicated"
    OUTSIDE = "outside"

    @property
    def rank(self) -> int:
        """The order of precedence of specification 2.11; outside has none of its own."""
        return _RANKS[self]


_RANKS = {
    Outcome.EMERGENCY: 6,
    Outcome.URGENT: 5,
    Outcome.INDICATED: 4,
    Outcome.POSSIBLE: 3,
    Outcome.UNCLEAR: 3,
    Outcome.MAY_BE_INDICATED: 2,
    Outcome.NOT_INDICATED: 1,
    Outcome.OUTSIDE: 0,
}


class Pathway(StrEnum):
    """One line of reasoning."""

    CAUDA_EQUINA = "cauda-equina"  # R4
    NEUROLOGY = "neurology"  # R3
    INFECTION = "infection"  # R5
    CANCER = "cancer"  # R5
    PROCEDURE = "procedure"  # R6
    PAIN = "pain"  # R1, R2
    OTHER = "other"  # outside the six, MRI safety


class Indicator(StrEnum):
    """CDS Hooks card indicator."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that a finding rests on, ready for a card: plain words, source and date."""

    text: str  # plain words, unescaped: "Saddle numbness", "CRP 42 mg/L (recorded as 4.2 mg/dL)"
    resource: str | None = None  # "Observation/crp-1"; None for what has no resource of its own
    when: Interval | None = None
    short: str = ""  # a few words for the summary line, without date: "saddle numbness"; empty: use `text`
    note: str = ""  # "recorded without a value", "records disagree", "older than the pain", ...
    date_problem: DateProblem | None = None  # why its recorded date is not used
    standing: str = ""  # how sure and how current the record is of it; empty: known and current


@dataclass(frozen=True, slots=True)
class Finding:
    """What one pathway concludes from the facts."""

    pathway: Pathway
    recommendation: str  # "R4"
    outcome: Outcome
    tier: str  # the specification's word: "acute", "subacute", "rapid", "known", "recent", ...
    variant: str = ""  # section of the card file: "urgent-bilateral"; empty: the outcome's own
    evidence: tuple[Evidence, ...] = ()
    flags: frozenset[str] = (
        frozenset()
    )  # named circumstances that choose words: "bilateral-only", "imaged", ...
    checks: tuple[str, ...] = ()  # what the doctor should check now: "saddle" for the words of `check.saddle`
    fills: Mapping[str, str] = field(default_factory=dict)  # blanks of the card text: {"pain_days": "13"}


@dataclass(frozen=True, slots=True)
class MriOrder:
    """A draft order that is a lumbar MRI, with what the rules read of it."""

    reference: str  # "ServiceRequest/mri-1"
    resource: Mapping[str, Any]  # the draft exactly as sent: an update must return it whole
    label: str  # what the doctor calls it, unescaped
    covers: str  # "lumbar", "thoracolumbar" or "whole-spine"
    contrast: str | None  # "without", "with", "with-and-without"; None: not said
    priority: str  # routine, urgent, asap, stat; routine where absent
    reason_concepts: frozenset[str] = frozenset()
    other_indication: str | None = None  # the text of a reason outside the guideline (2.1.6)
    code_system: str | None = None  # system of the coding that was recognised
    code: str | None = None  # its code
    is_ct: bool = False  # a lumbar CT, read only where the owner wants MRI advised instead (2.1.5)
    texts: tuple[str, ...] = ()  # reason texts and notes: they only block R1


@dataclass(frozen=True, slots=True)
class Denial:
    """A question about red flags to which the record's newest answer is no."""

    key: str  # of words: "saddle" for those of `denial.saddle`
    when: Interval
    asked: bool  # in a form; else found absent, or stated so, in an entry of another kind
    fresh: bool  # False: too long ago to count


@dataclass(frozen=True, slots=True)
class SafetyLine:
    """One MRI-safety fact (2.14): a device on the second card, or a line of the main card."""

    # unsafe, conditional, unknown-device, hardware, claustrophobia, renal, contrast-reaction or pregnancy
    kind: str
    evidence: Evidence
    own_card: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What should change in the order (2.12); None: the element is right as it is, or has no rule."""

    priority: str | None = None  # "stat", "urgent"
    region: str | None = None  # "lumbar", "lumbosacral", "whole-spine"
    contrast: str | None = None  # "without", "with-and-without"
    setting: str | None = None  # "emergency", "same-day", "specialist", "operating-team", "oncology"
    pattern: str | None = None  # "cord-compression", "epidural-abscess", "haematoma"


@dataclass(frozen=True, slots=True)
class ShownAgain:
    """Why a card is sent although the clinician set its advice aside before."""

    overridden: date
    reason: str  # the code of the override reason
    why: Literal["new-facts", "attested", "changed", "less-read", "emergency", "device"]
    new: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The guideline's answer for one order, complete enough to write every card from it."""

    order: MriOrder
    outcome: Outcome
    findings: tuple[Finding, ...]  # the leading one first; empty for unclear cards without a finding
    recommendations: tuple[str, ...]  # leading first; empty: topic "none"
    indicator: Indicator
    endorsed: bool
    plan: Plan
    reason: str  # names the words of the card: file stem and section, e.g. "cauda-equina.emergency"
    evaluated_at: datetime
    today: date
    not_recorded: tuple[str, ...] = ()  # keys of words: "bladder-bowel", "saddle", "leg-power", ...
    denied: tuple[Denial, ...] = ()
    open_items: tuple[str, ...] = ()  # link ids of the checklist items that would settle the card
    stale: tuple[Evidence, ...] = ()
    unread: tuple[str, ...] = ()  # FHIR types
    would_change: tuple[str, ...] = ()  # keys of words
    listed: tuple[Evidence, ...] = ()  # contributory facts without a tier
    safety: tuple[SafetyLine, ...] = ()
    first_lines: tuple[str, ...] = ()  # keys of words that open the detail: "vascular", "check-first", ...
    primary_care: bool = True
    pregnant: bool = False
    child: bool = False
    recent_procedure: bool = False  # one on the lumbar spine within its window, and no finding of R6
    fills: Mapping[str, str] = field(default_factory=dict)
    duplicates: tuple[MriOrder, ...] = ()  # other drafts merged into this card
    silent: str = ""  # why no card is sent: "hospice", "concordant", "repeat", ...; empty: a card is sent
    background: tuple[Evidence, ...] = ()  # pain and care, which R1 and R2 rest on, whatever leads
    again: ShownAgain | None = None  # None: the advice was not set aside lately

    @property
    def leading(self) -> Finding | None:
        """The finding that the card is about; None where nothing was found."""
        return self.findings[0] if self.findings else None
