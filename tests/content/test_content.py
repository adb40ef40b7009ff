"""Checks of the shipped content: templates/campaigns, as edited and approved by its owner.

No other test reads these files, so an owner's edit can break only this file. Each failure says what to do.
"""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from cli.commands.approve import changed
from cli.site.builder import EMPTY_FORM, build
from referral_intake.aws import content_digests
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.signed_links import Links
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim
from referral_intake.outreach.message_templates import MessageComposer
from referral_intake.reports.letter_layout import LetterPrinter
from referral_intake.web.pages import Pages
from tests.support.fakes import ring
from tests.support.html import Html
from tests.support.paper import papers
from tests.support.project import ROOT
from tests.support.reading import Prose, is_easy
from tests.support.samples import referral

TEMPLATES = ROOT / "templates"
STAR = TEMPLATES / "campaigns" / "star"
SITE_URL = "https://spine.example"
LINKS = Links(ring, SITE_URL)
# Facts about STAR, with figures and references as in FACTS.
FIGURES = (
    *("up to 85%", "8.4%", "10 years", "382,733", "10% to 40%", "15.67%", "3 to 4 times", "60 to 79", "40 to 59"),
    *("over 30%", "36% of 832 spines", "30.6% of 842 autopsies"),
)
DOIS = (
    *("10.5312/wjo.v7.i2.109", "10.1186/s12885-017-3922-0", "10.1016/j.jbo.2022.100446", "10.3390/cancers16162800"),
    *("10.1007/s00586-003-0609-9", "10.1097/00007632-199001000-00001", "10.1007/BF00181116"),
)
RISKS = ("bleeding", "bruising", "pain", "infection", "nerve damage", "sedation")
SOURCES_OF_SIGNS = ("American Cancer Society", "Cancer Research UK")
SAFETY = ("weak or numb", "trouble walking", "bladder or bowels", "back or neck", "not for emergencies")
POST = {"line1": "1200 Park Drive", "city": "Springfield", "state": "IL", "postal_code": "62701"}

NAMES = Campaigns(TEMPLATES).names()
every_campaign = pytest.mark.parametrize("name", NAMES)


@cache
def campaign(name: str = "star") -> Campaign:
    found = Campaigns(TEMPLATES).get(name)
    assert found, f"templates/campaigns/{name} needs campaign.toml and approval.toml"
    return found


EVERY_LOCALE = [(name, locale) for name in NAMES for locale in campaign(name).locales]
every_locale = pytest.mark.parametrize(("name", "locale"), EVERY_LOCALE)


@cache
def page(locale: str = "en") -> Html:
    return Html(Pages(TEMPLATES, campaign(), locale).render("page.html", form=EMPTY_FORM))


