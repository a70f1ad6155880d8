"""Who may call, and what is agreed with each caller: one profile a client, all in one TOML file."""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class ClientsError(Exception):
    """The file of client profiles cannot be used; the text says where and why, in one line."""


class ClientProfile(BaseModel):
    """One CDS client: how it proves who it is, what may be fetched for it, and the form of its answers.

    A profile without an issuer is open: every call without further proof is this client's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: str
    # Proof (section 15 of the conformance reference).
    issuer: str | None = None
    jwks_url: str | None = None
    jwks_file: Path | None = None
    algorithms: tuple[str, ...] = ("ES384", "RS384")
    tenants: tuple[str, ...] = ()
    # What may be fetched. A FHIR server is its base address; everything else is refused.
    fhir_servers: tuple[str, ...] = ()
    fhir_without_token: bool = False
    loopback: bool = False
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ca_file: Path | None = None
    # What answers look like.
    protocol: Literal["1.x", "2.x"] = "2.x"
    system_actions: Literal["off", "root", "extension"] = "off"
    pama_rating: bool = False
    null_means: Literal["nothing-found", "unknown"] = "nothing-found"
    max_cards: int | None = Field(None, ge=1)
    silent_roles: tuple[str, ...] = ()


class Clients(BaseModel):
    """Every client that may call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protect_discovery: bool = False
    client: tuple[ClientProfile, ...]

    @model_validator(mode="after")
    def _are_told_apart(self) -> Clients:
        for kind, told in (
            ("name", [one.name for one in self.client]),
            ("issuer", [one.issuer for one in self.client]),
        ):
            if len(set(told)) < len(told):
                raise ValueError(f"two clients have the same {kind}")
        return self

    @property
    def open(self) -> ClientProfile | None:
        """The client that every call without a token is, or None where each must prove who it is."""
        return next((one for one in self.client if one.issuer is None), None)

    def of_issuer(self, issuer: str) -> ClientProfile | None:
        """The client that signs as this issuer."""
        return next((one for one in self.client if one.issuer == issuer), None)


OPEN_DEMO = ClientProfile(name="open-demo", loopback=True, fhir_without_token=True)


def read_clients(path: Path) -> Clients:
    """The clients of a TOML file with a table `[[client]]` each; raises ClientsError."""
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Clients.model_validate(told)
    except (OSError, ValueError, ValidationError) as error:
        raise ClientsError(f"{path.name}: {error}") from None
