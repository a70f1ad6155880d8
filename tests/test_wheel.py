"""The wheel alone is a whole service: code, guideline and example."""

import subprocess
import sysconfig
import venv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from build import ProjectBuilder

from cds_service.example import example_request
from cds_service.local_service import loopback_session, running_service

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel, built from the checkout.

    The service's dependencies are lent by the environment of the tests, which has them from the lock file:
    to download them again would test the network. The checkout itself is not lent.
    """
    folder = tmp_path_factory.mktemp("wheel")
    wheel = ProjectBuilder(ROOT).build("wheel", folder / "dist")
    environment = folder / "env"
    venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin" / "pip", "install", "--quiet", "--no-deps", wheel], check=True)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    return environment


def test_a_service_from_the_wheel_answers_with_a_card(environment: Path) -> None:
    python = str(environment / "bin" / "python")
    body = example_request(datetime.now(UTC))
    with running_service("--workers", "1", python=python, folder=environment) as base_url:
        url = f"{base_url}/cds-services/lumbar-mri-{body['hook']}"
        answer = loopback_session().post(url, json=body, timeout=20)
    assert answer.status_code == 200
    assert [card["indicator"] for card in answer.json()["cards"]][:1] == ["critical"]


def test_the_command_is_installed_and_reads_its_own_guideline(environment: Path) -> None:
    command = [str(environment / "bin" / "lumbar-mri-cds"), "review"]
    review = subprocess.run(command, cwd=environment, capture_output=True, text=True, check=True).stdout
    assert "R6" in review


def test_the_service_in_the_environment_is_the_one_from_the_wheel(environment: Path) -> None:
    ask = [str(environment / "bin" / "python"), "-c", "import cds_service; print(cds_service.__file__)"]
    answer = subprocess.run(ask, cwd=environment, capture_output=True, text=True, check=True).stdout
    assert Path(answer.strip()).is_relative_to(environment)
