"""The FHIR server that keeps the site's AuditEvents, where it has one."""

from __future__ import annotations

from collections.abc import Sequence

import requests
from pydantic import SecretStr

from cds_service.feedback.audit_events import audit_bundle
from cds_service.feedback.decision_record import DecisionRecord
from cds_service.store import StoreUnavailable

_CONNECT_SECONDS, _READ_SECONDS = 3.0, 10.0
_REFUSED = range(400, 500)
_TRY_LATER = frozenset({401, 403, 408, 409, 425, 429})  # a new token is a matter of minutes


class AuditServer:
    """Takes decisions as AuditEvents, at an address that the site's operator set."""

    def __init__(self, url: str, token: SecretStr) -> None:
        self._url = url
        self._token = token
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no password of this machine's user

    def prepare(self) -> None:
        """Nothing is made ready on another's server."""

    def add(self, records: Sequence[DecisionRecord]) -> None:
        """Post them in one transaction.

        Raises StoreUnavailable where the server may take them later, and AuditRefused where it will not.
        A transaction whose answer gets lost is sent again, so that an event may stand there twice.
        """
        headers = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}
        if token := self._token.get_secret_value():
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._session.post(
                self._url,
                json=audit_bundle(records),
                headers=headers,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,  # the answer says nothing that is needed
            )
            answer.close()
        except requests.RequestException as error:
            raise StoreUnavailable(type(error).__name__) from None
        if answer.status_code in _REFUSED and answer.status_code not in _TRY_LATER:
            raise AuditRefused(f"HTTP {answer.status_code}")
        if not answer.ok or answer.is_redirect:
            raise StoreUnavailable(f"HTTP {answer.status_code}")


class AuditRefused(Exception):
    """The server takes these events neither now nor later; the text is its status."""
