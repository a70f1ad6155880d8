"""How many calls one process works on at once, and for how long it works on each."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import inf
from threading import BoundedSemaphore
from typing import Any

from flask import Response

from cds_service.errors import Throttled, TookTooLong
from cds_service.wiring import Services

View = Callable[..., Response]


def at_most(calls: int) -> Callable[[View], View]:
    """A decorator whose views run `calls` times at once, all together; one more raises Throttled.

    It waits for nobody: a thread that waits is one that cannot answer a health check.
    A body is read inside, so that senders cannot fill the memory with more bodies than that.
    """
    places = BoundedSemaphore(calls)

    def limited(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            if not places.acquire(blocking=False):
                raise Throttled("More calls arrive at once than this service answers.", "Try again soon.")
            try:
                return view(*args, **kwargs)
            finally:
                places.release()

        return answer

    return limited


def ends_late(services: Services) -> Callable[[], None]:
    """A checkpoint for the evaluation of one call: raises TookTooLong once it has taken its time.

    The time begins at the first look, so what is read from a FHIR server, in a time of its own, is not in it.
    Nothing is interrupted, so a call ends at the first step after its time.
    """
    stopwatch = services.stopwatch
    ends = inf

    def checkpoint() -> None:
        nonlocal ends
        now = stopwatch()
        if ends == inf:
            ends = now + services.settings.max_call_seconds
        if now > ends:
            raise TookTooLong("The evaluation took too long and was ended.", "No advice was reached.")

    return checkpoint
