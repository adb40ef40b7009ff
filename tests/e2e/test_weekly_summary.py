"""A user who subscribes to the weekly summary gets it on Monday morning."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.marketing import sign_in, signed_out, submit_without_proof
from tests.support.waiting import eventually

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def viewer(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    with signed_out(browser, stack) as page:
        yield sign_in(page, "viewer", "/dashboard/settings")


def test_a_subscriber_gets_the_summary_on_monday_and_no_other_user_does(
    viewer: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    submit_without_proof(stack, "Moe Monday", email="monday@clinic.example")
    switch = viewer.get_by_role("switch", name="Email me the summary for Lumen Spine Lamp")
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    expect(viewer.locator("main")).to_contain_text("Sent to viewer@team.example.")
    move_to_monday(stack)
    (message,) = eventually(lambda: [one for one in mailbox.messages() if one["to"] == ["viewer@team.example"]])
    assert "/dashboard/work/held?campaign=lumen" in message["text"]
    assert len([one for one in mailbox.messages() if "@team.example" in one["to"][0]]) == 1


def move_to_monday(stack: LocalStack) -> None:
    here = stack.clock.now().astimezone(CHICAGO)
    monday = (here + timedelta(days=7 - here.weekday())).replace(hour=8, minute=0, second=1)
    stack.clock.advance((monday - here).total_seconds())
