"""compose.yaml: it fits its schema, and means what the service, the proxy and the image mean."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from cds_service.feedback.pseudonyms import LEAST_KEY_CHARACTERS
from cds_service.settings import Settings
from tests.deploy.files import CLIENTS, DEPLOY, ROOT, all_of, image_user, read_yaml

FILE = DEPLOY / "compose.yaml"
COMPOSE = read_yaml(FILE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = ["cds-1", "cds-2"]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the shipped script makes."""
    folder = tmp_path_factory.mktemp("secrets") / "secrets"
    subprocess.run([DEPLOY / "new-secrets.sh", folder], check=True)
    return folder


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_file_fits_the_schema_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    user, group = service["user"].split(":")
    assert 0 not in (int(user), int(group))
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)
    assert {"mem_limit", "pids_limit", "logging"} <= set(service)


@pytest.mark.parametrize("name", ["database", "proxy"])
def test_an_image_of_others_is_pinned_at_least_to_its_release(name: str) -> None:
    image = SERVICES[name]["image"].split(":-")[-1].removesuffix("}")
    version = image.split(":")[1].split("-")[0]
    assert version[0].isdigit()


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_the_database_stands_in_a_network_of_its_own_that_leads_nowhere() -> None:
    assert SERVICES["database"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if "store" in service["networks"]] == [
        "database",
        *REPLICAS,
    ]


def test_both_replicas_differ_by_their_address_alone() -> None:
    first, second = ({**SERVICES[name], "networks": None} for name in REPLICAS)
    assert first == second
    assert SERVICES["cds-1"]["networks"] != SERVICES["cds-2"]["networks"]


def test_the_replicas_run_as_the_images_user_and_their_folders_are_its_own() -> None:
    replica = SERVICES["cds-1"]
    assert replica["user"] == image_user()
    uid, gid = image_user().split(":")
    assert f"/data:uid={uid},gid={gid},mode=0700" in replica["tmpfs"]
    assert all_of("VOLUME")[0] == "/data"


def test_the_replicas_wait_longer_for_calls_than_the_server_does(graceful_seconds: int) -> None:
    assert seconds(SERVICES["cds-1"]["stop_grace_period"]) > graceful_seconds


def test_the_variables_and_secrets_of_a_replica_are_settings(
    secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = SERVICES["cds-1"]
    own = dict(replica["environment"])
    assert own["CDS_PUBLIC_BASE_URL"].startswith("${CDS_PUBLIC_BASE_URL:?")
    own |= {"CDS_PUBLIC_BASE_URL": "https://cds.example.org", "CDS_SECRETS_FOLDER": str(secrets)}
    assert replica["environment"]["CDS_SECRETS_FOLDER"] == "/run/secrets"  # where compose puts them
    monkeypatch.delenv("CDS_DATABASE_URL")
    for name, value in own.items():
        assert name.removeprefix("CDS_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings()
    for name in replica["secrets"]:
        assert name.removeprefix("CDS_").lower() in Settings.model_fields
        assert COMPOSE["secrets"][name]["file"] == f"./secrets/{name}"
    url = make_url(settings.database_url)
    database = SERVICES["database"]["environment"]
    assert (url.drivername, url.host, url.port) == ("postgresql+psycopg", "database", None)
    assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert url.password == (secrets / "POSTGRES_PASSWORD").read_text()
    assert len(settings.pseudonym_key) >= LEAST_KEY_CHARACTERS
    assert [str(network) for network in settings.trusted_proxies] == [
        f"{SERVICES['proxy']['networks']['front']['ipv4_address']}/32"
    ]
    assert f"./clients.toml:{settings.clients}:ro" in replica["volumes"]
    assert settings.clients == CLIENTS


def test_the_script_of_secrets_keeps_others_out_and_what_is_there(secrets: Path) -> None:
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run([DEPLOY / "new-secrets.sh", secrets], check=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert set(before) | {"tls.crt", "tls.key"} == set(COMPOSE["secrets"])
    assert len({before["POSTGRES_PASSWORD"], before["CDS_PSEUDONYM_KEY"]}) == 2


def test_no_secret_stands_in_a_file_that_is_kept_or_in_a_variable() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for path in ("secrets/", "clients.toml", "service.env", ".env", "kubernetes/secret.yaml"):
        assert f"/deploy/{path}" in ignored
    named = {name for service in SERVICES.values() for name in service.get("environment", {})}
    assert not named & set(COMPOSE["secrets"])


def test_the_database_keeps_its_files_in_a_volume() -> None:
    assert SERVICES["database"]["volumes"] == ["database:/var/lib/postgresql/data"]
    assert "database" in COMPOSE["volumes"]


def test_every_container_says_whether_it_is_well() -> None:
    by_compose = {name for name, service in SERVICES.items() if "healthcheck" in service}
    by_image = set(REPLICAS) if all_of("HEALTHCHECK") else set()
    assert by_compose | by_image == set(SERVICES)
    assert SERVICES["cds-1"]["depends_on"] == {"database": {"condition": "service_healthy"}}
