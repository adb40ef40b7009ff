"""All actions of managers, in a browser in front of the complete system, up to the arriving message."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pypdfium2 import PdfDocument

from local.stack import LocalStack
from referral_intake.aws.audit_log import AuditRecord, AuditTable
from referral_intake.aws.breaker_table import BreakerTable, count_update
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes, Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.table import Table
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage, close, new_referral
from referral_intake.core.submission import parse
from tests.e2e.mailbox import Mailbox
from tests.e2e.marketing import refresh, sign_in, signed_out, submit_with_proof, submit_without_proof
from tests.support import samples
from tests.support.waiting import eventually

TABLE = "referral-intake-Table"
ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
ANSWER = re.compile(r"http://\S+/api/answer\?\S+")


@pytest.fixture(scope="module")
def manager(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """One browser for all tests. Other tests cover signing in."""
    with signed_out(browser, stack) as page:
        yield sign_in(page, "manager")


def referrals(stack: LocalStack) -> ReferralTable:
    return ReferralTable(stack.cloud.dynamodb, TABLE)


def now(stack: LocalStack, receipt: str) -> Referral:
    found = referrals(stack).get(receipt, consistent=True)
    assert found
    return found


def failed(stack: LocalStack, reason: str, **doctor: Any) -> str:
    """The receipt of a referral that could not be sent."""
    moment = stack.clock.now()
    made = new_referral(parse(samples.payload(doctor=samples.doctor(**doctor)), samples.CAMPAIGNS.get), moment)
    referrals(stack).add(
        replace(made, stage=Stage.HELD, reason=reason, due_at=moment + REVIEW_INTERVAL, waits_since=moment)
    )
    return made.receipt


def hashing_keys(stack: LocalStack) -> Keyring:
    return Keyring.from_secret(json.loads(stack.cloud.secret_text(os.environ["HASHING_KEYS_SECRET"])))


def by_post(stack: LocalStack, name: str) -> str:
    """The receipt of a referral without an email address, after outreach has handled it."""
    receipt = submit_with_proof(stack, name, phone="217 555 0123", address=ADDRESS)
    eventually(lambda: now(stack, receipt).stage is Stage.BY_POST)
    return receipt


def open_work(page: Page, kind: str) -> None:
    page.goto(f"/dashboard/work/{kind}")
    expect(page.locator("h2#kind")).to_be_attached()
    expect(page.locator("main .skeleton")).to_have_count(0)


def row(page: Page, name: str) -> Locator:
    return page.locator(".work-row", has_text=name)


def expect_message(page: Page, words: str) -> None:
    expect(page.locator(".said")).to_contain_text(words)


def recipients(messages: list[dict[str, Any]]) -> list[str]:
    return [address for message in messages for address in message["to"]]


def audit_records(stack: LocalStack, what: str, receipt: str) -> list[AuditRecord]:
    records = AuditTable(stack.cloud.dynamodb, TABLE).of_day(stack.clock.now().astimezone(UTC).date())
    return [one for one in records if one.what == what and receipt in one.receipts]


def test_a_rejected_referral_is_closed_with_its_reason_and_no_message_is_sent(
    manager: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_without_proof(stack, "Rex Rejected", email="rejected@clinic.example")
    open_work(manager, "held")
    row(manager, "Rex Rejected").get_by_role("button", name="Reject …").click()
    question = manager.get_by_role("dialog")
    question.get_by_role("button", name="Reject").click()
    expect(question).to_be_visible()  # The dialog requires a reason.
    question.get_by_label("Not a doctor").check()
    question.get_by_role("button", name="Reject").click()
    expect_message(manager, "Rejected. The doctor will not be contacted.")
    expect(row(manager, "Rex Rejected")).to_have_count(0)
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator(".timeline")).to_contain_text(re.compile("Rejected.*Not a doctor.*by you", re.DOTALL))
    expect(manager.locator(".actions")).to_have_count(0)
    assert mailbox.wait_for(1, seconds=0) == []


def test_two_doctors_who_may_be_one_are_compared_beside_each_other(
    manager: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    first = submit_with_proof(stack, "Cora Compared", email="cora@one.example", phone="217 555 0177")
    mailbox.wait_for(1)
    second = submit_with_proof(stack, "COMPARED, Cora", email="cora@two.example", phone="217-555-0177", address=ADDRESS)
    eventually(lambda: now(stack, second).reason == Reason.POSSIBLY_SAME_DOCTOR)
    open_work(manager, "held")
    row(manager, "COMPARED, Cora").get_by_role("link", name="Compare doctors").click()
    table = manager.get_by_role("region", name="Is this the same doctor?")
    expect(table).to_contain_text("cora@one.example")
    expect(table).to_contain_text("cora@two.example")
    table.get_by_role("button", name="Another doctor").click()
    expect_message(manager, "Recorded as another doctor")
    assert sorted(recipients(mailbox.wait_for(2))) == ["cora@one.example", "cora@two.example"]
    third = submit_with_proof(stack, "Cora Compared", email="cora@three.example", phone="217 555 0177")
    eventually(lambda: now(stack, third).reason == Reason.POSSIBLY_SAME_DOCTOR)
    manager.goto(f"/dashboard/referrals/{third}")
    column = manager.get_by_role("group", name=f"Compared with {first}")
    column.get_by_role("button", name="Same doctor").click()
    expect_message(manager, "Recorded as the same doctor")
    eventually(lambda: now(stack, third).reason == "joined")
    assert now(stack, third).leader == first
    assert len(mailbox.wait_for(3, seconds=1)) == 2
    manager.reload()
    manager.get_by_role("button", name="Take back comparison …").click()
    manager.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect_message(manager, "The comparison is taken back.")
    eventually(lambda: now(stack, third).reason == Reason.POSSIBLY_SAME_DOCTOR)


def test_what_a_doctor_told_a_manager_is_recorded(manager: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    receipt = submit_with_proof(stack, "Otto Optout", email="otto@clinic.example")
    mailbox.wait_for(1, to="otto@clinic.example")
    eventually(lambda: "delivered" in now(stack, receipt).milestones)
    manager.goto(f"/dashboard/referrals/{receipt}")
    manager.get_by_role("button", name="Wants no more …").click()
    question = manager.get_by_role("dialog")
    question.get_by_label("By phone").check()
    question.get_by_label("Only this campaign").check()
    question.get_by_role("button", name="Record opt-out").click()
    expect_message(manager, "Opt-out recorded.")
    expect(manager.locator(".timeline")).to_contain_text(
        re.compile("Opt-out recorded.*By phone, for this campaign.*by you", re.DOTALL)
    )
    assert now(stack, receipt).reason == "opted_out"
    expect(manager.get_by_role("button", name="Take back opt-out …")).to_be_visible()
    manager.get_by_role("button", name="Wants messages again …").click()
    question.get_by_label("By reply to a message").check()
    question.get_by_role("button", name="Record").click()
    expect_message(manager, "Recorded. New referrals can reach the doctor again")
    expect(manager.locator(".timeline")).to_contain_text(
        re.compile("Opt-out undone.*Wants messages again.*By reply to a message.*by you", re.DOTALL)
    )
    expect(manager.locator(".verdict")).to_contain_text("Taken back")
    expect(manager.locator(".verdict button")).to_have_count(0)


def test_a_complaint_is_taken_back_with_a_reason(manager: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    receipt = submit_with_proof(stack, "Cleo Complained", email="cleo@clinic.example")
    mailbox.wait_for(1, to="cleo@clinic.example")
    referrals(stack).close(receipt, Closing.COMPLAINED, stack.clock.now())
    claims = ClaimTable(stack.cloud.dynamodb, TABLE)
    keys, _ = DoctorHashes(lambda: hashing_keys(stack)).of(now(stack, receipt))
    claims.suppress(keys, Closing.COMPLAINED, receipt, stack.clock.now())
    manager.goto(f"/dashboard/referrals/{receipt}")
    manager.get_by_role("button", name="Take back complaint …").click()
    question = manager.get_by_role("dialog")
    expect(question).to_contain_text("This referral stays closed")
    question.get_by_label("not the doctor’s").check()
    question.get_by_role("button", name="Take back the complaint").click()
    expect_message(manager, "remove the email address from the suppression list of Amazon SES")
    expect(manager.locator(".timeline")).to_contain_text(
        re.compile("Complaint taken back.*Taken back.*not the doctor’s.*by you", re.DOTALL)
    )


def test_a_failed_referral_is_retried_and_arrives(manager: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    failed(stack, Reason.RETRIES_EXHAUSTED, name="Fay Failed", email="failed@clinic.example")
    open_work(manager, "failed")
    row(manager, "Fay Failed").get_by_role("button", name="Try again").click()
    expect_message(manager, "Queued again. It will be sent in a moment.")
    expect(row(manager, "Fay Failed")).to_have_count(0)
    assert recipients(mailbox.wait_for(1, to="failed@clinic.example")) == ["failed@clinic.example"]


def test_a_message_that_may_have_arrived_is_repeated_only_after_confirmation(
    manager: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    failed(stack, Reason.SEND_UNCLEAR, name="Una Unclear", email="unclear@clinic.example")
    open_work(manager, "failed")
    again = row(manager, "Una Unclear").get_by_role("button", name="Try again")
    again.click()
    manager.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert mailbox.wait_for(1, seconds=0) == []
    again.click()
    manager.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(row(manager, "Una Unclear")).to_have_count(0)
    assert recipients(mailbox.wait_for(1, to="unclear@clinic.example")) == ["unclear@clinic.example"]


@pytest.mark.parametrize(
    ("name", "button", "done"),
    [("Lou Letter", "Letter posted", "Letter marked as posted."), ("Cal Called", "Called", "Call recorded.")],
)
def test_a_letter_or_a_call_is_recorded_as_the_introduction(
    manager: Page, stack: LocalStack, name: str, button: str, done: str
) -> None:
    receipt = by_post(stack, name)
    open_work(manager, "by_post")
    row(manager, name).get_by_role("button", name=button, exact=True).click()
    expect_message(manager, done)
    expect(row(manager, name)).to_have_count(0)
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator(".timeline")).to_contain_text("by you")
    assert now(stack, receipt).stage is Stage.SENT


def test_letters_are_printed_and_marked_as_posted_together(manager: Page, stack: LocalStack, tmp_path: Path) -> None:
    names = ("Pia Printed", "Pol Printed", "Pam Printed")
    receipts = [by_post(stack, name) for name in names]
    open_work(manager, "by_post")
    manager.get_by_role("button", name="Print letters (PDF)").click()
    download = manager.locator(".reports li", has_text="Letters").first.get_by_role("button", name="Download")
    expect(download).to_be_visible()
    with manager.expect_download() as fetched:
        download.click()
    fetched.value.save_as(tmp_path / "letters.pdf")
    pages = [page.get_textpage().get_text_bounded() for page in PdfDocument(tmp_path / "letters.pdf")]
    assert [sum(name in page for page in pages) for name in names] == [1, 1, 1]
    expect(manager.locator(".reports li").first).to_contain_text(f"{len(pages)} letters")

    open_work(manager, "by_post")
    for name in names:
        manager.get_by_label(f"Select {name}").check()
    manager.get_by_role("button", name="Mark 3 letters as posted").click()
    expect_message(manager, "3 letters marked as posted.")
    assert {now(stack, receipt).stage for receipt in receipts} == {Stage.SENT}


def test_letters_that_could_not_be_marked_are_listed_with_the_reason(manager: Page, stack: LocalStack) -> None:
    names = ("Ned Noted", "Olga Opted")
    receipts = [by_post(stack, name) for name in names]
    unaddressed = submit_with_proof(stack, "Nora Noaddress", phone="217 555 0155")
    eventually(lambda: now(stack, unaddressed).stage is Stage.BY_POST)
    open_work(manager, "by_post")
    expect(row(manager, "Nora Noaddress")).to_contain_text("Call: the postal address is incomplete")
    expect(row(manager, "Nora Noaddress").get_by_role("button", name="Letter posted")).to_have_count(0)
    for name in names:
        manager.get_by_label(f"Select {name}").check()
    # Meanwhile, the second doctor opts out.
    referrals(stack).move(now(stack, receipts[1]), close(Closing.OPTED_OUT, at=stack.clock.now()))
    manager.get_by_role("button", name="Mark 2 letters as posted").click()
    listed = manager.get_by_role("region", name="1 letter not marked as posted").get_by_role("listitem")
    expect(listed).to_contain_text(f"Olga Opted ({receipts[1]}): This referral has changed. Your action had no effect.")
    assert now(stack, receipts[0]).stage is Stage.SENT
    listed.get_by_role("link", name="Olga Opted").click()
    expect(manager.get_by_role("heading", level=1)).to_contain_text("Olga Opted")


def test_a_found_address_is_added_and_mailed(manager: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    by_post(stack, "Ada Added")
    open_work(manager, "by_post")
    its = row(manager, "Ada Added")
    its.get_by_role("button", name="Add email …").click()
    field = its.get_by_label("Doctor’s email address")
    field.fill("ada@added")
    its.get_by_role("button", name="Add and send").click()
    expect(its.get_by_role("alert")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("ada@added.example")
    its.get_by_role("button", name="Add and send").click()
    expect(its).to_have_count(0)
    assert recipients(mailbox.wait_for(1, to="ada@added.example")) == ["ada@added.example"]


def test_a_doctor_who_requests_a_call_is_called_back(
    manager: Page, browser: Browser, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_with_proof(stack, "Carla Callme", email="callme@clinic.example", phone="217 555 0199")
    (message,) = mailbox.wait_for(1, to="callme@clinic.example")
    doctor = browser.new_page()
    doctor.goto(ANSWER.findall(message["text"])[0])
    doctor.get_by_role("button", name="Have someone call me").click()
    expect(doctor.get_by_role("heading", level=1)).to_have_text(re.compile("Someone will call you"))
    open_work(manager, "call")
    its = row(manager, "Carla Callme")
    expect(its.get_by_role("link", name="(217) 555-0199")).to_be_visible()
    doctor.get_by_label("Phone number").fill("217 555 0142")
    doctor.get_by_text("Around noon").click()
    doctor.get_by_role("button", name="Save").click()
    expect(doctor.get_by_role("status")).to_be_visible()
    doctor.close()
    open_work(manager, "call")
    expect(its.get_by_role("link", name="(217) 555-0142")).to_be_visible()
    expect(its).to_contain_text("Around noon")
    its.get_by_role("button", name="Called back").click()
    expect_message(manager, "Callback recorded.")
    expect(its).to_have_count(0)
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator(".timeline")).to_contain_text(re.compile("Called back.*by you", re.DOTALL))


def test_a_doctor_who_requests_information_is_a_task_until_it_is_sent(
    manager: Page, browser: Browser, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_with_proof(stack, "Ines Information", email="inform@clinic.example")
    (message,) = mailbox.wait_for(1, to="inform@clinic.example")
    doctor = browser.new_page()
    doctor.goto(ANSWER.findall(message["text"])[0])
    doctor.get_by_role("button", name="Send me information").click()
    expect(doctor.get_by_role("heading", level=1)).to_have_text(re.compile("We will send you information"))
    doctor.close()
    open_work(manager, "information")
    its = row(manager, "Ines Information")
    expect(its.get_by_role("link", name="inform@clinic.example")).to_be_visible()
    its.get_by_role("button", name="Information sent").click()
    expect_message(manager, "Information marked as sent.")
    expect(its).to_have_count(0)
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator(".timeline")).to_contain_text(re.compile("Information sent.*by you", re.DOTALL))


def test_a_manager_sends_the_material_with_one_click(
    manager: Page, browser: Browser, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_with_proof(stack, "Mara Material", email="material@clinic.example")
    (message,) = mailbox.wait_for(1, to="material@clinic.example")
    link = ANSWER.findall(message["text"])[0]
    doctor = browser.new_page()
    doctor.goto(link)
    doctor.get_by_role("button", name="Send me information").click()
    expect(doctor.get_by_role("heading", level=1)).to_have_text(re.compile("We will send you information"))
    open_work(manager, "information")
    its = row(manager, "Mara Material")
    its.get_by_role("button", name="Send information").click()
    expect_message(manager, "The information will be sent in a moment.")
    expect(its).to_have_count(0)
    sent = mailbox.wait_for(2)
    assert recipients(sent) == ["material@clinic.example"] * 2
    assert "The information about the Lumen Spine Lamp that you asked for" in {one["subject"] for one in sent}
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator(".timeline")).to_contain_text(re.compile("Information queued.*Sent Information", re.DOTALL))
    expect(manager.locator(".messages")).to_contain_text("Information")
    doctor.goto(link)
    expect(doctor.get_by_role("heading", level=1)).to_have_text(re.compile("We sent you information"))
    doctor.close()


def test_a_campaign_that_paused_itself_is_resumed_by_a_manager(
    manager: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    breaker, policy = BreakerTable(stack.cloud.dynamodb, TABLE), samples.campaign().breaker
    moment = stack.clock.now()
    table, day = Table(stack.cloud.dynamodb, TABLE), moment.date()
    for number in range(policy.minimum_volume):
        assert table.update(count_update(replace(samples.referral(), source=str(number)), ["bounced"], day))
    assert breaker.check("lumen", policy, moment)
    submit_with_proof(stack, "Wanda Waits", email="waits@clinic.example")
    open_work(manager, "held")
    expect(manager.get_by_text("Sending is paused")).to_be_visible()
    assert mailbox.wait_for(1, seconds=0) == []
    manager.get_by_role("button", name="Resume sending …").click()
    manager.get_by_role("dialog").get_by_role("button", name="Resume sending").click()
    expect_message(manager, "Sending has resumed.")
    expect(manager.get_by_text("Sending is paused")).to_have_count(0)
    submit_with_proof(stack, "Gus Goeson", email="goeson@clinic.example")
    assert "goeson@clinic.example" in recipients(mailbox.wait_for(1))


@pytest.fixture
def colleague(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """Another manager in another browser."""
    (pool,) = stack.template.pools
    email = [{"Name": "email", "Value": "colleague@team.example"}, {"Name": "email_verified", "Value": "true"}]
    cognito = stack.cloud.cognito
    cognito.admin_create_user(UserPoolId=pool.id, Username="colleague", UserAttributes=email)  # type: ignore[arg-type]
    cognito.admin_add_user_to_group(UserPoolId=pool.id, Username="colleague", GroupName="manager")
    with signed_out(browser, stack) as page:
        yield sign_in(page, "colleague")
    cognito.admin_delete_user(UserPoolId=pool.id, Username="colleague")


def test_the_second_of_two_managers_learns_who_acted_first_and_changes_nothing(
    manager: Page, colleague: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    receipt = submit_without_proof(stack, "Quinn Quicker", email="quicker@clinic.example")
    for page in (manager, colleague):
        open_work(page, "held")
        expect(row(page, "Quinn Quicker")).to_be_visible()
    held = manager.get_by_role("link", name="Held")
    count = int(held.inner_text().split()[-1])
    row(colleague, "Quinn Quicker").get_by_role("button", name="Approve").click()
    colleague.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row(colleague, "Quinn Quicker")).to_have_count(0)
    row(manager, "Quinn Quicker").get_by_role("button", name="Reject …").click()
    question = manager.get_by_role("dialog")
    question.get_by_label("Duplicate").check()
    question.get_by_role("button", name="Reject").click()
    told = row(manager, "Quinn Quicker").get_by_role("status")
    expect(told).to_have_text("Approved by colleague just now. Your action had no effect.")
    expect(row(manager, "Quinn Quicker")).not_to_contain_text("Waiting since")
    expect(held).to_contain_text(str(count - 1))
    assert recipients(mailbox.wait_for(1, to="quicker@clinic.example")) == ["quicker@clinic.example"]
    assert [act.what for act in now(stack, receipt).user_actions] == ["approve"]


def test_an_open_view_records_one_read_until_it_shows_new_data(manager: Page, stack: LocalStack) -> None:
    receipt = submit_without_proof(stack, "Olga Open", email="open@clinic.example")
    manager.goto(f"/dashboard/referrals/{receipt}")
    expect(manager.locator("h1")).to_have_text("Olga Open")
    for _ in range(3):
        with manager.expect_response(re.compile(rf"/referrals/{receipt}\?known=")) as answered:
            refresh(manager)
        assert answered.value.status == 204
    expect(manager.locator("h1")).to_have_text("Olga Open")
    assert len(audit_records(stack, "detail", receipt)) == 1
    manager.get_by_role("button", name="Approve").click()
    manager.get_by_role("dialog").get_by_role("button", name="Approve").click()
    eventually(lambda: now(stack, receipt).stage is Stage.SENT)
    refresh(manager)
    expect(manager.locator(".timeline")).to_contain_text("Sent")
    assert len(audit_records(stack, "detail", receipt)) > 1


def test_open_lists_record_one_read_as_well(manager: Page, stack: LocalStack) -> None:
    receipt = submit_without_proof(stack, "Lida Listed", email="listed@clinic.example")
    for address, what, asked in (
        ("/dashboard/work/held", "work/held", re.compile("/work/held")),
        ("/dashboard/referrals?stage=held&last=all", "search", re.compile("/referrals/search")),
    ):
        manager.goto(address)
        expect(manager.get_by_role("link", name="Lida Listed")).to_be_visible()
        with manager.expect_response(asked) as answered:
            refresh(manager)
        assert answered.value.status == 204
        expect(manager.get_by_role("link", name="Lida Listed")).to_be_visible()
        assert len(audit_records(stack, what, receipt)) == 1
