"""Which IP addresses a connection may end at."""

from ipaddress import ip_address, ip_network

import pytest

from cds_service.access.networks import may_be_reached
from cds_service.access.outgoing import Reach

PUBLIC = Reach()
LOOPBACK = Reach(loopback=True)
EVERYTHING_NAMED = Reach(loopback=False, private_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "::ffff:93.184.216.34",
        "64:ff9b::93.184.216.34",
    ],
)
def test_the_public_internet_may_be_reached(address: str) -> None:
    assert may_be_reached(ip_address(address), PUBLIC)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.0",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "fc00::1",
        "fdff::1",
        "2001:2::1",
        "2001:db8::1",
        "2001:20::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "100::1",
        "64:ff9b:1::a00:1",
    ],
)
def test_what_is_not_public_must_be_named(address: str) -> None:
    assert not may_be_reached(ip_address(address), PUBLIC)
    assert not may_be_reached(ip_address(address), LOOPBACK)
    assert may_be_reached(ip_address(address), EVERYTHING_NAMED)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 # never bound to
        "0.1.2.3",
        "169.254.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_nothing_opens_what_trusts_whoever_asks(address: str) -> None:
    assert not may_be_reached(ip_address(address), EVERYTHING_NAMED)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
def test_loopback_has_a_word_of_its_own(address: str) -> None:
    assert may_be_reached(ip_address(address), LOOPBACK)
    assert not may_be_reached(ip_address(address), EVERYTHING_NAMED)
    assert not may_be_reached(ip_address(address), PUBLIC)


@pytest.mark.parametrize("address", ["64:ff9b::10.0.0.1", "64:ff9b::100.64.0.1", "64:ff9b::224.0.0.1"])
def test_a_translated_address_is_as_private_as_what_it_hides(address: str) -> None:
    assert not may_be_reached(ip_address(address), PUBLIC)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.1.2.0", True), ("10.1.2.255", True), ("10.1.1.255", False), ("10.1.3.0", False)],
)
def test_a_named_network_opens_itself_alone(address: str, allowed: bool) -> None:
    reach = Reach(private_networks=(ip_network("10.1.2.0/24"),))
    assert may_be_reached(ip_address(address), reach) is allowed
    assert may_be_reached(ip_address(f"::ffff:{address}"), reach) is allowed
