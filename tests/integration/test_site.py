"""The pages for patients and doctors: complete, correct, accessible, and without third-party requests."""

import gzip
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli import stacks
from cli.app import main
from cli.errors import CommandError
from cli.site.builder import EMPTY_FORM, GRACE, build
from referral_intake.core.doctor import FORM_FIELDS
from referral_intake.core.referral import Answer
from referral_intake.core.submission import FIELDS, REGISTRY_SIGNATURE, InvalidSubmission, parse
from referral_intake.core.us_states import STATES
from referral_intake.core.validation import FieldError
from referral_intake.intake.bot_detection import HONEYPOT
from referral_intake.web.pages import Pages, asset_url
from tests.support import samples
from tests.support.html import Html as Page

SITE = samples.TEMPLATES / "site"
PAGES = Pages(samples.TEMPLATES, samples.campaign(), "en")
RECEIPT = "K3QF-7ZTA-MM2X-PE5R"
STATUS = {
    "receipt": RECEIPT,
    "status_url": f"https://spine.example/api/referrals/{RECEIPT}",
    "can_withdraw": True,
    "is_too_late": False,
    "shown_from": None,
}
DISCLOSED = datetime(2026, 11, 24, 9, 31, tzinfo=ZoneInfo("America/Chicago"))
STATUS_STATES = {state: words for state, words in PAGES.text["status"].items() if isinstance(words, dict)}
PROBLEMS = ("not_found", "too_large", "unsupported", "not_json", "invalid", "unavailable")
CODES = (
    *("required", "unknown_field", "wrong_type", "too_long", "too_short", "characters", "link", "contact_required"),
    *(
        "email_syntax",
        "email_local_ascii",
        "email_domain_unknown",
        "phone_invalid",
        "npi_invalid",
        "state_unknown",
        "postal_code_invalid",
    ),
    *("choice", "submission_id_invalid", "campaign_unknown", "duplicate", "conflict"),
)


def form(values: dict[str, str] | None = None, errors: list[FieldError] | None = None) -> dict[str, Any]:
    worded = [{"field": e.field, "code": e.code, "message": PAGES.message(e)} for e in errors or []]
    return {"values": values or {}, "errors": worded, "submission_id": "", "open": True}


def a_status() -> dict[str, Any]:
    return {**STATUS, "state": "sent", "submitted_on": date(2026, 11, 22), "sent_on": date(2026, 11, 23)}


def every_page() -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "first page", "page.html", {"form": EMPTY_FORM}
    every_error = [FieldError(field, "required") for field in ("", "submission_id", "doctor", *leaf_fields())]
    yield "first page with every error", "page.html", {"form": form(dict.fromkeys(leaf_fields(), "x"), every_error)}
    for problem in ("missing", "invalid", "unknown"):
        yield f"receipt {problem}", "receipt.html", {"typed": "", "problem": problem}
    submitted = {"submitted_on": date(2026, 11, 22)}
    for state, words in STATUS_STATES.items():
        if "early" in words:
            early = {"state": state, "sent_on": None, "shown_from": DISCLOSED}
            yield f"status {state} of the first day", "status.html", {**STATUS, **submitted, **early}
        for sent_on in (None, date(2026, 12, 31)) if "paragraph" in words else ():
            late = {"state": state, "sent_on": sent_on}
            yield f"status {state}, sent {sent_on}", "status.html", {**STATUS, **submitted, **late}
    for problem in PROBLEMS:
        yield f"problem {problem}", "problem.html", {"problem": problem}
    for state in PAGES.text["opt_out"]:
        yield f"opt-out {state}", "opt_out.html", {"state": state, "token": "a b+/="}
    yield "opt-out done with undo", "opt_out.html", {"state": "done", "token": "a b+/=", "undo": "a.b-_"}
    for error in ("", *PAGES.text["stop"]["errors"]):
        yield f"stop {error}", "stop.html", {"typed": "12" if error else "", "error": error}
    for state in PAGES.text["answer"]:
        yield f"answer {state}", "answer.html", answer_page(state)
    wrong = form({"callback.phone": "12", "callback.time": "now"}, [FieldError("callback.phone", "phone_invalid")])
    yield "answer call with an error", "answer.html", {**answer_page("call"), "form": wrong}
    yield "not found", "404.html", {}
    yield "guide", "guide.html", {}


