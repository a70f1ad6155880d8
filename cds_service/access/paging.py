"""The pages of a search, put together as one Bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A server that gives 100 entries a page reaches the second limit within the first one;
# more than that is not read within the time of a call, and no rule needs so much.
MOST_PAGES = 50
MOST_ENTRIES = 10_000


def next_link(bundle: Mapping[str, Any]) -> str | None:
    """Where the next page is said to be; empty where that cannot be read, None where there is none."""
    links = bundle.get("link")
    for link in links if isinstance(links, list) else [links]:
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def entries_of(bundle: Mapping[str, Any]) -> list[Any]:
    """The entries of a page; none where it has none."""
    entries = bundle.get("entry")
    return entries if isinstance(entries, list) else []


def put_together(pages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One Bundle with the entries of all pages, which still has the `next` link that nobody followed."""
    if len(pages) == 1:
        return pages[0]
    totals = [page.get("total") for page in pages]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": max((one for one in totals if isinstance(one, int)), default=totals[0]),
        "entry": [entry for page in pages for entry in entries_of(page)],
        "link": pages[-1].get("link"),
    }
