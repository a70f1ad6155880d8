"""No address and no answer of a resolver leads a request where it may not go.

The resolver and the opening of connections are injected and remember what they were asked;
a real socket is opened on loopback alone.
"""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from cds_service.access import guarded_connections
from cds_service.access.guarded_get import GuardedOutgoing
from cds_service.access.outgoing import Answer, Forbidden, NotFetched, Reach
from tests.access.bad_server import answer, bad_server, redirect

PUBLIC = "93.184.216.34"
ANY_REACH = [
    pytest.param(Reach(), id="public"),
    pytest.param(Reach(loopback=True), id="loopback"),
    pytest.param(Reach(private_networks=(ip_network("10.9.0.0/16"),)), id="named network"),
]


@dataclass
class Net:
    """A resolver that gives its answers in turn, and connections that are written down and refused."""

    answers: list[Sequence[str]] = field(default_factory=lambda: [[PUBLIC]])
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.looked_up.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def connect(self, address: IPv4Address | IPv6Address, port: int, seconds: float) -> socket.socket:
        self.connected.append(f"{address}:{port}")
        if address.is_loopback:
            return guarded_connections.connect(address, port, seconds)
        raise ConnectionRefusedError

    def get(self, url: str, reach: Reach) -> Answer:
        return GuardedOutgoing(self.resolve, self.connect).get(
            url,
            headers={"Authorization": "Bearer secret"},
            reach=reach,
            ends=time.monotonic() + 5,
            max_bytes=1000,
        )


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://2130706433/", id="decimal"),
        pytest.param("https://017700000001/", id="octal"),
        pytest.param("https://0x7f000001/", id="hexadecimal"),
        pytest.param("https://0177.0.0.1/", id="octal bytes"),
        pytest.param("https://127.0.0.01/", id="byte with a zero"),
        pytest.param("https://0x7f.0x0.0x0.0x1/", id="hexadecimal bytes"),
        pytest.param("https://0x7f.1/", id="hexadecimal and short"),
        pytest.param("https://127.1/", id="two bytes"),
        pytest.param("https://127.0.1/", id="three bytes"),
        pytest.param("https://0/", id="zero"),
        pytest.param("https://127.0.0.1./", id="IPv4 with a trailing dot"),
        pytest.param("https://127.0.0.1.0x7f000001/", id="number as last label"),
        pytest.param("https://256.0.0.1/", id="byte too large"),
        pytest.param("https://4294967297/", id="number too large"),
        pytest.param("https://①②⑦.⓪.⓪.①/", id="circled digits"),
        pytest.param("https://１２７.0.0.1/", id="wide digits"),
        pytest.param("https://127。0。0。1/", id="ideographic dots"),
        pytest.param("https://127%2e0%2e0%2e1/", id="escaped dots"),
        pytest.param("https://%6c%6f%63%61%6c%68%6f%73%74/", id="escaped name"),
        pytest.param("https://0.0.0.0/", id="unspecified"),
        pytest.param("https://169.254.169.254/latest/meta-data/", id="metadata"),
        pytest.param("https://[fd00:ec2::254]/latest/meta-data/", id="metadata by IPv6"),
        pytest.param("https://168.63.129.16/", id="host of a virtual machine"),
        pytest.param("https://10.0.0.1/", id="private 10"),
        pytest.param("https://172.16.0.1/", id="private 172"),
        pytest.param("https://192.168.0.1/", id="private 192"),
        pytest.param("https://100.64.0.1/", id="shared by a provider"),
        pytest.param("https://224.0.0.1/", id="multicast"),
        pytest.param("https://255.255.255.255/", id="broadcast"),
        pytest.param("https://[::]/", id="IPv6 unspecified"),
        pytest.param("https://[fe80::1]/", id="IPv6 link-local"),
        pytest.param("https://[fe80::1%25eth0]/", id="zone, escaped"),
        pytest.param("https://[fe80::1%eth0]/", id="zone"),
        pytest.param("https://[fc00::1]/", id="IPv6 private"),
        pytest.param("https://[::ffff:10.0.0.1]/", id="mapped"),
        pytest.param("https://[::ffff:a9fe:a9fe]/", id="mapped, hexadecimal"),
        pytest.param("https://[0:0:0:0:0:ffff:a00:1]/", id="mapped, in full"),
        pytest.param("https://[::127.0.0.1]/", id="IPv4-compatible"),
        pytest.param("https://[2002:7f00:1::]/", id="6to4"),
        pytest.param("https://[64:ff9b::7f00:1]/", id="NAT64"),
        pytest.param("https://[2001:0:7f00:1::]/", id="Teredo"),
        pytest.param("https://[v1.fe80]/", id="future literal"),
        pytest.param("https://[::1/", id="open bracket"),
        pytest.param("https://::1/", id="IPv6 without brackets"),
        pytest.param("https://good.example@evil.example/", id="user-info"),
        pytest.param("https://good.example:443@evil.example/", id="user and password"),
        pytest.param("https://good.example%40evil.example/", id="escaped at sign"),
        pytest.param("https://good.example\\@evil.example/", id="backslash and at sign"),
        pytest.param("https:\\\\evil.example/", id="backslashes"),
        pytest.param("https://evil.example\\.good.example/", id="backslash in the host"),
        pytest.param("https://good.example#@evil.example/", id="fragment and at sign"),
        pytest.param("https://good.example?@evil.example/ x", id="query, at sign and space"),
        pytest.param("https://good.example\t.evil.example/", id="tab"),
        pytest.param("https://good.example\r\nHost: evil.example/", id="header in the host"),
        pytest.param("https://good.example/x HTTP/1.1\r\nX: y", id="header in the path"),
        pytest.param("https://good.example./", id="trailing dot"),
        pytest.param("https://good.example../", id="two trailing dots"),
        pytest.param("https://gооd.example/", id="Cyrillic letters"),
        pytest.param("https://ｇｏｏｄ.example/", id="wide letters"),
        pytest.param("https://good.exa\u00admple/", id="soft hyphen"),
        pytest.param("https://good\u200b.example/", id="space without width"),
        pytest.param("https://goodß.example/", id="sharp s"),
        pytest.param("https://good.example:22:443/", id="two ports"),
        pytest.param("https://good.example:99999/", id="port too high"),
        pytest.param("https://good.example/../../admin", id="way up"),
        pytest.param("https://good.example/%2e%2e/admin", id="escaped way up"),
        pytest.param("https://good.example//evil.example/", id="two slashes in the path"),
        pytest.param("http://good.example/", id="http"),
        pytest.param("HTTP://good.example/", id="http in upper case"),
        pytest.param("http://localhost.evil.example/", id="http to what begins as this machine"),
        pytest.param("http://93.184.216.34/", id="http to an IP address"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("file://localhost/etc/passwd", id="file of this machine"),
        pytest.param("gopher://127.0.0.1:6379/_INFO", id="gopher"),
        pytest.param("ftp://good.example/", id="ftp"),
        pytest.param("jar:https://good.example!/x", id="jar"),
        pytest.param("data:application/json,{}", id="data"),
        pytest.param("dict://127.0.0.1:11211/stat", id="dict"),
        pytest.param("ldap://127.0.0.1/", id="ldap"),
        pytest.param("unix:/var/run/docker.sock", id="unix"),
        pytest.param("http+unix://%2Fvar%2Frun%2Fdocker.sock/x", id="http over unix"),
        pytest.param("url:https://good.example/", id="url"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("//good.example/", id="no scheme"),
        pytest.param("/etc/passwd", id="path"),
        pytest.param("", id="nothing"),
    ],
)
@pytest.mark.parametrize("reach", ANY_REACH)
def test_no_forged_address_is_reached(url: str, reach: Reach) -> None:
    net = Net()
    with pytest.raises(Forbidden) as refusal:
        net.get(url, reach)
    assert (refusal.value.args, refusal.value.__context__) == (("address not allowed",), None)
    assert (net.looked_up, net.connected) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://127.0.0.1/", id="IPv4"),
        pytest.param("http://127.0.0.1/", id="IPv4 by http"),
        pytest.param("https://127.8.9.10:8443/", id="another of the network"),
        pytest.param("https://[::1]/", id="IPv6"),
        pytest.param("https://[0:0:0:0:0:0:0:1]/", id="IPv6 in full"),
        pytest.param("https://[::ffff:127.0.0.1]/", id="mapped"),
        pytest.param("http://localhost/", id="name by http"),
    ],
)
def test_loopback_is_not_reached_unless_it_is_said(url: str) -> None:
    net = Net([["127.0.0.1"]])
    with pytest.raises(Forbidden):
        net.get(url, Reach(private_networks=(ip_network("127.0.0.0/8"), ip_network("::/0"))))
    assert (net.looked_up, net.connected) == ([], [])


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["::1"], id="IPv6 loopback"),
        pytest.param(["10.0.0.1"], id="private"),
        pytest.param(["192.168.1.1"], id="home"),
        pytest.param(["169.254.169.254"], id="metadata"),
        pytest.param(["fd00:ec2::254"], id="IPv6 metadata"),
        pytest.param(["fe80::1%eth0"], id="link-local with a zone"),
        pytest.param(["0.0.0.0"], id="unspecified"),  # noqa: S104 # never bound to
        pytest.param(["::"], id="IPv6 unspecified"),
        pytest.param(["100.64.0.1"], id="shared by a provider"),
        pytest.param(["224.0.0.1"], id="multicast"),
        pytest.param(["::ffff:127.0.0.1"], id="mapped loopback"),
        pytest.param(["::ffff:10.0.0.1"], id="mapped private"),
        pytest.param(["64:ff9b::a00:1"], id="translated private"),
        pytest.param(["2002:a00:1::"], id="6to4 private"),
        pytest.param([PUBLIC, "127.0.0.1"], id="good and then loopback"),
        pytest.param(["10.0.0.1", PUBLIC], id="private and then good"),
        pytest.param([PUBLIC, PUBLIC, "169.254.169.254"], id="metadata as the last of three"),
        pytest.param(["not an address"], id="no address"),
        pytest.param([PUBLIC, "2130706433"], id="a number"),
    ],
)
def test_no_answer_of_a_resolver_leads_inside(answers: list[str]) -> None:
    net = Net([answers])
    with pytest.raises(Forbidden) as refusal:
        net.get("https://good.example/fhir/Patient/1", Reach())
    assert (refusal.value.args, refusal.value.__context__) == (("address not allowed",), None)
    assert (net.looked_up, net.connected) == (["good.example"], [])


