"""Results of a message and how they are shown: bounces, complaints, clicks, and delayed messages."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from local.stack import LocalStack
from referral_intake.aws.item_format import plain, referral_key, to_item
from referral_intake.core.referral import Stage, new_referral
from referral_intake.core.submission import parse
from tests.e2e.mailbox import Mailbox
from tests.e2e.referral_age import make_older
from tests.support.proofs import with_proof_for_stack
from tests.support.samples import CAMPAIGNS, doctor, payload
from tests.support.waiting import CEILING, eventually

TABLE = "referral-intake-Table"
TRACKED = re.compile(r'href="(http://[^"]+/_local/ses/track/[^"]+)"')


def post(url: str, body: object) -> dict[str, Any]:
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=CEILING) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def submit_referral(stack: LocalStack, email: str) -> dict[str, Any]:
    """Returns the receipt and the address of the status page."""
    return post(f"{stack.url}/api/referrals", with_proof_for_stack(stack, payload(doctor=doctor(email=email))))


def move_clock(stack: LocalStack, by: timedelta) -> None:
    post(f"{stack.url}/_local/clock", {"advance_seconds": by.total_seconds()})


def stored(stack: LocalStack, receipt: str) -> dict[str, Any]:
    key = referral_key(receipt)
    return plain(stack.cloud.dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"])


def wait_for_milestone(stack: LocalStack, receipt: str, name: str) -> None:
    eventually(lambda: name in stored(stack, receipt)["milestones"])


def test_a_bounced_message_closes_the_referral_and_the_status_page_says_so(
    page: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    referral = submit_referral(stack, "bounce@simulator.amazonses.com")
    wait_for_milestone(stack, referral["receipt"], "bounced")
    found = stored(stack, referral["receipt"])
    assert (found["stage"], found["reason"]) == ("closed", "bounced")
    make_older(stack, referral["receipt"])
    page.goto(referral["status_url"])
    expect(page.locator("h1")).to_contain_text("We could not reach your doctor")


def test_a_message_that_arrives_is_marked_as_delivered(stack: LocalStack, mailbox: Mailbox) -> None:
    receipt = submit_referral(stack, "success@simulator.amazonses.com")["receipt"]
    wait_for_milestone(stack, receipt, "delivered")
    assert stored(stack, receipt)["stage"] == "sent"


def test_a_doctor_who_complained_gets_no_more_messages(stack: LocalStack, mailbox: Mailbox) -> None:
    first = submit_referral(stack, "complaint@simulator.amazonses.com")["receipt"]
    wait_for_milestone(stack, first, "complained")
    second = submit_referral(stack, "complaint+again@simulator.amazonses.com")["receipt"]
    eventually(lambda: stored(stack, second)["stage"] == "closed")
    assert stored(stack, first)["reason"] == "complained"
    mailbox.wait_for(1)
    assert [message["to"] for message in mailbox.wait_for(2, seconds=0.5)] == [["complaint@simulator.amazonses.com"]]


def test_a_click_on_arrival_is_by_a_scanner_and_a_later_one_by_a_person(
    page: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_referral(stack, "reader@clinic.example")["receipt"]
    wait_for_milestone(stack, receipt, "delivered")
    [message] = mailbox.wait_for(1, to="reader@clinic.example")
    own_page = TRACKED.findall(message["html"])[-1]
    # The browser of the tests identifies itself as a program.
    page.context.set_extra_http_headers({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})

    page.goto(own_page)
    expect(page).to_have_url(f"{stack.url}/")
    wait_for_milestone(stack, receipt, "scanned")
    assert "clicked" not in stored(stack, receipt)["milestones"]

    move_clock(stack, timedelta(minutes=1))
    page.goto(own_page)
    wait_for_milestone(stack, receipt, "clicked")


def test_links_in_a_delivered_message_are_tracked_except_for_opt_out_links(stack: LocalStack, mailbox: Mailbox) -> None:
    submit_referral(stack, "untracked@clinic.example")
    [message] = mailbox.wait_for(1, to="untracked@clinic.example")
    opt_out = f"{stack.url}/api/opt-out?token="
    [header] = [one["value"] for one in message["headers"] if one["name"] == "List-Unsubscribe"]

    assert TRACKED.findall(message["html"])
    assert message["html"].count("/_local/ses/track/I0/") == 1
    assert header.startswith(f"<{opt_out}")
    assert f'href="{header.strip("<>")}"' in message["html"]
    assert header.strip("<>") in message["text"]
    assert "no-track" not in message["html"]
    assert "/_local/" not in message["text"]
    for tracked in TRACKED.findall(message["html"]):
        assert "opt-out" not in tracked
        assert "answer" not in tracked


def test_a_waiting_referral_continues_when_it_is_due(stack: LocalStack, mailbox: Mailbox) -> None:
    now = datetime.fromisoformat(json.load(urlopen(f"{stack.url}/_local/clock", timeout=CEILING))["now"])
    submission = parse(payload(doctor=doctor(email="later@clinic.example")), CAMPAIGNS.get)
    due_at = now.astimezone(UTC) + timedelta(minutes=5)
    waiting = replace(new_referral(submission, now), stage=Stage.WAITING, due_at=due_at, reason="throttled")
    stack.cloud.dynamodb.put_item(TableName=TABLE, Item=to_item(waiting))
    assert mailbox.wait_for(1, seconds=0.5) == []

    move_clock(stack, timedelta(minutes=6))

    assert [message["to"] for message in mailbox.wait_for(1, to="later@clinic.example")] == [["later@clinic.example"]]
    wait_for_milestone(stack, waiting.receipt, "delivered")
