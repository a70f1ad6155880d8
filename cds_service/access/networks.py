"""Which IP addresses a connection may end at."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from cds_service.access.outgoing import Reach

# No setting opens these: nothing that speaks FHIR is here, but much that trusts whoever asks.
NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, and with it the metadata of most clouds
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # the host of a virtual machine in Azure
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # metadata of AWS
        "fd20:ce::/32",  # metadata of Google Cloud
    )
)
# What `ipaddress` calls global in some version of Python, and is not the public internet.
NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared by the customers of one provider
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
IPV4_COMPATIBLE = IPv6Network("::/96")


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The same address in its own version: an IPv4 address that is written as IPv6 is an IPv4 address."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def may_be_reached(address: IPv4Address | IPv6Address, reach: Reach) -> bool:
    """Whether a connection may end here, and at every address that this one hides."""
    address = plain(address)
    if address.is_loopback:
        return reach.loopback
    hidden = list(_hidden(address))
    if any(_is_in(one, NEVER) for one in (address, *hidden)) or any(one.is_loopback for one in hidden):
        return False
    if _is_in(address, reach.private_networks):
        return True
    if isinstance(address, IPv6Address) and address in NAT64:
        return all(_is_public(one) for one in hidden)
    return _is_public(address)


def _hidden(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that a router may take out of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if any(address in network for network in (NAT64, LOCAL_NAT64, IPV4_COMPATIBLE)):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not _is_in(address, NOT_PUBLIC)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
