"""The page where a doctor types the code of a printed letter."""

from typing import Any
from urllib.parse import urlencode

import pytest

from referral_intake.aws.signed_links import Link, Links
from referral_intake.core.doctor_records import DoctorRecord
from referral_intake.core.reasons import Closing
from referral_intake.links import responses
from referral_intake.links.wiring import LinkParts
from referral_intake.web.pages import Site
from tests.support import events
from tests.support.fakes import FakeLetterCodes, FakeTable, ring
from tests.support.samples import CAMPAIGNS, NOW, TEMPLATES, referral

LINKS = Links(ring, "https://spine.example")
KEYS = ("phone#k1#2#0", "postcode#k1#2#1")


class StopPage:
    def __init__(self) -> None:
        self.table, self.codes = FakeTable(), FakeLetterCodes()
        self.referral = referral(email=None, phone="217 555 0123")
        self.table.add(self.referral)
        self.codes.store([Link(KEYS, "lumen", self.referral.receipt, is_printed=True)])
        self.code = self.codes.code_of(self.referral.receipt)

    def __call__(self, route: str, query: str = "", **form: str) -> dict[str, Any]:
        event = events.request(route, urlencode(form), query=query, content_type="application/x-www-form-urlencoded")
        site = Site(TEMPLATES, "https://spine.example", CAMPAIGNS)
        return responses.respond(event, LinkParts(LINKS, self.codes, self.table, self.table, site), NOW)

    def submit(self, code: str, query: str = "") -> dict[str, Any]:
        return self("POST /api/stop", query, code=code)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_page_asks_for_the_code_and_shows_how_to_reach_a_person(method: str) -> None:
    response = StopPage()(f"{method} /stop")
    assert response["statusCode"] == 200
    for part in ('name="code"', "mailto:questions@lumen.example", "tel:2175550110", "1 Lamp Street"):
        assert part in response["body"]


def test_the_code_leads_to_the_opt_out_page_and_changes_nothing() -> None:
    page = StopPage()
    response = page.submit(page.code.lower().replace("-", " "))
    url, _, token = response["headers"]["location"].partition("?token=")
    assert (response["statusCode"], url) == (303, "https://spine.example/api/opt-out")
    assert LINKS.read("opt-out", token, NOW) == Link(KEYS, "lumen", page.referral.receipt, is_printed=True)
    assert page.table.facts == {}


def test_an_opt_out_by_the_code_is_recorded_as_the_doctors_own_word() -> None:
    page = StopPage()
    query = page.submit(page.code)["headers"]["location"].partition("?")[2]
    assert page("POST /api/opt-out", query, scope="all")["statusCode"] == 200
    records: list[DoctorRecord] = [one for by_id in page.table._records.values() for one in by_id.values()]
    assert [one.facts["opted_out"].is_personal for one in records] == [True, True]
    assert page.table.referrals[page.referral.receipt].reason == Closing.OPTED_OUT


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the code from the letter."),
        ("AAAA-AAAA-AAAA", "We do not know this code."),
        ("AAAA-AAAA", "Check the code."),
        ("K3QF-7ZTA-MM2X-PE5R", "This is our reference."),
        ('"><script>', "Check the code."),
    ],
)
def test_a_wrong_code_is_explained_beside_the_field_and_kept(typed: str, words: str) -> None:
    response = StopPage().submit(typed)
    body = response["body"]
    assert response["statusCode"] == 422
    assert body.count(words) == 2, "in the summary, and beside the field"
    assert "<title>Error: " in body
    assert 'aria-invalid="true"' in body
    assert "<script>" not in body
    assert typed.replace('"><script>', "") in body


def test_the_receipt_of_a_letter_is_no_code() -> None:
    page = StopPage()
    assert page.submit(page.referral.receipt)["statusCode"] == 422


def test_the_chosen_language_stays() -> None:
    page = StopPage()
    assert "Código de la carta" in page("GET /stop", "lang=es")["body"]
    assert "Revise el código" in page.submit("12", "lang=es")["body"]
    assert page.submit(page.code, "lang=es")["headers"]["location"].endswith("&lang=es")
    assert "lang=" not in page.submit(page.code, "lang=xx")["headers"]["location"]
