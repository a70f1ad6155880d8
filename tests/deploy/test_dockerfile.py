"""The image: what its Dockerfile says, and its commands run one by one without a container."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from cds_service.settings import ENV_PREFIX, Settings
from tests.deploy.files import DOCKERFILE, ROOT, all_of, image_command, image_environment, image_user

PREFIX = "/opt/lumbar-mri-cds"
USER_ID = 10001
LOCKS = ["requirements.lock", "requirements-build.lock"]


class Image(NamedTuple):
    """What the image would hold: the environment at PREFIX, and the data volume."""

    environment: Path
    data: Path


def as_user() -> list[str]:
    """What makes the command behind it run as the image's user, where the tests may do so.

    It may still read what root alone can, because the Python of the tests may lie in root's home; it writes as
    that user.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    kept = "-all,+dac_read_search"
    numbers = [f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
    caps = [f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={kept}"]
    return ["setpriv", *numbers, *caps, "--no-new-privs"]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built by the Dockerfile's own commands from the files that it copies, and from no others.

    Left out are the two that download, because the environment of the tests lends what they would install,
    in the same versions; and the last one, which would remove pip from there.
    """
    with tempfile.TemporaryDirectory(prefix="image-", dir="/tmp") as made:  # others must pass through
        folder = Path(made)
        folder.chmod(0o755)
        built, environment, data = folder / "build", folder / "opt", folder / "data"
        for source in copied_sources():
            copy_file_or_folder(ROOT / source, built / source)
        venv.create(environment)
        (site_packages,) = environment.glob("lib/python*/site-packages")
        (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
        lend(environment / "bin" / "pip", f'"{environment}/bin/python" -m pip')
        lend(built / "backend" / "bin" / "python", f'"{sys.executable}"')
        for command in all_of("RUN", stage=0):
            for part in command.split(" && "):
                if "--require-hashes" not in command and "pip uninstall" not in part:
                    text = part.replace(PREFIX, str(environment))
                    subprocess.run(["/bin/sh", "-ec", text], cwd=built, check=True, capture_output=True)
        shutil.copy(built / "deploy" / "health_check.py", environment)
        data.mkdir(mode=0o700)
        if as_user():
            os.chown(data, USER_ID, USER_ID)
        yield Image(environment, data)


def copy_file_or_folder(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def lend(name: Path, command: str) -> None:
    """A program of this name that runs the command with its own arguments."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    name.chmod(0o755)


def copied_sources() -> list[str]:
    sources = [word for rest in all_of("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert sources
    return sources


def variables(image: Image, **changed: str) -> dict[str, str]:
    """The environment that the container starts with; the paths are those of this test."""
    own = {
        name: value.replace(PREFIX, str(image.environment)).replace("/data/", f"{image.data}/")
        for name, value in image_environment().items()
    }
    own["PATH"] = own["PATH"].replace("$PATH", os.defpath)
    return own | changed


@contextmanager
def started(image: Image, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    program, *rest = image_command("CMD")
    process = subprocess.Popen(
        [*as_user(), str(image.environment / "bin" / program), *rest],
        env=environment,
        cwd=image.data,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def health_check(image: Image) -> list[str]:
    program, script = image_command("HEALTHCHECK")
    own = [str(image.environment / "bin" / program), script.replace(PREFIX, str(image.environment))]
    return [*as_user(), *own]


def health(image: Image, environment: dict[str, str]) -> int:
    return subprocess.run(health_check(image), env=environment, cwd="/", check=False, timeout=20).returncode


def free_port() -> str:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def files_in(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not made for this kind of machine")
    found = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_container_serves_as_its_user_writes_only_data_is_healthy_and_stops(image: Image) -> None:
    before = files_in(image.environment)
    environment = variables(image, CDS_PORT=free_port(), CDS_HOST="127.0.0.1", CDS_WORKERS="1")
    assert health(image, environment) == 1
    with started(image, environment) as process:
        for _ in range(150):
            assert process.poll() is None
            if health(image, environment) == 0:
                break
            time.sleep(0.1)
        else:
            pytest.fail("the service did not become healthy")
        process.send_signal(getattr(signal, all_of("STOPSIGNAL")[0]))
        assert process.wait(timeout=20) == 0
    assert health(image, environment) == 1
    assert files_in(image.environment) == before
    assert (image.data / "lumbar-mri-cds.sqlite3").is_file()
    assert {path.name.removeprefix("lumbar-mri-cds.sqlite3") for path in image.data.iterdir()} <= {
        "",
        "-wal",
        "-shm",
    }


def test_without_a_file_of_clients_the_container_refuses_to_start(image: Image) -> None:
    with started(image, variables(image, CDS_PORT=free_port())) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"anyone who reaches 0.0.0.0 may call" in said


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n"], ids=["503", "no HTTP"]
)
def test_what_answers_otherwise_is_not_healthy(answer: bytes, image: Image) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        environment = variables(image, CDS_PORT=str(listener.getsockname()[1]))
        with subprocess.Popen(health_check(image), env=environment, stderr=subprocess.PIPE) as asked:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)
            _, said = asked.communicate(timeout=20)
    assert (asked.returncode, said) == (1, b"")


def test_every_variable_of_the_image_is_a_setting() -> None:
    own = {name: value for name, value in image_environment().items() if name.startswith(ENV_PREFIX)}
    settings = Settings.model_validate(
        {name.removeprefix(ENV_PREFIX).lower(): value for name, value in own.items()}
    )
    assert (settings.host, str(settings.port)) == ("0.0.0.0", all_of("EXPOSE")[0])  # noqa: S104
    assert set(own) == {"CDS_HOST", "CDS_PORT", "CDS_DATABASE_URL"}
    assert settings.database_url.removeprefix("sqlite:///").startswith(f"{all_of('VOLUME')[0]}/")


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    assert image_user() == f"{USER_ID}:{USER_ID}"
    words = re.findall(r"^[A-Z]+", DOCKERFILE.read_text(), flags=re.MULTILINE)
    assert words.index("USER") < words.index("CMD")


def test_both_stages_begin_with_one_python_of_a_named_minor_version() -> None:
    assert [rest.split()[0] for rest in all_of("FROM")] == ["${PYTHON_IMAGE}"] * 2
    name = all_of("ARG", stage=-1)[0].removeprefix("PYTHON_IMAGE=")
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", name)
    documented = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert f"PYTHON_IMAGE={name}@sha256:" in documented


def test_nothing_of_the_builder_but_the_environment_reaches_the_image() -> None:
    assert [rest for rest in all_of("COPY", stage=1) if "--from" in rest] == [
        f"--from=build {PREFIX} {PREFIX}"
    ]


def test_only_what_is_copied_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(copied_sources())
    assert {"**/__pycache__", "**/*.pyc"} <= set(rules)


@pytest.mark.parametrize("name", LOCKS)
def test_a_package_is_installed_only_by_its_hash(name: str) -> None:
    (command,) = [rest for rest in all_of("RUN") if rest.endswith(f"-r {name}")]
    assert {"--require-hashes", "--no-deps"} <= set(command.split())
    assert all(hashes for hashes in locked(name).values())


def test_the_builder_installs_the_backend_in_the_versions_that_the_tests_use() -> None:
    built, tested = locked("requirements-build.lock"), locked("requirements-dev.lock")
    assert {name: tested.get(name) for name in built} == built
    assert any(name.startswith("hatchling==") for name in built)


def test_the_builder_downloads_nothing_but_what_is_locked() -> None:
    for command in all_of("RUN"):
        for part in command.split("&&"):
            if re.search(r"pip (install|wheel|download)", part):
                assert "--require-hashes" in part or "--no-index" in part
        assert not re.search(r"curl|wget|apt|git |://", command)


def locked(name: str) -> dict[str, tuple[str, ...]]:
    """Each package with its version, and its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = re.findall(r"^(\S+==\S+)((?:\s*\\\n\s+--hash=\S+)*)", text, flags=re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\w", text, flags=re.MULTILINE))
    return {package: tuple(re.findall(r"sha256:\w+", hashes)) for package, hashes in pinned}
