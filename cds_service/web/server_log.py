"""What gunicorn has to say, as JSON lines like all others, and without what was sent to it."""

from __future__ import annotations

from typing import Any

import structlog
from gunicorn.glogging import Logger

_log = structlog.get_logger()


class JsonLog(Logger):  # type: ignore[misc] # gunicorn has no types
    """Writes the sentence of gunicorn's own, with the numbers and signals that it fills in.

    What else it fills in is left out: that can be an address as it was typed, or a trace.
    """

    def critical(self, msg: Any, *args: Any, **_: Any) -> None:
        """A line of the level error."""
        _log.error("server", **_told(msg, args))

    def error(self, msg: Any, *args: Any, **_: Any) -> None:
        """A line of the level error."""
        _log.error("server", **_told(msg, args))

    def exception(self, msg: Any, *args: Any, **_: Any) -> None:
        """A line of the level error, without the trace."""
        _log.error("server", **_told(msg, args))

    def warning(self, msg: Any, *args: Any, **_: Any) -> None:
        """A line of the level warning."""
        _log.warning("server", **_told(msg, args))

    def info(self, msg: Any, *args: Any, **_: Any) -> None:
        """Nothing: starts and ends of processes are the supervisor's to tell."""

    def debug(self, msg: Any, *args: Any, **_: Any) -> None:
        """Nothing."""


def _told(msg: Any, args: tuple[Any, ...]) -> dict[str, Any]:
    # What is no text is an exception, whose text can quote what was sent.
    said = msg if isinstance(msg, str) else type(msg).__name__
    told = [arg for arg in args if isinstance(arg, int) or (isinstance(arg, str) and arg.startswith("SIG"))]
    return {"said": said, "values": told} if told else {"said": said}
