"""API Gateway's payload format 2.0, as the local gateway writes and reads it."""

import base64
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from samlocal.http import payload, routes
from samlocal.http.payload import Malformed, Match
from samlocal.template.model import Route

THINGS = Route("GET", "/api/things/{name}", "Door")


def event(path: str, body: bytes = b"", method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder(path=path, base_url="http://127.0.0.1:8080/", method=method, headers=list(named.items()))
    request = Request({**builder.get_environ(), "REMOTE_ADDR": "127.0.0.1"})
    match = routes.find([THINGS, Route("POST", "/api/things", "Door")], request.method, request.path)
    assert match
    return payload.event(request, match, body)


def test_an_event_has_the_format_of_api_gateway() -> None:
    parsed = event("/api/things/a%20b?x=1&x=2&y=%26&z", Cookie="a=1; b=2", User_Agent="test", X_Twice="1,2")

    context = parsed.pop("requestContext")
    assert parsed == {
        "version": "2.0",
        "routeKey": "GET /api/things/{name}",
        "rawPath": "/api/things/a b",
        "rawQueryString": "x=1&x=2&y=%26&z",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": "127.0.0.1:8080",
            "user-agent": "test",
            "x-twice": "1,2",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "8080",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"x": "1,2", "y": "&", "z": ""},
        "pathParameters": {"name": "a b"},
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "GET",
        "path": "/api/things/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test",
    }
    assert (context["accountId"], context["stage"], context["routeKey"]) == (
        "123456789012",
        "$default",
        parsed["routeKey"],
    )
    assert context["domainName"] == "127.0.0.1:8080"
    assert isinstance(context["timeEpoch"], int)


def test_empty_values_are_omitted() -> None:
    parsed = event("/api/things", method="POST")

    assert not {"cookies", "queryStringParameters", "pathParameters", "body"} & parsed.keys()


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/csv", "application/xml"])
def test_text_is_passed_as_text(kind: str) -> None:
    parsed = event("/api/things", "ü".encode(), "POST", Content_Type=kind)

    assert (parsed["body"], parsed["isBase64Encoded"]) == ("ü", False)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", ""]
)
def test_other_content_types_and_forms_are_base64(kind: str) -> None:
    parsed = event("/api/things", b"a=b", "POST", Content_Type=kind)

    assert (parsed["body"], parsed["isBase64Encoded"]) == (base64.b64encode(b"a=b").decode(), True)


def test_the_most_specific_route_handles_the_request() -> None:
    def route(path: str, method: str = "GET") -> Route:
        return Route(method, path, path)

    declared = [route("$default", "ANY"), route("/a/{rest+}"), route("/a/{b}"), route("/a/b", "ANY"), route("/a/b")]

    def chosen_route(path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
        match = routes.find(declared, method, path)
        return (match.route.key, dict(match.parameters)) if match else None

    assert chosen_route("/a/b") == ("GET /a/b", {})
    assert chosen_route("/a/b", "POST") == ("ANY /a/b", {})
    assert chosen_route("/a/c") == ("GET /a/{b}", {"b": "c"})
    assert chosen_route("/a/c/d") == ("GET /a/{rest+}", {"rest": "c/d"})
    assert chosen_route("/z") == ("ANY $default", {})
    assert routes.find(declared[1:], "GET", "/a/") is None
    assert routes.find(declared[1:], "DELETE", "/a/c") is None


def test_a_response_with_a_status_is_passed_on() -> None:
    response = payload.response(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "image/png", "X-Count": 2, "X-Fine": True},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": base64.b64encode(b"\x89PNG").decode(),
            "isBase64Encoded": True,
        }
    )

    assert (response.status_code, response.data, response.content_type) == (201, b"\x89PNG", "image/png")
    assert response.headers.getlist("Set-Cookie") == ["a=1; Path=/", "b=2"]
    assert (response.headers["x-count"], response.headers["x-fine"]) == ("2", "true")


@pytest.mark.parametrize(
    ("answer", "body"), [({"a": [1]}, b'{"a": [1]}'), ("Hello", b"Hello"), ([1, 2], b"[1, 2]"), (None, b"null")]
)
def test_a_response_without_a_status_becomes_the_body_of_a_200(answer: object, body: bytes) -> None:
    response = payload.response(answer)

    assert (response.status_code, response.data, response.content_type) == (200, body, "application/json")


def test_the_default_content_type_is_plain_text() -> None:
    assert payload.response({"statusCode": 204}).content_type == "text/plain;charset=UTF-8"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "200"},
        {"statusCode": 20},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": {"x": ["a"]}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    ],
)
def test_a_malformed_response_is_an_error(answer: object) -> None:
    with pytest.raises(Malformed):
        payload.response(answer)


def test_a_match_has_its_path_parameters() -> None:
    assert routes.find([THINGS], "GET", "/api/things/x") == Match(THINGS, {"name": "x"})
