"""Opting out: only ever by POST, by nobody else's hand, and at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from referral_intake.aws.campaign_files import Campaigns
from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Stage
from referral_intake.links import responses as door
from referral_intake.links.wiring import LinkParts
from referral_intake.web.pages import Site
from tests.support import events
from tests.support.fakes import FakeTable, ring
from tests.support.samples import NOW, TEMPLATES, referral

LINKS = Links(ring, "https://spine.example")


class Door:
    def __init__(self) -> None:
        self.table = FakeTable()
        self.referral = referral()
        self.table.add(self.referral)
        link = Link(("email#k1#0", "npi#k1#1"), "lumen", self.referral.receipt)
        self.query = LINKS.opt_out(link).partition("?")[2]
        self.answer_query = LINKS.answer(link, NOW).partition("?")[2]

    def __call__(
        self, method: str, query: str | None = None, path: str = "/api/opt-out", now: datetime = NOW, **form: str
    ) -> dict[str, Any]:
        event = events.request(
            f"{method} {path}",
            urlencode(form),
            query=self.query if query is None else query,
            content_type="application/x-www-form-urlencoded",
        )
        parts = LinkParts(LINKS, self.table, self.table, Site(TEMPLATES, "https://x.example", Campaigns(TEMPLATES)))
        return door.respond(event, parts, now)

    def answer(self, method: str, now: datetime = NOW, **form: str) -> dict[str, Any]:
        return self(method, self.answer_query, "/api/answer", now, **form)


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
    assert "questions@lumen.example" in response["body"]
    assert door.table.suppressed == {}


def test_a_cut_off_token_is_refused() -> None:
    door = Door()
    assert door("POST", door.query[:-1])["statusCode"] == 400


def test_a_link_holds_years_later() -> None:
    assert Door()("POST", now=datetime(2046, 1, 1, tzinfo=UTC))["statusCode"] == 200


def test_an_opt_out_holds_for_all_campaigns_unless_the_doctor_says_otherwise() -> None:
    everything, one = Door(), Door()
    everything("POST")
    one("POST", scope="campaign")
    assert set(everything.table.scopes.values()) == {"all"}
    assert set(one.table.scopes.values()) == {"lumen"}


def test_a_mistaken_opt_out_can_be_undone_and_stays_a_fact() -> None:
    door = Door()
    assert 'name="undo"' in door("POST")["body"]
    assert door("POST", undo="yes")["statusCode"] == 200
    assert door.table.suppressed == {}
    undone = door.table.referrals[door.referral.receipt]
    assert (undone.reason, "opted_in" in undone.milestones) == (Closing.OPTED_OUT, True)


@pytest.mark.parametrize("answer", ["information", "call", "no"])
def test_an_answer_closes_the_outreach_at_once(answer: str) -> None:
    door = Door()
    assert door.answer("POST", answer=answer)["statusCode"] == 200
    assert door.table.answers == {door.referral.receipt: answer}
    assert door.table.referrals[door.referral.receipt].reason == Closing.ANSWERED
    assert door.table.suppressed == {}


def test_looking_at_the_answer_page_answers_nothing() -> None:
    door = Door()
    response = door.answer("GET")
    assert response["body"].count('name="answer"') == 3
    assert door.table.answers == {}


def test_an_answer_that_there_is_not_shows_the_page_again() -> None:
    door = Door()
    assert door.answer("POST", answer="buy")["body"].count('name="answer"') == 3
    assert door.table.answers == {}


def test_a_link_of_one_purpose_does_not_serve_another() -> None:
    door = Door()
    assert door("POST", door.answer_query)["statusCode"] == 400
    assert door("POST", door.query, "/api/answer", answer="call")["statusCode"] == 400
    assert door.table.suppressed == {}
    assert door.table.answers == {}


def test_a_link_to_answer_expires_and_says_how_to_reach_a_person() -> None:
    response = Door().answer("POST", NOW + timedelta(days=366), answer="call")
    assert response["statusCode"] == 400
    assert "questions@lumen.example" in response["body"]
