"""Which addresses of the internet a URL from outside may lead to. Pure.

From the IANA registries of special-purpose addresses (read on 2026-11-27). Listed here and not taken from Python's
`ipaddress`, whose `is_global` differs between its releases: that of 3.11 calls 192.0.0.192, where a cloud keeps its
secrets, and IPv6 addresses that lead to 127.0.0.1 global.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers, and by a cloud for its metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # public, but a cloud's own service for its machines
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocols, and a cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, with Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: it may lead to any IPv4 address
        "3fff::/20",  # documentation
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_allowed(address: str, private_networks: Sequence[Network]) -> bool:
    """Whether a connection to this address (as a resolver or a socket names it) is one to the public internet, or to a
    private network that the settings name."""
    found = _real(ip_address(address.partition("%")[0]))
    if any(found.version == network.version and found in network for network in private_networks):
        return True
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_V4)
    return found in _GLOBAL_UNICAST and not any(found in network for network in _NOT_PUBLIC_V6)


def _real(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
