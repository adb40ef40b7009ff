"""Mailboxes: which addresses are one mailbox, as their providers document it.

`mailbox` only identifies a doctor. A message always goes to the address as typed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Provider:
    domain: str
    """The domain by which all of the provider's domains are replaced."""
    ignored: str = ""
    """Characters that do not count in the local part."""


_GMAIL = _Provider("gmail.com", ".")  # support.google.com/mail/answer/7436150
_ICLOUD = _Provider("icloud.com")  # support.apple.com/en-us/105041
_PROVIDERS = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), _ICLOUD),
}


def mailbox(address: str) -> str:
    """Return the form in which addresses of one mailbox are equal. It ignores letter case and a `+tag`."""
    local, _, domain = address.casefold().rpartition("@")
    provider = _PROVIDERS.get(domain, _Provider(domain))
    plain = local.partition("+")[0].translate(dict.fromkeys(map(ord, provider.ignored)))
    # A local part of ignored characters only stays as it is.
    return f"{plain or local}@{provider.domain}"
