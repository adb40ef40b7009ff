"""Send GET requests for an opt-out link. A GET request opts no doctor out; only the form on the page does."""

from cli.checks import site_client
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.signed_links import Link, Links

# A doctor and a receipt that do not exist.
_LINK = Link(("email#preflight#0",), "", "0000-0000-0000-0000")


def open_page(site_url: str, signing_keys: str, campaign: str) -> tuple[int, str, int]:
    """Return the status and body for a signed link, and the status for the same link with an invalid signature."""
    keys = Secrets()
    links = Links(lambda: keys.keyring(signing_keys), site_url)
    link = links.opt_out(Link(_LINK.keys, campaign, _LINK.receipt))
    status, body = site_client.get(link)
    forged = link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB")
    return status, body, site_client.get(forged).status
