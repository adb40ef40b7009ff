"""Send requests to the site as a browser does. Redirects are not followed."""

import json
from http.client import HTTPResponse
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

_SECONDS = 10


class Answer(NamedTuple):
    status: int
    body: str


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def get(url: str, accept: str = "text/html") -> Answer:
    return _send(Request(url, headers={"Accept": accept}))  # noqa: S310


def post(url: str, data: object) -> Answer:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    return _send(Request(url, json.dumps(data).encode(), headers))  # noqa: S310


def _send(request: Request) -> Answer:
    # Requests to a local stack bypass any proxy. Requests to a deployed stack may need one.
    local = [ProxyHandler({})] if urlsplit(request.full_url).hostname in {"127.0.0.1", "localhost"} else []
    request.add_header("User-Agent", "referral-intake preflight")
    try:
        with build_opener(_NoRedirects, *local).open(request, timeout=_SECONDS) as answer:
            return _read(answer)
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read(100_000).decode(errors="replace"))


def _read(answer: HTTPResponse) -> Answer:
    return Answer(answer.status, answer.read(100_000).decode(errors="replace"))
