"""An attacker sends malformed requests to every route: bodies, queries, headers, media types, encodings and sizes.

No route raises or answers with a 5xx, and an opt-out with a valid token is recorded whatever else the request has.
"""

import gzip
import itertools
import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.signed_links import Link, Links
from referral_intake.dashboard import api as dashboard_api
from referral_intake.dashboard import wiring as dashboard_wiring
from referral_intake.links.requests import MAX_BODY_BYTES
from referral_intake.lookup.npi_registry import NpiRegistry
from samlocal.http import payload, routes
from tests.integration import aws
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, lookups, samples

ROUTES = aws.template().routes
# Method and path of each route. The dashboard's function has routes of its own.
TARGETS = {
    function: [(one.method, one.path) for one in ROUTES if one.function == function]
    for function in sorted({route.function for route in ROUTES})
}
TARGETS["DashboardFunction"] = [
    (one.method, one.openapi_path) for one in (*dashboard_api.app._static_routes, *dashboard_api.app._dynamic_routes)
]
# The table gathers the data of all examples, which does not matter for them.
one_table = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

# ---- Parts of requests ----

VALID = {
    "answer": "call",
    "callback.phone": "217 555 0142",
    "callback.time": "morning",
    "campaign": "lumen",
    "code": "AAAA-AAAA-AAAA",
    "doctor.email": "maria.lopez@clinic.example",
    "doctor.name": "Maria Lopez",
    "for": "0" * 64,
    "from": "2026-11-01",
    "lang": "es",
    "locale": "en",
    "name": "Maria Lopez",
    "receipt": "K3QF-7ZTA-MM2X-PE5R",
    "scope": "campaign",
    "state": "IL",
    "submitted_by": "patient",
    "to": "2026-11-20",
}
ODD = [
    "",
    " ",
    "\x00",
    "\u202e",
    "é",
    "../../etc/passwd",
    "{{7*7}}{0}%s",
    "<b>",
    "a\r\nBcc: x@evil.example",
    "9" * 5000,
]
TEXTS = st.sampled_from(ODD) | st.text(max_size=20)
NAMES = st.sampled_from([*VALID, "action", "challenge", "comments", "cursor", "known", "revision", "submission_id"])
PAIRS = st.lists(st.sampled_from([*VALID.items()]) | st.tuples(NAMES | TEXTS, TEXTS), max_size=8)
# HTTP servers refuse control characters in headers.
LATIN = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)
# Mostly valid ones, too, because others are refused early.
QUERIES = st.one_of(
    PAIRS.map(urlencode),
    PAIRS.map(lambda pairs: urlencode({**VALID, **dict(pairs[:2])})),
    LATIN.filter(lambda text: "#" not in text),
)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MEDIA_TYPES = st.one_of(
    st.sampled_from([FORM, JSON]),
    st.sampled_from([f"{FORM}; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=x", "text/html"]),
    LATIN,
)
NAMES_OF_HEADERS = """Accept Accept-Language Authorization CloudFront-Viewer-Address Content-Encoding Cookie
If-None-Match Origin Sec-Fetch-Site User-Agent X-Forwarded-For X-Origin-Secret"""
VALUES_OF_HEADERS = ["text/html", "application/json", "gzip", "null", "cross-site", "::1:443", "999.1.1.1:x"]
HEADERS = st.dictionaries(
    st.sampled_from(NAMES_OF_HEADERS.split()), LATIN | st.sampled_from(VALUES_OF_HEADERS), max_size=4
)
OBJECTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    PAIRS.map(lambda pairs: urlencode(pairs).encode()),
    OBJECTS.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"a=&" * 70, b"[" * 9000, b"\xff" * 20_000, b"1" * 1_000_000, gzip.compress(b'{"a": 1}')]),
)


@dataclass(frozen=True)
class Sent:
    """What an attacker sends to a route. `segment` is a part of the path, by default the receipt of a referral."""

    has_token: bool
    query: str
    headers: dict[str, str]
    body: bytes
    segment: str | None
    groups: str


SENT = st.builds(
    Sent,
    st.booleans(),
    QUERIES,
    st.builds(lambda headers, media_type: {**headers, "Content-Type": media_type}, HEADERS, MEDIA_TYPES),
    BODIES,
    st.none() | TEXTS,
    st.sampled_from([dashboard.VIEWER, dashboard.MANAGER]),
)