def answer_page(state: str) -> dict[str, Any]:
    answers = () if state in {"invalid", "closed"} else [answer for answer in Answer if answer != state]
    noted = {"callback.phone": "(217) 555-0123", "callback.time": "morning"} if state == "call" else None
    return {"state": state, "token": "a b+/=", "answers": answers, "form": form(noted)}


def leaf_fields() -> list[str]:
    """Names of all form fields, as the API knows them."""
    return [name for name in FIELDS if name != "doctor"] + list(FORM_FIELDS)


EVERY_PAGE = [pytest.param(template, context, id=name) for name, template, context in every_page()]


@pytest.fixture(scope="module")
def first() -> Page:
    return Page(PAGES.render("page.html", form=EMPTY_FORM))


# ---- Every page ----


@pytest.mark.parametrize(("template", "context"), EVERY_PAGE)
def test_a_page_is_complete_in_every_state(template: str, context: dict[str, Any]) -> None:
    page = Page(PAGES.render(template, **context))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert len(page.all("title")) == 1
    assert not re.search(r"\{\w*\}|\bNone\b", page.text), "every placeholder is filled in"


@pytest.mark.parametrize(("template", "context"), EVERY_PAGE)
def test_a_page_loads_nothing_from_other_origins(template: str, context: dict[str, Any]) -> None:
    page = Page(PAGES.render(template, **context))
    loaded = [tag["href"] for tag in page.all("link")] + page.having("src") + page.having("action")
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded), loaded
    assert not re.search(r"url\(|@import", (SITE / "assets" / "site.css").read_text("utf-8"))


@pytest.mark.parametrize(("template", "context"), EVERY_PAGE)
def test_a_page_has_no_inline_style_or_script(template: str, context: dict[str, Any]) -> None:
    """The Content-Security-Policy then needs no unsafe source."""
    page = Page(PAGES.render(template, **context))
    assert not page.all("style")
    assert all("src" in script for script in page.all("script"))
    assert not [name for _, attributes in page.tags for name in attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize(("template", "context"), EVERY_PAGE)
def test_ids_are_unique_and_links_within_a_page_have_a_target(template: str, context: dict[str, Any]) -> None:
    page = Page(PAGES.render(template, **context))
    ids = page.having("id")
    assert len(ids) == len(set(ids))
    referred = [href[1:] for href in page.having("href") if href.startswith("#")] + page.having("for")
    for attribute in ("aria-describedby", "aria-labelledby"):
        referred += [name for value in page.having(attribute) for name in value.split()]
    assert set(referred) <= set(ids)


@pytest.mark.parametrize(("template", "context"), EVERY_PAGE)
def test_a_page_names_the_sponsor_and_the_review_date(template: str, context: dict[str, Any]) -> None:
    campaign = samples.campaign()
    text = Page(PAGES.render(template, **context)).text
    assert f"{campaign.sender.company} pays for this page. It is promotional" in text
    assert campaign.sender.postal_address in text
    assert f"Last reviewed on November 1, 2026 (content review {campaign.approval.version})" in text


def test_only_the_first_page_is_indexed_by_search_engines(first: Page) -> None:
    robots = {"name": "robots", "content": "noindex"}
    assert robots not in first.all("meta")
    assert robots in Page(PAGES.render("status.html", **a_status())).all("meta")
    assert robots in Page(PAGES.render("404.html")).all("meta")


def test_a_status_page_spells_out_the_date() -> None:
    text = Page(PAGES.render("status.html", **a_status())).text
    assert "You sent us this on November 22, 2026." in text
    assert "We sent the message on November 23, 2026." in text


def test_templates_contain_no_prose() -> None:
    """A new language needs only new text files."""
    for template in SITE.glob("*.html"):
        html = template.read_text("utf-8")
        html = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", html, flags=re.DOTALL)
        assert not re.search(r'(aria-label|title|placeholder|alt)="[A-Za-z]', html), template.name
        text = re.sub(r'<[^>]*>|[\w-]+="[^"]*"', "", html)
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"doi", "autofocus", "open"}, template.name


def test_no_text_key_has_the_name_of_a_dictionary_method() -> None:
    """In Jinja, `words.items` is the method and not the entry."""

    def names(table: object) -> Iterator[str]:
        if isinstance(table, dict):
            yield from table
            for value in table.values():
                yield from names(value)
        elif isinstance(table, list):
            for value in table:
                yield from names(value)

    assert not {*names(PAGES.text), *names(PAGES.page), *names(PAGES.guide)} & set(dir(dict))


