"""The read of one prefetch key from a FHIR server, page by page, and what it makes of the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from cds_service.access.fhir_addresses import next_address
from cds_service.access.fhir_requests import TOO_LATE, Asking, Effort, fetch
from cds_service.access.outgoing import NotFetched
from cds_service.access.paging import MOST_ENTRIES, MOST_PAGES, entries_of, next_link, put_together
from cds_service.access.prefetch import Prefetched, read_as_key
from cds_service.access.scopes import Coverage
from cds_service.record.facts import ReadState

_log = structlog.get_logger()

PART_OF_SCOPE = "the scopes let a part through"


@dataclass(slots=True)
class KeyRead:
    """One read under way: its thread writes, and the call takes what is there when its time is over.

    `page` is the one that the client sent, where its next one is read.
    `ending` says why nothing more came, and is empty where everything did.
    """

    key: str
    template: str
    base: str = field(repr=False)
    url: str = field(repr=False)
    page: Mapping[str, Any] | None = field(repr=False)
    covered: Coverage
    pages: list[Mapping[str, Any]] = field(default_factory=list, repr=False)
    ending: str = TOO_LATE
    seconds: float | None = None  # None until it has ended
    effort: Effort = field(default_factory=Effort)

    @property
    def is_search(self) -> bool:
        """Whether a Bundle is asked for, and not one resource."""
        return "?" in self.template


def run(read: KeyRead, asking: Asking) -> None:
    """Read until the last page, or until something stands in the way; never raises."""
    started = asking.stopwatch()
    try:
        _follow(read, asking)
    except NotFetched as missing:
        read.ending = missing.reason
    except Exception as fault:
        # A fault of our own must not end in a call that looks as if nothing had been there to read.
        # Its message and its trace could hold the address, so only its kind is told.
        read.ending = "fault"
        _log.error("fault in a FHIR read", key=read.key, kind=type(fault).__name__)
    else:
        read.ending = ""
    read.seconds = asking.stopwatch() - started


def _follow(read: KeyRead, asking: Asking) -> None:
    seen = {read.url}
    count = 0
    url: str | None = read.url
    if read.page is not None:
        count = len(entries_of(read.page))
        url = _next(read.page, read.base, read.url, seen)
    while url is not None:
        page = fetch(url, asking, read.effort)
        if read.is_search and page["resourceType"] != "Bundle":
            raise NotFetched("no Bundle")
        if not read.is_search and page["resourceType"] == "Bundle":
            raise NotFetched("a Bundle instead of a resource")
        if read.pages and not isinstance(page.get("entry", []), list):
            raise NotFetched("entries cannot be read")
        read.pages.append(page)
        count += len(entries_of(page))
        url = _next(page, read.base, url, seen) if read.is_search else None
        if url is not None and (len(read.pages) >= MOST_PAGES or count >= MOST_ENTRIES):
            raise NotFetched("too many pages")


def _next(page: Mapping[str, Any], base: str, url: str, seen: set[str]) -> str | None:
    """The address of the next page, or None at the last one; raises NotFetched where it is not followed."""
    link = next_link(page)
    if link is None:
        return None
    address = next_address(base, url, link) if link else None
    if address is None:
        raise NotFetched("next page elsewhere")
    if address in seen:
        raise NotFetched("pages in a loop")
    seen.add(address)
    return address


def result(read: KeyRead, sent: Prefetched, patient_id: str) -> Prefetched:
    """The key with what came, or as it was sent, and why it is not whole."""
    pages = list(read.pages)  # the thread may still be adding
    if not pages:
        # What was tried in vain is worse than what nobody offered: it may be there.
        state = ReadState.FAILED if sent.state is ReadState.NOT_SENT else sent.state
        return replace(sent, state=state, reason=read.ending)
    whole = put_together(pages if read.page is None else [read.page, *pages])
    found = read_as_key(read.key, whole, read.template, patient_id)
    if read.page is None:
        # Each may hold what the other lacks, and a red flag that was sent is not taken back by a read.
        found = replace(found, resources=(*sent.resources, *found.resources))
    if found.state is ReadState.COMPLETE:
        if read.covered is Coverage.PART and read.is_search:
            return replace(found, state=ReadState.PARTIAL, reason=PART_OF_SCOPE)
        return found
    if read.ending and found.state is ReadState.PARTIAL:
        found = replace(found, reason=read.ending)
    if sent.state is ReadState.PARTIAL:
        return replace(found, state=ReadState.PARTIAL)
    return found
