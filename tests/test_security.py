"""What SECURITY.md promises: tests that exist, settings that exist, and a proxy's configuration that fits them."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from cds_service.settings import Settings, settings_table
from tests.web.test_smuggling import REFUSED

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.split("| Threat | Kind |")[1].split("\n\n")[0].splitlines()[2:]
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", TEXT)))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("named", NAMED)
def test_every_named_test_exists(named: str) -> None:
    path, name = named.split("::")
    assert (ROOT / path).is_file()
    assert name in names_in(path)
    assert name.startswith("test_")


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40].replace("::", " ") for row in ROWS])
def test_every_threat_has_a_kind_an_answer_and_a_test(row: list[str]) -> None:
    threat, kinds, answer, shown = row
    assert threat
    assert set(kinds.split()) <= set("STRIDE")
    assert answer.endswith(".")
    assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`(, `tests/[\w/]+\.py::test_\w+`)*", shown)


def test_the_table_is_long_enough_and_says_nothing_twice() -> None:
    assert len(ROWS) >= 25
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_the_number_of_smuggled_requests_is_the_one_that_is_told() -> None:
    assert f"{len(REFUSED)} ways to write one" in TEXT


@pytest.mark.parametrize("name", sorted(set(re.findall(r"CDS_[A-Z_]+", TEXT))))
def test_every_named_setting_exists(name: str) -> None:
    assert name in {row[0] for row in settings_table()}


# --- The example of a proxy -----------------------------------------------------------------------------------

SNIPPET = TEXT.split("```nginx\n")[1].split("```")[0]
# Of the modules core, ssl and proxy of nginx; no nginx runs here, so at least no name may be invented.
NGINX_DIRECTIVES = {
    "listen",
    "server_name",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_protocols",
    "ssl_session_tickets",
    "server_tokens",
    "client_max_body_size",
    "client_header_timeout",
    "client_body_timeout",
    "proxy_pass",
    "proxy_http_version",
    "proxy_set_header",
    "proxy_request_buffering",
    "proxy_next_upstream",
    "proxy_read_timeout",
}


def directives() -> list[tuple[str, str]]:
    """Name and value of each line of the example that is neither comment nor block."""
    lines = [line.strip() for line in SNIPPET.splitlines()]
    plain = [line for line in lines if line and not line.startswith("#") and line[-1] not in "{}"]
    assert all(line.endswith(";") for line in plain)
    return [(name, value) for name, _, value in (line.rstrip(";").partition(" ") for line in plain)]


def test_the_example_of_a_proxy_is_well_formed_and_invents_no_directive() -> None:
    assert SNIPPET.count("{") == SNIPPET.count("}") == 2
    assert {name for name, _ in directives()} == NGINX_DIRECTIVES


def test_the_example_of_a_proxy_lets_through_what_the_service_takes() -> None:
    values, defaults = dict(directives()), Settings()
    assert int(values["client_max_body_size"].removesuffix("m")) * 2**20 >= defaults.max_body_bytes
    assert float(values["client_body_timeout"].removesuffix("s")) == defaults.receive_timeout_seconds
    assert values["proxy_pass"] == f"http://{defaults.bind}"
    assert float(values["proxy_read_timeout"].removesuffix("s")) > defaults.max_call_seconds


def test_the_example_of_a_proxy_speaks_no_old_tls_and_sends_a_call_once() -> None:
    values = dict(directives())
    assert values["ssl_protocols"] == "TLSv1.2 TLSv1.3"
    assert (values["proxy_next_upstream"], values["proxy_request_buffering"]) == ("off", "off")