# ---- Facts and safety ----


def test_every_reference_is_cited_and_every_citation_has_a_reference(first: Page) -> None:
    listed = [int(name.removeprefix("ref-")) for name in first.having("id") if name.startswith("ref-")]
    cited = [int(href.removeprefix("#ref-")) for href in first.having("href") if href.startswith("#ref-")]
    assert listed == list(range(1, len(PAGES.page["references"]["list"]) + 1))
    assert list(dict.fromkeys(cited)) == listed, "numbered in the order in which they are first cited"


def test_every_reference_links_back_to_each_citation(first: Page) -> None:
    places = [name for name in first.having("id") if name.startswith("cite-")]
    back = [href[1:] for href in first.having("href") if href.startswith("#cite-")]
    assert sorted(back) == sorted(places)


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("page.html", {"form": EMPTY_FORM}),
        ("status.html", a_status()),
    ],
)
def test_the_safety_box_is_on_every_page_that_needs_it(template: str, context: dict[str, Any]) -> None:
    page = Page(PAGES.render(template, **context))
    for sign in ("weak or numb", "trouble walking", "bladder or bowels", "back or neck"):
        assert sign in page.text
    assert "not for emergencies" in page.text
    assert "tel:911" in page.having("href")


def test_the_safety_box_comes_first_on_the_first_page() -> None:
    html = PAGES.render("page.html", form=EMPTY_FORM)
    assert html.index('id="safety"') < html.index('id="meaning"')


# ---- The guide to print ----


@pytest.fixture(scope="module")
def guide() -> Page:
    return Page(PAGES.render("guide.html"))


def test_the_guide_repeats_the_text_of_the_page_exactly(guide: Page) -> None:
    page = PAGES.page
    texts = [page["device"]["lead"], *(point["text"] for point in page["device"]["points"])]
    texts += [sign for group in page["signs"]["groups"] for sign in group["list"]]
    texts += [page["safety"]["emergency_if"], page["safety"]["today_if"]]
    assert [words for words in texts if words not in guide.text] == []


def test_the_guide_numbers_its_sources_as_the_page_does(guide: Page) -> None:
    references = PAGES.page["references"]["list"]
    cited = {int(href.removeprefix("#ref-")) for href in guide.having("href") if href.startswith("#ref-")}
    listed = [int(value) for value in guide.having("value")]
    assert listed == sorted(cited)
    assert all(references[number - 1]["text"] in guide.text for number in listed)


def test_the_guide_names_the_sponsor_and_the_review_date(guide: Page) -> None:
    assert "Lumen Devices, Inc. pays for this page. It is promotional" in guide.text
    assert "Last reviewed on November 1, 2026 (content review 2026-11)." in guide.text
    assert "Lumen Spine Lamp right for me?" in guide.text


def test_the_guide_has_no_form_and_shows_its_button_only_with_scripts(guide: Page) -> None:
    assert not guide.all("form", "input", "textarea", "select")
    [place] = [attributes for _, attributes in guide.tags if "data-print" in attributes]
    assert "hidden" in place


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("page.html", {"form": EMPTY_FORM}),
        ("status.html", a_status()),
    ],
)
def test_only_pages_on_which_the_guide_helps_link_to_it(template: str, context: dict[str, Any]) -> None:
    page = Page(PAGES.render(template, **context))
    assert "/en/take-it-with-you.html" in page.having("href")


# ---- The form ----


def test_field_names_match_the_api(first: Page) -> None:
    names = {field["name"] for field in first.all("input", "select")}
    assert names == {*leaf_fields(), HONEYPOT, f"doctor.{REGISTRY_SIGNATURE}", "receipt", "lang"}


def test_a_page_with_errors_keeps_the_signature_of_the_registry() -> None:
    name = f"doctor.{REGISTRY_SIGNATURE}"
    page = Page(PAGES.render("page.html", form=form({name: '"signed'})))
    assert page.named(name)["value"] == '"signed'


def test_every_field_has_a_label(first: Page) -> None:
    labelled = set(first.having("for"))
    entries = [field for field in first.all("input", "select") if field.get("type") != "hidden"]
    assert entries
    assert {field["id"] for field in entries} == labelled


