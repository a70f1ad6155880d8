"""The threads in which FHIR reads run: so many a process, and no long queue before them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import BoundedSemaphore

# A read that waits behind more than this many others a thread would be late anyway.
_WAITING_FOR_EACH_THREAD = 4


class ReadPool:
    """Runs tasks side by side; refuses one where too many wait already.

    Threads start with the first task, so that a process may be forked before.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="fhir-read")
        self._places = BoundedSemaphore(threads * (1 + _WAITING_FOR_EACH_THREAD))

    def submit(self, task: Callable[[], None]) -> Future[None] | None:
        """The running or waiting task; None where there is no place for it."""
        if not self._places.acquire(blocking=False):
            return None
        try:
            # With the context of the call, so that a line of the log says to which call it belongs.
            future = self._executor.submit(copy_context().run, task)
        except RuntimeError:  # the process is ending
            self._places.release()
            return None
        future.add_done_callback(lambda _: self._places.release())
        return future

    def close(self) -> None:
        """End the threads once their tasks are done."""
        self._executor.shutdown(wait=True, cancel_futures=True)
