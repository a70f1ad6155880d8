"""The way to the record that a call offers: a FHIR server, and a token for this call alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

# What a header can carry. A token with a line break in it would write headers of its own.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16000}")


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """What `fhirServer` and `fhirAuthorization` said, as far as it can be used.

    `server` is an address as somebody typed it: nothing has been checked yet, and it never goes into a log.
    `scope` and `lifetime_seconds` are None where the client did not say.
    """

    server: str | None = field(default=None, repr=False)
    token: SecretStr | None = field(default=None, repr=False)
    scope: str | None = None
    lifetime_seconds: float | None = None

    @property
    def has_token(self) -> bool:
        """Whether a token came that can be used."""
        return self.token is not None


def read_fhir_access(body: Mapping[str, Any]) -> FhirAccess:
    """What a hook request offers, read forgivingly; what cannot be used is as if it were not sent (FA-5)."""
    server = body.get("fhirServer")
    sent = body.get("fhirAuthorization")
    authorization = sent if isinstance(sent, dict) else {}
    scope = authorization.get("scope")
    return FhirAccess(
        server=(server.strip() or None) if isinstance(server, str) else None,
        token=_token(authorization),
        scope=scope if isinstance(scope, str) and scope.strip() else None,
        lifetime_seconds=_seconds(authorization.get("expires_in")),
    )


def _token(authorization: Mapping[str, Any]) -> SecretStr | None:
    kind = authorization.get("token_type")
    if isinstance(kind, str) and kind.strip().lower() not in ("", "bearer"):
        return None  # of another kind a bearer's header would be a lie
    token = authorization.get("access_token")
    # Some clients send an empty token where they have none.
    if not isinstance(token, str) or not _TOKEN.fullmatch(token.strip()):
        return None
    return SecretStr(token.strip())


def _seconds(expires_in: Any) -> float | None:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return None
    try:
        seconds = float(expires_in)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None