def test_browsers_do_not_autofill_the_patients_own_details(first: Page) -> None:
    fields = [field for field in first.all("input", "select") if field["name"].startswith("doctor.")]
    entries = [field for field in fields if field.get("type") != "hidden"]
    assert {field["autocomplete"] for field in entries} == {"off"}


def test_a_field_accepts_as_many_characters_as_the_api(first: Page) -> None:
    limits = {field["name"]: int(field["maxlength"]) for field in first.all("input") if "maxlength" in field}
    doctor: dict[str, Any] = {"address": {}}
    for name, limit in limits.items():
        *_, parent, last = name.split(".")
        (doctor["address"] if parent == "address" else doctor)[last] = "x" * (limit + 1)
    with pytest.raises(InvalidSubmission) as refused:
        parse(samples.payload(doctor=doctor), samples.CAMPAIGNS.get)
    assert {e.field: e.limit for e in refused.value.errors if e.code == "too_long"} == limits


def test_the_list_of_states_matches_the_api(first: Page) -> None:
    codes = [option["value"] for option in first.all("option") if re.fullmatch("[A-Z]{2}", option["value"])]
    assert sorted(codes) == sorted(set(STATES.values()))


def test_without_a_script_the_form_submits_natively(first: Page) -> None:
    sent = first.by_id("referral")
    assert (sent["method"], sent["action"]) == ("post", "/api/referrals")
    assert "hidden" not in sent
    assert first.named("submission_id")["value"] == ""
    # Only the script shows the button that opens the form.
    assert all("hidden" in tag for tag in first.all("p") if "data-open-again" in tag)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_has_a_message(code: str) -> None:
    for field in ("", "doctor", *leaf_fields()):
        message = PAGES.message(FieldError(field, code, limit=77))
        assert message.endswith((".", ":"))
        assert "{" not in message
    assert "77" in PAGES.message(FieldError("doctor.name", "too_long", limit=77))


def test_field_messages_belong_to_an_existing_field_and_code() -> None:
    for field, messages in PAGES.text["errors"]["fields"].items():
        assert field in leaf_fields()
        assert set(messages) <= set(CODES)
    assert set(PAGES.text["errors"]["default"]) == set(CODES)


def test_entered_values_are_kept_and_escaped() -> None:
    typed = {"doctor.name": '<b>"O\'Brien-Núñez"</b>', "doctor.address.state": "NY", "submitted_by": "caregiver"}
    html = PAGES.render("page.html", form=form(typed))
    page = Page(html)
    assert "<b>" not in html
    assert page.named("doctor.name")["value"] == typed["doctor.name"]
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["NY"]
    assert "checked" in page.by_id("submitted_by-caregiver")


def test_an_error_is_shown_in_the_title_at_the_top_and_at_its_field() -> None:
    html = PAGES.render("page.html", form=form(errors=[FieldError("doctor.npi", "npi_invalid")]))
    page = Page(html)
    message = PAGES.message(FieldError("doctor.npi", "npi_invalid"))
    assert f"<title>Error: {PAGES.page['title']}</title>" in html
    assert page.text.count(message) == 2
    assert "#doctor-npi" in page.having("href")
    assert page.by_id("doctor-npi")["aria-invalid"] == "true"
    assert "doctor-npi-error" in page.by_id("doctor-npi")["aria-describedby"].split()
    assert "hidden" not in page.by_id("doctor-npi-error")
    assert "hidden" not in page.by_id("errors")


def test_the_summary_of_errors_has_the_focus_and_lists_them_in_the_order_of_the_page(first: Page) -> None:
    errors = [FieldError("doctor.address.city", "required"), FieldError("doctor.phone", "phone_invalid")]
    page = Page(PAGES.render("page.html", form=form(errors=errors)))
    assert [tag["id"] for _, tag in page.tags if "autofocus" in tag] == ["errors"]
    links = [href for href in page.having("href") if href in {"#doctor-phone", "#doctor-address-city"}]
    assert links == ["#doctor-phone", "#doctor-address-city"]
    assert not first.having("autofocus")


def test_a_collapsed_section_is_open_if_it_has_values() -> None:
    def are_open(filled: dict[str, Any]) -> list[bool]:
        return ["open" in part for part in Page(PAGES.render("page.html", form=filled)).all("details")]

    assert are_open(form()) == [False, False]
    assert are_open(form({"doctor.address.city": "Springfield"})) == [True, False]
    assert are_open(form(errors=[FieldError("doctor.npi", "npi_invalid")])) == [False, True]


