"""Who may call, and what is agreed with each caller: one profile a client, all in one TOML file."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from cds_service.protocol.answer_form import AnswerForm


class ClientProfile(BaseModel):
    """One CDS client: how it proves who it is, what may be fetched for it, and the form of its answers.

    A profile without an issuer is open: every call without further proof is this client's.
    What its addresses and names must look like is checked where a file is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: str
    # Proof (section 15 of the conformance reference).
    issuer: str | None = None
    # Keys are fetched from the address, or read from the file where there is one.
    # A token may name no other address (`jku`) than this, also where the keys are in a file.
    jwks_url: str | None = None
    jwks_file: Path | None = None
    algorithms: tuple[str, ...] = ("ES384", "RS384")
    tenants: tuple[str, ...] = ()
    # What may be fetched. A FHIR server is its base address; everything else is refused.
    fhir_servers: tuple[str, ...] = ()
    fhir_without_token: StrictBool = False
    loopback: StrictBool = False
    private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ca_file: Path | None = None
    # How requests are read.
    null_means: Literal["nothing-found", "unknown"] = "nothing-found"
    all_drafts_selected: StrictBool = False
    # What answers look like.
    protocol: Literal["1.x", "2.x"] = "2.x"
    system_actions: Literal["off", "root", "extension"] | None = None  # None: as the site's switch says
    pama_rating: StrictBool = False
    max_cards: StrictInt | None = Field(None, ge=1)
    silent_roles: tuple[str, ...] = ()

    @property
    def answer_form(self) -> AnswerForm:
        """The part of the profile that the cards are written by."""
        return AnswerForm(
            protocol=self.protocol,
            system_actions=self.system_actions,
            pama_rating=self.pama_rating,
            max_cards=self.max_cards,
            silent_roles=self.silent_roles,
        )


class Clients(BaseModel):
    """Every client that may call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protect_discovery: StrictBool = False
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

    @property
    def protected(self) -> bool:
        """Whether any call needs a token, so that its audience is compared with an address of ours."""
        return self.protect_discovery or any(one.issuer is not None for one in self.client)

    def of_issuer(self, issuer: str) -> ClientProfile | None:
        """The client that signs as this issuer."""
        return next((one for one in self.client if one.issuer == issuer), None)


PLAIN_CLIENT = ClientProfile(name="plain")
OPEN_DEMO = ClientProfile(name="open-demo", loopback=True, fhir_without_token=True)
