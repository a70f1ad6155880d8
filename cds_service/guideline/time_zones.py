"""Which time zones there are."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_time_zone(name: str) -> bool:
    """Whether the name is one of the IANA time zones, such as Asia/Singapore."""
    try:
        ZoneInfo(name)
    # A folder of zones, such as "Asia", is opened as a file.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
