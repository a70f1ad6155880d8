"""Every setting of the service, with its environment variable, its default and what it is for.

With `app.py` this is the only module that reads the environment.
The time zone is not here: calendar days belong to the guideline, so its content says it.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from cds_service.access.addresses import Address, parse_address
from cds_service.access.client_checks import is_loopback
from cds_service.access.outgoing import Forbidden
from cds_service.feedback.pseudonyms import LEAST_KEY_CHARACTERS

ENV_PREFIX = "CDS_"
_LEAST_TOKEN_CHARACTERS = 16

_EVERY_IPV4 = "0.0.0.0"  # noqa: S104 # nosec B104 # compared, never bound


class Settings(BaseSettings):
    """What a site can set without touching code or guideline."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8080, ge=1, le=65535, description="Port that the server listens on.")
    workers: int = Field(2, ge=1, le=64, description="Server processes; one a processor core is enough.")
    threads: int = Field(
        16, ge=1, le=64, description="Threads in each process, so that a slow sender blocks nobody."
    )
    receive_timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=120,
        description="How long one request may take to arrive; then 408, or an end without an answer.",
    )
    public_base_url: str = Field(
        "",
        description=(
            "Address at which clients reach the service, without a trailing slash. "
            "Empty: the address that the server listens on."
        ),
    )
    max_body_bytes: int = Field(
        20_000_000, ge=1_000, description="Largest request body; a larger one is answered with 413."
    )
    json_depth_limit: int = Field(
        64,
        ge=8,
        le=200,
        description="How deep the members of `context` may nest; deeper is answered with 400.",
    )
    max_entries: int = Field(
        20_000,
        ge=1,
        description="Most resources in the prefetch, with those of its Bundles; more are answered with 413.",
    )
    max_draft_orders: int = Field(
        100, ge=1, description="Most entries in `context.draftOrders`; more are answered with 413."
    )
    max_string_bytes: int = Field(
        500_000,
        ge=1_000,
        description="Longest single string of a body, as it was sent; a longer one is answered with 413.",
    )
    max_concurrent_calls: int = Field(
        12,
        ge=1,
        le=64,
        description=(
            "Most calls that one process works on at once, and never all of its threads: beyond it a call is "
            "answered with 503 and `Retry-After`, and health and discovery still answer."
        ),
    )
    max_call_seconds: float = Field(
        5.0,
        gt=0,
        le=60,
        description="How long a call may be evaluated; then it is ended with 503 and `Retry-After`.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description=(
            "Addresses or networks of the proxies in front, separated by commas: of these alone is "
            "`X-Forwarded-Proto` believed. Empty: of nobody. No answer depends on it."
        ),
    )
    fhir_call_seconds: float = Field(
        2.0,
        gt=0,
        le=30,
        description=(
            "How long after its arrival a call may still read from a FHIR server; "
            "what has not come by then is unread, and the card says so."
        ),
    )
    fhir_read_seconds: float = Field(
        1.0, gt=0, le=30, description="How long one request to a FHIR server may take."
    )
    fhir_threads: int = Field(
        32, ge=1, le=256, description="Requests to FHIR servers that each process makes at once."
    )
    fhir_max_bytes: int = Field(
        20_000_000, ge=1_000, description="Largest answer of a FHIR server; a larger one is unread."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",),
        description=(
            "Web origins that may call from a browser, separated by commas. `*` allows every origin, without "
            "credentials. Empty allows none."
        ),
    )
    site: Path | None = Field(
        None,
        description=(
            "Folder of the site's overlay: `site.toml` and `codes.csv`, or a ConceptMap as `codes.json`. "
            "Empty: the guideline as it is shipped."
        ),
    )
    clients: str = Field(
        "open-demo",
        description=(
            "Who may call: path of a TOML file of client profiles, or the name of a shipped one. "
            "`lumbar-mri-cds clients` lists them."
        ),
    )
    anyone_may_call: bool = Field(
        False,
        description=(
            "Whether a client profile that asks for no proof may be served where other machines can call."
        ),
    )
    token_leeway_seconds: int = Field(
        60,
        ge=0,
        le=300,
        description="How far a client's clock may differ from ours, when the times of its token are checked.",
    )
    token_max_seconds: int = Field(
        600,
        ge=30,
        le=86_400,
        description=(
            "Longest time that a client's token may be made for; known clients make theirs for 5 minutes, "
            "and what lives longer can be stolen longer."
        ),
    )
    key_set_max_age_seconds: int = Field(
        3600,
        ge=60,
        le=86_400,
        description="How long a client's key set is used before it is fetched again.",
    )
    database_url: str = Field(
        "sqlite:///lumbar-mri-cds.sqlite3",
        repr=False,  # it may hold a password
        description=(
            "Database that keeps decisions and feedback and remembers used tokens, as SQLAlchemy writes it."
        ),
    )
    keep_comments: bool = Field(
        False,
        description=(
            "Whether the words of a comment on an overridden card are stored. They are free text, in which a "
            "clinician may name a patient; without this only their length is kept."
        ),
    )
    metrics_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        tuple(
            map(
                ip_network,
                ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
            )
        ),
        description=(
            "Addresses or networks that may read `/metrics`, separated by commas; all others get 404, and so "
            "does what comes through a proxy. Empty: nobody."
        ),
    )
    traces: str = Field(
        "",
        description=(
            "Address that traces are sent to by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; "
            "needs the extra `tracing`. Empty: the one in `OTEL_EXPORTER_OTLP_ENDPOINT`, or no traces."
        ),
    )
    pseudonym_key: SecretStr = Field(
        SecretStr(""),
        description=(
            "Secret of at least 32 characters that hashes practitioners, organisations and repeated orders "
            "in the database. Empty: none of the three is kept, and no override is remembered."
        ),
    )
    decision_days: int = Field(
        1_096,
        ge=1,
        le=36_525,
        description="For how many days decisions and feedback are kept; older ones are removed every hour.",
    )
    secrets_folder: Path | None = Field(
        None,
        description=(
            "Folder of files that are each named as a variable of this table and hold its value, such as "
            "`/run/secrets/CDS_DATABASE_URL`. A variable that is set wins over its file."
        ),
    )
    audit_url: str = Field(
        "",
        description=(
            "FHIR base address of a server that gets an AuditEvent of each decision, in transactions; "
            "https, or this machine. Empty: none is sent."
        ),
    )
    audit_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for the server of `CDS_AUDIT_URL`."
    )
    scorecard_token: SecretStr = Field(
        SecretStr(""),
        description=(
            "Secret of at least 16 characters that opens `/scorecard`: as bearer token, or as the "
            "password that a browser asks for, with any user name. Empty: there is no such page."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the log lines that are written to standard error."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options win over variables, and variables over files; no list of processes shows a file."""
        folder = os.environ.get(f"{ENV_PREFIX}SECRETS_FOLDER")
        if not folder or not Path(folder).is_dir():  # the field itself says what is wrong
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies", "metrics_networks", mode="before")
    @classmethod
    def _networks_between_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("traces")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must be an address such as http://127.0.0.1:4318/v1/traces")
        return value

    @field_validator("audit_url")
    @classmethod
    def _is_protected(cls, value: str) -> str:
        if not value:
            return value
        address = _plain_address(value)
        if address is None:
            raise ValueError("must be an address without user, query and fragment")
        if address.scheme != "https" and not is_loopback(address.host):
            raise ValueError("must be https; only a server on this machine may use http")
        return value.rstrip("/")

    @field_validator("pseudonym_key", "scorecard_token")
    @classmethod
    def _cannot_be_guessed(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        least = LEAST_KEY_CHARACTERS if info.field_name == "pseudonym_key" else _LEAST_TOKEN_CHARACTERS
        if 0 < len(value) < least:
            raise ValueError(f"must have at least {least} characters")
        return value

    @field_validator("site", "secrets_folder", mode="before")
    @classmethod
    def _without_folder(cls, value: object) -> object:
        return value or None

    @field_validator("secrets_folder")
    @classmethod
    def _has_files_alone(cls, value: Path | None) -> Path | None:
        """Docker makes a folder in the place of a file that it does not find; its value must not be lost."""
        for name in (f"{ENV_PREFIX}{field.upper()}" for field in cls.model_fields):
            entry = value / name if value else None
            if entry and os.path.lexists(entry) and not entry.is_file():
                raise ValueError(f"{name} in it is no file")
        return value

    @field_validator("site", "secrets_folder")
    @classmethod
    def _is_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("must be a folder")
        return value

    @field_validator("public_base_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        if not value:
            return value
        # Links and the addresses in tokens are made of it by adding a path.
        if _plain_address(value) is None or not value.startswith(("http://", "https://")):
            raise ValueError(
                "must be an address such as https://cds.example, without user, query and fragment"
            )
        return value.rstrip("/")

    @property
    def base_url(self) -> str:
        """The address for links: the public one, or where the server listens if none is set."""
        return self.public_base_url or f"http://{_reachable(self.host)}:{self.port}"

    @property
    def concurrent_calls(self) -> int:
        """The calls of one process at once; a thread is left over to answer everything else at once."""
        return max(1, min(self.max_concurrent_calls, self.threads - 1))

    @property
    def bind(self) -> str:
        """Host and port as a server takes them."""
        return f"{_bracketed(self.host)}:{self.port}"


def _plain_address(value: str) -> Address | None:
    """The address; None where it is none, or has a user, a query or a fragment."""
    try:
        address = parse_address(value)
    except Forbidden:
        return None
    return address if address.query is None else None


def _reachable(host: str) -> str:
    """A host that a client on this machine can call; `0.0.0.0` and `::` only mean every address."""
    return {_EVERY_IPV4: "127.0.0.1", "::": "[::1]"}.get(host, _bracketed(host))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def settings_table() -> list[tuple[str, str, str]]:
    """One row a setting: environment variable, default, description."""
    return [
        (ENV_PREFIX + name.upper(), _as_typed(info.default), info.description or "")
        for name, info in Settings.model_fields.items()
    ]


def environment_with(**values: str) -> dict[str, str]:
    """This process's environment, with these settings, for a process that it starts."""
    return dict(os.environ) | {ENV_PREFIX + name.upper(): value for name, value in values.items()}


def share_metrics_in(folder: Path) -> None:
    """Name the folder in which prometheus-client keeps the counts of all processes; it looks nowhere else.

    Must come before its first import, which decides how it counts.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def standard_traces_wanted() -> bool:
    """Whether OpenTelemetry's own variables name an address for traces."""
    return any(
        os.environ.get(name) for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def _as_typed(default: object) -> str:
    """A default as one would write it in the environment."""
    if default is None or isinstance(default, SecretStr):
        return ""
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
