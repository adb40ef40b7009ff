"""Look up records in DNS."""

from typing import Any

import dns.resolver

from cli.checks import mail

_SECONDS = 10


def look(name: str, kind: str) -> list[str]:
    """Return the texts of the records. Return an empty list if the name or the records do not exist.

    A name that has a CNAME record has the addresses of its target, so for a CNAME, also look for addresses.
    """
    found = _resolve(name, kind)
    return found or (_resolve(name, "A") if kind == "CNAME" else [])


def txt(name: str) -> list[str]:
    """Return the TXT records of a name. Return an empty list if the name or the records do not exist."""
    return _resolve(name, "TXT")


def _resolve(name: str, kind: str) -> list[str]:
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    if kind == "TXT":
        return [b"".join(record.strings).decode(errors="replace") for record in answer]
    return [record.to_text() for record in answer]


def dmarc(domain: str, look: Any = txt) -> dict[str, list[str]]:
    """Return the TXT records at `_dmarc.` of the domain and of its parents, the most specific domain first."""
    return {name: look(f"_dmarc.{name}") for name in mail.domains(domain)}
