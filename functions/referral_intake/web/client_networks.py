"""Networks of client addresses. Text that is no address counts as a network of its own."""

import ipaddress


def household(address: str) -> str:
    """Return the IPv4 address, or the /64 network of an IPv6 address: one household or server has all its addresses."""
    return _network(address, 32, 64)


def surrounding_network(address: str) -> str:
    """Return the /24 network of an IPv4 address, or the /48 network of an IPv6 address: one site or provider."""
    return _network(address, 24, 48)


def _network(address: str, prefix_4: int, prefix_6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    prefix = prefix_4 if mapped.version == 4 else prefix_6
    return str(ipaddress.ip_network((mapped, prefix), strict=False))