def words(locale: str) -> dict[str, Any]:
    return tomllib.loads((STAR / f"page.{locale}.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(TEMPLATES, folder)
    return folder


# ---- Approval --------------------------------------------------------------------------------------------------------


@every_campaign
def test_every_file_matches_its_approval(name: str) -> None:
    now = content_digests.digests(TEMPLATES, content_digests.files_requiring_approval(TEMPLATES, name))
    differ = changed(dict(campaign(name).approval.content), now)
    assert not differ, f"Have these files read, then run `approve {name}`: {', '.join(differ)}"


@every_campaign
def test_the_approval_is_valid_today(name: str) -> None:
    approval, today = campaign(name).approval, datetime.now(UTC).date()
    dates = f"{approval.approved_on} to {approval.expires_on}"
    assert approval.covers(today), f"{name} is approved for {dates}, and today is {today}: run `approve {name}` again"


# ---- Facts -----------------------------------------------------------------------------------------------------------


def test_all_figures_come_from_the_facts() -> None:
    assert [figure for figure in FIGURES if figure not in page().text] == []
    facts = page().text.partition(words("en")["references"]["title"])[0]
    assert [figure for figure in re.findall(r"[\d.,]+%", facts) if figure not in " ".join(FIGURES)] == []


def test_figures_and_references_are_the_same_in_every_language() -> None:
    def numbers(part: object) -> list[str]:
        return sorted(re.findall(r"\d+(?:[.,]\d+)*", str(part)))

    first, *others = (words(locale) for locale in campaign().locales)
    for other in others:
        assert [
            part
            for part in first
            if part not in {"site", "title", "description"} and numbers(first[part]) != numbers(other[part])
        ] == []


def test_every_reference_exists_with_a_link_and_a_citation() -> None:
    linked = page().having("href")
    assert [doi for doi in DOIS if f"https://doi.org/{doi}" not in linked] == []
    assert [source for source in SOURCES_OF_SIGNS if source not in page().text] == []
    listed = [int(name.removeprefix("ref-")) for name in page().having("id") if name.startswith("ref-")]
    cited = [int(href.removeprefix("#ref-")) for href in linked if href.startswith("#ref-")]
    assert list(dict.fromkeys(cited)) == listed, "Number references in the order in which they are first cited."


def test_risks_and_warnings_are_stated() -> None:
    risks = page().text[page().text.index("It has risks") :]
    assert [risk for risk in RISKS if risk not in risks] == []
    assert [sign for sign in SAFETY if sign not in page().text] == []
    assert "tel:911" in page().having("href")


@pytest.mark.parametrize("locale", campaign().locales)
def test_the_device_is_called_cleared_and_never_approved(locale: str, site: Path) -> None:
    texts = [Html(file.read_text("utf-8")).text for file in (site / locale).glob("*.html")]
    texts += [
        " ".join(body.split()) for step in ("introduction", "reminder_1") for body in message("star", locale, step)
    ]
    for text in texts:
        assert "FDA" in text
        # Content can be approved. A device of this class is never called approved (21 CFR 807.97).
        said = re.sub(r"content approval|aprobación del contenido|contenido aprobado", "", text)
        assert not re.search(r"approv|aprobad", said, re.IGNORECASE)


def test_doctors_are_never_called_he_or_she(site: Path) -> None:
    texts = [Html(file.read_text("utf-8")).text for file in (site / "en").glob("*.html")]
    assert not re.search(r"\b(him|his|he|she|her)\b", " ".join(texts), re.IGNORECASE)


# ---- Messages and letters --------------------------------------------------------------------------------------------


def message(name: str, locale: str, step: str) -> tuple[str, str]:
    """The text and the HTML of a message in this language, approved or not."""
    queued = referral(name="Maria Lopez")
    claim = Claim(queued, step, *DoctorHashes(ring).of(queued))
    messages = MessageComposer(TEMPLATES, LINKS, SITE_URL, approved_only=False)
    made = messages.compose(queued, replace(campaign(name), mail_locale=locale), claim)
    return made.text, made.html


@pytest.mark.parametrize("step", ["introduction", "reminder_1"])
@every_locale
def test_a_message_states_its_sender_and_how_to_opt_out(name: str, locale: str, step: str) -> None:
    sender = campaign(name).sender
    needed = (sender.company, sender.postal_address, sender.product_url, "Maria Lopez", "/api/answer?", "/api/opt-out?")
    text, html = message(name, locale, step)
    for body in (text, html):
        said = " ".join(body.split())
        assert [what for what in needed if what not in said] == []
    assert "promo" in text
    assert not re.search(r"[.:]\n(?=[A-ZÁÉÍÓÚ][a-z]+ [a-z ]+:\n)", text), "Leave an empty line between paragraphs."
    assert "\n\n\n\n" not in text, "Leave at most two empty lines."


@every_campaign
def test_a_letter_is_one_page_and_describes_the_device_as_the_messages_do(name: str) -> None:
    known, queued = campaign(name), referral(email=None, address=POST)
    letters = LetterPrinter(TEMPLATES, LINKS, SITE_URL, FreeDoctors(), approved_only=False)
    when = datetime.combine(known.approval.approved_on, time(12), UTC)
    printed = letters.print(known, [Claim(queued, "introduction", *DoctorHashes(ring).of(queued))], when)
    [sheet] = papers(printed.pdf)
    facts = TEMPLATES / "campaigns" / name / "messages" / known.mail_locale / "_facts.txt"
    points = [" ".join(point.split()) for point in facts.read_text("utf-8").split("* ")]
    assert [point for point in points if point not in sheet.text] == []
    assert "approv" not in sheet.text.replace("content approval", "")


class FreeDoctors:
    def obstacle(self, claim: Claim, **_: object) -> None:
        """No doctor has opted out."""


# ---- Pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", campaign(NAMES[0]).locales)
def test_every_page_is_readable_with_eight_years_of_school(locale: str, site: Path) -> None:
    for file in (site / locale).glob("*.html"):
        assert is_easy(locale, Prose(file.read_text("utf-8")).sentences), f"{locale}/{file.name} is too hard to read"


def test_the_guide_states_the_limits_of_the_device() -> None:
    assert "not treat the" in Html(Pages(TEMPLATES, campaign(), "en").render("guide.html")).text


@pytest.mark.parametrize("paper", ["Letter", "A4"])
@every_locale
def test_the_guide_fits_on_one_sheet(name: str, locale: str, paper: str, browser: Browser) -> None:
    tab = browser.new_page()
    tab.set_content(Pages(TEMPLATES, campaign(name), locale).render("guide.html"))
    for style in ("site.css", "guide.css"):
        tab.add_style_tag(path=TEMPLATES / "site" / "assets" / style)
    sheets = papers(tab.pdf(format=paper, prefer_css_page_size=True))
    tab.close()
    assert len(sheets) == 1, f"Shorten guide.{locale}.toml: it must fit one sheet of US Letter and of A4."
