"""Which addresses a card may link to."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

_NO_ADDRESS = re.compile(r"""[\s<>"\\^`{}|]""")


def is_link(text: str, schemes: Collection[str]) -> bool:
    """Whether a client can follow it as it stands: absolute, with a host, and every odd character encoded."""
    if _NO_ADDRESS.search(text) or not text.isascii():
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that there is not
    except ValueError:
        return False
    # A name before the host makes an address look like another one.
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
