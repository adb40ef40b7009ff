"""The dashboard in front of the whole system: who signs in sees and does what their role allows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from local.stack import LocalStack
from tests.e2e.desks import desk_in, look_again, sign_in, submitted
from tests.e2e.mailbox import Mailbox


@pytest.fixture
def desk(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    with desk_in(browser, stack) as page:
        yield page


def test_a_manager_approves_what_is_held_and_reads_the_very_message(
    desk: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    submitted(stack, "Ana Approved", email="approved@clinic.example")
    sign_in(desk, "manager", "/dashboard/work/held")
    row = desk.locator(".work-row", has_text="Ana Approved")
    row.get_by_role("button", name="Approve").click()
    desk.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row).to_have_count(0)
    (message,) = mailbox.wait_for(1)
    desk.get_by_role("link", name="Referrals", exact=True).click()
    desk.get_by_role("link", name="Ana Approved").click()
    expect(desk.locator(".timeline")).to_contain_text(re.compile("Approved.*by you", re.DOTALL))
    desk.get_by_role("button", name="Show the Introduction").click()
    desk.get_by_role("button", name="Plain text").click()
    assert desk.locator("pre").inner_text().split()[:8] == message["text"].split()[:8]


def test_a_viewer_sees_who_it_is_nowhere(desk: Page, stack: LocalStack) -> None:
    receipt = submitted(stack, "Vera Veiled", email="veiled@clinic.example", practice="Veiled Clinic")
    sign_in(desk, "viewer", f"/dashboard/referrals/{receipt}")
    expect(desk.locator("h1")).to_contain_text("•••")
    expect(desk.locator(".facts")).to_contain_text(receipt)
    expect(desk.locator("main button")).to_have_count(0)
    for place in ("Overview", "Referrals", "Work", "Settings"):
        desk.get_by_role("navigation", name="Dashboard").get_by_role("link", name=place).click()
        expect(desk.locator("main .skeleton")).to_have_count(0)
        assert "eiled" not in desk.content()


def test_somebody_without_a_role_gets_no_further(desk: Page) -> None:
    desk.goto("/dashboard/")
    desk.get_by_role("button", name="newcomer@team.example").click()
    expect(desk.get_by_role("heading", name="You don’t have a role yet")).to_be_visible()


def test_who_signed_out_is_out(desk: Page) -> None:
    sign_in(desk, "manager", "/dashboard/settings?last=90")
    expect(desk).to_have_url(re.compile(r"/dashboard/settings\?last=90$"))
    desk.get_by_role("button", name="Sign out").first.click()
    expect(desk.get_by_role("heading", name="You are signed out")).to_be_visible()
    desk.goto("/dashboard/work")
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("button", name="manager@team.example")).to_be_visible()


def test_what_comes_in_shows_up_while_one_looks(desk: Page, stack: LocalStack) -> None:
    sign_in(desk, "manager", "/dashboard/work/held")
    expect(desk.locator("main .skeleton")).to_have_count(0)
    submitted(stack, "Lena Later", email="later@clinic.example")
    look_again(desk)
    expect(desk.locator(".work-row", has_text="Lena Later")).to_be_visible()


def test_exports_are_made_fetched_and_hold_what_fits(desk: Page, stack: LocalStack, tmp_path: Path) -> None:
    submitted(stack, "Rita Reported", email="reported@clinic.example")
    sign_in(desk, "manager", "/dashboard/reports?last=all")
    for kind in ("CSV", "Excel"):
        desk.get_by_label(kind).check()
        desk.get_by_role("button", name="Make report").click()
        expect(desk.get_by_role("button", name="Make report")).to_have_attribute("aria-disabled", "false")
    made = desk.locator(".reports li").filter(has=desk.locator("strong", has_text="Referrals"))
    downloads = made.get_by_role("button", name=re.compile("Download"))
    expect(downloads).to_have_count(2)
    for download in downloads.all():
        with desk.expect_download() as fetched:
            download.click()
        fetched.value.save_as(tmp_path / fetched.value.suggested_filename)
    (csv,), (xlsx,) = tmp_path.glob("*.csv"), tmp_path.glob("*.xlsx")
    assert "Rita Reported" in csv.read_text("utf-8")
    assert any("Rita Reported" in row for row in CalamineWorkbook.from_path(xlsx).get_sheet_by_index(0).to_python())
