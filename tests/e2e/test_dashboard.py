"""The dashboard pages with a fake API: every view, error handling, and the state in the address."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from cli.site import builder
from tests.e2e import accessibility
from tests.e2e.dashboard_fixtures import FakeApi
from tests.e2e.dashboard_pictures import views
from tests.e2e.dashboard_site import ORIGIN, DashboardSite
from tests.e2e.variants import on_desktop_and_phone
from tests.engines import web
from tests.support.samples import TEMPLATES
from tests.support.waiting import CEILING

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    builder.build(TEMPLATES, folder)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> DashboardSite:
    return DashboardSite(folder, FakeApi())


@pytest.fixture(scope="module")
def context(browser: Browser, served: DashboardSite) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=ORIGIN, viewport=DESKTOP, reduced_motion="reduce")
    opened.set_default_timeout(1000 * CEILING)
    served.serve(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def problems() -> list[str]:
    """Errors in the console of the tab."""
    return []


@pytest.fixture(scope="module")
def tab(context: BrowserContext, problems: list[str]) -> Page:
    """One tab for all tests, with a signed-in manager."""
    tab = context.new_page()
    tab.on("console", lambda said: problems.append(said.text) if _is_problem(said.type, said.text) else None)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    return sign_in(tab)


def sign_in(page: Page) -> Page:
    page.goto("/dashboard/")
    page.get_by_role("link", name="Sign in").click()
    expect(page.locator(".frame h1")).to_be_visible()
    return page


@pytest.fixture
def api(served: DashboardSite) -> FakeApi:
    served.api = FakeApi()
    served.is_ended = False
    served.addresses.clear()
    return served.api


@pytest.fixture
def page(tab: Page, api: FakeApi, served: DashboardSite, problems: list[str]) -> Iterator[Page]:
    """The tab. Fails on errors in the console and on requests to other origins."""
    problems.clear()
    tab.set_viewport_size(DESKTOP)
    yield tab
    assert problems + served.elsewhere == []


@pytest.fixture
def ticking(browser: Browser, served: DashboardSite, api: FakeApi) -> Iterator[Page]:
    """A tab whose clock is controlled by the test."""
    with browser.new_context(base_url=ORIGIN, reduced_motion="reduce") as context:
        served.serve(context)
        page = context.new_page()
        page.clock.install()
        yield sign_in(page)


def _is_problem(kind: str, text: str) -> bool:
    return kind in {"error", "warning"} and "Failed to load resource" not in text


def go(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(".frame h1")).to_be_visible()
    expect(page.locator("main .skeleton")).to_have_count(0)
    return page


def asked(api: FakeApi, path: str) -> list[dict[str, object]]:
    return [body for _, one, body in api.asked if one == path]


# ---- Overview --------------------------------------------------------------------------------------------------------


def test_the_overview_summarizes_the_events_in_figures_and_a_sentence(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/?from=2026-03-02&to=2026-03-15")
    period = api.period(date(2026, 3, 2), date(2026, 3, 15))
    assert asked(api, "/overview")
    expect(page.locator(".tile", has_text="Submitted").locator(".big")).to_have_text(str(period["facts"]["submitted"]))
    expect(page.locator(".plainly")).to_contain_text(f"{period['facts']['submitted']} people named their doctor")
    expect(page.get_by_role("row", name=re.compile("^Engaged"))).to_contain_text(str(period["funnel"][3]["count"]))
    expect(page.get_by_text("From sending to an answer").locator("..")).to_contain_text("3.5 days")
    expect(page.get_by_text("Sending is on.")).to_be_visible()


def test_every_chart_is_available_as_a_table(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/?from=2026-03-02&to=2026-03-04&series=sent,bounced")
    charts = page.locator("line-chart")
    expect(charts.locator("canvas")).to_have_count(3)
    assert charts.count() == page.locator("details.as-table").count()
    page.get_by_text("Show as a table").first.click()
    table = page.get_by_role("table", name="By day")
    expect(table.get_by_role("columnheader")).to_have_text(["Day (UTC)", "Sent", "Bounced"])
    sent = api.facts(date(2026, 3, 4))["sent"]
    expect(table.get_by_role("row").nth(1)).to_contain_text(f"Wed, Mar 4{sent}")


def test_the_range_the_chart_and_the_breakdown_are_kept_in_the_address(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/")
    page.get_by_role("link", name="90 days").click()
    expect(page).to_have_url(f"{ORIGIN}/dashboard/?last=90")
    page.get_by_role("link", name="By week").click()
    page.get_by_role("switch", name="Delivered").click()
    page.get_by_role("group", name="What is counted").get_by_role("link", name="Answered").click()
    address = f"{ORIGIN}/dashboard/?last=90&by=week&series=submitted%2Csent%2Cdelivered%2Canswered&fact=answered"
    expect(page).to_have_url(address)
    go(page, address)
    expect(page.get_by_role("heading", name="Week by week")).to_be_visible()
    expect(page.get_by_role("switch", name="Delivered")).to_have_attribute("aria-checked", "true")
    page.get_by_role("link", name="Referrals", exact=True).click()
    expect(page).to_have_url(f"{ORIGIN}/dashboard/referrals?last=90")


def test_a_custom_range_is_validated_before_the_request(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/")
    page.locator(".own > summary").click()
    page.get_by_label("First day").fill("2026-03-10")
    page.get_by_label("Last day").fill("2026-03-01")
    page.get_by_role("button", name="Show", exact=True).click()
    assert (
        page.get_by_label("Last day").evaluate("(field) => field.validationMessage")
        == "The last day is before the first day."
    )
    page.get_by_label("Last day").fill("2026-03-12")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(f"{ORIGIN}/dashboard/?from=2026-03-10&to=2026-03-12")
    expect(page.locator(".own > summary")).to_be_focused()


def test_an_empty_overview_says_so(page: Page, api: FakeApi) -> None:
    api.is_empty = True
    go(page, "/dashboard/")
    expect(page.get_by_text("In these 30 days, no doctors were named.")).to_be_visible()
    expect(page.get_by_text("No open tasks.")).to_be_visible()
    expect(page.get_by_text("No data")).to_have_count(4)


def test_a_paused_campaign_states_the_reason_and_is_resumed_after_confirmation(page: Page, api: FakeApi) -> None:
    api.paused = {"reason": "bounces", "since": "2026-03-01T10:00:00Z"}
    go(page, "/dashboard/work")
    expect(page.get_by_text("because too many messages bounced")).to_be_visible()
    page.get_by_role("button", name="Resume sending …").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume sending").click()
    expect(page.get_by_text("Sending has resumed.")).to_be_visible()
    expect(page.get_by_text("because too many messages bounced")).to_have_count(0)


# ---- Errors ----------------------------------------------------------------------------------------------------------


def test_a_failed_part_shows_an_error_and_can_be_retried(page: Page, api: FakeApi) -> None:
    api.failing = {"/breakdowns/state", "/deliverability"}
    go(page, "/dashboard/")
    expect(page.get_by_role("alert")).to_have_count(2)
    expect(page.locator(".tile")).to_have_count(6)
    api.failing = set()
    page.get_by_role("alert").first.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("link", name="Texas")).to_be_visible()


def test_loaded_data_stay_visible_if_a_refresh_fails(page: Page, api: FakeApi, context: BrowserContext) -> None:
    go(page, "/dashboard/referrals?last=all")
    first = page.locator(".referrals tbody tr").first.inner_text()
    api.failing = {"/referrals/search"}
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("The server did not respond. Try again in a moment. Data from")).to_be_visible()
    assert page.locator(".referrals tbody tr").first.inner_text() == first
    api.failing = set()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Data from")).to_have_count(0)
    context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_have_count(0)


def test_an_unknown_address_offers_a_way_to_continue(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/nothing")
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


# ---- Referrals ------------------------------------------------------------------------------------------------------


def test_filters_are_kept_in_the_address_and_sent_to_the_api(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/referrals?last=all")
    page.get_by_label("Stage").select_option(label="Held")
    page.get_by_label("Reason").select_option(label="The doctor may already have the message")
    expect(page).to_have_url(f"{ORIGIN}/dashboard/referrals?last=all&stage=held&reason=send_unclear")
    expect(page.locator(".referrals tbody tr")).to_have_count(3)
    assert asked(api, "/referrals/search")[-1] == {"campaign": "lumen", "stage": "held", "reason": "send_unclear"}
    go(page, page.url)
    expect(page.get_by_label("Stage")).to_have_value("held")
    page.go_back()
    expect(page.get_by_label("Reason")).to_have_value("")
    page.get_by_role("button", name="Clear all").click()
    expect(page).to_have_url(f"{ORIGIN}/dashboard/referrals?last=all")


def test_pages_continue_without_duplicates(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/referrals?last=all")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".referrals tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".referrals tbody tr")).to_have_count(60)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_search_with_few_results_says_how_far_it_got_and_can_continue(page: Page, api: FakeApi) -> None:
    api.rare = True
    go(page, "/dashboard/referrals?last=all&stage=held")
    expect(page.get_by_text("Searched back to")).to_be_visible()
    expect(page.locator(".referrals tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Keep searching").click()
    expect(page.locator(".referrals tbody tr")).to_have_count(9)
    expect(page.get_by_text("Searched back to")).to_have_count(0)


@pytest.mark.parametrize(
    ("typed", "field"),
    [("herr", "name"), ("ana.0@clinic.example", "email"), ("1234567893", "npi"), ("k3qf7ztamm2xpe5r", "receipt")],
)
def test_one_field_searches_by_name_email_npi_or_receipt(page: Page, typed: str, field: str) -> None:
    go(page, "/dashboard/referrals?last=all")
    page.get_by_role("searchbox").fill(typed)
    with page.expect_request(lambda request: request.url.endswith("/referrals/search")) as sent:
        page.get_by_role("searchbox").press("Enter")
    assert (sent.value.post_data_json or {}).keys() == {"campaign", field}
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".referrals tbody tr")).to_have_count(25)


def test_no_address_contains_a_name_or_an_email_address(page: Page, api: FakeApi, served: DashboardSite) -> None:
    go(page, "/dashboard/referrals?last=all")
    for typed in ("Herrera", "ana.0@clinic.example", "1234567893"):
        page.get_by_role("searchbox").fill(typed)
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".shown[aria-busy=false]")).to_be_visible()
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("link", name="Ana Ruiz").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Ruiz")
    every = " ".join([*served.addresses, page.url, page.title()])
    assert not re.search(r"herrera|ruiz|clinic\.example|1234567893", every, re.IGNORECASE)


def test_a_referral_lists_everything_that_happened(page: Page, api: FakeApi) -> None:
    receipt = api.first("call")
    go(page, f"/dashboard/referrals/{receipt}")
    happened = page.locator(".timeline li strong")
    expect(happened).to_have_text(["Submitted", "Sent", "Delivered", "Opened", "Clicked", "Answered"])
    expect(page.locator(".verdict")).to_contain_text("The doctor answered")
    expect(page.locator(".facts").first).to_contain_text("2100 Main Street, Suite 400")
    expect(page.get_by_role("button", name="Called back")).to_be_visible()


def test_an_unknown_field_is_shown_under_its_technical_name(page: Page, api: FakeApi) -> None:
    api.referrals[api.first("call")]["doctor"]["fax_number"] = "+12175550199"
    go(page, f"/dashboard/referrals/{api.first('call')}")
    expect(page.locator(".facts div").filter(has_text="Fax number")).to_contain_text("+12175550199")


def test_the_sent_message_is_shown_and_cannot_run_scripts_load_files_or_navigate(
    page: Page, api: FakeApi, served: DashboardSite
) -> None:
    go(page, f"/dashboard/referrals/{api.first('call')}")
    page.get_by_role("button", name="Show the Introduction").click()
    message = page.frame_locator("iframe")
    expect(message.get_by_role("heading", name="Dear Ana Ruiz,")).to_have_css("color", "rgb(13, 92, 99)")
    assert page.locator("iframe").get_attribute("sandbox") == "allow-same-origin"
    assert message.locator("a[href], script, [src]").count() == 0
    assert page.evaluate("window.wasRun") is None
    assert not [one for one in served.addresses if "tracker" in one]
    expect(page).to_have_url(re.compile(r"\?message=introduction$"))
    page.get_by_role("button", name="Plain text").click()
    expect(page.locator("pre")).to_contain_text("spread to the spine")


# ---- Tasks -----------------------------------------------------------------------------------------------------------


def test_the_task_list_has_counts_and_shows_the_oldest_first(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work")
    expect(page.get_by_role("navigation", name="Kinds of tasks").get_by_role("link")).to_have_text(
        [
            re.compile(rf"{name}\s*{count}")
            for name, count in [("Held", 6), ("Failed", 3), ("By post", 3), ("Calls", 3), ("Information", 3)]
        ]
    )
    first = api.referrals[api.first("held")]
    expect(page.locator(".work-row h3").first).to_have_text(first["doctor"]["name"])


def test_a_name_that_reads_like_a_sentence_is_flagged_before_its_letter_is_printed(page: Page, api: FakeApi) -> None:
    flagged = api.referrals[api.first("by_post")]
    flagged["name_is_sentence"] = True
    flagged["doctor"]["name"] = "Final Notice Your Account Closes"
    go(page, "/dashboard/work/by_post")
    expect(page.locator(".work-row", has_text="Name reads like a sentence")).to_have_count(1)
    go(page, f"/dashboard/referrals/{flagged['receipt']}")
    expect(page.get_by_role("region", name="The doctor")).to_contain_text("Name reads like a sentence")
    newest = next(iter(api.referrals.values()))
    newest["name_is_sentence"] = True
    go(page, "/dashboard/referrals")
    expect(page.get_by_role("row", name=re.compile("Name reads like a sentence"))).to_have_count(1)


def test_approving_asks_for_confirmation_and_shows_the_next_task(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/held")
    approve = page.get_by_role("button", name="Approve")
    approve.first.click()
    page.keyboard.press("Escape")
    expect(approve.first).to_be_focused()
    assert api.actions == []
    approve.first.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.locator(".work-row")).to_have_count(5)
    expect(page.get_by_role("status").filter(has_text="Approved.")).to_be_visible()
    expect(approve.first).to_be_focused()
    assert [(one["action"], one["revision"]) for one in api.actions] == [("approve", 4)]
    expect(page.get_by_role("link", name=re.compile("^Held"))).to_contain_text("5")


def test_rejecting_requires_a_reason(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/held")
    page.get_by_role("button", name="Reject …").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reject").click()
    assert api.actions == []
    dialog.get_by_label("Looks automated").check()
    dialog.get_by_role("button", name="Reject").click()
    expect(page.locator(".work-row")).to_have_count(5)
    assert api.actions[0]["reason"] == "looks_automated"


def test_a_message_that_a_doctor_might_get_twice_needs_confirmation(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/failed")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("they will get it twice")
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.locator(".work-row")).to_have_count(2)
    assert api.actions[0]["again"] is True


def test_an_invalid_email_address_is_refused_at_its_field(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/by_post")
    page.get_by_role("button", name="Add email …").first.click()
    field = page.get_by_label("Doctor’s email address")
    expect(field).to_be_focused()
    field.fill("nobody")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("This is not an email address: an @ is missing.")
    field.fill("found@clinic.example")
    page.get_by_role("button", name="Add and send").click()
    expect(page.locator(".work-row")).to_have_count(2)
    assert api.actions[0]["email"] == "found@clinic.example"


def test_a_concurrent_action_is_reported_and_not_repeated(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/held")
    api.done_by_colleague.add(api.first("held"))
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved by carl@star.example just now.")).to_be_visible()
    assert api.actions == []
    expect(page.locator(".work-row").first.get_by_role("button")).to_have_count(0)


def test_several_letters_are_marked_together(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/by_post")
    page.get_by_label("Select all shown").check()
    page.get_by_role("button", name="Mark 3 letters as posted").click()
    expect(page.get_by_text("3 letters marked as posted.")).to_be_visible()
    expect(page.get_by_text("No open tasks")).to_be_visible()
    assert [one["action"] for one in api.actions] == ["letter_sent"] * 3
    assert len(asked(api, "/referrals/actions")) == 1


def test_letters_that_could_not_be_marked_are_listed_with_the_reason_and_a_link(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/by_post")
    first = api.first("by_post")
    api.done_by_colleague.add(first)
    page.get_by_label("Select all shown").check()
    page.get_by_role("button", name="Mark 3 letters as posted").click()
    expect(page.get_by_text("2 letters marked as posted.")).to_be_visible()
    listed = page.get_by_role("region", name="1 letter not marked as posted")
    expect(listed.get_by_role("heading")).to_be_focused()
    name = api.referrals[first]["doctor"]["name"]
    expect(listed.get_by_role("listitem")).to_have_text(f"{name} ({first}): It changed.")
    listed.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(f"/dashboard/referrals/{first}"))


def test_letters_that_no_service_marked_are_listed_too(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/by_post")
    api.failing.add("/referrals/actions")
    page.get_by_label("Select all shown").check()
    page.get_by_role("button", name="Mark 3 letters as posted").click()
    expect(page.get_by_role("region", name="3 letters not marked as posted").get_by_role("listitem")).to_have_count(3)


GROUP = "domain-3fa9c1e2d4b5a697"


def test_a_group_is_one_row_whose_members_are_shown_together(page: Page, api: FakeApi) -> None:
    members = api.group(GROUP, 30)
    go(page, "/dashboard/work/held")
    row = page.locator(".work-row", has_text="At one mail domain")
    expect(row).to_contain_text("30 referrals")
    row.get_by_role("link", name="Review together").click()
    expect(page.get_by_role("heading", name="At one mail domain")).to_be_visible()
    rows = page.locator(".members tbody tr")
    expect(rows).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(30)
    expect(rows.first).to_contain_text(members[0]["doctor"]["email"])
    expect(rows.first).to_contain_text("77002")
    assert "clinic" not in page.url


def test_all_members_of_a_group_are_rejected_in_one_step(page: Page, api: FakeApi) -> None:
    api.group(GROUP, 30)
    go(page, f"/dashboard/work/held/{GROUP}")
    page.get_by_role("button", name="Reject all …").click()
    question = page.get_by_role("dialog")
    expect(question.get_by_role("heading")).to_have_text("Reject 30 referrals?")
    question.get_by_role("button", name="Reject all").click()
    expect(question).to_be_visible()  # The dialog requires a reason.
    question.get_by_label("Looks automated").check()
    question.get_by_role("button", name="Reject all").click()
    expect(page.get_by_text("30 referrals rejected.")).to_be_visible()
    expect(page).to_have_url(re.compile("/dashboard/work/held$"))
    expect(page.get_by_text("At one mail domain")).to_have_count(0)
    assert [one["action"] for one in api.actions] == ["reject"] * 30
    assert {body["reason"] for body in asked(api, "/referrals/actions")} == {"looks_automated"}


def test_members_that_could_not_be_approved_are_listed(page: Page, api: FakeApi) -> None:
    first = api.group(GROUP, 3)[0]
    api.done_by_colleague.add(first["receipt"])
    go(page, f"/dashboard/work/held/{GROUP}")
    page.get_by_role("button", name="Approve all …").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve all").click()
    expect(page.get_by_text("2 referrals approved.")).to_be_visible()
    listed = page.get_by_role("region", name="1 referral not changed")
    expect(listed.get_by_role("heading")).to_be_focused()
    expect(listed.get_by_role("link")).to_have_attribute("href", re.compile(first["receipt"]))


def test_one_member_is_judged_by_itself(page: Page, api: FakeApi) -> None:
    first = api.group(GROUP, 3)[0]
    go(page, f"/dashboard/work/held/{GROUP}")
    page.locator(".members tbody tr").first.get_by_role("button", name="Approve …").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.locator(".members tbody tr")).to_have_count(2)
    expect(page.get_by_text("2 referrals", exact=True)).to_be_visible()
    assert [one["receipt"] for one in api.actions] == [first["receipt"]]


def test_a_mail_domain_is_confirmed_as_a_hospitals_and_that_is_taken_back(page: Page, api: FakeApi) -> None:
    api.group(GROUP, 3)
    go(page, f"/dashboard/work/held/{GROUP}")
    page.get_by_role("button", name="This domain belongs to a hospital …").click()
    page.get_by_role("dialog").get_by_role("button", name="It is a hospital").click()
    expect(page.get_by_text("clinic.example has no limit now.")).to_be_visible()
    expect(page.get_by_role("button", name="Take back …")).to_be_visible()
    go(page, "/dashboard/settings")
    page.get_by_role("textbox", name="Mail domain").fill("clinic")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("alert")).to_have_text("This is no domain.")
    page.get_by_role("textbox", name="Mail domain").fill("clinic.example")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("clinic.example has a limit again.")).to_be_visible()
    assert asked(api, "/mail-domains")[-1] == {"domain": "clinic.example", "is_hospital": False}


def test_a_viewer_sees_a_group_masked_and_without_actions(page: Page, api: FakeApi) -> None:
    api.roles = ["viewer"]
    api.group(GROUP, 3)
    go(page, f"/dashboard/work/held/{GROUP}")
    expect(page.locator(".members tbody tr")).to_have_count(3)
    expect(page.locator(".members")).not_to_contain_text("@")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)


def test_a_referral_without_a_whole_address_offers_no_letter(page: Page, api: FakeApi) -> None:
    receipt = api.first("by_post")
    api.referrals[receipt]["actions"] = ["called", "add_email"]
    go(page, "/dashboard/work/by_post")
    row = page.locator(".work-row").first
    expect(row).to_contain_text("Call: the postal address is incomplete")
    expect(row.get_by_role("checkbox")).to_have_count(0)
    expect(row.get_by_role("button", name="Letter posted")).to_have_count(0)


def test_letters_are_requested_as_a_report(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/work/by_post")
    page.get_by_role("button", name="Print letters (PDF)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
    expect(page.locator(".reports li")).to_contain_text("Letters")
    assert asked(api, "/reports")[0] == {
        "kind": "letters",
        "format": "pdf",
        "campaign": "lumen",
        "filter": {"stage": "by_post"},
    }


# ---- Reports and settings -------------------------------------------------------------------------------------------


def test_a_report_is_requested_monitored_and_downloaded(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/reports?last=all&stage=held")
    page.get_by_label("CSV").check()
    page.get_by_role("button", name="Create report").click()
    expect(page.get_by_text("In progress")).to_be_visible()
    expect(page.get_by_text("Ready")).to_be_visible()
    page.get_by_role("button", name=re.compile("Download")).click()
    expect(page.locator(".reports")).to_contain_text("1,204 rows")
    assert asked(api, "/reports/r1/download") == [{"file": 0}]
    assert asked(api, "/reports")[1]["filter"] == {"stage": "held"}


def test_a_failed_report_shows_its_reason_in_words(page: Page, api: FakeApi) -> None:
    api.order({"kind": "letters", "format": "pdf", "campaign": "lumen", "filter": {"stage": "by_post"}})
    api.reports[0] |= {"state": "failed", "detail": "unapproved"}
    go(page, "/dashboard/reports")
    expect(page.locator(".reports")).to_contain_text("The wording of the letters is not approved for today.")


def test_the_weekly_summary_can_be_switched_on_and_off(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/settings")
    switch = page.get_by_role("switch")
    switch.press("Space")
    expect(switch).to_be_checked()
    expect(page.get_by_text("Sent to maria@star.example.")).to_be_visible()
    api.failing = {"/weekly-summary"}
    switch.click()
    expect(page.get_by_role("alert")).to_have_text("The server did not respond. Try again in a moment.")
    expect(switch).to_be_checked()


# ---- Roles, sign-in and refresh --------------------------------------------------------------------------------------


def test_a_viewer_sees_masked_doctors_and_no_buttons_without_permission(page: Page, api: FakeApi) -> None:
    api.roles = ["viewer"]
    go(page, "/dashboard/work/held")
    expect(page.locator(".work-row h3").first).to_contain_text("•••")
    expect(page.locator("main button")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Dashboard").get_by_role("link")).to_have_count(4)
    go(page, f"/dashboard/referrals/{api.first('call')}?message=introduction")
    expect(page.locator("main button, main [role=button], iframe")).to_have_count(0)
    go(page, "/dashboard/referrals")
    expect(page.get_by_role("searchbox", name="Receipt")).to_be_visible()
    assert not [path for _, path, _ in api.asked if "messages" in path]


def test_a_user_without_a_role_is_told_whom_to_ask(page: Page, api: FakeApi, served: DashboardSite) -> None:
    served.api = api
    api.answer = lambda *_: (403, {"detail": "No role."})  # type: ignore[method-assign]
    page.goto("/dashboard/")
    expect(page.get_by_role("heading", name="You don’t have a role yet")).to_be_visible()


def test_an_expired_token_is_renewed_in_the_background(page: Page, api: FakeApi, served: DashboardSite) -> None:
    go(page, "/dashboard/work")
    served.signed_in += 1  # The API no longer accepts the token of the page.
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page.locator(".work-row")).to_have_count(3)


def test_a_user_who_was_signed_out_signs_in_again_and_returns_to_the_page(
    page: Page, api: FakeApi, served: DashboardSite
) -> None:
    go(page, "/dashboard/work/failed?last=7")
    served.is_ended = True
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("Your session has expired.")).to_be_visible()
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    served.is_ended = False
    page.get_by_role("link", name="Sign in").click()
    expect(page.locator(".work-row")).to_have_count(3)
    expect(page).to_have_url(f"{ORIGIN}/dashboard/work/failed?last=7")


def test_signing_in_returns_to_the_linked_page_and_signing_out_works(
    browser: Browser, served: DashboardSite, api: FakeApi
) -> None:
    with browser.new_context(base_url=ORIGIN) as context:
        served.serve(context)
        page = context.new_page()
        page.goto("/dashboard/work/by_post?last=90")
        page.get_by_role("link", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Work")
        expect(page).to_have_url(f"{ORIGIN}/dashboard/work/by_post?last=90")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])").count("access-") == 0
        page.reload()
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        page.goto("/dashboard/?code=forged&state=of-somebody-else")
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_new_referrals_appear_automatically_in_a_visible_tab_only(ticking: Page, api: FakeApi) -> None:
    page = ticking
    go(page, "/dashboard/referrals?last=all")
    newest = next(iter(api.referrals))
    fresh = {
        **api.referrals[newest],
        "receipt": "AAAA-BBBB-CCCC-DDDD",
        "doctor": {**api.referrals[newest]["doctor"], "name": "Nora Newly"},
    }
    api.referrals = {fresh["receipt"]: fresh, **api.referrals}
    page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    before = len(api.asked)
    page.clock.run_for(60_000)
    assert len(api.asked) == before
    page.evaluate("delete document.visibilityState")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name="Nora Newly")).to_be_visible()
    before = len(api.asked)
    page.clock.run_for(11_000)
    expect(page.locator(".fresh")).to_have_text("Updated 10 s ago")
    page.clock.run_for(10_000)
    expect(page.locator(".fresh")).to_have_text("Updated just now")
    assert len(api.asked) > before


def test_all_actions_work_with_the_keyboard(page: Page, api: FakeApi) -> None:
    go(page, "/dashboard/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="7 days")).to_be_focused()
    page.get_by_role("navigation", name="Dashboard").get_by_role("link", name="Work").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("button", name="Reject …").first.press("Enter")
    expect(page.get_by_label("Wrong details")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Reject …").first).to_be_focused()


# ---- Accessibility ---------------------------------------------------------------------------------------------------


@on_desktop_and_phone
def test_every_view_is_accessible(page: Page, api: FakeApi, axe_at: str) -> None:
    api.order({"kind": "referrals", "format": "csv", "campaign": "lumen", "filter": {}})
    found = {}
    others = {"message", "work-failed", "work-call", "referral-held"}  # They consist of the same components.
    for name, address in ((name, address) for name, address in views(api).items() if name not in others):
        go(page, address)
        page.locator("main details").evaluate_all("(all) => all.forEach((one) => (one.open = !one.matches('.own')))")
        if problems := list(accessibility.problems(page, axe_at)):
            found[name] = problems
        page.set_viewport_size(PHONE)
        if wide := page.evaluate(accessibility.SIDEWAYS):
            found[f"{name} at 390"] = wide
    page.emulate_media(color_scheme="light")
    assert found == {}


@on_desktop_and_phone
def test_every_dialog_and_message_is_accessible(page: Page, api: FakeApi, axe_at: str) -> None:
    def look(name: str) -> None:
        if problems := list(accessibility.problems(page, axe_at)):
            found[name] = problems
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)

    found: dict[str, list[str]] = {}
    go(page, f"/dashboard/referrals/{api.first('call')}?message=introduction")
    look("message")
    go(page, "/dashboard/work/held")
    page.get_by_role("button", name="Reject …").first.click()
    look("question")
    page.keyboard.press("Escape")
    go(page, "/dashboard/work/by_post")
    page.get_by_role("button", name="Add email …").first.click()
    page.get_by_label("Doctor’s email address").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    look("wrong email address")
    api.paused, api.failing = {"reason": "complaints", "since": "2026-03-01T10:00:00Z"}, {"/breakdowns", "/work/"}
    go(page, "/dashboard/")
    look("paused and failed")
    assert found == {}


def test_the_page_is_valid_html(folder: Path) -> None:
    command = [*web.nu(), "--stdout", "--format", "gnu", str(folder / "dashboard" / "index.html")]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""
