"""A web page of an attacker lets the browsers of its visitors send the form, each from another network address."""

import pytest

from tests.abuse.visitors import Visitor
from tests.integration import aws
from tests.integration.handler_harness import HandlerHarness

HEADERS = {
    "a browser": {"sec_fetch_site": "cross-site", "origin": "https://page.attacker.example"},
    "an older browser": {"origin": "https://page.attacker.example"},
    "a sandboxed frame": {"origin": "null"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_the_visitors_of_a_foreign_page_reach_no_doctor(harness: HandlerHarness, headers: dict[str, str]) -> None:
    """The attacker has solved the challenges before."""
    referrals = [Visitor(harness, f"203.0.113.{number}").submit(headers) for number in range(10)]
    assert {(one.stage, one.reason) for one in referrals} == {("held", "cross_site")}
    assert harness.mail.sent == []


def test_the_page_of_this_site_reaches_the_doctor(harness: HandlerHarness) -> None:
    own = {"sec_fetch_site": "same-origin", "origin": aws.SITE_URL}
    assert Visitor(harness, "203.0.113.7").submit(own).stage == "sent"
