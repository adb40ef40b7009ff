"""Look up TXT records in DNS."""

from typing import Any

import dns.resolver

from cli.checks import mail

_SECONDS = 10


def txt(name: str) -> list[str]:
    """Return the TXT records of a name. Return an empty list if the name or the records do not exist."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(record.strings).decode(errors="replace") for record in answer]


def dmarc(domain: str, look: Any = txt) -> dict[str, list[str]]:
    """Return the TXT records at `_dmarc.` of the domain and of its parents, the most specific domain first."""
    return {name: look(f"_dmarc.{name}") for name in mail.domains(domain)}
