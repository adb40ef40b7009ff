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
from referral_intake.core.message import Message
from referral_intake.outreach.message_templates import MessageComposer
from referral_intake.reports.letter_layout import LetterPrinter
from referral_intake.web.pages import Pages
from tests.support.fakes import FakeLetterCodes, ring
from tests.support.html import Html
from tests.support.printed_page import printed_pages
from tests.support.project import ROOT
from tests.support.readability import Prose, is_easy
from tests.support.samples import referral

TEMPLATES = ROOT / "templates"
STAR = TEMPLATES / "campaigns" / "star"
SITE_URL = "https://spine.example"
LINKS = Links(ring, SITE_URL)
# Facts about STAR, with figures and references as in FACTS.
FIGURES = (
    *("up to 85%", "47% to 85%", "33% to 85%", "32% to 60%", "about 70%", "8.4%", "10 years", "382,733"),
    *("10% to 40%", "15.67%", "3 to 4 times", "60 to 79", "40 to 59"),
    *("over 30%", "36% of 832 spines", "30.6% of 842 autopsies"),
)
DOIS = (
    *("10.5312/wjo.v7.i2.109", "10.3109/9780203909799-24", "10.1186/s12885-017-3922-0", "10.1016/j.jbo.2022.100446"),
    "10.3390/cancers16162800",
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
    pages = [file for file in (site / locale).glob("*.html") if file.name != "404.html"]
    texts = [Html(file.read_text("utf-8")).text for file in pages]
    texts += [" ".join(body.split()) for step in STEPS for body in message("star", locale, step)]
    for text in texts:
        assert "FDA" in text
        # A device of this class is never called approved (21 CFR 807.97).
        assert not re.search(r"approv|aproba", text, re.IGNORECASE)


def test_doctors_are_never_called_he_or_she(site: Path) -> None:
    texts = [Html(file.read_text("utf-8")).text for file in (site / "en").glob("*.html")]
    assert not re.search(r"\b(him|his|he|she|her)\b", " ".join(texts), re.IGNORECASE)


def test_the_signs_come_before_the_numbers() -> None:
    assert page().text.index(words("en")["signs"]["title"]) < page().text.index(words("en")["numbers"]["title"])
    assert "As the tumor grows" in page().text


@pytest.mark.parametrize("locale", campaign().locales)
def test_every_figure_has_a_reference(locale: str) -> None:
    figures = [figure for group in words(locale)["numbers"]["groups"] for figure in group["figures"]]
    assert [figure["figure"] for figure in figures if not figure.get("cite")] == []
    assert not re.search("The maker|fabricante", page(locale).text)


def test_the_spanish_words_are_those_of_the_review(site: Path) -> None:
    text = " ".join(Html(file.read_text("utf-8")).text for file in (site / "es").glob("*.html"))
    text += " ".join(body for step in STEPS for body in message("star", "es", step))
    phrases = ("Está pensado para aliviar", "Las estimaciones varían mucho", "(obligatorio)", "Agregue más")
    assert [phrase for phrase in phrases if phrase not in text] == []
    assert re.findall(r"Sirve para aliviar|Añad\w+|petición|así de mucho|Enfermería especializada", text) == []


# ---- Messages and letters --------------------------------------------------------------------------------------------


STEPS = ("introduction", "reminder_1")
every_step = pytest.mark.parametrize("step", STEPS)
# A company name without a full stop of its own, unlike "Inc."
COMPANY = "Rivera Medical GmbH"


def composed(locale: str, step: str, known: Campaign | None = None, /, **details: Any) -> Message:
    """A message in this language, approved or not."""
    submitted_by = details.pop("submitted_by", "patient")
    queued = replace(referral(**{"name": "Maria Lopez"} | details), submitted_by=submitted_by)
    claim = Claim(queued, step, *DoctorHashes(ring).of(queued))
    messages = MessageComposer(TEMPLATES, LINKS, SITE_URL, approved_only=False)
    return messages.compose(queued, replace(known or campaign(), mail_locale=locale), claim)


def message(name: str, locale: str, step: str) -> tuple[str, str]:
    """The text and the HTML of a message."""
    mail = composed(locale, step, campaign(name))
    return mail.text, mail.html


def renamed() -> Campaign:
    return replace(campaign(), sender=replace(campaign().sender, company=COMPANY))


def letter(known: Campaign, **details: Any) -> str:
    """The text of a letter, approved or not."""
    queued = referral(**{"email": None, "address": POST} | details)
    letters = LetterPrinter(TEMPLATES, LINKS, FakeLetterCodes(), SITE_URL, FreeDoctors(), approved_only=False)
    when = datetime.combine(known.approval.approved_on, time(12), UTC)
    printed = letters.print(known, [Claim(queued, "introduction", *DoctorHashes(ring).of(queued))], when)
    [sheet] = printed_pages(printed.pdf)
    return sheet.text


@pytest.mark.parametrize(
    ("details", "greeting"),
    [
        ({"name": "Maria Lopez"}, "Dear Dr. Lopez,"),
        ({"name": "Kim Do"}, "Dear Dr. Do,"),
        ({"name": "Dr. Lopez"}, "Dear Dr. Lopez,"),
        ({"name": "Doctora Lopez"}, "Dear Dr. Lopez,"),
        ({"name": "Maria Lopez, M.D."}, "Dear Dr. Lopez,"),
        ({"name": "Maria Lopez Ruiz Garcia"}, "Dear Doctor,"),
        ({"name": "Call Now"}, "Dear Doctor,"),
        ({"name": "Jane Roe, NP"}, "Dear Healthcare Professional,"),
        ({"name": "Jane Roe", "specialty": "Nurse Practitioner"}, "Dear Healthcare Professional,"),
    ],
)
@every_step
def test_a_greeting_has_one_title(step: str, details: dict[str, str], greeting: str) -> None:
    mail = composed("en", step, None, **details)
    assert greeting in mail.text
    assert greeting in mail.html
    assert greeting in letter(replace(campaign(), mail_locale="en"), **details)


@every_step
def test_a_spanish_greeting_has_one_title(step: str) -> None:
    greetings = {
        "Maria Lopez": "Dr(a). Lopez:",
        "Dra. Lopez": "Dr(a). Lopez:",
        "Call Now": "Estimado(a) doctor(a):",
        "Jane Roe, NP": "Estimado(a) profesional de la salud:",
    }
    for name, greeting in greetings.items():
        made = composed("es", step, name=name)
        assert re.search(rf"(?m)^{re.escape(greeting)}$", made.text)
        assert f">{greeting}<" in made.html
        assert f" {greeting} " in letter(replace(campaign(), mail_locale="es"), name=name)


@every_step
@every_locale
def test_a_caregiver_has_one_name_in_the_subject_and_in_the_body(name: str, locale: str, step: str) -> None:
    mail = composed(locale, step, campaign(name), submitted_by="caregiver")
    asker = {"en": "a caregiver", "es": "alguien que cuida a un paciente"}[locale]
    for part in (mail.subject, mail.text, mail.html):
        assert asker in " ".join(part.split()).lower()
    assert "cares for" not in mail.text + mail.html


@every_step
@every_locale
def test_three_buttons_lead_to_the_answers(name: str, locale: str, step: str) -> None:
    text, html = message(name, locale, step)
    buttons = re.findall(r"<td ([^>]*)>\s*<a ses:no-track href=\"([^\"]+)\"[^>]*>([^<]+)</a>\s*</td>", html)
    assert [url.partition("#")[2] for _, url, _ in buttons] == ["information", "call", "no"]
    for cell, url, label in buttons:
        # Outlook on Windows applies padding and the background color to cells only.
        assert "mso-padding-alt:" in cell
        assert "bgcolor=" in cell
        assert url.startswith(f"{SITE_URL}/api/answer?token=")
        assert label in text
        assert label in Pages(TEMPLATES, campaign(name), locale).text["answer"]["ask"].values()


@every_step
@every_locale
def test_bullets_are_indented_by_margin(name: str, locale: str, step: str) -> None:
    lists = re.findall(r"<ul style=\"([^\"]+)\"", message(name, locale, step)[1])
    assert lists
    for style in lists:  # Outlook on Windows ignores the padding of a list.
        assert re.search(r"margin:\S+ \S+ \S+ [1-9]\d*px;padding:0;", style)


@every_step
@every_locale
def test_the_link_to_opt_out_is_called_unsubscribe(name: str, locale: str, step: str) -> None:
    text, html = message(name, locale, step)
    label = {"en": "Unsubscribe", "es": "Cancelar la suscripción"}[locale]
    assert re.search(rf"/api/opt-out\?token=[^>]+>{label}</a>", html)
    assert label.lower() in " ".join(text.split()).lower()
    # SpamAssassin counts this phrase as a sign of spam.
    assert "stop these messages" not in f"{text} {html}".lower()


@every_step
@pytest.mark.parametrize("locale", campaign().locales)
def test_the_name_of_the_company_never_ends_a_sentence(locale: str, step: str) -> None:
    mail = composed(locale, step, renamed())
    paragraphs = [re.sub("<[^>]+>", "", part) for part in re.findall(r"<p [^>]*>(.*?)</p>", mail.html, re.DOTALL)]
    paragraphs += [" ".join(part.split()) for part in mail.text.split("\n\n")]
    assert [part for part in paragraphs if part.endswith(COMPANY)] == []
    assert re.search(rf"{COMPANY} (reads it|lo lee)\.", letter(replace(renamed(), mail_locale=locale)))


@pytest.mark.parametrize("locale", campaign().locales)
def test_a_letter_names_every_way_to_opt_out(locale: str) -> None:
    known = replace(campaign(), mail_locale=locale)
    text = letter(known)
    end = text[text.index({"en": "To get no more letters", "es": "Para no recibir más cartas"}[locale]) :]
    for way in (known.sender.reply_to, known.sender.phone, "“stop”", f"{SITE_URL.removeprefix('https://')}/stop"):
        assert way in end
    assert re.search(r"\b[A-Z2-7]{4}(-[A-Z2-7]{4}){2}(?![-\w])", end), "the code is on one line"
    assert re.search(r"\b[A-Z2-7]{4}(-[A-Z2-7]{4}){3}\b", end), "the reference is on one line"


@every_step
@every_locale
def test_a_message_states_its_sender_and_how_to_opt_out(name: str, locale: str, step: str) -> None:
    sender = campaign(name).sender
    needed = (sender.company, sender.postal_address, sender.product_url, "Lopez", "/api/answer?", "/api/opt-out?")
    text, html = message(name, locale, step)
    for body in (text, html):
        plain_text = " ".join(body.split())
        assert [what for what in needed if what not in plain_text] == []
    assert "promo" in text
    assert not re.search(r"[.:]\n(?=[A-ZÁÉÍÓÚ][a-z]+ [a-z ]+:\n)", text), "Leave an empty line between paragraphs."
    assert "\n\n\n\n" not in text, "Leave at most two empty lines."


@every_campaign
def test_a_letter_is_one_page_and_describes_the_device_as_the_messages_do(name: str) -> None:
    current = campaign(name)
    text = letter(current)
    facts = TEMPLATES / "campaigns" / name / "messages" / current.mail_locale / "_facts.txt"
    points = [" ".join(point.split()) for point in facts.read_text("utf-8").split("* ")]
    assert [point for point in points if point not in text] == []
    assert not re.search(r"approv|aproba", text.replace("unapproved", ""), re.IGNORECASE)


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
    sheets = printed_pages(tab.pdf(format=paper, prefer_css_page_size=True))
    tab.close()
    assert len(sheets) == 1, f"Shorten guide.{locale}.toml: it must fit one sheet of US Letter and of A4."
