"""What one client wants of an answer besides the advice itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """In which form a client wants its answers; as it stands, a client of CDS Hooks 2.0.1.

    `system_actions` is the place of the actions that nobody is shown; None leaves it to the site's switch.
    `pama_rating` gives every suggested order what the imaging tab of the CDS Hooks Sandbox reads unchecked.
    `max_cards` is None where the client shows every card.
    `silent_roles` are roles, besides those of the site, to whom *possible* cards are not sent.
    """

    protocol: Literal["1.x", "2.x"] = "2.x"
    system_actions: Literal["off", "root", "extension"] | None = None
    pama_rating: bool = False
    max_cards: int | None = None
    silent_roles: tuple[str, ...] = ()


PLAIN = AnswerForm()
