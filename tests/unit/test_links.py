"""Opting out: only ever by POST, by nobody else's hand, and at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from referral_intake.adapters.links import Links, OptOut
from referral_intake.adapters.pages import Site
from referral_intake.domain.referral import Closing, Stage
from referral_intake.handlers import links as door
from referral_intake.wiring import LinkParts
from tests.support import events
from tests.support.fakes import FakeTable, ring
from tests.support.samples import NOW, TEMPLATES, referral

LINKS = Links(ring, "https://spine.example")


class Door:
    def __init__(self) -> None:
        self.table = FakeTable()
        self.referral = referral()
        self.table.add(self.referral)
        url = LINKS.opt_out(OptOut(("email#k1#0", "npi#k1#1"), "star", self.referral.receipt))
        self.query = url.partition("?")[2]

    def __call__(self, method: str, query: str | None = None) -> dict[str, Any]:
        event = events.request(f"{method} /api/opt-out", query=self.query if query is None else query)
        return door.respond(event, LinkParts(LINKS, self.table, self.table, Site(TEMPLATES, "https://x.example")), NOW)


def test_a_get_shows_a_button_and_changes_nothing() -> None:
    door = Door()
    response = door("GET")
    assert response["statusCode"] == 200
    assert "<button" in response["body"]
    assert door.table.suppressed == {}


def test_a_post_opts_out_under_every_key_and_closes_the_referral() -> None:
    door = Door()
    response = door("POST")
    assert response["statusCode"] == 200
    assert door.table.suppressed == {"email#k1#0": Closing.OPTED_OUT, "npi#k1#1": Closing.OPTED_OUT}
    closed = door.table.referrals[door.referral.receipt]
    assert (closed.stage, closed.reason) == (Stage.CLOSED, Closing.OPTED_OUT)


def test_an_opt_out_works_when_the_referral_is_gone() -> None:
    door = Door()
    door.table.referrals.clear()
    assert door("POST")["statusCode"] == 200
    assert door.table.suppressed


@pytest.mark.parametrize("query", ["", "token=", "token=forged", "token=W10.x", "other=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_we_did_not_sign_shows_a_way_to_reach_a_person(method: str, query: str) -> None:
    door = Door()
    response = door(method, query)
    assert response["statusCode"] == 400
    assert "information@star-ablation.example" in response["body"]
    assert door.table.suppressed == {}


def test_a_cut_off_token_is_refused() -> None:
    door = Door()
    assert door("POST", door.query[:-1])["statusCode"] == 400


def test_a_link_holds_years_later() -> None:
    door = Door()
    parts = LinkParts(LINKS, door.table, door.table, Site(TEMPLATES, "https://x.example"))
    event = events.request("POST /api/opt-out", query=door.query)
    from referral_intake.handlers import links

    assert links.respond(event, parts, datetime(2046, 1, 1, tzinfo=UTC))["statusCode"] == 200
