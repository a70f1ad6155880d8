"""Which names of time zones content may use."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EXPECTED = "a time zone such as Asia/Singapore"


def is_time_zone(name: str) -> bool:
    """Whether the machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
