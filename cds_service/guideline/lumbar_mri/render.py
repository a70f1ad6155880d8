"""Decisions as cards, ready for JSON: the guideline's card, and behind it the one about MRI safety."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Outcome
from cds_service.guideline.lumbar_mri.card_limit import RenderedCard
from cds_service.guideline.lumbar_mri.card_words import CardWords, words_for
from cds_service.guideline.lumbar_mri.changed_order import (
    OWN_REASONS,
    OWN_RECOMMENDATIONS,
    ForWhom,
)
from cds_service.guideline.lumbar_mri.detail import changes, not_recorded, write_detail
from cds_service.guideline.lumbar_mri.escaping import clean_text, cut_at_word
from cds_service.guideline.lumbar_mri.imaging_tab import for_imaging_tab as with_what_it_reads
from cds_service.guideline.lumbar_mri.phrases import fhir_date, named
from cds_service.guideline.lumbar_mri.safety_card import devices, safety_detail, safety_summary
from cds_service.guideline.lumbar_mri.suggestions import Behaviour, Choice, suggest
from cds_service.guideline.lumbar_mri.summary import Place, features_of, fit_summary, mark_of, tag_of
from cds_service.guideline.lumbar_mri.wording import SHARED, override_reasons
from cds_service.protocol.card import (
    SUMMARY_CHARACTERS,
    Card,
    Coding,
    Link,
    OverrideReason,
    Source,
    Suggestion,
)

DECISION_EXTENSION = "org.lumbar-mri-cds.decision"
SAFETY_EXTENSION = "org.lumbar-mri-cds.mri-safety"
NO_RECOMMENDATION = "none"
CHECK_FIRST = "check-first"
FACT_CHARACTERS = 300
_OPEN = (Outcome.POSSIBLE, Outcome.UNCLEAR)
NewUuid = Callable[[], str]


def render_cards(
    decisions: Sequence[Decision],
    *,
    guideline: Guideline,
    new_uuid: NewUuid,
    patient_id: str,
    encounter_id: str | None,
    for_imaging_tab: bool = False,
) -> list[RenderedCard]:
    """The cards of all decisions in their order, each guideline card followed by its safety card.

    `for_imaging_tab` gives suggested orders what the CDS Hooks Sandbox reads without a check.
    """
    whom = ForWhom(
        _reference("Patient", patient_id), _reference("Encounter", encounter_id) if encounter_id else None
    )
    cards = []
    for number, decision in enumerate(decisions, start=1):
        place = Place(number, len(decisions))
        choices, behaviour = suggest(decision, guideline, whom)
        if for_imaging_tab:
            choices = tuple(with_what_it_reads(choice, decision, guideline) for choice in choices)
        guideline_card = _guideline_card(decision, place, guideline, new_uuid, choices, behaviour)
        cards.append(RenderedCard(guideline_card, decision))
        if devices(decision):
            safety_card = _safety_card(decision, place, guideline, new_uuid)
            cards.append(RenderedCard(safety_card, decision, is_safety=True))
    return cards


def _guideline_card(
    decision: Decision,
    place: Place,
    guideline: Guideline,
    new_uuid: NewUuid,
    choices: Sequence[Choice],
    behaviour: Behaviour,
) -> Card:
    said = words_for(decision, guideline)
    return Card(
        uuid=new_uuid(),
        summary=_summary(decision, place, said, guideline),
        detail=write_detail(decision, said, guideline, place),
        indicator=decision.indicator.value,
        source=_source(decision, guideline),
        suggestions=tuple(_suggestion(choice, new_uuid) for choice in choices) or None,
        selection_behavior=behaviour if choices else None,
        override_reasons=_override_reasons(decision, said) or None,
        links=_links(guideline),
        extension={DECISION_EXTENSION: _describe(decision, said, guideline)},
    )


def _summary(decision: Decision, place: Place, said: CardWords, guideline: Guideline) -> str:
    words, finding = said.words, decision.leading
    template = said.plain("summary") or ""
    pattern = decision.plan.pattern
    if pattern and not decision.endorsed:
        where = "" if decision.primary_care else ".hospital"
        if decision.outcome is Outcome.URGENT and words.has(SHARED, f"summary.{pattern}.urgent{where}"):
            where = f".urgent{where}"
        template = words.say(SHARED, f"summary.{pattern}{where}", {"features": "$features"})
    if CHECK_FIRST in decision.first_lines:
        template = words.say(SHARED, f"summary.{CHECK_FIRST}", {"features": "$features"})
        finding = next((f for f in decision.findings if f.outcome in _OPEN), None)
    tag = tag_of(decision, guideline)
    bare = fit_summary(template, (), tag)
    mark = mark_of(decision.order, place, SUMMARY_CHARACTERS - len(bare), words)
    return fit_summary(template, features_of(finding, decision.today), f"{mark}{tag}")


def _suggestion(choice: Choice, new_uuid: NewUuid) -> Suggestion:
    return Suggestion(
        label=choice.label,
        uuid=new_uuid(),
        is_recommended=True if choice.recommended else None,
        actions=choice.actions,
    )


def _override_reasons(decision: Decision, said: CardWords) -> tuple[OverrideReason, ...]:
    if decision.endorsed or not decision.order.resource:
        return ()
    return tuple(
        OverrideReason(system=OWN_REASONS, code=code, display=display)
        for code, display in override_reasons(said.words, said.file)
    )


def _source(decision: Decision, guideline: Guideline) -> Source:
    code = decision.recommendations[0] if decision.recommendations else NO_RECOMMENDATION
    say = guideline.words.say
    return _source_named(say(SHARED, "source.label"), guideline.url, code, say(SHARED, f"topic.{code}"))


@cache  # of the guideline's own few words: nothing of a patient, and the same on every card
def _source_named(label: str, url: str, code: str, display: str) -> Source:
    return Source(label=label, url=url, topic=Coding(system=OWN_RECOMMENDATIONS, code=code, display=display))


def _links(guideline: Guideline) -> tuple[Link, ...]:
    pages = (
        ("link.guideline", guideline.url),
        ("link.details", guideline.details_url),
        ("link.leaflet", guideline.leaflet_url),
    )
    return tuple(_link(guideline.words.say(SHARED, label), url) for label, url in pages if url)


@cache
def _link(label: str, url: str) -> Link:
    return Link(label=label, url=url)


def _safety_card(decision: Decision, place: Place, guideline: Guideline, new_uuid: NewUuid) -> Card:
    lines = devices(decision)
    described = {
        "orders": _orders(decision),
        "devices": [_with_values({"kind": line.kind, **_describe_fact(line.evidence)}) for line in lines],
        **_signature(decision, guideline),
    }
    return Card(
        uuid=new_uuid(),
        summary=safety_summary(decision, lines, guideline.words, place),
        detail=safety_detail(decision, lines, guideline.words, place),
        indicator="warning",
        source=_source(decision, guideline),
        links=_links(guideline),
        extension={SAFETY_EXTENSION: _with_values(described)},
    )


def _describe(decision: Decision, said: CardWords, guideline: Guideline) -> dict[str, Any]:
    """The decision as an auditor reads it; texts of the record are JSON here, not Markdown."""
    described: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "endorsed": decision.endorsed,
        "recommendations": list(decision.recommendations),
        "orders": _orders(decision),
        "facts": [
            _with_values({"pathway": finding.pathway.value, "tier": finding.tier, **_describe_fact(fact)})
            for finding in decision.findings
            for fact in finding.evidence
        ],
        "notRecorded": not_recorded(decision, said.words),
        "unread": list(decision.unread),
        "wouldChange": []
        if decision.endorsed
        else [
            line.removeprefix("- ") for text in changes(decision, said) for line in text.splitlines() if line
        ],
        **_signature(decision, guideline),
    }
    return _with_values(described)


def _orders(decision: Decision) -> list[str]:
    return [order.reference for order in (decision.order, *decision.duplicates)]


def _signature(decision: Decision, guideline: Guideline) -> dict[str, Any]:
    return {
        "guideline": {"id": guideline.id, "version": guideline.version, "digest": guideline.digest},
        "evaluatedAt": decision.evaluated_at.astimezone(guideline.zone).isoformat(timespec="seconds"),
    }


def _describe_fact(fact: Evidence) -> dict[str, str]:
    return {
        "resource": fact.resource or "",
        "date": fhir_date(fact.when) if fact.when else "",
        # A letter in a note is longer than a fact should be; the resource holds it whole.
        "text": cut_at_word(clean_text(named(fact)), FACT_CHARACTERS),
    }


def _with_values(described: dict[str, Any]) -> dict[str, Any]:
    """Only the members that have a value (GEN-3)."""
    return {name: value for name, value in described.items() if value or value is False}


def _reference(kind: str, id: str) -> str:
    return f"{kind}/{id.removeprefix(f'{kind}/')}"
