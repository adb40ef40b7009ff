"""The dashboard in front of the complete system: users see and do what their role allows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.marketing import refresh, sign_in, signed_out, submit_without_proof


@pytest.fixture
def dashboard(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    with signed_out(browser, stack) as page:
        yield page


def test_a_manager_approves_a_held_referral_and_reads_the_sent_message(
    dashboard: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    submit_without_proof(stack, "Ana Approved", email="approved@clinic.example")
    sign_in(dashboard, "manager", "/dashboard/work/held")
    row = dashboard.locator(".work-row", has_text="Ana Approved")
    row.get_by_role("button", name="Approve").click()
    dashboard.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row).to_have_count(0)
    (message,) = mailbox.wait_for(1, to="approved@clinic.example")
    dashboard.get_by_role("link", name="Referrals", exact=True).click()
    dashboard.get_by_role("link", name="Ana Approved").click()
    expect(dashboard.locator(".timeline")).to_contain_text(re.compile("Approved.*by you", re.DOTALL))
    dashboard.get_by_role("button", name="Show the Introduction").click()
    dashboard.get_by_role("button", name="Plain text").click()
    assert dashboard.locator("pre").inner_text().split()[:8] == message["text"].split()[:8]


def test_a_viewer_sees_no_names_in_any_view(dashboard: Page, stack: LocalStack) -> None:
    receipt = submit_without_proof(stack, "Vera Veiled", email="veiled@clinic.example", practice="Veiled Clinic")
    sign_in(dashboard, "viewer", f"/dashboard/referrals/{receipt}")
    expect(dashboard.locator("h1")).to_contain_text("•••")
    expect(dashboard.locator(".facts")).to_contain_text(receipt)
    expect(dashboard.locator("main button")).to_have_count(0)
    for place in ("Overview", "Referrals", "Work", "Settings"):
        dashboard.get_by_role("navigation", name="Dashboard").get_by_role("link", name=place).click()
        expect(dashboard.locator("main .skeleton")).to_have_count(0)
        assert "eiled" not in dashboard.content()


def test_a_user_without_a_role_gets_no_access(dashboard: Page) -> None:
    dashboard.goto("/dashboard/")
    dashboard.get_by_role("button", name="newcomer@team.example").click()
    expect(dashboard.get_by_role("heading", name="You don’t have a role yet")).to_be_visible()


def test_a_user_who_signed_out_must_sign_in_again(dashboard: Page) -> None:
    sign_in(dashboard, "manager", "/dashboard/settings?last=90")
    expect(dashboard).to_have_url(re.compile(r"/dashboard/settings\?last=90$"))
    dashboard.get_by_role("button", name="Sign out").first.click()
    expect(dashboard.get_by_role("heading", name="You are signed out")).to_be_visible()
    dashboard.goto("/dashboard/work")
    dashboard.get_by_role("button", name="Sign in").click()
    expect(dashboard.get_by_role("button", name="manager@team.example")).to_be_visible()


def test_new_referrals_appear_in_an_open_view(dashboard: Page, stack: LocalStack) -> None:
    sign_in(dashboard, "manager", "/dashboard/work/held")
    expect(dashboard.locator("main .skeleton")).to_have_count(0)
    submit_without_proof(stack, "Lena Later", email="later@clinic.example")
    refresh(dashboard)
    expect(dashboard.locator(".work-row", has_text="Lena Later")).to_be_visible()


def test_exports_are_created_downloaded_and_contain_the_filtered_referrals(
    dashboard: Page, stack: LocalStack, tmp_path: Path
) -> None:
    submit_without_proof(stack, "Rita Reported", email="reported@clinic.example")
    sign_in(dashboard, "manager", "/dashboard/reports?last=all")
    for kind in ("CSV", "Excel"):
        dashboard.get_by_label(kind).check()
        dashboard.get_by_role("button", name="Create report").click()
        expect(dashboard.get_by_role("button", name="Create report")).to_have_attribute("aria-disabled", "false")
    made = dashboard.locator(".reports li").filter(has=dashboard.locator("strong", has_text="Referrals"))
    downloads = made.get_by_role("button", name=re.compile("Download"))
    expect(downloads).to_have_count(2)
    for download in downloads.all():
        with dashboard.expect_download() as fetched:
            download.click()
        fetched.value.save_as(tmp_path / fetched.value.suggested_filename)
    (csv,), (xlsx,) = tmp_path.glob("*.csv"), tmp_path.glob("*.xlsx")
    assert "Rita Reported" in csv.read_text("utf-8")
    assert any("Rita Reported" in row for row in CalamineWorkbook.from_path(xlsx).get_sheet_by_index(0).to_python())
