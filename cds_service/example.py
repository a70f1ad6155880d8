"""One complete request to try the service with, made fresh: its story always ends today."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

from cds_service.app import GUIDELINE_FOLDER, cards_folder

_FILE = "example-request.json"
# The moment at which the story in the file takes place.
_WRITTEN_FOR = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8)))

_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)(?!\d)")


def example_request(now: datetime) -> dict[str, Any]:
    """The request that ships with the guideline, every full date moved so that it happens today.

    Red flags have windows of days: left as written, the story would soon be an old one.
    """
    text = (cards_folder() / GUIDELINE_FOLDER / _FILE).read_text(encoding="utf-8")
    by = now.astimezone(_WRITTEN_FOR.tzinfo).date() - _WRITTEN_FOR.date()
    body: dict[str, Any] = json.loads(_moved(text, by))
    return body


def _moved(text: str, by: timedelta) -> str:
    return _DAY.sub(lambda found: (date.fromisoformat(found[0]) + by).isoformat(), text)
