"""Why a service must not be started as it is set: anybody could call it, or nobody."""

from __future__ import annotations

from urllib.parse import urlsplit

from cds_service.access.client_checks import is_loopback
from cds_service.access.clients import Clients
from cds_service.settings import Settings


class UnsafeStart(Exception):
    """The settings fit no safe service; the text says why and what changes it."""


def check_start(settings: Settings, clients: Clients) -> None:
    """Raises UnsafeStart for an open client that other machines can reach, and for tokens without an address.

    Behind a reverse proxy a service listens on loopback and is public all the same; its public address tells.
    """
    public = _public_address(settings)
    if clients.open and public and not settings.anyone_may_call:
        raise UnsafeStart(
            f"the client '{clients.open.name}' proves nothing, so that anyone who reaches {public} may call. "
            "Name a file of clients with issuers in CDS_CLIENTS, listen on 127.0.0.1, "
            "or set CDS_ANYONE_MAY_CALL=true if that is what you want"
        )
    if clients.protected and not settings.public_base_url:
        raise UnsafeStart(
            "a client's token names the address that it was sent to, and the service must know its own. "
            "Set CDS_PUBLIC_BASE_URL to the address at which clients reach it"
        )


def _public_address(settings: Settings) -> str:
    """What other machines can reach, in words; empty where the service is this machine's alone."""
    if not is_loopback(settings.host):
        return settings.host or "this machine"
    public_host = urlsplit(settings.public_base_url).hostname
    return "" if public_host is None or is_loopback(public_host) else public_host
