"""Only requests through CloudFront reach the functions of the API."""

import importlib
import json
from typing import Any

import pytest

from referral_intake.aws import origin_secret, shared_wiring
from referral_intake.web import origin_check
from samlocal.template import origin_headers
from samlocal.template.intrinsics import Resolver, TemplateError
from samlocal.template.reader import load
from samlocal.template.references import Places
from tests.infra.template_data import FILE, Data, http_functions, properties, template_data
from tests.integration.aws import LambdaContext
from tests.support import events

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
PLACES = Places("referral-intake", "https://sqs.example")
TEMPLATE = load(FILE, PARAMETERS, PLACES)


class NoSecrets:
    def values(self, secret_id: str) -> tuple[bytes, ...]:
        return ()


def unguarded(data: Data) -> list[str]:
    """Reasons for which CloudFront would be rejected, or another client accepted."""
    (api,) = [one for one in properties(data, "Distribution")["DistributionConfig"]["Origins"] if one["Id"] == "api"]
    shown = {one["HeaderName"].lower(): json.dumps(one["HeaderValue"]) for one in api.get("OriginCustomHeaders", [])}
    wrong = [] if "${OriginSecret}" in shown.get(origin_check.HEADER, "") else ["CloudFront shows nothing"]
    for name in http_functions(data):
        function = properties(data, name)
        if function["Environment"]["Variables"].get("ORIGIN_SECRET") != {"Ref": "OriginSecret"}:
            wrong.append(f"{name} does not get the secret")
        reads = [one["Resource"] for policy in function["Policies"] for one in policy["Statement"]]
        if {"Ref": "OriginSecret"} not in reads:
            wrong.append(f"{name} may not read the secret")
        (of_api,) = {json.dumps(one["Properties"]["ApiId"]) for one in function["Events"].values()}
        assert "HttpApi" in of_api
    return wrong


def test_cloudfront_sends_the_secret_and_every_api_function_may_read_it() -> None:
    assert unguarded(template_data()) == []


def test_a_distribution_without_the_secret_header_is_detected() -> None:
    data = template_data()
    for one in properties(data, "Distribution")["DistributionConfig"]["Origins"]:
        one.pop("OriginCustomHeaders", None)
    assert unguarded(data) == ["CloudFront shows nothing"]


@pytest.mark.parametrize("name", http_functions(template_data()))
def test_a_function_that_cannot_read_the_secret_is_detected(name: str) -> None:
    data = template_data()
    for policy in properties(data, name)["Policies"]:
        policy["Statement"] = [one for one in policy["Statement"] if one["Resource"] != {"Ref": "OriginSecret"}]
    del properties(data, name)["Environment"]["Variables"]["ORIGIN_SECRET"]
    assert unguarded(data) == [f"{name} does not get the secret", f"{name} may not read the secret"]


@pytest.mark.parametrize("route", TEMPLATE.routes, ids=lambda route: route.key)
def test_every_route_rejects_requests_that_bypass_cloudfront(route: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    origin_secret.origin_secret.cache_clear()
    monkeypatch.setattr(shared_wiring, "secrets", NoSecrets)
    monkeypatch.setenv("ORIGIN_SECRET", "origin")
    module, _, name = TEMPLATE.functions[route.function].handler.rpartition(".")
    event = events.request("GET /", x_origin_secret="guessed")
    event["routeKey"] = route.key
    answer = getattr(importlib.import_module(module), name)(event, LambdaContext())
    assert answer["statusCode"] == 403
    assert json.loads(answer["body"])["code"] == "forbidden"
    origin_secret.origin_secret.cache_clear()


def test_the_local_stack_resolves_the_header_from_the_secret_and_the_parameter() -> None:
    ((name, value),) = load(FILE, {**PARAMETERS, "OriginKey": "k2"}, PLACES).origin_headers
    held = {TEMPLATE.functions["IntakeFunction"].environment["ORIGIN_SECRET"]: '{"k1": "old", "k2": "new"}'}
    assert (name.lower(), origin_headers.resolved(value, held.__getitem__)) == (origin_check.HEADER, "new")


def test_the_local_stack_reports_a_name_that_the_secret_lacks() -> None:
    ((_, value),) = TEMPLATE.origin_headers
    with pytest.raises(TemplateError, match="no entry k1"):
        origin_headers.resolved(value, lambda _: "{}")


def test_a_template_without_a_distribution_adds_no_header() -> None:
    assert origin_headers.headers([], Resolver({})) == ()