def test_a_missing_contact_detail_links_to_the_email_field() -> None:
    page = Page(PAGES.render("page.html", form=form(errors=[FieldError("doctor", "contact_required")])))
    assert "#doctor-email" in page.having("href")
    assert "hidden" not in page.by_id("doctor-error")
    assert "doctor-error" in page.by_id("doctor-email")["aria-describedby"].split()


def test_an_error_without_a_field_is_shown_at_the_top_and_has_the_focus() -> None:
    page = Page(PAGES.render("page.html", form=form(errors=[FieldError("campaign", "campaign_unknown")])))
    assert PAGES.message(FieldError("campaign", "campaign_unknown")) in page.text
    assert "autofocus" in page.by_id("errors")
    assert not page.having("aria-invalid")


def test_the_honeypot_field_is_hidden_from_people(first: Page) -> None:
    field = first.named(HONEYPOT)
    assert (field["tabindex"], field["autocomplete"], field["value"]) == ("-1", "off", "")
    around = [tag for tag in first.all("div") if tag.get("aria-hidden") == "true" and tag.get("class") == "unseen"]
    assert len(around) == 1
    # Browsers and password managers know no field of this name.
    assert not re.search("name|mail|phone|address|url|web|company", HONEYPOT)


def test_an_opt_out_page_changes_nothing_before_its_button_is_pressed() -> None:
    page = Page(PAGES.render("opt_out.html", state="confirm", token="a b+/="))
    [sent] = page.all("form")
    assert sent["method"] == "post"
    # Characters that `urlencode` leaves unchanged are valid in a query.
    assert sent["action"] == "/api/opt-out?token=a%20b%2B/%3D&lang=en"


# ---- Languages ----


@pytest.mark.parametrize("locale", samples.campaign().locales)
def test_every_page_is_complete_in_every_language(locale: str) -> None:
    pages = Pages(samples.TEMPLATES, samples.campaign(), locale)
    for _, template, context in every_page():
        page = Page(pages.render(template, **context))
        assert page.all("html") == [{"lang": locale}]
        assert "{" not in page.text


def test_a_page_links_to_itself_in_every_other_language() -> None:
    [link] = Page(PAGES.render("status.html", "?lang={locale}", **a_status())).having_language("es")
    assert (link["href"], link["lang"]) == ("?lang=es", "es")
    assert not Page(PAGES.render("receipt.html", typed="", problem="invalid")).having_language("es")


def test_a_text_that_one_language_lacks_fails_the_build(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(samples.TEMPLATES, tmp_path / "templates"))
    words = templates / "site" / "text" / "es.toml"
    words.write_text(
        words.read_text().replace('skip = "Ir al texto principal"', 'skipp = "Ir"').replace("{limit}", "5")
    )
    with pytest.raises(CommandError) as refused:
        build(templates, tmp_path / "site")
    lines = str(refused.value).splitlines()
    assert "site/text/es.toml: site.skip is missing" in lines
    assert "site/text/es.toml: site.skipp is in no other language" in lines
    assert "site/text/es.toml: errors.default.too_long needs the same placeholders as in en" in lines
    assert not (tmp_path / "site").exists()


def test_a_language_is_added_by_adding_files(tmp_path: Path) -> None:
    templates = Path(shutil.copytree(samples.TEMPLATES, tmp_path / "templates"))
    lumen = templates / "campaigns/lumen"
    for file in (templates / "site/text/es.toml", lumen / "page.es.toml", lumen / "guide.es.toml"):
        file.with_name(file.name.replace("es.", "pt.")).write_text(file.read_text().replace("Español", "Português"))
    build(templates, tmp_path / "site")
    assert (tmp_path / "site/pt/index.html").exists()
    assert "Português" in (tmp_path / "site/en/index.html").read_text()


# ---- The built site ----


def test_the_first_load_is_small(tmp_path: Path) -> None:
    build(samples.TEMPLATES, tmp_path)
    html = (tmp_path / "index.html").read_text()
    # The assets of the form load on first use.
    loaded = [tmp_path / name for name in re.findall(r'<(?:link|script)[^>]+(?:href|src)="/(assets/[^"]+)"', html)]
    assert len(loaded) >= 3
    assert sum(len(gzip.compress(file.read_bytes())) for file in (tmp_path / "index.html", *loaded)) < 25_000


