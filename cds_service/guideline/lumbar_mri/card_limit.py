"""As many cards as a client shows, the most urgent first, and never one too few to be safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cds_service.guideline.decision import Decision, Indicator, Outcome
from cds_service.guideline.lumbar_mri.escaping import escape_markdown
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.guideline.words import Words
from cds_service.protocol.card import Card

LEFT_OUT = "cards-left-out"
LABEL_CHARACTERS = 60
_URGENCY = (Indicator.CRITICAL, Indicator.WARNING, Indicator.INFO)


@dataclass(frozen=True, slots=True)
class RenderedCard:
    """A card, and the decision that it tells."""

    card: Card
    decision: Decision
    is_safety: bool = False

    @property
    def must_be_sent(self) -> bool:
        """Whether no limit may keep it back: an emergency, or a device that the scanner can harm."""
        return self.is_safety or self.decision.outcome is Outcome.EMERGENCY

    @property
    def urgency(self) -> tuple[int, int]:
        """What sorts it among the cards of other orders; the card about MRI safety stays with its order."""
        return _URGENCY.index(self.decision.indicator), -self.decision.outcome.rank


def limit_cards(rendered: Sequence[RenderedCard], most: int | None, words: Words) -> list[RenderedCard]:
    """At most so many cards, the most urgent first; the last one names the orders whose advice is left out.

    None: every card, in the order of the drafts.
    More than `most` only where all of them must be sent: the most urgent advice is one of those,
    because a card about a device alone would hide what the scan is for.
    """
    if most is None:
        return list(rendered)
    sorted_cards = sorted(rendered, key=lambda one: one.urgency)
    required = [one.must_be_sent or place == 0 for place, one in enumerate(sorted_cards)]
    room = most - sum(required)
    sent: list[RenderedCard] = []
    left_out: list[RenderedCard] = []
    for one, is_required in zip(sorted_cards, required, strict=True):
        fits = is_required or room > 0
        room -= not is_required
        (sent if fits else left_out).append(one)
    if left_out:
        sent[-1] = _naming(sent[-1], left_out, words)
    return sent


def _naming(last: RenderedCard, left_out: Sequence[RenderedCard], words: Words) -> RenderedCard:
    """The card with a line that says how many more there would be, and about which orders."""
    labels = (escape_markdown(one.decision.order.label, LABEL_CHARACTERS) for one in left_out)
    line = words.say(
        SHARED, LEFT_OUT, {"count": str(len(left_out)), "orders": ", ".join(dict.fromkeys(labels))}
    )
    detail = f"{last.card.detail}\n\n{line}" if last.card.detail else line
    return replace(last, card=last.card.model_copy(update={"detail": detail}))
