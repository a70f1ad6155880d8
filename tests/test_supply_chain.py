"""The audit claims no more than was asked, and the bill of materials holds exactly what the lock does."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from supply_chain.audit import audit, verdict
from supply_chain.bill import licences_of, make_bill

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
HASH = f"--hash=sha256:{'0' * 64}"


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
SKIPPED = {"name": "blinker", "skip_reason": "Dependency not found on PyPI and could not be audited: blinker"}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.4",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["2.5"], "description": "x"},
        {"id": "PYSEC-2", "fix_versions": []},
    ],
}


@pytest.mark.parametrize(
    ("output", "complaints", "status", "words"),
    [
        pytest.param(report(CLEAN), "", 0, "No known vulnerability in 1 of 1 packages.", id="clean"),
        pytest.param(
            report(CLEAN, SKIPPED),
            "No known vulnerabilities found",
            0,
            "No known vulnerability in 1 of 2 packages. Not audited: blinker.",
            id="one skipped",
        ),
        pytest.param(
            report(SKIPPED),
            "No known vulnerabilities found",
            0,
            f"Nothing was audited: of 1 packages none could be asked about ({SKIPPED['skip_reason']}).",
            id="all skipped",
        ),
        pytest.param(
            report(CLEAN, VULNERABLE, SKIPPED),
            "Found 2 known vulnerabilities in 1 package",
            1,
            "jinja2 2.4: PYSEC-1, mended in 2.5\njinja2 2.4: PYSEC-2, mended in no version yet",
            id="vulnerable",
        ),
        pytest.param(
            "",
            "Traceback\nrequests.exceptions.ProxyError: HTTPSConnectionPool(...)",
            0,
            "Nothing was audited: the list of vulnerabilities could not be reached (requests.exceptions.ProxyError).",
            id="no connection",
        ),
        pytest.param(
            "",
            "ERROR: requirement flask does not contain a hash\n",
            2,
            "Nothing was audited: ERROR: requirement flask does not contain a hash",
            id="a lock without hashes",
        ),
        pytest.param("", "", 2, "Nothing was audited: pip-audit said nothing", id="silence"),
        pytest.param("{}", "", 2, "Nothing was audited: pip-audit said nothing", id="another report"),
    ],
)
def test_the_verdict_says_what_was_asked_and_no_more(
    output: str, complaints: str, status: int, words: str
) -> None:
    assert verdict(output, complaints) == (status, words)


@contextmanager
def list_of_vulnerabilities(answer: dict[str, Any]) -> Iterator[str]:
    """A list on loopback that knows this of every package, as pip-audit asks it (OSV)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def one_package(tmp_path: Path) -> Path:
    lock = tmp_path / "one.lock"
    lock.write_text(f"flask==3.1.3 {HASH}\n", encoding="utf-8")
    return lock


KNOWN = {
    "vulns": [
        {
            "id": "OSV-1",
            "summary": "x",
            "affected": [
                {
                    "package": {"name": "flask", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.2"}]}],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("known", "verdict_on_it"),
    [
        pytest.param(KNOWN, (1, "flask 3.1.3: OSV-1, mended in 3.2"), id="vulnerable"),
        pytest.param({}, (0, "No known vulnerability in 1 of 1 packages."), id="clean"),
    ],
)
def test_the_real_tool_finds_what_the_list_knows(
    one_package: Path, known: dict[str, Any], verdict_on_it: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with list_of_vulnerabilities(known) as url:
        assert audit(one_package, *osv(url, one_package)) == verdict_on_it


def test_the_real_tool_without_a_connection_is_no_claim_and_no_failure(
    one_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with list_of_vulnerabilities({}) as url:
        pass  # nobody listens there any more
    status, words = audit(one_package, *osv(url, one_package))
    assert (status, words[:60]) == (0, "Nothing was audited: the list of vulnerabilities could not b")


def test_the_real_tool_fails_on_a_lock_without_hashes(tmp_path: Path) -> None:
    lock = tmp_path / "no.lock"
    lock.write_text("flask==3.1.3\n", encoding="utf-8")
    status, words = audit(lock, *osv("http://127.0.0.1:9/", lock))
    assert (status, "does not contain a hash" in words) == (2, True)


def osv(url: str, lock: Path) -> list[str]:
    """The options that make pip-audit ask a list of ours, and keep what it learns beside the lock."""
    return ["-s", "osv", "--osv-url", url, "--cache-dir", str(lock.parent / "cache")]


# --- The bill of materials ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(make_bill(LOCK, ROOT / "pyproject.toml"))
    return made


def locked() -> dict[tuple[str, str], set[str]]:
    """Name and version of each package in the lock, with its hashes."""
    packages: dict[tuple[str, str], set[str]] = {}
    for block in re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8")):
        name, version = re.match(r"([\w.-]+)==(\S+)", block.strip()).groups()  # type: ignore[union-attr]
        packages[name, version] = set(re.findall(r"sha256:([0-9a-f]{64})", block))
    return packages


def hashes(component: dict[str, Any]) -> set[str]:
    return {told["content"] for place in component["externalReferences"] for told in place.get("hashes", ())}


def test_the_bill_holds_every_package_of_the_lock_with_its_hashes(bill: dict[str, Any]) -> None:
    told = {(part["name"], part["version"]): hashes(part) for part in bill["components"]}
    assert told == locked()
    assert all(told.values())


def test_the_bill_names_what_it_is_of(bill: dict[str, Any]) -> None:
    assert bill["metadata"]["component"]["name"] == "lumbar-mri-cds"
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_every_installed_package_has_its_licence_in_the_bill(bill: dict[str, Any]) -> None:
    without = [part["name"] for part in bill["components"] if not part.get("licenses")]
    assert without == [
        part["name"] for part in bill["components"] if not licences_of(part["name"], part["version"])
    ]
    assert len(without) < len(bill["components"]) / 10


def test_a_licence_is_never_taken_from_another_version() -> None:
    assert licences_of("flask", "0.1") == []
    assert licences_of("no-such-package", "1.0") == []


def test_the_same_lock_makes_the_same_bytes(bill: dict[str, Any]) -> None:
    again = make_bill(LOCK, ROOT / "pyproject.toml")
    assert again == json.dumps(bill, indent=2, sort_keys=True) + "\n"


# --- Exceptions of the security linter ------------------------------------------------------------------------

EXCEPTIONS = [
    f"{path.name}: {line.partition('# nosec')[2]}"
    for folder in ("cds_service", "supply_chain")
    for path in sorted((ROOT / folder).rglob("*.py"))
    for line in path.read_text(encoding="utf-8").splitlines()
    if "# nosec" in line
]


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_every_exception_names_its_rule_and_says_why(exception: str) -> None:
    assert re.fullmatch(r"\w+\.py:  B\d{3} # \w.{5,}", exception)
