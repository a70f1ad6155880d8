"""Each client's keys: from its file, read at start, or from its address, fetched when needed and kept.

An address is asked when nothing is known yet, when what is known has become old,
and when a token names a key that is not known: clients change their keys without notice (JWK-3).
Nobody can make this service ask more often than once a minute by inventing key ids,
and an address that does not answer costs one call in ten seconds one second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from joserfc.jwk import Key

from cds_service.access.client_file import ClientsError
from cds_service.access.clients import ClientProfile, Clients
from cds_service.access.outgoing import NotFetched, Outgoing, Reach
from cds_service.access.public_keys import KeySet, NoKeySet, read_key_set
from cds_service.guideline.problems import Problem

_log = structlog.get_logger()

FETCH_SECONDS = 1.0
_MAX_BYTES = 65_536
# Between two fetches for ids that are not known, and after one that failed.
_UNKNOWN_ID_PAUSE_SECONDS = 60
_FAILURE_PAUSE_SECONDS = 10
# Old keys go on working so long where the address does not answer: a key that was withdrawn meanwhile
# is the smaller danger than an emergency that nobody is told of.
_STALE_SECONDS = 24 * 3600


class KeySets:
    """The keys of every client that signs.

    `monotonic` counts seconds on the clock that `outgoing` takes its ends from.
    Raises ClientsError for key files that cannot be used.
    """

    def __init__(
        self,
        clients: Clients,
        outgoing: Outgoing,
        monotonic: Callable[[], float],
        max_age_seconds: float,
    ) -> None:
        self._files: dict[str, Mapping[str, Key]] = {}
        self._fetched: dict[str, _FetchedKeys] = {}
        problems: list[Problem] = []
        for client in clients.client:
            match client:
                case ClientProfile(issuer=None):
                    continue
                # A file wins: an address beside it is only the `jku` that tokens may name.
                case ClientProfile(issuer=str(issuer), jwks_file=Path() as path):
                    self._files[issuer], found = _read_file(path)
                    problems += found
                case ClientProfile(issuer=str(issuer), jwks_url=str(url)):
                    fetch = _fetcher(client, url, outgoing, monotonic)
                    self._fetched[issuer] = _FetchedKeys(client.name, fetch, monotonic, max_age_seconds)
        if problems:
            raise ClientsError(*problems)

    def find(self, client: ClientProfile, kid: str) -> Key | None:
        """The key of this client with this id; None where it has none, or it cannot be had now."""
        issuer = str(client.issuer)
        if issuer in self._files:
            return self._files[issuer].get(kid)
        fetched = self._fetched.get(issuer)
        return fetched.find(kid) if fetched is not None else None

    def usable(self) -> tuple[bool, ...]:
        """Of each client that signs, whether there are keys to check with; asks where none are known."""
        fetched = tuple(keys.is_usable() for keys in self._fetched.values())
        return (*(bool(keys) for keys in self._files.values()), *fetched)


class _FetchedKeys:
    """The keys at one address. Of the threads that want it asked, one asks, and the others wait for it."""

    def __init__(
        self, name: str, fetch: Callable[[], KeySet], monotonic: Callable[[], float], max_age_seconds: float
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._monotonic = monotonic
        self._max_age = max_age_seconds
        self._lock = threading.Lock()
        self._keys: Mapping[str, Key] = {}
        # All on the monotonic clock; None is never.
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._asked_for_unknown_at: float | None = None

    def find(self, kid: str) -> Key | None:
        if self._wants_fetch(kid):
            self._fetch_once(kid)
        return self._held(kid)

    def is_usable(self) -> bool:
        """Whether there are keys to check with; the address is asked where there are none."""
        if not self._is_held():
            self._fetch_once("")  # the id of no key
        return self._is_held()

    def _is_held(self) -> bool:
        return bool(self._keys) and self._is_younger(self._fetched_at, _STALE_SECONDS)

    def _held(self, kid: str) -> Key | None:
        return self._keys.get(kid) if self._is_younger(self._fetched_at, _STALE_SECONDS) else None

    def _wants_fetch(self, kid: str) -> bool:
        if self._is_younger(self._failed_at, _FAILURE_PAUSE_SECONDS):
            return False
        if not self._is_younger(self._fetched_at, self._max_age):
            return True
        return kid not in self._keys and not self._is_younger(
            self._asked_for_unknown_at, _UNKNOWN_ID_PAUSE_SECONDS
        )

    def _fetch_once(self, kid: str) -> None:
        """Fetch, or wait until another thread has; with a key at hand that still works, do not wait."""
        if not self._lock.acquire(timeout=FETCH_SECONDS if self._held(kid) is None else 0):
            return
        try:
            if self._wants_fetch(kid):  # still: another thread may have been faster
                self._ask(kid)
        finally:
            self._lock.release()

    def _ask(self, kid: str) -> None:
        if self._is_younger(self._fetched_at, self._max_age):
            self._asked_for_unknown_at = self._monotonic()
        try:
            fetched = self._fetch()
        except (NotFetched, NoKeySet) as error:
            self._failed_at = self._monotonic()
            _log.warning("key-set-not-fetched", client=self._name, reason=str(error))
            return
        if fetched.faults:
            _log.warning("key-set-with-faults", client=self._name, faults=fetched.faults[:3])
        # In this order: a thread that reads in between sees new keys with an old age, and asks again.
        self._keys = fetched.by_id
        self._fetched_at = self._monotonic()
        self._failed_at = None

    def _is_younger(self, moment: float | None, seconds: float) -> bool:
        return moment is not None and self._monotonic() - moment < seconds


def _read_file(path: Path) -> tuple[Mapping[str, Key], list[Problem]]:
    """The keys of a file, all of which must be good: its owner can still be told."""
    try:
        found = read_key_set(path.read_bytes())
    except OSError:
        return {}, [Problem(path.name, None, "a file that can be read")]
    except NoKeySet as error:
        return {}, [Problem(path.name, None, f"a JWK Set; this is {error}")]
    faults = found.faults or (() if found.by_id else ("no key is in it",))
    return found.by_id, [Problem(path.name, None, f"public keys to check with; {fault}") for fault in faults]


def _fetcher(
    client: ClientProfile, url: str, outgoing: Outgoing, monotonic: Callable[[], float]
) -> Callable[[], KeySet]:
    reach = Reach(client.loopback, client.private_networks, client.ca_file)

    def fetch() -> KeySet:
        answer = outgoing.get(
            url,
            headers={"Accept": "application/jwk-set+json, application/json"},
            reach=reach,
            ends=monotonic() + FETCH_SECONDS,
            max_bytes=_MAX_BYTES,
        )
        if answer.status != 200:  # a redirect, too: keys come from the agreed address or from none
            raise NotFetched(f"status {answer.status}")
        return read_key_set(answer.body)

    return fetch
