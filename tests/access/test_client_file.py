"""The file of client profiles: everything that is wrong is told at once, with its line and without its value."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from cds_service.access.client_file import (
    PROFILES,
    ClientsError,
    load_clients,
    read_clients,
    shipped_profiles,
)
from tests.access.client_files import PROTECTED, read, refusal, write

ALGORITHMS = "one of ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512"
BASE = "an https base address without user-info, query, fragment and dots in its path"
NO_DOUBT = "an absolute URI without user-info, such as https://ehr.example"
NAME = "1 to 40 letters, digits, '.', '_' or '-', beginning with a letter or digit"
KEY_SET = "an https address without user-info and fragment"
WITH_ISSUER = "an issuer beside it; a client without one is open and proves nothing"
NETWORK = "a private network in quotes, such as '10.20.0.0/16'"
HTTPS = "https; only a server on this machine may use http, with loopback = true"
FILE = "a file that exists, its path relative to this file"
OPEN = '[[client]]\nname = "demo"\n'


def server(url: str) -> str:
    return f'fhir_servers = ["{url}"]'


# (where the line is added, the line, the path of the fault, what is expected)
BROKEN_LINES = [
    pytest.param(PROTECTED, "acces = 1", "acces", "no such name", id="a key that nobody knows"),
    pytest.param(PROTECTED, "tenants = 'a'", "tenants", "a list", id="a text where a list should be"),
    pytest.param(PROTECTED, "tenants = [1]", "tenants.0", "a text in quotes", id="a number as tenant"),
    pytest.param(PROTECTED, "tenants = [' a']", "tenants.0", "a text on one line", id="a blank before a tenant"),
    pytest.param(PROTECTED, "tenants = ['a', '']", "tenants.1", "a text on one line", id="an empty tenant"),
    pytest.param(PROTECTED, "loopback = 'yes'", "loopback", "true or false", id="a word for yes"),
    pytest.param(PROTECTED, "pama_rating = 1", "pama_rating", "true or false", id="a number for yes"),
    pytest.param(PROTECTED, "max_cards = 0", "max_cards", "1 or more", id="no card at all"),
    pytest.param(PROTECTED, "max_cards = '3'", "max_cards", "a whole number without quotes", id="a number in quotes"),
    pytest.param(PROTECTED, "max_cards = true", "max_cards", "a whole number without quotes", id="yes as a number"),
    pytest.param(PROTECTED, "protocol = '3.0'", "protocol", "'1.x' or '2.x'", id="a version that is none"),
    pytest.param(PROTECTED, "protocol = 2.0", "protocol", "'1.x' or '2.x'", id="a version without quotes"),
    pytest.param(PROTECTED, "system_actions = true", "system_actions", "'off', 'root' or 'extension'", id="a switch for a place"),
    pytest.param(PROTECTED, "null_means = 'nothing'", "null_means", "'nothing-found' or 'unknown'", id="a meaning that is none"),
    pytest.param(PROTECTED, "silent_roles = ['|spine']", "silent_roles.0", "words on one line, or system|code", id="a role of no system"),
    pytest.param(PROTECTED, "silent_roles = ['']", "silent_roles.0", "words on one line, or system|code", id="a role of no words"),
    pytest.param(PROTECTED, "algorithms = []", "algorithms", "at least one of ", id="no algorithm"),
    pytest.param(PROTECTED, "algorithms = ['none']", "algorithms.0", "no 'none': that is a token without a signature", id="no signature"),
    pytest.param(PROTECTED, "algorithms = ['NoNe']", "algorithms.0", "no 'none'", id="no signature, in odd letters"),
    pytest.param(PROTECTED, "algorithms = ['ES384', 'HS256']", "algorithms.1", "no HS256: who can check a shared secret can also sign", id="a shared secret"),
    pytest.param(PROTECTED, "algorithms = ['hs512']", "algorithms.0", "no HS512", id="a shared secret, in small letters"),
    pytest.param(PROTECTED, "algorithms = ['EdDSA']", "algorithms.0", ALGORITHMS, id="an algorithm that is not offered"),
    pytest.param(PROTECTED, "algorithms = ['es384']", "algorithms.0", ALGORITHMS, id="an algorithm in small letters"),
    pytest.param(PROTECTED, "ca_file = 'none.pem'", "ca_file", FILE, id="a certificate that is not there"),
    pytest.param(PROTECTED, "ca_file = '.'", "ca_file", FILE, id="a folder as certificate"),
    pytest.param(PROTECTED, "ca_file = 1", "ca_file", "a path in quotes", id="a number as path"),
    pytest.param(PROTECTED, "private_networks = ['10.0.0.1/8']", "private_networks.0", "a network", id="a host in a network"),
    pytest.param(PROTECTED, "private_networks = ['ward']", "private_networks.0", "a network", id="a word as network"),
    pytest.param(PROTECTED, "private_networks = [10]", "private_networks.0", NETWORK, id="a number as network"),
    pytest.param(PROTECTED, "private_networks = ['0.0.0.0/0']", "private_networks.0", NETWORK, id="every address"),
    pytest.param(PROTECTED, "private_networks = ['169.254.0.0/16']", "private_networks.0", NETWORK, id="where clouds keep their secrets"),
    pytest.param(PROTECTED, "private_networks = ['127.0.0.0/8']", "private_networks.0", NETWORK, id="this machine as network"),
    pytest.param(PROTECTED, "private_networks = ['::/0']", "private_networks.0", NETWORK, id="every IPv6 address"),
    pytest.param(PROTECTED, server("ehr.example/fhir"), "fhir_servers.0", BASE, id="a server without a scheme"),
    pytest.param(PROTECTED, server("ftp://ehr.example/fhir"), "fhir_servers.0", BASE, id="another scheme"),
    pytest.param(PROTECTED, server("https:///fhir"), "fhir_servers.0", BASE, id="a server without a host"),
    pytest.param(PROTECTED, server("https://me:secret@ehr.example/fhir"), "fhir_servers.0", BASE, id="a password in the address"),
    pytest.param(PROTECTED, server("https://ehr.example/fhir?x=1"), "fhir_servers.0", BASE, id="a query"),
    pytest.param(PROTECTED, server("https://ehr.example/fhir?"), "fhir_servers.0", BASE, id="an empty query"),
    pytest.param(PROTECTED, server("https://ehr.example/fhir#x"), "fhir_servers.0", BASE, id="a fragment"),
    pytest.param(PROTECTED, server("https://ehr.example/a/../fhir"), "fhir_servers.0", BASE, id="dots in the path"),
    pytest.param(PROTECTED, server("https://ehr.example/%2e%2e/fhir"), "fhir_servers.0", BASE, id="hidden dots in the path"),
    pytest.param(PROTECTED, server("https://ehr.example:port/fhir"), "fhir_servers.0", BASE, id="a port that is no number"),
    pytest.param(PROTECTED, server("https://ehr.example:99999/fhir"), "fhir_servers.0", BASE, id="a port that is too high"),
    pytest.param(PROTECTED, server("https://ehr.example /fhir"), "fhir_servers.0", BASE, id="a blank in the address"),
    pytest.param(PROTECTED, server("https://ehr.example\\\\@evil.example/"), "fhir_servers.0", BASE, id="a backslash"),
    pytest.param(PROTECTED, server("https://2130706433/fhir"), "fhir_servers.0", BASE, id="an address in one number"),
    pytest.param(PROTECTED, server("https://0x7f.1/fhir"), "fhir_servers.0", BASE, id="a hexadecimal address"),
    pytest.param(PROTECTED, server("https://0177.0.0.01/fhir"), "fhir_servers.0", BASE, id="an octal address"),
    pytest.param(PROTECTED, server("https://ehr.exämple/fhir"), "fhir_servers.0", BASE, id="letters beyond ASCII"),
    pytest.param(PROTECTED, server("http://ehr.example/fhir"), "fhir_servers.0", HTTPS, id="http to another machine"),
    pytest.param(PROTECTED, "loopback = true\n" + server("http://ehr.example/fhir"), "fhir_servers.0", HTTPS, id="http to another machine, with loopback"),
    pytest.param(PROTECTED, server("http://127.0.0.1/fhir"), "fhir_servers.0", "or loopback = true", id="http to this machine"),
    pytest.param(PROTECTED, server("https://localhost/fhir"), "fhir_servers.0", "or loopback = true", id="https to this machine"),
    pytest.param(PROTECTED, server("https://10.1.2.3/fhir"), "fhir_servers.0", "or one of private_networks", id="a private address without its network"),
    pytest.param(PROTECTED, server("https://169.254.169.254/fhir"), "fhir_servers.0", "or one of private_networks", id="the address of a cloud's secrets"),
    pytest.param(PROTECTED, "fhir_servers = ['https://a.example/r', 'https://A.example/r/']", "fhir_servers.1", "each server once", id="a server twice"),
    pytest.param(OPEN, "jwks_url = 'https://a.example/k'", "jwks_url", WITH_ISSUER, id="an address of keys without an issuer"),
    pytest.param(OPEN, "jwks_file = 'keys.json'", "jwks_file", WITH_ISSUER, id="a file of keys without an issuer"),
    pytest.param(OPEN, "algorithms = ['ES384']", "algorithms", WITH_ISSUER, id="algorithms without an issuer"),
    pytest.param(OPEN, "tenants = ['a']", "tenants", WITH_ISSUER, id="tenants without an issuer"),
    pytest.param(OPEN, "issuer = 'https://a.example'", "issuer", "jwks_url or jwks_file beside it", id="no source of keys"),
    pytest.param(OPEN, "issuer = 'https://a.example'\njwks_file = 'none.json'", "jwks_file", FILE, id="a key file that is not there"),
    pytest.param(OPEN, "issuer = 'ehr'\njwks_file = 'keys.json'", "issuer", NO_DOUBT, id="an issuer that is a word"),
    pytest.param(OPEN, "issuer = ''\njwks_file = 'keys.json'", "issuer", NO_DOUBT, id="an empty issuer"),
    pytest.param(OPEN, "issuer = 'https://a.example/ b'\njwks_file = 'keys.json'", "issuer", NO_DOUBT, id="an issuer with a blank"),
    pytest.param(OPEN, "issuer = 'https://me:secret@a.example'\njwks_file = 'keys.json'", "issuer", NO_DOUBT, id="an issuer with a password"),
    pytest.param(OPEN, "issuer = 'https://a.example'\njwks_url = 'http://a.example/k'", "jwks_url", KEY_SET, id="keys over http"),
    pytest.param(OPEN, "issuer = 'https://a.example'\njwks_url = 'https://me:secret@a.example/k'", "jwks_url", KEY_SET, id="a password in the address of keys"),
    pytest.param(OPEN, "issuer = 'https://a.example'\njwks_url = '/k'", "jwks_url", KEY_SET, id="an address of keys without a host"),
    pytest.param(OPEN, "issuer = 'https://a.example'\njwks_url = 'https://a.example/k#x'", "jwks_url", KEY_SET, id="a fragment in the address of keys"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "line", "path", "expected"), BROKEN_LINES)
def test_a_broken_line_is_told_with_its_place_and_what_was_expected(
    tmp_path: Path, file: str, line: str, path: str, expected: str
) -> None:
    told = refusal(tmp_path, file + line + "\n")
    place = re.fullmatch(rf"clients\.toml:(\d+): client\.0\.{re.escape(path)}: (.*)", told[0])
    assert place is not None, told
    assert expected in place[2]
    lines = (file + line).splitlines()
    assert path.partition(".")[0] in lines[int(place[1]) - 1]
    assert len(told) == 1


WHOLE_FILES = [
    pytest.param("", ["clients.toml: client: at least one [[client]]"], id="an empty file"),
    pytest.param("client = []", ["clients.toml:1: client: at least one [[client]]"], id="no client"),
    pytest.param('[client]\nname = "a"', ["clients.toml:1: client: tables [[client]]"], id="a table where a list should be"),
    pytest.param("client = [1]", ["clients.toml:1: client.0: a table"], id="a number as client"),
    pytest.param("[[client]]", ["clients.toml:1: client.0.name: a value"], id="a client without a name"),
    pytest.param(f"secure = true\n{PROTECTED}", ["clients.toml:1: secure: no such name"], id="a key of no client that nobody knows"),
    pytest.param(f"protect_discovery = 1\n{PROTECTED}", ["clients.toml:1: protect_discovery: true or false"], id="a number for protect_discovery"),
    pytest.param(f"{PROTECTED}name = 'x'\ntenants = []", ["clients.toml:5: valid TOML"], id="a key twice"),
    pytest.param("[[client]]\nname = ward", ["clients.toml:2: valid TOML"], id="a text without quotes"),
    pytest.param("x = " + "[" * 5000, ["clients.toml: lists and tables that nest less deep"], id="endless brackets"),
    pytest.param("x = " + "1" * 5000, ["clients.toml: numbers of fewer digits"], id="a number without end"),
    pytest.param(f"{OPEN}{OPEN.replace('demo', 'other')}", ["clients.toml:3: client.1: an issuer: one client at most may be open"], id="two open clients"),
    pytest.param(
        f"{PROTECTED}{PROTECTED.replace('ehr.', 'other.').replace('ward', 'WARD')}",
        ["clients.toml:6: client.1.name: a name that no other client has"], id="a name twice, but for capitals",
    ),
    pytest.param(
        f"{PROTECTED}{PROTECTED.replace('ward', 'b')}",
        ["clients.toml:7: client.1.issuer: an issuer that no other client has"], id="an issuer twice",
    ),
    pytest.param(
        PROTECTED + PROTECTED.replace('ward', 'b').replace('ehr.example"', 'ehr.example/"'),
        ["clients.toml:7: client.1.issuer: an issuer that no other client has"], id="an issuer twice, but for a slash",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), WHOLE_FILES)
def test_a_broken_file_is_told_in_a_line_a_problem(tmp_path: Path, text: str, told: list[str]) -> None:
    assert refusal(tmp_path, text) == told


@pytest.mark.parametrize(
    "name", ["", " ward", "-ward", "a b", "ward\\n", "w" * 41, "wärd", "ward{x}", "ward\\u202e"]
)
def test_a_name_is_fit_for_logs_and_metrics(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, f'[[client]]\nname = "{name}"') == [f"clients.toml:2: client.0.name: {NAME}"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clients.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClientsError, match=r"^clients\.toml: a text in UTF-8"):
        read_clients(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClientsError, match=r"^clients\.toml: a file that can be read$"):
        read_clients(tmp_path / "clients.toml")


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "what = 1\n[[client]]\nname = 'a b'\nissuer = 'ehr'\nalgorithms = ['none']\nmax_cards = 'x'\n"
        "[[client]]\nname = 'c'\nfhir_servers = ['http://c.example']\nwhat = 1\n[[client]]\nname = 'C'\n"
    )
    told = [line.partition(": ")[0] + ":" + line.split(": ")[1] for line in refusal(tmp_path, text)]
    assert told == [
        "clients.toml:1:what",
        "clients.toml:3:client.0.name",
        "clients.toml:4:client.0.issuer",
        "clients.toml:4:client.0.issuer",
        "clients.toml:5:client.0.algorithms.0",
        "clients.toml:6:client.0.max_cards",
        "clients.toml:9:client.1.fhir_servers.0",
        "clients.toml:10:client.1.what",
        "clients.toml:11:client.2",
        "clients.toml:12:client.2.name",
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PROTECTED + 'fhir_servers = ["https://me:hunter2@ehr.example/"]', id="in an address"),
        pytest.param(PROTECTED + 'tenants = ["hunter2\\n"]', id="in a tenant"),
        pytest.param(PROTECTED + 'protocol = "hunter2"', id="in a choice"),
        pytest.param(PROTECTED + 'algorithms = ["hunter2"]', id="in a list"),
        pytest.param(PROTECTED + 'client_secret = "hunter2"', id="under a key of its own"),
        pytest.param(PROTECTED + 'jwks_file = "hunter2"', id="in a path"),
        pytest.param(PROTECTED + 'private_networks = ["hunter2"]', id="in a network"),
        pytest.param("[[client]]\nname = hunter2", id="in what is no TOML"),
        pytest.param('client = "hunter2"', id="where the clients should be"),
        pytest.param('[[client]]\nname = "hunter2 REPLACE_THIS"', id="beside a placeholder"),
    ],
)
def test_no_message_shows_what_stood_there(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in "\n".join(refusal(tmp_path, text))


def test_a_path_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    text = PROTECTED.replace('jwks_url = "https://ehr.example/jwks.json"', 'jwks_file = "keys.json"')
    (ward,) = read(tmp_path, text + 'ca_file = "ca.pem"\n').client
    assert (ward.jwks_file, ward.ca_file) == (tmp_path / "keys.json", tmp_path / "ca.pem")


def test_a_whole_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    text = (
        "protect_discovery = true\n" + PROTECTED + 'algorithms = ["ES256", "PS512"]\ntenants = ["a"]\n'
        'fhir_servers = ["https://ehr.example/fhir/r4/", "https://10.20.3.4:8443"]\n'
        'private_networks = ["10.20.0.0/16", "fd00::/8"]\nnull_means = "unknown"\nprotocol = "1.x"\n'
        'system_actions = "off"\nmax_cards = 1\nsilent_roles = ["http://x|1", "Spine surgery"]\n' + OPEN
    )
    clients = read(tmp_path, text)
    ward, demo = clients.client
    assert clients.protect_discovery
    assert clients.open == demo
    assert clients.of_issuer("https://ehr.example") == ward
    assert ward.private_networks == (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
    assert (ward.null_means, ward.protocol, ward.system_actions, ward.max_cards) == (
        "unknown",
        "1.x",
        "off",
        1,
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/fhir", "http://[::1]/fhir", "http://localhost:1/fhir"]
)
def test_a_server_on_this_machine_may_use_http_where_loopback_is_allowed(tmp_path: Path, url: str) -> None:
    (demo,) = read(tmp_path, f"{OPEN}loopback = true\n{server(url)}\n").client
    assert demo.fhir_servers == (url,)


def test_the_mark_that_some_editors_put_before_a_file_is_no_part_of_it(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + PROTECTED).client[0].name == "ward"


@pytest.mark.parametrize("name", [name for name in shipped_profiles() if name != "production"])
def test_a_shipped_profile_is_found_by_its_name(name: str) -> None:
    assert [client.name for client in load_clients(name).client] == [name]


def test_four_profiles_are_shipped() -> None:
    assert shipped_profiles() == ("open-demo", "production", "request-generator", "sandbox")


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    assert load_clients(str(write(tmp_path, PROTECTED))).client[0].name == "ward"


@pytest.mark.parametrize("named", ["nobody", "", "production/", "../open-demo", "/"])
def test_what_is_neither_a_file_nor_a_shipped_profile_is_told_with_the_choices(named: str) -> None:
    with pytest.raises(ClientsError, match="or one of open-demo, production, request-generator, sandbox"):
        load_clients(named)


def test_the_template_is_refused_as_it_is() -> None:
    with pytest.raises(ClientsError) as refused:
        load_clients("production")
    first, *others = str(refused.value).splitlines()
    assert first == "production.toml: a template: copy it, fill in the copy, and name the copy in CDS_CLIENTS"
    assert len(others) == 4
    assert all(line.endswith("your own value in place of REPLACE_THIS") for line in others)


def test_a_copy_of_the_template_is_refused_until_every_value_is_filled_in(tmp_path: Path) -> None:
    template = (PROFILES / "production.toml").read_text(encoding="utf-8")
    half = template.replace('name = "REPLACE_THIS"', 'name = "ward"')
    assert [line.split(": ")[1] for line in refusal(tmp_path, half)] == [
        "client.0.issuer", "client.0.jwks_url", "client.0.fhir_servers.0",
    ]  # fmt: skip


def test_a_template_that_is_filled_in_protects_everything(tmp_path: Path) -> None:
    template = (PROFILES / "production.toml").read_text(encoding="utf-8")
    filled = template.replace('name = "REPLACE_THIS"', 'name = "ward"').replace("REPLACE_THIS", "ehr.example")
    clients = read(tmp_path, filled)
    (ward,) = clients.client
    assert (clients.open, clients.protect_discovery) == (None, True)
    assert (ward.fhir_without_token, ward.loopback, ward.system_actions) == (False, False, "off")


def test_the_template_explains_every_key(tmp_path: Path) -> None:
    template = (PROFILES / "production.toml").read_text(encoding="utf-8")
    (client,) = read(tmp_path, PROTECTED).client
    assert [key for key in type(client).model_fields if f"{key} = " not in template] == []


def test_every_key_of_the_template_that_is_commented_out_may_be_used(tmp_path: Path) -> None:
    template = (PROFILES / "production.toml").read_text(encoding="utf-8")
    filled = template.replace('name = "REPLACE_THIS"', 'name = "ward"').replace("REPLACE_THIS", "ehr.example")
    used = re.sub(r"^# (\w+ = )", r"\1", filled, flags=re.MULTILINE)
    used = used.replace("keys/ehr.jwks.json", "keys.json").replace("hospital-ca.pem", "ca.pem")
    used = used.replace('jwks_url = "https://ehr.example/jwks.json"', "")
    (ward,) = read(tmp_path, used).client
    assert (ward.max_cards, ward.silent_roles, ward.tenants) == (3, ("Spine surgery",), ("hospital-a",))
