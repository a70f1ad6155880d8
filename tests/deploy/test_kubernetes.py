"""The manifests: they fit the schemas of Kubernetes, and mean what the service and its image mean."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from sqlalchemy import make_url

from cds_service.settings import Settings
from tests.deploy.files import (
    CLIENTS,
    KUBERNETES,
    all_of,
    image_environment,
    image_user,
    manifest,
    read_yaml,
    settings_env,
)

KUSTOMIZATION = read_yaml(KUBERNETES / "kustomization.yaml")
MANIFESTS = sorted(path.stem for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
NAME = {"app.kubernetes.io/name": "lumbar-mri-cds"}
OPERATORS = {"/metrics", "/readyz"}

DEPLOYMENT = manifest("deployment")
POD: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
(PORT,) = CONTAINER["ports"]


def mounts() -> dict[str, str]:
    """The name of what is mounted at each path."""
    return {mount["mountPath"]: mount["name"] for mount in CONTAINER["volumeMounts"]}


def volume(name: str) -> dict[str, Any]:
    (found,) = [volume for volume in POD["volumes"] if volume["name"] == name]
    return dict(found)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_fits_the_schema_of_kubernetes(name: str) -> None:
    kubernetes_validate.validate(manifest(name), desired_version="1.30", strict=True)


def test_everything_but_the_example_of_the_secret_is_applied() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [
        f"{name}.yaml" for name in MANIFESTS if name != "secret.example"
    ]


def test_kustomize_puts_it_together_with_the_sites_file_of_clients(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    folder = Path(shutil.copytree(KUBERNETES, tmp_path / "kubernetes"))
    (folder / "clients.toml").write_text("# the site's own\n")
    command = ["kubectl", "kustomize", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "name: lumbar-mri-cds-clients-" in made


def test_the_pod_may_do_no_more_than_it_must() -> None:
    assert manifest("namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False


def test_the_pod_runs_as_the_images_user() -> None:
    own = POD["securityContext"]
    assert f"{own['runAsUser']}:{own['runAsGroup']}" == image_user()
    assert own["fsGroup"] == own["runAsGroup"]
    assert own["runAsNonRoot"] is True


def test_the_port_is_the_same_everywhere() -> None:
    assert str(PORT["containerPort"]) == image_environment()["CDS_PORT"] == all_of("EXPOSE")[0]
    assert "CDS_PORT" not in settings_env()
    (service_port,) = manifest("service")["spec"]["ports"]
    assert service_port["targetPort"] == PORT["name"]
    (rule,) = manifest("network-policy")["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [PORT["name"]]
    assert {path["backend"]["service"]["port"]["name"] for path in ingress_paths()} == {service_port["name"]}


# Readiness and this come together: once the module is there, the probe's path must be.
@pytest.mark.parametrize(
    "probe",
    [
        "startupProbe",
        pytest.param(
            "readinessProbe",
            marks=pytest.mark.skipif(
                find_spec("cds_service.web.readiness") is None, reason="the service has no readiness yet"
            ),
        ),
        "livenessProbe",
    ],
)
def test_a_probe_asks_for_a_path_that_the_service_has(probe: str, paths: set[str]) -> None:
    asked = CONTAINER[probe]["httpGet"]
    assert asked["port"] == PORT["name"]
    assert asked["path"] == ("/readyz" if probe == "readinessProbe" else "/healthz")
    assert asked["path"] in paths


def test_the_pod_is_killed_only_after_the_wait_and_the_calls_in_flight(graceful_seconds: int) -> None:
    word, waits = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert word == "sleep"
    assert POD["terminationGracePeriodSeconds"] >= int(waits) + graceful_seconds + 5


def test_a_pod_that_is_busy_is_not_ended_by_its_probe() -> None:
    probe = CONTAINER["livenessProbe"]
    calls = Settings().max_call_seconds + Settings().receive_timeout_seconds
    assert probe["periodSeconds"] * probe["failureThreshold"] > calls


def test_there_are_two_that_answer_whatever_is_replaced() -> None:
    spec = DEPLOYMENT["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert manifest("disruption-budget")["spec"]["minAvailable"] in range(1, spec["replicas"])


def test_everything_means_the_same_pods() -> None:
    spread = [one["labelSelector"]["matchLabels"] for one in POD["topologySpreadConstraints"]]
    assert spread == [NAME, NAME]
    assert DEPLOYMENT["spec"]["template"]["metadata"]["labels"] == NAME
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"] == NAME
    assert manifest("service")["spec"]["selector"] == NAME
    assert manifest("disruption-budget")["spec"]["selector"]["matchLabels"] == NAME
    assert manifest("network-policy")["spec"]["podSelector"]["matchLabels"] == NAME


def test_every_variable_is_a_setting_and_its_value_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = settings_env()
    assert set(own) <= {f"CDS_{name.upper()}" for name in Settings.model_fields}
    assert mounts()[own["CDS_SECRETS_FOLDER"]] == "secrets"
    for name, value in {**own, "CDS_SECRETS_FOLDER": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.clients == CLIENTS
    assert settings.public_base_url == f"https://{manifest('ingress')['spec']['rules'][0]['host']}"


def test_every_secret_is_a_setting_or_a_file_that_one_names() -> None:
    secret = manifest("secret.example")
    assert volume("secrets")["secret"]["secretName"] == secret["metadata"]["name"]
    assert secret["metadata"]["namespace"] == KUSTOMIZATION["namespace"]
    values = dict(secret["stringData"])
    url = make_url(values["CDS_DATABASE_URL"])
    assert url.get_backend_name() == "postgresql"
    assert url.query["sslmode"] == "verify-full"
    folder, _, file = str(url.query["sslrootcert"]).rpartition("/")
    assert (folder, file in values) == (settings_env()["CDS_SECRETS_FOLDER"], True)
    settings = {f"CDS_{name.upper()}" for name in Settings.model_fields}
    assert set(values) - {file} <= settings
    assert all("REPLACE_THIS" in value for value in values.values())
    with pytest.raises(ValueError, match="pseudonym_key"):
        Settings(pseudonym_key=values["CDS_PSEUDONYM_KEY"])


def test_the_file_of_clients_lies_where_the_setting_says() -> None:
    generated = {one["name"]: one for one in KUSTOMIZATION["configMapGenerator"]}
    folder, _, file = CLIENTS.rpartition("/")
    name = volume(mounts()[folder])["configMap"]["name"]
    assert generated[name]["files"] == [file]
    (source,) = CONTAINER["envFrom"]
    assert generated[source["configMapRef"]["name"]]["envs"] == ["settings.env"]


def test_the_image_that_is_replaced_is_the_one_that_is_named() -> None:
    assert [one["name"] for one in KUSTOMIZATION["images"]] == [CONTAINER["image"]]


def test_everything_that_is_written_has_a_volume() -> None:
    written = {path for path, name in mounts().items() if "emptyDir" in volume(name)}
    assert written == {"/tmp", all_of("VOLUME")[0]}  # noqa: S108 # a path in the pod


def test_memory_has_a_limit() -> None:
    assert CONTAINER["resources"]["limits"].keys() == {"memory"}
    assert CONTAINER["resources"]["requests"].keys() == {"cpu", "memory"}


def ingress_paths() -> list[dict[str, Any]]:
    (rule,) = manifest("ingress")["spec"]["rules"]
    return list(rule["http"]["paths"])


def is_passed(path: str) -> bool:
    """Whether the Ingress sends a call of this path to the service."""
    return any(
        path == one["path"]
        if one["pathType"] == "Exact"
        else path == one["path"] or path.startswith(f"{one['path']}/")
        for one in ingress_paths()
    )


def test_clients_reach_every_path_but_those_of_operators(paths: set[str]) -> None:
    assert {path for path in paths if not is_passed(path)} == paths & OPERATORS
    assert not any(is_passed(path) for path in OPERATORS)


def test_calls_come_by_tls_with_bodies_as_large_as_the_service_takes() -> None:
    ingress = manifest("ingress")
    (rule,) = ingress["spec"]["rules"]
    assert [tls["hosts"] for tls in ingress["spec"]["tls"]] == [[rule["host"]]]
    told = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert told["proxy-body-size"] == str(Settings().max_body_bytes)
    assert (told["proxy-request-buffering"], told["proxy-max-temp-file-size"]) == ("off", "0")
    assert "non_idempotent" not in told["proxy-next-upstream"]


def test_the_pods_may_reach_only_names_the_database_and_https() -> None:
    allowed = {
        port["port"] for rule in manifest("network-policy")["spec"]["egress"] for port in rule["ports"]
    }
    assert allowed == {53, 5432, 443}
    assert manifest("network-policy")["spec"]["policyTypes"] == ["Ingress", "Egress"]
