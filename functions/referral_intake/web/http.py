"""HTTP for the functions of the API: payload format 2.0 in, and JSON, problems (RFC 9457) or pages out."""

import base64
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from referral_intake.web.language import best_language

Event = Mapping[str, Any]
Response = dict[str, Any]

# Responses can be about one person's referral. So they must not be cached, framed, or leak their URL by the referrer.
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
    """A refused request. `kind` is the key of its text for people. `members` are for programs."""

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
    """Return the body. Raise Problem if it is larger than `limit` bytes."""
    text = event.get("body") or ""
    # A lone surrogate can't come from UTF-8 over the network. It passes here, and the parser refuses it.
    try:
        data = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(errors="surrogatepass")
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid", "The body is not base64.") from None
    if len(data) > limit:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"The limit is {limit} bytes.")
    return data


def parsed_json(data: bytes) -> Any:
    """Parse JSON. Raise Problem."""
    try:
        # RecursionError: thousands of nested brackets. ValueError: not JSON, not UTF-8, NaN, or too long numbers.
        return json.loads(data.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "not_json", "The body is not JSON.") from None


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def client_address(event: Event) -> str:
    """Return the network address of the client, as CloudFront saw it.

    CloudFront overwrites this header, and `origin_check` refuses requests that did not come through CloudFront, so the
    value can be trusted. The local stack has no CloudFront, so there it is the address that the local gateway saw.
    """
    viewer: str = event["headers"].get("cloudfront-viewer-address", "").rpartition(":")[0]
    return viewer or event["requestContext"]["http"]["sourceIp"]


def chosen_language(event: Event) -> str | None:
    """Return the language that the user chose on the previous page, if any."""
    chosen: str | None = event.get("queryStringParameters", {}).get("lang")
    return chosen


def language(event: Event, offered: Sequence[str]) -> str | None:
    """Return the language that the user chose, or else the one that the browser requests."""
    chosen = chosen_language(event)
    return chosen if chosen in offered else best_language(event["headers"].get("accept-language", ""), offered)


def accepts_html(event: Event) -> bool:
    """Whether the client is a browser."""
    return "text/html" in event["headers"].get("accept", "")


def accepts_json(event: Event) -> bool:
    return "json" in event["headers"].get("accept", "")


def html_response(status: int, html: str) -> Response:
    return _response(status, "text/html; charset=utf-8", html)


def redirect(location: str) -> Response:
    """Tell the browser to show another page. Reloading that page does not repeat the request."""
    return _response(HTTPStatus.SEE_OTHER, "text/plain", "", {"location": location})


def json_response(status: int, data: object, **headers: str) -> Response:
    return _response(status, "application/json", json.dumps(data), headers)


def problem_response(status: HTTPStatus, kind: str, detail: str, **members: object) -> Response:
    """Return a problem (RFC 9457). It has no `type`, because the status and `code` are sufficient."""
    data = {"title": status.phrase, "status": int(status), "code": kind, "detail": detail, **members}
    return _response(status, "application/problem+json", json.dumps(data))


def _response(status: int, media_type: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return {
        "statusCode": int(status),
        "headers": {"content-type": media_type, **HEADERS, **(headers or {})},
        "body": text,
    }