class Attacker:
    def __init__(self, harness: HandlerHarness) -> None:
        self.harness = harness
        self.receipt = harness.submit()
        links = Links(signing_keys(), aws.SITE_URL)
        link = Link(("email#x",), "lumen", self.receipt)
        urls = (links.opt_out(link), links.answer(link, samples.NOW))
        self.tokens = {urlsplit(url).path: parse_qs(urlsplit(url).query)["token"][0] for url in urls}

    def send(self, method: str, path: str, sent: Sent) -> Response | None:
        """Return the response, or None if API Gateway has no route for the request."""
        segment = self.receipt if sent.segment is None else quote(sent.segment, safe="")
        concrete = "/".join(segment if part.startswith(("{", "<")) else part for part in path.split("/"))
        query = f"token={self.tokens.get(path)}&{sent.query}" if sent.has_token else sent.query
        return self.request(method, concrete, query, sent.headers, sent.body, sent.groups)

    def request(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, groups: str = dashboard.VIEWER
    ) -> Response | None:
        built = EnvironBuilder(path, method=method, query_string=query, headers=headers.items(), data=body)
        request = Request(built.get_environ())
        match = routes.find(ROUTES, request.method, request.path)
        if match is None:
            return None
        signed_in = {"jwt": {"claims": dashboard.claims(groups), "scopes": None}} if match.route.authorizer else None
        event = payload.event(request, match, body, signed_in)
        function = match.route.function.removesuffix("Function").lower()
        return payload.response(self.harness.invoke(function, event))


@pytest.fixture
def attacker(harness: HandlerHarness, monkeypatch: pytest.MonkeyPatch) -> Attacker:
    answer = json.dumps({"results": lookups.RECORDS}).encode()
    monkeypatch.setattr(NpiRegistry, "_get", lambda self, url: answer)
    # moto does not implement GetAccount of SES API v2.
    dashboard_wiring.parts().__dict__["ses_account"] = dashboard.FakeAccount()
    return Attacker(harness)


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
@one_table
@given(sent=SENT)
def test_no_malformed_request_is_an_error_of_the_server(
    attacker: Attacker, targets: list[tuple[str, str]], sent: Sent
) -> None:
    for method, path in targets:
        if response := attacker.send(method, path, sent):
            check(response, f"{method} {path}")


def check(response: Response, route: str) -> None:
    """The response is no error of the server, and its body matches its headers."""
    text = response.get_data(as_text=True)
    assert response.status_code < 500, (route, text)
    media_type = response.mimetype or ""
    if media_type == "text/html":
        assert text.lstrip().lower().startswith("<!doctype html>"), route
    elif media_type.endswith("json") and text:
        # The look-up answers 200 if it fails, because the form works without it.
        assert json.loads(text).get("available", True), route


# ---- Opt-outs ----

numbers = itertools.count()


@one_table
@given(PAIRS, HEADERS, MEDIA_TYPES, BODIES)
def test_an_opt_out_with_a_valid_token_is_recorded_whatever_else_the_request_has(
    attacker: Attacker, parameters: list[tuple[str, str]], headers: dict[str, str], media_type: str, body: bytes
) -> None:
    assume(len(body) <= MAX_BODY_BYTES)
    assume(not any(name == "token" for name, _ in parameters))
    key, token = doctor_with_link(attacker.harness)
    query = urlencode([("token", token), *parameters])
    response = attacker.request("POST", "/api/opt-out", query, {**headers, "Content-Type": media_type}, body)
    assert response
    assert response.status_code == 200
    assert "opted_out" in repr(stored(attacker.harness, f"doctor#{key}"))


def doctor_with_link(harness: HandlerHarness) -> tuple[str, str]:
    """The key of a new doctor, and the token of the opt-out link in the message."""
    referral = samples.referral(email=f"doctor{next(numbers)}@clinic.example")
    current, _ = DoctorHashes(harness._keys).of(referral)
    link = Link(current, "lumen", referral.receipt)
    return current[0], Links(signing_keys(), aws.SITE_URL).opt_out(link).partition("token=")[2]


def stored(harness: HandlerHarness, key: str) -> Any:
    values = {":pk": {"S": key}}
    found = harness.client.query(
        TableName=harness.table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values
    )
    return found["Items"]


def signing_keys() -> Any:
    return partial(Secrets().keyring, aws.template().secrets["SigningKeys"].name)
