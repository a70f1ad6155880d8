"""What is kept of feedback: what a report needs, and nothing that a client could have typed a patient into.

Every text of an entry is the client's.
So an id is kept only where it has the form of ours, a code where it has the form of a code,
a display where it is our own, and of a comment only that there was one and how long it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cds_service.feedback import FeedbackBatch
from cds_service.guideline.lumbar_mri.changed_order import OWN_REASONS
from cds_service.guideline.lumbar_mri.wording import own_reasons as own_reasons
from cds_service.protocol.feedback import FeedbackEntry, Reason

# What stands in place of a text that is not kept.
OTHER = "other"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_CODE = re.compile(r"[\w.:/|+-]{1,64}", re.ASCII)
_SYSTEM = re.compile(r"[a-z][a-z0-9+.-]{0,40}:[\w.:/#%?=&~+-]{1,200}", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MOMENT, _LAST_MOMENT = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One entry as it is stored; times are milliseconds since 1970.

    `digest` is the same for the same report, however often it comes: all are stored, one is counted.
    It is over what is kept alone, because a digest of a short comment can be guessed back.
    """

    service: str
    client: str
    received_ms: int
    card: str
    outcome: str
    suggestions: tuple[str, ...]
    reason_code: str | None
    reason_system: str | None
    reason_display: str | None
    comment_characters: int | None  # None: without a comment
    comment: str | None = field(repr=False)  # None: without one, or the site keeps none
    outcome_ms: int
    digest: str


_FIELDS = tuple(each.name for each in fields(KeptEntry))


def reduce_batch(
    batch: FeedbackBatch, own_displays: Mapping[str, str], *, comments: bool
) -> tuple[KeptEntry, ...]:
    """What is kept of each entry; the words of a comment only where the site wants `comments`."""
    return tuple(_reduce(entry, batch, own_displays, comments) for entry in batch.entries)


def columns_of(entry: KeptEntry) -> dict[str, object]:
    """The entry as a row; the suggestions as JSON text."""
    return asdict(entry) | {"suggestions": json.dumps(entry.suggestions)}


def entry_of(row: Mapping[str, Any]) -> KeptEntry:
    """The entry that a row holds."""
    values = {name: row[name] for name in _FIELDS}
    return KeptEntry(**values | {"suggestions": tuple(json.loads(values["suggestions"]))})


def milliseconds_of(moment: datetime) -> int:
    """A moment as a number; unlike a change of zone it overflows for no year that can be sent."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(milliseconds: int) -> datetime:
    """The moment of a number; what no calendar of every zone holds is brought to its ends."""
    bounded = max(milliseconds_of(_FIRST_MOMENT), min(milliseconds, milliseconds_of(_LAST_MOMENT)))
    return _EPOCH + timedelta(milliseconds=bounded)


def _reduce(
    entry: FeedbackEntry, batch: FeedbackBatch, own_displays: Mapping[str, str], comments: bool
) -> KeptEntry:
    override = entry.override_reason
    reason = override.reason if override else None
    comment = override.user_comment if override else None
    kept = KeptEntry(
        service=batch.service,
        client=batch.client,
        received_ms=milliseconds_of(batch.received_at),
        card=_own_id(entry.card),
        outcome=entry.outcome,
        suggestions=tuple(_own_id(taken.id) for taken in entry.accepted_suggestions),
        reason_code=_matching(_CODE, reason.code) if reason else None,
        reason_system=_system_of(reason) if reason else None,
        reason_display=_own_display(reason, own_displays) if reason else None,
        comment_characters=len(comment) if comment else None,
        # PostgreSQL has no place for the character zero in a text.
        comment=comment.replace("\0", " ") if comment and comments else None,
        outcome_ms=milliseconds_of(entry.outcome_timestamp),
        digest="",
    )
    return replace(kept, digest=_digest(kept))


def _digest(entry: KeptEntry) -> str:
    same = asdict(entry)
    for name in ("received_ms", "comment", "digest"):
        del same[name]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _own_id(sent: str) -> str:
    return sent.lower() if _UUID.fullmatch(sent) else OTHER


def _matching(form: re.Pattern[str], sent: str) -> str:
    return sent if form.fullmatch(sent) else OTHER


def _system_of(reason: Reason) -> str | None:
    """The system of the code, but not ours for one that is not kept: "other" is a code of ours, too."""
    if not _CODE.fullmatch(reason.code):
        return OTHER
    return _matching(_SYSTEM, reason.system) if reason.system else None


def _own_display(reason: Reason, own_displays: Mapping[str, str]) -> str | None:
    """Our own words for our own code; the sandbox leaves out the system."""
    display = own_displays.get(reason.code)
    return display if reason.display == display and reason.system in (None, OWN_REASONS) else None
