"""Why a card is shown: the order, the facts of the leading finding, and what else stands on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cds_service.guideline.decision import Decision, Evidence, Finding, MriOrder, ShownAgain
from cds_service.guideline.lumbar_mri.assertions import NOT_USABLE
from cds_service.guideline.lumbar_mri.card_words import CardWords, name_of
from cds_service.guideline.lumbar_mri.escaping import escape_markdown
from cds_service.guideline.lumbar_mri.phrases import long_date, speaker, statements
from cds_service.guideline.lumbar_mri.summary import Place
from cds_service.guideline.lumbar_mri.wording import SHARED, find, own_reasons
from cds_service.guideline.words import Words
from cds_service.record.dates import on_day

LEADING_FACTS = 6
PAIN_FACTS = 4  # where the pain is short, and no care has to be shown
OTHER_FACTS = 3
_SHORT_PAIN = ("short", "first-recorded")
LISTED_FACTS = 3
NEW_FACTS = 2


def block(name: str, lines: Iterable[str], words: Words) -> str:
    """The lines under their bold heading; empty where there are none."""
    body = "\n".join(lines).strip()
    if not body or not name:
        return body
    return f"**{words.say(SHARED, f'heading.{name}')}**\n\n{body}"


def bullets(items: Iterable[str]) -> Iterator[str]:
    """One list item a line."""
    return (f"- {item}" for item in items)


def order_line(order: MriOrder, place: Place, words: Words) -> str:
    """Which order the card is about; empty for a draft that was not read."""
    if not order.resource:
        return ""
    fills = {"order": escape_markdown(order.label)}
    if place.total < 2:
        return words.say(SHARED, "order", fills)
    return words.say(
        SHARED, "order-of-several", {**fills, "place": str(place.number), "total": str(place.total)}
    )


def why(decision: Decision, said: CardWords, place: Place) -> Iterator[str]:
    words = said.words
    yield order_line(decision.order, place, words)
    if decision.duplicates:
        others = ", ".join(
            escape_markdown(f"{order.label} ({order.reference})") for order in decision.duplicates
        )
        order = escape_markdown(f"{decision.order.label} ({decision.order.reference})")
        yield words.say(SHARED, "duplicates", {"order": order, "others": others})
    if decision.again:
        yield _again(decision.again, words)
    lead = find(words, said.subject, "why", said.subject_names, said.escaped)
    if lead:
        yield lead
    for section, blank in (("screen", "screen"), ("other-reason", "reason")):
        if said.fills.get(blank) and words.has(said.subject, section):
            yield words.say(said.subject, section, said.escaped)
    yield ""
    leading = decision.leading.evidence if decision.leading else ()
    short = decision.leading is not None and decision.leading.variant in _SHORT_PAIN
    say = speaker(words)
    yield from bullets(statements(leading, words, PAIN_FACTS if short else LEADING_FACTS, say=say))
    besides = decision.findings[1:]
    unusable = [one for one in besides if _is_unusable(one)]
    yield from bullets(_also((one for one in besides if one not in unusable), leading, words, say))
    if names := _unusable_names(unusable, leading):
        yield f"- {words.say(SHARED, 'also-unusable', {'names': names})}"
    said_already = [say(fact) for finding in decision.findings for fact in finding.evidence]
    # One disease in two entries is one line.
    listed = {fact.text.casefold(): fact for fact in reversed(decision.listed)}
    for fact in statements(reversed(listed.values()), words, LISTED_FACTS, but=said_already, say=say):
        yield f"- {words.say(SHARED, 'also-listed')}: {fact}"


def _again(again: ShownAgain, words: Words) -> str:
    """That the advice was set aside, and why it is shown all the same."""
    fills = {
        "date": long_date(on_day(again.overridden)),
        "reason": escape_markdown(own_reasons(words).get(again.reason, again.reason)),
        "facts": "; ".join(statements(again.new, words, NEW_FACTS)),
    }
    return words.say(SHARED, f"again.{again.why}", fills)


def _also(
    findings: Iterable[Finding], leading: Iterable[Evidence], words: Words, say: Callable[[Evidence], str]
) -> Iterator[str]:
    said = [say(fact) for fact in leading]
    for finding in findings:
        facts = "; ".join(statements(finding.evidence, words, OTHER_FACTS, but=said, say=say))
        if finding.evidence and not facts:
            facts = words.say(SHARED, "same-facts")
        subject = f"{words.say(SHARED, 'also')}, {name_of(finding.pathway, words)}"
        recommendation = f" ({finding.recommendation})" if finding.recommendation else ""
        yield f"{subject}{recommendation}: {facts}" if facts else f"{subject}{recommendation}"


def _is_unusable(finding: Finding) -> bool:
    return bool(finding.evidence) and all(fact.note == NOT_USABLE for fact in finding.evidence)


def _unusable_names(findings: Iterable[Finding], leading: Iterable[Evidence]) -> str:
    """What else was asked without a usable answer, each thing once whatever the diseases that it concerns."""
    said = {fact.text for fact in leading}
    texts = dict.fromkeys(fact.text for finding in findings for fact in finding.evidence)
    return ", ".join(escape_markdown(text) for text in texts if text not in said)
