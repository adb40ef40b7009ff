"""Headers that the template adds to every page."""

from pathlib import Path

import pytest

from referral_intake.web import http
from samlocal.template import reader, response_headers
from samlocal.template.intrinsics import Resolver, TemplateError
from samlocal.template.model import Template
from samlocal.template.properties import Properties
from samlocal.template.references import Places

PARAMETERS = {"SenderAddress": "outreach@star.example", "SiteUrl": "https://spine.example"}


def template(**parameters: str) -> Template:
    file = Path(__file__).parents[2] / "infra" / "template.yaml"
    return reader.load(file, PARAMETERS | parameters, Places("referral-intake", "http://127.0.0.1:1"))


HEADERS = template().site_headers


def test_a_page_loads_only_files_of_the_site_and_cannot_be_framed() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert {policy[name] for name in ("base-uri", "frame-ancestors")} == {"'none'"}
    assert set(policy.values()) == {"'self'", "'none'"}, "no unsafe-*, no other origin, no data:"
    assert HEADERS["X-Frame-Options"] == "DENY"
    assert HEADERS["Cross-Origin-Opener-Policy"] == HEADERS["Cross-Origin-Resource-Policy"] == "same-origin"


def test_browsers_use_https_do_not_sniff_types_and_send_no_referrer() -> None:
    assert HEADERS["Strict-Transport-Security"] == "max-age=63072000"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/dashboard/", "/api/challenge"])
def test_other_systems_on_subdomains_are_forced_to_https_only_by_a_parameter(path: str) -> None:
    name = "Strict-Transport-Security"
    assert template().headers_of(path)[name] == "max-age=63072000"
    assert template(HstsSubdomains="true").headers_of(path)[name] == "max-age=63072000; includeSubDomains"


def test_a_page_has_no_permissions_that_it_does_not_need() -> None:
    for power in ("camera", "microphone", "geolocation", "payment"):
        assert f"{power}=()" in HEADERS["Permissions-Policy"]


def test_the_functions_send_the_same_headers_as_the_site() -> None:
    sent = http.html_response(200, "")["headers"]
    of_both = {name: value for name, value in HEADERS.items() if name.lower() in sent}
    assert {name: sent[name.lower()] for name in of_both} == of_both
    assert {"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"} <= of_both.keys()


@pytest.mark.parametrize(
    "config", [{"CorsConfig": {}}, {"SecurityHeadersConfig": {"XSSProtection": {"Protection": True}}}]
)
def test_the_local_stack_reports_headers_that_it_would_not_send(config: dict[str, object]) -> None:
    policy = Properties({"ResponseHeadersPolicyConfig": config}, Resolver({}), "SecurityHeaders")
    with pytest.raises(TemplateError, match=r"SecurityHeaders: the local stack does not support (CorsConfig|XSSProt)"):
        response_headers.read(policy)
