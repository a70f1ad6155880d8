"""Feedback on cards, as clients report it: several entries a batch, several outcomes a card.

A malformed entry refuses the whole batch, so that a client never has to guess which half was taken.
What real clients send is tolerated: a reason without display or system, a plain dismissal without any reason,
a timestamp with an offset, accepted suggestions as plain strings, the same card again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from cds_service.errors import BadRequest, InvalidMember, MissingMember, TooLarge

# Free text can hold anything about a patient, so it is not taken without bound (FB-14).
COMMENT_LIMIT_CHARACTERS = 16_000
# More than anybody reports; without a bound, six megabytes of nonsense become gigabytes of error messages.
MOST_ENTRIES = 10_000
MOST_SUGGESTIONS = 100

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _read_timestamp(value: object) -> datetime:
    """An instant with an offset; pydantic alone would also take numbers and bare dates."""
    if isinstance(value, str) and _RFC3339.fullmatch(value.strip()):
        try:
            return datetime.fromisoformat(value.strip().upper())
        except ValueError:
            pass
    raise PydanticCustomError("timestamp", "expected an RFC 3339 timestamp")


def _id_object(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


def _suggestions(value: object) -> object:
    """A list as the tuple that it becomes; one that is too long is refused before a look at its members."""
    if isinstance(value, list) and len(value) > MOST_SUGGESTIONS:
        raise PydanticCustomError("too_many", "expected fewer")
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class _Wire(BaseModel):
    """Unknown members are ignored, because clients add their own."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_members(cls, value: object) -> object:
        """What is null or empty was not sent: GEN-3 binds the client, too, and not every client knows."""
        if not isinstance(value, dict):
            return value
        return {name: member for name, member in value.items() if member not in (None, "", [], {})}


class Reason(_Wire):
    """The override reason that was picked; clients add their own, and leave out display or system."""

    code: Text
    system: Text | None = None
    display: Text | None = None


class OverrideReason(_Wire):
    """Why the advice was not followed: a reason, a comment, or both."""

    reason: Reason | None = None
    user_comment: str | None = Field(
        None, alias="userComment", max_length=COMMENT_LIMIT_CHARACTERS, repr=False
    )


class AcceptedSuggestion(_Wire):
    """One suggestion that was taken, by its uuid."""

    id: Text


class FeedbackEntry(_Wire):
    """What became of one card."""

    card: Text
    outcome: Literal["accepted", "overridden"]
    accepted_suggestions: Annotated[
        tuple[Annotated[AcceptedSuggestion, BeforeValidator(_id_object)], ...],
        BeforeValidator(_suggestions),
    ] = Field((), alias="acceptedSuggestions")
    override_reason: OverrideReason | None = Field(None, alias="overrideReason")
    outcome_timestamp: Annotated[datetime, BeforeValidator(_read_timestamp)] = Field(alias="outcomeTimestamp")

    @model_validator(mode="after")
    def _accepted_names_its_suggestions(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise PydanticCustomError("no_suggestion", "accepted needs acceptedSuggestions")
        return self


def read_feedback(body: Mapping[str, Any]) -> tuple[FeedbackEntry, ...]:
    """The entries of a feedback batch, in order.

    Raises MissingMember, InvalidMember, BadRequest or TooLarge; each names the member, never a value.
    """
    entries = body.get("feedback")
    if entries is None:
        raise MissingMember("feedback", 'The body is an object: {"feedback": [...]}.')
    if not isinstance(entries, list):
        raise InvalidMember("feedback", "an array")
    if len(entries) > MOST_ENTRIES:
        raise TooLarge(f"'feedback' holds more than {MOST_ENTRIES} entries.")
    return tuple(_read_entry(entry, f"feedback[{index}]") for index, entry in enumerate(entries))


def _read_entry(entry: object, path: str) -> FeedbackEntry:
    try:
        return FeedbackEntry.model_validate(entry)
    except ValidationError as error:
        # The first fault is enough to act on; pydantic's own text is not used because it can quote the input.
        raise _refusal(error.errors(include_input=False, include_url=False)[0], path) from None


def _refusal(fault: ErrorDetails, path: str) -> BadRequest | TooLarge:
    member = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    match fault["type"]:
        case "missing":
            return MissingMember(member)
        case "no_suggestion":
            return MissingMember(
                path + ".acceptedSuggestions", "It is required where the outcome is 'accepted'."
            )
        case "too_many":
            return TooLarge(f"'{member}' holds more than {MOST_SUGGESTIONS} entries.")
        case "string_too_long":
            return TooLarge(f"'{member}' is too long.")
        case "literal_error":
            return InvalidMember(member, "'accepted' or 'overridden'")
        case "timestamp":
            return InvalidMember(member, "an RFC 3339 timestamp with an offset, such as 2026-01-15T09:30:00Z")
        case _:
            return BadRequest(f"'{member}' cannot be read.")