def test_the_built_pages_find_all_their_files(tmp_path: Path) -> None:
    build(samples.TEMPLATES, tmp_path)
    for name in ("index.html", "es/404.html", "en/take-it-with-you.html", "es/take-it-with-you.html"):
        page = Page((tmp_path / name).read_text("utf-8"))
        for address in [tag["href"] for tag in page.all("link")] + page.having("src"):
            assert (tmp_path / address.lstrip("/")).is_file()
    assert (tmp_path / "robots.txt").read_bytes().startswith(b"User-agent")


def test_third_party_code_is_served_unchanged_with_its_license(tmp_path: Path) -> None:
    build(samples.TEMPLATES, tmp_path)
    served = (tmp_path / first_form()["data-solver"].lstrip("/")).read_text("utf-8")
    assert "Permission is hereby granted, free of charge" in served
    assert "deriveKey" in served


def first_form() -> dict[str, str]:
    return Page(PAGES.render("page.html", form=EMPTY_FORM)).by_id("referral")


def test_the_proof_of_work_loads_only_when_the_form_is_used(first: Page) -> None:
    urls = [*first.having("src"), *(link["href"] for link in first.all("link"))]
    form = first_form()
    assert form["data-challenge"] == asset_url(samples.TEMPLATES, "challenge.js")
    assert not {form["data-challenge"], form["data-solver"]} & set(urls)


def test_a_second_build_keeps_the_files_that_an_earlier_page_loads(tmp_path: Path) -> None:
    build(samples.TEMPLATES, tmp_path)
    recent, outdated = tmp_path / "assets" / "site.1.css", tmp_path / "assets" / "site.0.css"
    for file, age in ((recent, GRACE - 60), (outdated, GRACE + 1)):
        file.write_text("")
        os.utime(file, times=(time.time() - age,) * 2)
    build(samples.TEMPLATES, tmp_path)
    assert recent.exists()
    assert not outdated.exists()
    assert not list(tmp_path.rglob(".*")), "no file is left half-written"


def test_an_unknown_campaign_is_reported_by_name() -> None:
    with pytest.raises(CommandError, match="nosuch"):
        build(samples.TEMPLATES, Path("unused"), "nosuch")


def test_the_scripts_store_nothing_that_outlives_the_tab() -> None:
    scripts = [file.read_text("utf-8") for file in (SITE / "assets").glob("*.js")]
    assert len(scripts) == 8
    # tests/e2e/test_language.py checks that nothing is left in the session storage.
    assert not re.search(r"localStorage|indexedDB|document\.cookie|caches", "".join(scripts))
    assert [script for script in scripts if "sessionStorage" in script] == [(SITE / "assets/language.js").read_text()]


def test_help_with_typing_loads_only_when_the_form_is_used(first: Page) -> None:
    helping = [*first.having("data-script"), *first.having("data-choice")]
    names = ("errors.js", "lookup.js", "suggestion.js", "choice.js")
    assert helping == [asset_url(samples.TEMPLATES, name) for name in names]
    assert not set(helping) & set(first.having("src"))


def test_the_texts_of_the_list_come_from_the_page(first: Page) -> None:
    place = next(tags for _, tags in first.tags if "data-lookup" in tags)
    names = ("one", "many", "none", "contact", "removed", "undo")
    assert {name: place[f"data-{name}"] for name in names} == {name: PAGES.text["lookup"][name] for name in names}
    assert "{count}" in place["data-many"]
    assert "{name}" in place["data-removed"]
    assert "{domain}" in first.having("data-question")[0]


def test_the_dashboard_gets_the_sign_in_address_of_its_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"SignInIssuer": "https://issuer.example/p", "SignInClient": "c1", "SignInUrl": "https://in.example"}
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, outputs))
    command = ["site", "--out", str(tmp_path)]

    assert main([*command, "--stack", "dev"]) == 0

    content = json.loads((tmp_path / "dashboard" / "config.json").read_text())
    assert content == {"authority": "https://issuer.example/p", "client_id": "c1", "sign_in": "https://in.example"}
    assert capsys.readouterr().err == ""
    assert main(command) == 0
    assert "--stack" in capsys.readouterr().err


def test_a_stack_without_a_sign_in_address_is_reported_before_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, {}))

    assert main(["site", "--out", str(tmp_path), "--stack", "old"]) == 1

    assert "old has no output SignInIssuer" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
