"""Everything that a caller may be told went wrong, each with its HTTP status and FHIR issue code.

    CdsError
    ├── BadRequest            400
    │   ├── UnreadableBody    400  not JSON, or JSON that this service refuses
    │   ├── MissingMember     400
    │   ├── InvalidMember     400
    │   └── WrongHook         400
    ├── NotAuthenticated      401
    ├── NotFound              404
    ├── MethodNotAllowed      405
    ├── NotAcceptable         406
    ├── TooSlow               408
    ├── NothingReadable       412  nothing about the patient can be read
    ├── TooLarge              413
    ├── UnsupportedContent    415
    ├── Throttled             503  more calls at once than this service takes
    ├── TookTooLong           503  the evaluation was ended
    ├── FeedbackNotKept       503  the database took nothing of the batch
    └── ScorecardNotReady     503  the database does not answer, or the figures are being counted

A message names the field, the prefetch key or the entry.
It never holds a value that came with the request, because a value can be about a patient.
"""

from __future__ import annotations

from typing import Any, ClassVar


class CdsError(Exception):
    """A refusal that the caller can understand and act on."""

    status: ClassVar[int] = 500
    issue_code: ClassVar[str] = "exception"
    # When it makes sense to ask again; None where the same request would be refused again.
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, text: str, diagnostics: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.diagnostics = diagnostics

    def outcome(self) -> dict[str, Any]:
        """The error as a FHIR OperationOutcome, ready for JSON."""
        return operation_outcome(self.issue_code, self.text, self.diagnostics)


class BadRequest(CdsError):
    """The request breaks a rule of CDS Hooks that cannot be read around."""

    status = 400
    issue_code = "invalid"


class UnreadableBody(BadRequest):
    """The body is not JSON, or is JSON that this service refuses to interpret."""

    issue_code = "structure"


class MissingMember(BadRequest):
    """A member that the standard requires, and that cannot be guessed, is absent."""

    issue_code = "required"

    def __init__(self, path: str, diagnostics: str | None = None) -> None:
        super().__init__(f"The request has no '{path}'.", diagnostics)


class InvalidMember(BadRequest):
    """A required member has the wrong type."""

    issue_code = "value"

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"'{path}' must be {expected}.")


class WrongHook(BadRequest):
    """The service was called with a hook that it was not published for."""

    issue_code = "business-rule"


class NotAuthenticated(CdsError):
    """Nobody who may call has proved that the call is theirs.

    The caller never hears why: each cause would help to forge the next token.
    `cause` is for the log, in a word of ours that quotes nothing of the token.
    """

    status = 401
    issue_code = "login"

    def __init__(self, cause: str) -> None:
        super().__init__("The call is not authenticated.")
        self.cause = cause


class NotFound(CdsError):
    """There is nothing at this address."""

    status = 404
    issue_code = "not-found"


class MethodNotAllowed(CdsError):
    """The address exists, the method does not."""

    status = 405
    issue_code = "not-supported"


class NotAcceptable(CdsError):
    """The caller asks for a format in which nothing is told here."""

    status = 406
    issue_code = "not-supported"


class TooSlow(CdsError):
    """The body did not arrive within the time that a request may take."""

    status = 408
    issue_code = "timeout"


class NothingReadable(CdsError):
    """Nothing about the patient can be read, and the draft order alone decides nothing."""

    status = 412
    issue_code = "incomplete"


class TooLarge(CdsError):
    """The body, or one member of it, is longer than the configured limit."""

    status = 413
    issue_code = "too-long"


class UnsupportedContent(CdsError):
    """The body is not in a media type or encoding that this service reads."""

    status = 415
    issue_code = "not-supported"


class Throttled(CdsError):
    """As many calls as this service takes at once are being answered already."""

    status = 503
    issue_code = "throttled"
    retry_after_seconds = 1


class TookTooLong(CdsError):
    """The evaluation was ended, because it took longer than any call may: no advice was reached."""

    status = 503
    issue_code = "timeout"
    retry_after_seconds = 1


class FeedbackNotKept(CdsError):
    """The database is not there, locked or full: nothing of the batch is kept, and it may be sent again.

    `cause` is the kind of the database's error, for the log: its text can quote what was to be stored.
    """

    status = 503
    issue_code = "transient"
    retry_after_seconds = 5

    def __init__(self, cause: str) -> None:
        super().__init__("The feedback could not be stored. Nothing of it was: send the whole batch again.")
        self.cause = cause


class ScorecardNotReady(CdsError):
    """The database does not answer, or the figures are being counted for the first time."""

    status = 503
    issue_code = "transient"
    retry_after_seconds = 10


def operation_outcome(issue_code: str, text: str, diagnostics: str | None = None) -> dict[str, Any]:
    """One error as a FHIR OperationOutcome, ready for JSON; `diagnostics` is left out where there is none."""
    issue: dict[str, Any] = {"severity": "error", "code": issue_code, "details": {"text": text}}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "issue": [issue]}
