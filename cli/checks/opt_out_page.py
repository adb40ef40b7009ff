"""Send GET requests for an opt-out link. A GET request opts no doctor out; only the form on the page does."""

from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from referral_intake.aws.secrets import Secrets
from referral_intake.aws.signed_links import Link, Links

_SECONDS = 10
# A doctor and a receipt that do not exist.
_LINK = Link(("email#preflight#0",), "", "0000-0000-0000-0000")


def open_page(site_url: str, signing_keys: str, campaign: str) -> tuple[int, str, int]:
    """Return the status and body for a signed link, and the status for the same link with an invalid signature."""
    keys = Secrets()
    links = Links(lambda: keys.keyring(signing_keys), site_url)
    link = links.opt_out(Link(_LINK.keys, campaign, _LINK.receipt))
    status, body = _get(link)
    forged = link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB")
    return status, body, _get(forged)[0]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _get(url: str) -> tuple[int, str]:
    # Requests to a local stack bypass any proxy. Requests to a deployed stack may need one.
    local = [ProxyHandler({})] if urlsplit(url).hostname in {"127.0.0.1", "localhost"} else []
    request = Request(url, headers={"Accept": "text/html", "User-Agent": "referral-intake preflight"})  # noqa: S310
    try:
        with build_opener(_NoRedirects, *local).open(request, timeout=_SECONDS) as answer:
            return _read(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(100_000).decode(errors="replace")


def _read(answer: HTTPResponse) -> tuple[int, str]:
    return answer.status, answer.read(100_000).decode(errors="replace")
