"""Opting out: only by POST, only with a signed link, and with immediate effect."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.callback import Callback
from referral_intake.core.campaign import Campaign, InformationPolicy
from referral_intake.core.errors import Unavailable
from referral_intake.core.opt_outs import UNDO_WITHIN, OptOut
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Stage
from referral_intake.links import responses
from referral_intake.links.wiring import LinkParts
from referral_intake.web.pages import Site
from tests.support import events
from tests.support.fakes import FakeLetterCodes, FakeTable, ring
from tests.support.samples import CAMPAIGNS, NOW, TEMPLATES, campaign, referral

LINKS = Links(ring, "https://spine.example")
# Shared, because a site reads all texts.
SITE = Site(TEMPLATES, "https://x.example", CAMPAIGNS)


@dataclass
class FakeCampaigns:
    only: Campaign

    def get(self, name: str) -> Campaign | None:
        return self.only if name == self.only.name else None

    def names(self) -> list[str]:
        return [self.only.name]


class LinksInMemory:
    def __init__(self) -> None:
        self.table = FakeTable()
        self.codes = FakeLetterCodes()
        self.site = SITE
        self.referral = referral()
        self.table.add(self.referral)
        link = Link(("email#k1#0", "npi#k1#1"), "lumen", self.referral.receipt)
        self.query = LINKS.opt_out(link).partition("?")[2]
        self.answer_query = LINKS.answer(link, NOW).partition("?")[2]

    def __call__(
        self, method: str, query: str | None = None, path: str = "/api/opt-out", now: datetime = NOW, **form: Any
    ) -> dict[str, Any]:
        event = events.request(
            f"{method} {path}",
            urlencode(form),
            query=self.query if query is None else query,
            content_type="application/x-www-form-urlencoded",
        )
        parts = LinkParts(LINKS, self.codes, self.table, self.table, self.site)
        return responses.respond(event, parts, now)

    def answer(self, method: str, now: datetime = NOW, **form: Any) -> dict[str, Any]:
        return self(method, self.answer_query, "/api/answer", now, **form)


def details(phone: str, time: str = "any_time") -> dict[str, Any]:
    return {"callback.phone": phone, "callback.time": time}


def heading(body: str) -> str:
    [found] = re.findall(r"<h1>(.*?)</h1>", body)
    return str(found)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_shows_a_button_and_changes_nothing(method: str) -> None:
    links = LinksInMemory()
    response = links(method)
    assert response["statusCode"] == 200
    assert "<button" in response["body"]
    assert links.table.facts == {}


def test_a_post_opts_out_under_every_key_and_closes_the_referral() -> None:
    links = LinksInMemory()
    response = links("POST")
    assert response["statusCode"] == 200
    assert links.table.facts == {"email#k1#0": {"opted_out"}, "npi#k1#1": {"opted_out"}}
    closed = links.table.referrals[links.referral.receipt]
    assert (closed.stage, closed.reason) == (Stage.CLOSED, Closing.OPTED_OUT)


FORM = "application/x-www-form-urlencoded"
MEDIA_TYPES = st.sampled_from([FORM, f"{FORM}; charset=x", "multipart/form-data", "application/json", "", ";"])
BODIES = st.text(max_size=200) | st.binary(max_size=200) | st.integers(0, 2000).map("a&".__mul__) | st.just("a=%ff&=&&")


def post(links: LinksInMemory, path: str, query: str, body: str | bytes, media_type: str) -> dict[str, Any]:
    event = events.request(f"POST {path}", body, query=query, content_type=media_type)
    parts = LinkParts(LINKS, links.codes, links.table, links.table, links.site)
    return responses.respond(event, parts, NOW)


@pytest.mark.parametrize("fields", [64, 65, 1000])
def test_an_opt_out_with_many_form_fields_is_recorded(fields: int) -> None:
    links = LinksInMemory()
    response = post(links, "/api/opt-out", links.query, "&".join(f"a{n}=" for n in range(fields))[:4096], FORM)
    assert response["statusCode"] == 200
    assert links.table.facts == {"email#k1#0": {"opted_out"}, "npi#k1#1": {"opted_out"}}


@given(BODIES, MEDIA_TYPES)
def test_an_opt_out_is_recorded_whatever_the_body(body: str | bytes, media_type: str) -> None:
    links = LinksInMemory()
    assert post(links, "/api/opt-out", links.query, body, media_type)["statusCode"] == 200
    assert links.table.facts == {"email#k1#0": {"opted_out"}, "npi#k1#1": {"opted_out"}}


@given(BODIES, MEDIA_TYPES)
def test_an_answer_link_shows_its_page_whatever_the_body(body: str | bytes, media_type: str) -> None:
    links = LinksInMemory()
    assert post(links, "/api/answer", links.answer_query, body, media_type)["statusCode"] == 200


@given(st.text(max_size=60), BODIES, MEDIA_TYPES, st.sampled_from(["/api/opt-out", "/api/answer"]))
def test_any_other_token_is_invalid(token: str, body: str | bytes, media_type: str, path: str) -> None:
    links = LinksInMemory()
    assert post(links, path, f"token={token.replace('&', '')}", body, media_type)["statusCode"] == 400
    assert links.table.facts == {}


def test_an_opt_out_works_after_the_referral_was_deleted() -> None:
    links = LinksInMemory()
    links.table.referrals.clear()
    assert links("POST")["statusCode"] == 200
    assert links.table.facts


@pytest.mark.parametrize("query", ["", "token=", "token=forged", "token=W10.x", "other=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_with_a_foreign_signature_shows_a_way_to_reach_a_person(method: str, query: str) -> None:
    links = LinksInMemory()
    response = links(method, query)
    assert response["statusCode"] == 400
    assert "questions@lumen.example" in response["body"]
    assert links.table.facts == {}


def test_a_truncated_token_is_refused() -> None:
    links = LinksInMemory()
    assert links("POST", links.query[:-1])["statusCode"] == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("undo", ["", "yes"])
def test_a_link_without_a_doctor_is_not_confirmed_and_shows_how_to_reach_a_person(method: str, undo: str) -> None:
    links = LinksInMemory()
    query = LINKS.opt_out(Link((), "lumen", links.referral.receipt)).partition("?")[2]
    response = links(method, query, undo=undo)
    assert (response["statusCode"], heading(response["body"])) == (400, "We could not record this")
    sender = campaign().sender
    for way in (f"mailto:{sender.reply_to}", "tel:2175550110", sender.postal_address):
        assert way in response["body"]
    assert links.table.facts == {}
    assert links.table.referrals[links.referral.receipt] == links.referral


def test_a_signed_token_with_other_content_shows_how_to_reach_a_person() -> None:
    token = URLSafeSerializer(ring().oldest_first, salt="opt-out").dumps(["lumen"])
    response = LinksInMemory()("POST", f"token={token}")
    assert (response["statusCode"], heading(response["body"])) == (400, "This link does not work")


def test_an_opt_out_link_works_years_later() -> None:
    assert LinksInMemory()("POST", now=datetime(2046, 1, 1, tzinfo=UTC))["statusCode"] == 200


def test_an_opt_out_covers_all_campaigns_unless_the_doctor_limits_it() -> None:
    everything, one = LinksInMemory(), LinksInMemory()
    everything("POST")
    one("POST", scope="campaign")
    assert set().union(*everything.table.facts.values()) == {"opted_out"}
    assert set().union(*one.table.facts.values()) == {"opted_out/lumen"}


def test_an_opt_out_by_mistake_can_be_undone_and_stays_recorded() -> None:
    links = LinksInMemory()
    [token] = re.findall(r'name="undo" value="([^"]+)"', links("POST", scope="all")["body"])
    assert links("POST", undo=token, now=NOW + timedelta(minutes=30))["statusCode"] == 200
    assert links.table.facts == {"email#k1#0": {"opted_out", "opted_in"}, "npi#k1#1": {"opted_out", "opted_in"}}
    undone = links.table.referrals[links.referral.receipt]
    assert (undone.reason, "opted_in" in undone.milestones) == (Closing.OPTED_OUT, True)


def test_a_token_of_an_opt_out_is_invalid_later_with_another_link_or_content() -> None:
    link = Link(("email#k1#0",), "lumen", "K3QF-7ZTA-MM2X-PE5R")
    opt_out = OptOut("opted_out", link.receipt, NOW)
    token = LINKS.undo(opt_out)
    assert LINKS.read_undo(token, link, NOW + UNDO_WITHIN) == opt_out
    assert LINKS.read_undo(token, link, NOW + UNDO_WITHIN + timedelta(seconds=1)) is None
    assert LINKS.read_undo(token, replace(link, receipt="AAAA-AAAA-AAAA-AAAA"), NOW) is None
    for content in (["opted_out"], ["opted_out", link.receipt, "now"], ["opted_out", link.receipt, 1], None):
        forged = URLSafeSerializer(ring().oldest_first, salt="undo").dumps(content)
        assert LINKS.read_undo(forged, link, NOW) is None
    assert LINKS.read_undo(LINKS.opt_out(link).partition("token=")[2], link, NOW) is None


def test_an_opt_out_is_confirmed_also_if_it_is_unknown_whether_it_can_be_undone() -> None:
    links = LinksInMemory()

    def fails(keys: object) -> set[OptOut]:
        raise Unavailable

    links.table.opt_outs = fails  # type: ignore[method-assign]
    response = links("POST", scope="all")
    assert (response["statusCode"], 'name="undo"' in response["body"]) == (200, False)
    assert links.table.facts == {"email#k1#0": {"opted_out"}, "npi#k1#1": {"opted_out"}}


@pytest.mark.parametrize("answer", ["information", "call", "no"])
def test_an_answer_closes_the_outreach_at_once(answer: str) -> None:
    links = LinksInMemory()
    assert links.answer("POST", answer=answer)["statusCode"] == 200
    assert links.table.answers == {links.referral.receipt: answer}
    assert links.table.referrals[links.referral.receipt].reason == Closing.ANSWERED
    assert links.table.facts == {}


def test_opening_the_answer_page_records_no_answer() -> None:
    links = LinksInMemory()
    response = links.answer("GET")
    assert links.answer("HEAD") == response
    assert response["body"].count('name="answer"') == 3
    assert links.table.answers == {}


@pytest.mark.parametrize("answer", ["information", "call", "no"])
def test_the_link_shows_the_answer_and_offers_the_others(answer: str) -> None:
    links = LinksInMemory()
    page = links.answer("POST", answer=answer)["body"]
    again = links.answer("GET")["body"]
    assert heading(again) == heading(page)
    assert "Lumen Spine Lamp" in heading(again)
    offered = re.findall(r'<button[^>]* name="answer" value="(\w+)"', again)
    assert sorted([*offered, answer]) == ["call", "information", "no"]


def test_a_doctor_gives_a_number_and_a_time_for_the_call() -> None:
    links = LinksInMemory()
    links.answer("POST", answer="call")
    response = links.answer("POST", answer="call", **details("217.555.0123 x45", "morning"))
    assert response["statusCode"] == 200
    stored = links.table.referrals[links.referral.receipt]
    assert stored.callback == Callback("+12175550123;ext=45", "morning")
    again = links.answer("GET")["body"]
    assert 'value="(217) 555-0123 ext. 45"' in again
    assert re.search(r'value="morning" checked', again)


def test_the_number_and_the_time_can_be_changed_and_removed() -> None:
    links = LinksInMemory()
    links.answer("POST", answer="call", **details("217 555 0123", "morning"))
    links.answer("POST", answer="call", **details("", "evening"))
    assert links.table.referrals[links.referral.receipt].callback == Callback(None, "evening")


def test_another_answer_removes_the_number() -> None:
    links = LinksInMemory()
    links.answer("POST", answer="call", **details("217 555 0123"))
    links.answer("POST", answer="no")
    assert links.table.referrals[links.referral.receipt].callback is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [(details("12<b>"), "Check the phone number"), (details("", "now"), "Choose one of the answers")],
)
def test_invalid_details_of_a_call_are_explained_and_keep_the_request(typed: dict[str, Any], words: str) -> None:
    links = LinksInMemory()
    links.answer("POST", answer="call", **details("217 555 0123"))
    response = links.answer("POST", answer="call", **typed)
    assert response["statusCode"] == 422
    assert words in response["body"]
    assert "<b>" not in response["body"]
    stored = links.table.referrals[links.referral.receipt]
    assert (stored.answer, stored.callback) == ("call", Callback("+12175550123", "any_time"))


@pytest.mark.parametrize(
    ("answer", "milestone", "words"),
    [("call", "called_back", "We called you"), ("information", "information_sent", "We sent you information")],
)
def test_a_completed_request_is_not_promised_again(answer: str, milestone: str, words: str) -> None:
    links = LinksInMemory()
    links.answer("POST", answer=answer)
    links.table.set_milestone(links.referral.receipt, milestone, NOW)
    for response in (links.answer("GET"), links.answer("POST", answer=answer)):
        assert words in heading(response["body"])
        assert "questions@lumen.example" in response["body"]


def test_information_that_is_sent_at_once_is_announced_as_an_email() -> None:
    links = LinksInMemory()
    policy = replace(campaign().policy, information=InformationPolicy.AUTOMATIC)
    links.site = Site(TEMPLATES, "https://x.example", FakeCampaigns(replace(campaign(), policy=policy)))
    for response in (links.answer("POST", answer="information"), links.answer("GET")):
        assert "We send it to the email address that we wrote to" in response["body"]
    asked = links.table.referrals[links.referral.receipt]
    assert (asked.stage, asked.reason) == (Stage.QUEUED, None)


@pytest.mark.parametrize("answer", ["information", "call", "no"])
def test_a_doctor_who_opted_out_is_not_promised_anything(answer: str) -> None:
    links = LinksInMemory()
    links("POST")
    for response in (links.answer("GET"), links.answer("POST", answer=answer)):
        assert "please write to us" in heading(response["body"])
        assert 'name="answer"' not in response["body"]


def test_an_answer_about_a_deleted_referral_is_not_confirmed() -> None:
    links = LinksInMemory()
    links.table.referrals.clear()
    for response in (links.answer("GET"), links.answer("POST", answer="call")):
        assert "please write to us" in heading(response["body"])
    assert links.table.answers == {}


def test_the_answer_page_speaks_the_language_that_the_doctor_chose() -> None:
    links = LinksInMemory()
    links.answer_query += "&lang=es"
    links.answer("POST", answer="call")
    response = links.answer("POST", answer="call", **details("12"))
    assert "Alguien le llamará" in response["body"]
    assert "Revise el teléfono" in response["body"]


def test_an_unknown_answer_shows_the_page_again() -> None:
    links = LinksInMemory()
    assert links.answer("POST", answer="buy")["body"].count('name="answer"') == 3
    assert links.table.answers == {}


def test_a_link_for_one_purpose_is_refused_for_another() -> None:
    links = LinksInMemory()
    assert links("POST", links.answer_query)["statusCode"] == 400
    assert links("POST", links.query, "/api/answer", answer="call")["statusCode"] == 400
    assert links.table.facts == {}
    assert links.table.answers == {}


def test_an_expired_answer_link_tells_how_to_reach_a_person() -> None:
    response = LinksInMemory().answer("POST", NOW + timedelta(days=366), answer="call")
    assert response["statusCode"] == 400
    assert "questions@lumen.example" in response["body"]