@pytest.mark.parametrize("later", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_a_name_is_looked_up_once_and_connected_to_as_it_was_checked(later: str) -> None:
    net = Net([[PUBLIC], [later]])
    with pytest.raises(NotFetched) as refusal:
        net.get("https://rebinding.example/", Reach())
    assert (net.looked_up, net.connected) == (["rebinding.example"], [f"{PUBLIC}:443"])
    assert refusal.value.reason == "cannot be reached"


def test_a_name_is_checked_again_with_each_connection() -> None:
    net = Net([[PUBLIC], ["127.0.0.1"]])
    outgoing = GuardedOutgoing(net.resolve, net.connect)
    for _ in range(2):
        with pytest.raises(NotFetched):
            outgoing.get(
                "https://rebinding.example/",
                headers={},
                reach=Reach(),
                ends=time.monotonic() + 5,
                max_bytes=1000,
            )
    assert net.connected == [f"{PUBLIC}:443"]


def test_http_goes_to_no_other_machine_whatever_its_name_leads_to() -> None:
    net = Net([[PUBLIC]])
    with pytest.raises(Forbidden):
        net.get("http://localhost/", Reach(loopback=True))
    assert net.connected == []


def test_http_goes_to_no_named_network() -> None:
    net = Net([["10.9.0.1"]])
    with pytest.raises(Forbidden):
        net.get("http://localhost/", Reach(loopback=True, private_networks=(ip_network("10.9.0.0/16"),)))
    assert net.connected == []


@pytest.mark.parametrize(
    ("url", "answers", "connected"),
    [
        pytest.param("https://good.example/", [PUBLIC], [f"{PUBLIC}:443"], id="name"),
        pytest.param("https://GOOD.example:8443/", [PUBLIC], [f"{PUBLIC}:8443"], id="port"),
        pytest.param("https://93.184.216.34/", [], [f"{PUBLIC}:443"], id="IPv4"),
        pytest.param("https://[2606:4700::1]/", [], ["2606:4700::1:443"], id="IPv6"),
        pytest.param("https://[::ffff:93.184.216.34]/", [], [f"{PUBLIC}:443"], id="mapped"),
        pytest.param("https://inside.example/", ["10.9.1.2"], ["10.9.1.2:443"], id="named network"),
        pytest.param(
            "https://good.example/",
            [PUBLIC, "8.8.8.8"],
            [f"{PUBLIC}:443", "8.8.8.8:443"],
            id="one after the other",
        ),
        pytest.param("https://good.example/", [PUBLIC, PUBLIC], [f"{PUBLIC}:443"], id="the same once"),
    ],
)
def test_what_is_allowed_is_tried(url: str, answers: list[str], connected: list[str]) -> None:
    net = Net([answers])
    with pytest.raises(NotFetched) as refusal:
        net.get(url, Reach(private_networks=(ip_network("10.9.0.0/16"),)))
    assert refusal.value.reason == "cannot be reached"
    assert net.connected == connected


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("http://169.254.169.254/latest/meta-data/", id="metadata"),
        pytest.param("http://127.0.0.1:{other}/stolen", id="another server of this machine"),
        pytest.param("//127.0.0.1:{other}/stolen", id="without a scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("/elsewhere", id="the same server"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(to: str, status: int) -> None:
    net = Net()
    with bad_server({"/stolen": answer(b"{}")}) as other, bad_server() as server:
        server.behaviours = {"/": redirect(to.format(other=other.port), status)}
        assert net.get(server.url, Reach(loopback=True)).status == status
        assert [asked.path for asked in server.requests] == ["/"]
        assert other.connections == 0
    assert net.connected == [f"127.0.0.1:{server.port}"]
