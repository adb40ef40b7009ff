"""HTTP as the API's functions speak it: payload format 2.0 in, JSON, problems (RFC 9457) or pages out."""

import base64
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from referral_intake.web.language import best

Event = Mapping[str, Any]
Response = dict[str, Any]

# Answers are about one person's referral: nobody keeps them, frames them, or learns where they led.
HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class Problem(Exception):
    """A request that is refused. `kind` names the words that a person reads of it; `members` are for programs."""

    def __init__(self, status: HTTPStatus, kind: str, detail: str, **members: object) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.members = members


def content_type(event: Event) -> str:
    """The media type of the body, without parameters."""
    return str(event["headers"].get("content-type", "")).partition(";")[0].strip().lower()


def body(event: Event, limit: int) -> bytes:
    """The body; raises Problem over `limit` bytes."""
    text = event.get("body") or ""
    # A lone surrogate can't have come over the wire as UTF-8; it is let through for the parser to refuse.
    try:
        data = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(errors="surrogatepass")
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid", "The body is not base64.") from None
    if len(data) > limit:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"At most {limit} bytes are taken.")
    return data


def parsed_json(data: bytes) -> Any:
    """What the body says; raises Problem."""
    try:
        # RecursionError: brackets nested thousands deep. ValueError: no JSON, no UTF-8, NaN, or numbers without end.
        return json.loads(data.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "not_json", "The body is not JSON.") from None


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def source(event: Event) -> str:
    """The network address that a request came from, as CloudFront saw it.

    CloudFront sets the header whatever a client sends, and `edge` lets nobody else in, so it can be trusted. Where the
    local stack stands for CloudFront, the address is the one that it saw.
    """
    viewer: str = event["headers"].get("cloudfront-viewer-address", "").rpartition(":")[0]
    return viewer or event["requestContext"]["http"]["sourceIp"]


def chosen_language(event: Event) -> str | None:
    """The language that somebody chose on the page before."""
    chosen: str | None = event.get("queryStringParameters", {}).get("lang")
    return chosen


def language(event: Event, offered: Sequence[str]) -> str | None:
    """The language that somebody chose, else the one that their browser asks for."""
    chosen = chosen_language(event)
    return chosen if chosen in offered else best(event["headers"].get("accept-language", ""), offered)


def accepts_html(event: Event) -> bool:
    """Whether a person's browser asks, rather than a program."""
    return "text/html" in event["headers"].get("accept", "")


def accepts_json(event: Event) -> bool:
    return "json" in event["headers"].get("accept", "")


def page(status: int, html: str) -> Response:
    return _response(status, "text/html; charset=utf-8", html)


def answer(status: int, data: object, **headers: str) -> Response:
    return _response(status, "application/json", json.dumps(data), headers)


def problem(status: HTTPStatus, kind: str, detail: str, **members: object) -> Response:
    """RFC 9457. `type` is left out: the status and `code` say it all."""
    data = {"title": status.phrase, "status": int(status), "code": kind, "detail": detail, **members}
    return _response(status, "application/problem+json", json.dumps(data))


def _response(status: int, media_type: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return {
        "statusCode": int(status),
        "headers": {"content-type": media_type, **HEADERS, **(headers or {})},
        "body": text,
    }
