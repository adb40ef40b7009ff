"""Hostile requests: never a 500 or an exception, and every body matches its headers."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_intake.aws.signed_links import Links
from referral_intake.intake import submissions as intake
from referral_intake.links import responses as links
from referral_intake.links.wiring import LinkParts
from referral_intake.web.pages import Site
from tests.support import events, proofs, samples
from tests.support.fakes import FakeLetterCodes, FakeTable, ring

SITE = Site(samples.TEMPLATES, "https://spine.example", samples.CAMPAIGNS)
FORM = {
    "campaign": "lumen",
    "locale": "en",
    "submitted_by": "patient",
    "doctor.name": "Maria Lopez",
    "doctor.email": "maria.lopez@clinic.example",
}
PROGRAM, BROWSER = "application/json", "text/html,application/xhtml+xml"
for_both = pytest.mark.parametrize("accept", [PROGRAM, BROWSER], ids=["program", "browser"])


def answer(event: dict[str, Any]) -> int:
    """The status of a response, after a check that its body matches its headers."""
    response = intake.respond(event, proofs.intake(FakeTable(), SITE), samples.NOW)
    body, media_type = response["body"], response["headers"]["content-type"]
    assert body.encode().decode() == body
    if response["statusCode"] == 303:
        assert re.fullmatch(r"/api/referrals/[A-Z2-7-]{19}", response["headers"]["location"])
    elif "json" in media_type:
        json.loads(body)
    else:
        assert media_type == "text/html; charset=utf-8"
        assert body.lstrip().lower().startswith("<!doctype html>")
    assert not [value for value in response["headers"].values() if "\n" in value or "\r" in value]
    return int(response["statusCode"])


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**4000,
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202e",
    "a\r\nBcc: x@evil.example",
    "x" * 10_000,
    "../../etc/passwd",
    "{{7*7}}{0}%s",
    [],
    [1],
    [None],
    [[["a"]]],
    {},
    {"name": None},
]
PLACES = ["submission_id", "campaign", "locale", "submitted_by", "doctor", "doctor.email", "", "\ud800", "x" * 100]
DOCTOR_PLACES = ["name", "practice", "specialty", "email", "phone", "npi", "address", "zip", "\ud800"]


@for_both
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:30].encode("ascii", "backslashreplace").decode())
def test_an_unusual_value_in_any_field_is_refused_or_accepted_without_an_exception(odd: Any, accept: str) -> None:
    whole = [json.dumps(odd)]
    fields = [json.dumps(samples.payload() | {place: odd}) for place in PLACES]
    doctor = [json.dumps(samples.payload(doctor=samples.doctor(**{place: odd}))) for place in DOCTOR_PLACES]
    address = [
        json.dumps(samples.payload(doctor=samples.doctor(address={place: odd})))
        for place in ("line1", "line2", "city", "state", "postal_code", "country")
    ]
    for body in whole + fields + doctor + address:
        assert answer(events.post_json(body, accept=accept)) in (201, 413, 422)


@for_both
@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "NaN",
        '{"a": NaN}',
        "[" * 8000,
        "[" * 900 + "]" * 900,
        "1" * 5000,
        "\ufeff{}",
        "\x00",
        "'a'",
        '"\ud800"',
    ],
    ids=lambda body: repr(body)[:12],
)
def test_malformed_json_is_refused(body: str, accept: str) -> None:
    assert answer(events.post_json(body, accept=accept)) in (400, 422)


@for_both
@pytest.mark.parametrize("depth", [10, 100, 500, 900])
@pytest.mark.parametrize("place", ["campaign", "locale", "doctor"])
def test_a_deeply_nested_field_is_refused(place: str, depth: int, accept: str) -> None:
    body = f'{{"{place}": {"[" * depth}{"]" * depth}}}'
    assert answer(events.post_json(body, accept=accept)) in (400, 422)


@for_both
def test_the_maximum_number_of_unknown_fields_is_refused(accept: str) -> None:
    many = ",".join(f'"{number:x}":1' for number in range(1800))
    assert answer(events.post_json("{" + many + "}", accept=accept)) == 422
    assert answer(events.post_json('{"doctor":{' + many + "}}", accept=accept)) in (413, 422)


@for_both
@pytest.mark.parametrize("count", [64, 65, 1000])
def test_a_form_with_too_many_fields_is_refused(count: int, accept: str) -> None:
    event = events.post_form({f"a{number}": "" for number in range(count)}, accept=accept)
    assert answer(event) == 422


@for_both
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "doctor",
        "doctor.",
        ".doctor",
        "doctor.name.x",
        "doctor.address",
        "a" * 5000,
        "." * 5000,
        "doctor.name\x00",
        "__class__",
        "doctor.typed",
        "'><script>",
        "{limit}",
    ],
    ids=lambda name: repr(name)[:20],
)
@pytest.mark.parametrize("value", ["", "x", "<b>"])
def test_a_form_with_an_unusual_field_is_refused(name: str, value: str, accept: str) -> None:
    first, last = {name: value} | FORM, FORM | {name: value}
    for fields in (first, last):
        # An empty field counts as missing, but its name is still checked.
        assert answer(events.post_form(fields, accept=accept)) in (201, 303, 422)


@for_both
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", ["abc", "é", "Y=Q=", "@@@"])
def test_a_body_with_invalid_base64_is_refused(body: str, content_type: str, accept: str) -> None:
    event = events.request("POST /api/referrals", body, content_type=content_type, accept=accept)
    event["isBase64Encoded"] = True
    assert answer(event) in (400, 422)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "text/json", "multipart/form-data; boundary=x", "application/json, text/html"]
)
def test_another_media_type_is_refused(content_type: str) -> None:
    assert answer(events.post_json({}, content_type=content_type)) == 415


def test_a_request_without_any_headers_gets_a_response() -> None:
    event = events.post_json({})
    event["headers"] = {}
    assert answer(event) == 415


names = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "submission_id",
        "campaign",
        "locale",
        "submitted_by",
        "doctor",
        "name",
        "email",
        "phone",
        "npi",
        "address",
        "line1",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values, st.sampled_from([PROGRAM, BROWSER]))
def test_any_json_is_handled_without_an_exception(data: Any, accept: str) -> None:
    assert answer(events.post_json(json.dumps(data), accept=accept)) in (201, 400, 422)


HTML = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.mark.parametrize("field", [*FORM, "submission_id", "doctor.phone", "doctor.address.state", "doctor.npi", HTML])
def test_html_in_a_form_is_escaped(field: str) -> None:
    # Without an email address, the form is always returned.
    event = events.post_form(FORM | {"doctor.email": "nobody"} | {field: HTML})
    response = intake.respond(event, proofs.intake(FakeTable(), SITE), samples.NOW)
    assert response["statusCode"] == 422
    assert "<img src=x" not in response["body"]
    assert "onerror=alert(1)>" not in response["body"]


@pytest.mark.parametrize("token", ["", "x", ".", "\ud800", "é", "\x00", "a" * 50_000, "a.b.c", "<script>"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_invalid_token_gets_a_plain_page_and_changes_nothing(method: str, token: str) -> None:
    event = events.request(f"{method} /api/opt-out", query="token=x")
    event["queryStringParameters"] = {"token": token}
    table = FakeTable()
    response = links.respond(
        event, LinkParts(Links(ring, SITE.url), FakeLetterCodes(), table, table, SITE), samples.NOW
    )
    assert response["statusCode"] == 400
    assert "<script>" not in response["body"]
    assert table.facts == {}


@pytest.mark.parametrize("query", [None, {}, {"other": "x"}])
def test_an_opt_out_link_without_a_token_gets_a_plain_page(query: dict[str, str] | None) -> None:
    event = events.request("GET /api/opt-out")
    if query is not None:
        event["queryStringParameters"] = query
    table = FakeTable()
    response = links.respond(
        event, LinkParts(Links(ring, SITE.url), FakeLetterCodes(), table, table, SITE), samples.NOW
    )
    assert response["statusCode"] == 400
