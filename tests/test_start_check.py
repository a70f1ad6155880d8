"""A service that anybody could call, or nobody, is not started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.__main__ import main
from cds_service.access.clients import OPEN_DEMO, ClientProfile, Clients
from cds_service.settings import Settings
from cds_service.start_check import UnsafeStart, check_start
from tests.access.client_files import PROTECTED, write

WARD = ClientProfile(name="ward", issuer="https://ehr.example", jwks_url="https://ehr.example/jwks.json")
OPEN = Clients(client=(OPEN_DEMO,))
BOTH = Clients(client=(OPEN_DEMO, WARD))
CLOSED = Clients(client=(WARD,))
PUBLIC = "https://cds.hospital.example"


@pytest.mark.parametrize(
    ("host", "starts"),
    [
        pytest.param("127.0.0.1", True, id="loopback"),
        pytest.param("127.8.9.1", True, id="another address of loopback"),
        pytest.param("::1", True, id="loopback of IPv6"),
        pytest.param("localhost", True, id="localhost"),
        pytest.param("LocalHost", True, id="localhost in other letters"),
        pytest.param("0.0.0.0", False, id="every address"),  # noqa: S104 # refused
        pytest.param("::", False, id="every address of IPv6"),
        pytest.param("", False, id="no address, which is every one"),
        pytest.param("0", False, id="every address, in one digit"),
        pytest.param("192.168.1.5", False, id="a private address"),
        pytest.param("10.0.0.1", False, id="another private address"),
        pytest.param("203.0.113.9", False, id="a public address"),
        pytest.param("fe80::1", False, id="a link-local address"),
        pytest.param("::ffff:10.0.0.1", False, id="a private address in IPv6"),
        pytest.param("cds.hospital.example", False, id="a host name"),
        pytest.param("localhost.hospital.example", False, id="a host name that begins like ours"),
        pytest.param("127.0.0.1.hospital.example", False, id="a host name that looks like loopback"),
    ],
)
def test_an_open_client_is_served_on_this_machine_alone(host: str, starts: bool) -> None:
    settings = Settings(host=host)
    if starts:
        check_start(settings, OPEN)
    else:
        with pytest.raises(UnsafeStart, match="CDS_ANYONE_MAY_CALL=true"):
            check_start(settings, OPEN)
    check_start(Settings(host=host, anyone_may_call=True), OPEN)
    check_start(Settings(host=host, public_base_url=PUBLIC), CLOSED)


@pytest.mark.parametrize(
    ("public_base_url", "starts"),
    [
        pytest.param("", True, id="none"),
        pytest.param("http://localhost:8080", True, id="this machine"),
        pytest.param("http://[::1]:8080", True, id="this machine in IPv6"),
        pytest.param(PUBLIC, False, id="a proxy"),
        pytest.param("https://10.0.0.1/cds", False, id="a proxy without a name"),
    ],
)
def test_an_open_client_is_not_served_behind_a_proxy(public_base_url: str, starts: bool) -> None:
    settings = Settings(public_base_url=public_base_url)
    if starts:
        check_start(settings, OPEN)
    else:
        with pytest.raises(UnsafeStart, match="open-demo"):
            check_start(settings, OPEN)


def test_one_open_client_among_others_is_enough_to_be_refused() -> None:
    with pytest.raises(UnsafeStart, match="open-demo"):
        check_start(Settings(host="0.0.0.0", public_base_url=PUBLIC), BOTH)  # noqa: S104 # refused


@pytest.mark.parametrize(
    "clients",
    [
        pytest.param(CLOSED, id="a client with an issuer"),
        pytest.param(BOTH, id="beside an open client"),
        pytest.param(Clients(client=(OPEN_DEMO,), protect_discovery=True), id="a protected discovery"),
    ],
)
def test_tokens_need_an_address_of_ours_to_name(clients: Clients) -> None:
    with pytest.raises(UnsafeStart, match="CDS_PUBLIC_BASE_URL"):
        check_start(Settings(), clients)
    check_start(Settings(public_base_url="http://127.0.0.1:8080"), clients)


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    variables = {f"CDS_{name}": value for name, value in environment.items()}
    result = CliRunner().invoke(main, arguments, env=variables)
    return result.exit_code, result.output


def test_serve_says_in_one_line_why_it_does_not_start() -> None:
    status, said = run("serve", "--host", "0.0.0.0")  # noqa: S104 # refused
    assert status == 1
    assert said == (
        "Error: The service cannot start: the client 'open-demo' proves nothing, so that anyone who reaches "
        "0.0.0.0 may call. Name a file of clients with issuers in CDS_CLIENTS, listen on 127.0.0.1, "
        "or set CDS_ANYONE_MAY_CALL=true if that is what you want.\n"
    )


def test_serve_says_which_address_it_lacks() -> None:
    status, said = run("serve", CLIENTS="sandbox")
    assert (status, "Set CDS_PUBLIC_BASE_URL to the address" in said) == (1, True)


@pytest.mark.parametrize("command", ["serve", "clients", "review", "example-card"])
def test_a_broken_file_of_clients_stops_every_command_that_needs_the_service(
    command: str, tmp_path: Path
) -> None:
    file = write(tmp_path, PROTECTED + 'algorithms = ["none"]\n')
    arguments = ("card", "-") if command == "example-card" else (command,)
    status, said = run(*arguments, CLIENTS=str(file))
    assert status == 1
    assert said == (
        "The file of clients is broken.\n"
        "clients.toml:5: client.0.algorithms.0: no 'none': that is a token without a signature\n"
    )


def test_clients_lists_who_may_call_and_what_is_shipped(tmp_path: Path) -> None:
    status, said = run("clients", CLIENTS=str(write(tmp_path, PROTECTED)))
    assert status == 0
    assert said.splitlines() == [
        "ward                 https://ehr.example",
        "Shipped: open-demo, production, request-generator, sandbox. CDS_CLIENTS names one, or a file.",
    ]


def test_clients_prints_a_shipped_file_to_copy(tmp_path: Path) -> None:
    status, said = run("clients", "open-demo")
    assert status == 0
    file = write(tmp_path, said)
    assert run("clients", CLIENTS=str(file))[1].startswith("open-demo            open: no proof is asked for")
