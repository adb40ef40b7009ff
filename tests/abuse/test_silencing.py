"""A stranger tries to keep messages from a doctor whose public details they know.

The stranger names the doctor with a mailbox of their own, and reacts to the message that arrives there.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, events

ADDRESS = {"line1": "1 Main St", "city": "Houston", "state": "TX", "postal_code": "77030"}
PUBLIC = {"name": "Rosa Patel", "practice": "Spine Clinic", "phone": "713 555 0101", "address": ADDRESS}
STRANGER = {**PUBLIC, "email": "stranger@mail.example"}
NPI = {"npi": "1234567893"}
PATIENT = {**PUBLIC, "email": "r.patel@hospital.example"}


class Stories:
    def __init__(self, harness: HandlerHarness) -> None:
        self.harness = harness

    def name(self, doctor: dict[str, Any]) -> str:
        """Submit a referral, and let outreach handle it. Returns the receipt."""
        receipt = self.harness.submit(doctor=doctor)
        self.harness.deliver_records(receipt)
        return receipt

    def referral(self, receipt: str) -> Referral:
        return from_item(self.harness.item(receipt))

    def state(self, receipt: str) -> str:
        referral = self.referral(receipt)
        return str(referral.reason) if referral.stage in {"held", "closed", "waiting"} else referral.stage.value

    def act(self, action: str, receipt: str, **details: Any) -> Any:
        """A manager acts on the referral, and outreach handles it. Returns the response."""
        body = {"action": action, "revision": self.referral(receipt).revision, **details}
        asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.MANAGER)
        response = self.harness.invoke("dashboard", asked)
        self.harness.deliver_records(receipt)
        return response

    def detail(self, receipt: str) -> Any:
        asked = dashboard.request("GET", f"/referrals/{receipt}", groups=dashboard.MANAGER)
        return json.loads(self.harness.invoke("dashboard", asked)["body"])

    def recipients(self) -> list[str]:
        return [mail["Destination"]["ToAddresses"][0] for mail in self.harness.mail.sent]

    def audited(self) -> list[str]:
        items = self.harness.client.scan(TableName=self.harness.table)["Items"]
        return [item["what"]["S"] for item in items if item["pk"]["S"].startswith("audit#")]


@pytest.fixture
def stories(many_sources: HandlerHarness) -> Stories:
    return Stories(many_sources)


def nothing(stories: Stories, receipt: str) -> None:
    pass


def opts_out(stories: Stories, receipt: str) -> None:
    stories.harness.follow_link("/api/opt-out", scope="all")


def opts_out_by_one_click(stories: Stories, receipt: str) -> None:
    stories.harness.follow_link("/api/opt-out", **{"List-Unsubscribe": "One-Click"})


def answers_no(stories: Stories, receipt: str) -> None:
    stories.harness.follow_link("/api/answer", answer="no")


def complains(stories: Stories, receipt: str) -> None:
    stories.harness.deliver_ses_event("Complaint", receipt, 5)


def lets_it_bounce(stories: Stories, receipt: str) -> None:
    stories.harness.deliver_ses_event("Bounce", receipt, 5)


def withdraws(stories: Stories, receipt: str) -> None:
    stories.harness.invoke("intake", events.post_withdrawal(receipt))


REACTIONS = [nothing, opts_out, opts_out_by_one_click, answers_no, complains, lets_it_bounce, withdraws]
FORBIDDING = [opts_out, complains]
CASES = [
    *((PATIENT, react) for react in REACTIONS),
    *((doctor, react) for doctor in ({**PATIENT, **NPI}, {**PUBLIC, **NPI}) for react in FORBIDDING),
]


@pytest.mark.parametrize(("patient", "react"), CASES)
def test_a_stranger_before_the_patient_delays_at_most_until_a_manager_decides(
    stories: Stories, patient: dict[str, Any], react: Callable[[Stories, str], None]
) -> None:
    stranger = stories.name(STRANGER)
    assert stories.state(stranger) == "sent"
    react(stories, stranger)
    receipt = stories.name(patient)
    told = "sent" if "email" in patient else "by_post"
    has_opted_out = react in {opts_out, opts_out_by_one_click, complains}
    assert stories.state(receipt) == ("may_have_opted_out" if has_opted_out else "possibly_same_doctor")
    assert stories.act("another_doctor", receipt, others=[stranger])["statusCode"] == 200
    assert stories.state(receipt) == told
    assert stories.state(stories.name(patient)) == "joined", "decided once, for later referrals too"
    if "email" in patient:
        assert stories.recipients() == [STRANGER["email"], patient["email"]]


@pytest.mark.parametrize("react", FORBIDDING)
def test_a_name_alone_has_nothing_in_common(stories: Stories, react: Callable[[Stories, str], None]) -> None:
    react(stories, stories.name(STRANGER))
    assert stories.state(stories.name({"name": PUBLIC["name"], "email": PATIENT["email"]})) == "sent"


@pytest.mark.parametrize("react", REACTIONS)
def test_a_stranger_after_the_patient_closes_nothing(stories: Stories, react: Callable[[Stories, str], None]) -> None:
    receipt = stories.name(PATIENT)
    stranger = stories.name(STRANGER)
    assert stories.state(stranger) == "possibly_same_doctor", "the stranger gets no message"
    # Even if a manager lets the message go out:
    stories.act("another_doctor", stranger, others=[receipt])
    assert stories.recipients() == [PATIENT["email"], STRANGER["email"]]
    react(stories, stranger)
    assert stories.state(receipt) == "sent"
    assert stories.state(stories.name(PATIENT)) == "joined"


@pytest.mark.parametrize("react", FORBIDDING)
def test_two_npis_are_two_doctors_whatever_a_stranger_does(
    stories: Stories, react: Callable[[Stories, str], None]
) -> None:
    stranger = stories.name({**STRANGER, "npi": "2000001018"})
    react(stories, stranger)
    assert stories.state(stories.name({**PATIENT, **NPI})) == "sent"


def test_a_stranger_who_knows_the_npi_is_found_and_taken_back(stories: Stories) -> None:
    """An NPI is public, and the same NPI is the same doctor. So this needs a manager, who can restore everything."""
    stranger = stories.name({**STRANGER, **NPI})
    opts_out(stories, stranger)
    receipt = stories.name({**PATIENT, **NPI})
    assert stories.state(receipt) == "several_addresses_for_one_npi", "a person sees it"
    stories.act("approve", receipt)
    assert (stories.state(receipt), stories.detail(receipt)["leader"]) == ("opted_out", stranger)
    assert stories.act("take_back", receipt, reason="not_the_doctor")["statusCode"] == 422, (
        "it came through the other one"
    )
    response = stories.act("take_back", stranger, reason="not_the_doctor")
    assert response["statusCode"] == 200
    again = stories.name({**PATIENT, **NPI})
    stories.act("approve", again)
    assert stories.state(again) == "sent", "not joined: the stranger's message did not tell the doctor"
    assert stories.recipients() == [STRANGER["email"], PATIENT["email"]]


# ---- Decisions can be taken back ----


def test_same_doctor_by_mistake_is_taken_back_and_the_doctor_is_told(stories: Stories) -> None:
    stranger = stories.name(STRANGER)
    opts_out(stories, stranger)
    receipt = stories.name(PATIENT)
    stories.act("same_doctor", receipt, others=[stranger])
    assert stories.state(receipt) == "opted_out"
    assert stories.state(stories.name({"name": "Anyone", "email": PATIENT["email"]})) == "opted_out"
    assert stories.detail(receipt)["actions"] == ["wants_messages", "undo_comparison"]
    assert stories.act("undo_comparison", receipt)["statusCode"] == 200
    assert stories.state(receipt) == "may_have_opted_out", "compared again"
    assert "undo_comparison" in stories.audited()
    stories.act("another_doctor", receipt, others=[stranger])
    assert stories.state(receipt) == "sent"
    assert stories.state(stories.name({"name": "Anyone", "email": PATIENT["email"]})) == "joined"
    assert stories.state(stories.name(STRANGER)) == "opted_out", "the stranger's opt-out stays"


def test_same_doctor_by_mistake_reopens_a_joined_referral(stories: Stories) -> None:
    stranger = stories.name(STRANGER)
    receipt = stories.name(PATIENT)
    stories.act("same_doctor", receipt, others=[stranger])
    assert stories.state(receipt) == "joined"
    stories.act("undo_comparison", receipt)
    assert stories.state(receipt) == "possibly_same_doctor"


def test_another_doctor_by_mistake_is_taken_back_for_later_referrals(stories: Stories) -> None:
    first = stories.name(PATIENT)
    second = stories.name({**PATIENT, "email": "rosa@practice.example"})
    stories.act("another_doctor", second, others=[first])
    assert stories.state(second) == "sent"
    assert stories.act("undo_comparison", second)["statusCode"] == 200
    assert stories.state(second) == "sent", "the message can't be recalled"
    harness = stories.harness
    harness.deliver_ses_event("Complaint", first, 5)
    assert stories.state(stories.name({**PATIENT, "email": "rosa@practice.example"})) == "may_have_opted_out"
    assert "undo_comparison" not in stories.detail(second)["actions"]


# ---- Complaints and opt-outs can be taken back ----


@pytest.mark.parametrize("reason", ["not_the_doctor", "by_mistake", "doctor_asked"])
def test_a_complaint_is_taken_back_with_a_reason(stories: Stories, reason: str) -> None:
    receipt = stories.name(PATIENT)
    sent_at = datetime.now(UTC) - timedelta(minutes=1)
    stories.harness.deliver_ses_event("Complaint", receipt, 5, sent_at=sent_at)
    assert stories.state(stories.name(PATIENT)) == "complained"
    assert stories.act("take_back", receipt)["statusCode"] == 422, "without a reason"
    assert stories.act("take_back", receipt, reason="duplicate")["statusCode"] == 422
    assert stories.act("take_back", receipt, reason="wrong_doctor")["statusCode"] == 422
    assert stories.act("take_back", receipt, reason=reason)["statusCode"] == 200
    assert stories.state(receipt) == "complained", "the referral stays closed"
    detail = stories.detail(receipt)
    assert detail["milestones"].keys() >= {"complained", "complaint_taken_back"}
    [entry] = [one for one in detail["timeline"] if one["what"] == "take_back"]
    assert (entry["by"], entry["detail"]) == ("robin", reason)
    assert detail["actions"] == []
    assert "take_back" in stories.audited()
    assert stories.harness.table_reader.facts() == {"complained", "complaint_taken_back"}
    assert stories.state(stories.name(PATIENT)) == "joined", "no longer refused"
    stories.harness.deliver_ses_event("Complaint", receipt, 5, sent_at=sent_at)
    assert stories.state(stories.name(PATIENT)) == "joined", "the same event again, delivered late"
    complains(stories, receipt)
    assert stories.state(stories.name(PATIENT)) == "complained", "a later complaint counts again"


def test_a_viewer_takes_nothing_back(stories: Stories) -> None:
    receipt = stories.name(PATIENT)
    complains(stories, receipt)
    body = {"action": "take_back", "revision": stories.referral(receipt).revision, "reason": "by_mistake"}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.VIEWER)
    assert stories.harness.invoke("dashboard", asked)["statusCode"] == 403


def test_an_opt_out_for_the_wrong_doctor_is_taken_back(stories: Stories) -> None:
    receipt = stories.name(PATIENT)
    stories.act("wants_no_more", receipt, channel="phone")
    assert stories.state(stories.name(PATIENT)) == "opted_out"
    assert stories.act("take_back", receipt, reason="doctor_asked")["statusCode"] == 422, "another action"
    assert stories.act("take_back", receipt, reason="wrong_doctor")["statusCode"] == 200
    assert stories.state(stories.name(PATIENT)) == "joined"


def test_an_error_of_a_manager_is_taken_back_without_the_opt_out_of_the_doctor(stories: Stories) -> None:
    receipt = stories.name(PATIENT)
    stories.act("wants_no_more", receipt, channel="phone")
    opts_out(stories, receipt)
    response = stories.act("take_back", receipt, reason="wrong_doctor")
    assert response["statusCode"] == 422
    assert "Nothing was changed" in response["body"]
    assert stories.state(stories.name(PATIENT)) == "opted_out"


@pytest.mark.parametrize("channel", ["reply", "letter", "phone", "in_person"])
def test_a_manager_records_that_the_doctor_wants_messages_again(stories: Stories, channel: str) -> None:
    receipt = stories.name(PATIENT)
    opts_out(stories, receipt)
    assert stories.act("wants_messages", receipt)["statusCode"] == 422, "without saying how the doctor told us"
    assert stories.act("wants_messages", receipt, channel=channel)["statusCode"] == 200
    assert stories.state(receipt) == "opted_out", "the referral stays closed"
    detail = stories.detail(receipt)
    assert "opted_in" in detail["milestones"]
    [entry] = [one for one in detail["timeline"] if one["what"] == "wants_messages"]
    assert (entry["by"], entry["detail"]) == ("robin", channel)
    assert stories.state(stories.name(PATIENT)) == "joined"
    opts_out(stories, receipt)
    assert stories.state(stories.name(PATIENT)) == "opted_out", "a later opt-out counts again"
