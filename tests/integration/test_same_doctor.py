"""Two referrals that name one doctor, or two who look alike, from the form to the doctor's mailbox."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from tests.integration.handler_harness import HandlerHarness, handler_harness
from tests.support import dashboard
from tests.support.samples import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REPORTED = json.loads((ROOT / "tests" / "events" / "reported_doctors.json").read_text("utf-8"))
HOUSTON = {"line1": "1 Main St", "city": "Houston", "state": "TX", "postal_code": "77030"}
PATEL = {"name": "R. Patel", "email": "r.patel@onc.example", "phone": "713 555 0101"}
ELSEWHERE = PATEL | {"email": "patel@rad.example"}
BY_PHONE = {"name": "R. Patel", "phone": "713 555 0101"}


def reported(kind: str) -> list[Any]:
    return [pytest.param(case, id=ascii(case["later"])[:90]) for case in REPORTED[kind]]


class Doctors:
    """Referrals of doctors, handled by the functions."""

    def __init__(self, harness: HandlerHarness) -> None:
        self.harness = harness

    def name(self, doctor: dict[str, Any]) -> str:
        """Submit a referral, and let outreach handle it. Return the receipt."""
        receipt = self.harness.submit(doctor=doctor)
        self.harness.deliver_records(receipt)
        return receipt

    def now(self, receipt: str) -> Referral:
        return from_item(self.harness.table_reader.items()[f"referral#{receipt}"])

    def state(self, receipt: str) -> str:
        """The stage of an open referral that is not held, otherwise the reason."""
        referral = self.now(receipt)
        return str(referral.reason) if referral.stage in {"held", "closed", "waiting"} else referral.stage.value

    def matches(self, receipt: str, groups: str = dashboard.MANAGER) -> Any:
        asked = dashboard.request("GET", f"/referrals/{receipt}/matches", groups=groups)
        return json.loads(self.harness.invoke("dashboard", asked)["body"])

    def decide(self, action: str, receipt: str, *others: str) -> Any:
        body = {"action": action, "revision": self.now(receipt).revision} | ({"others": others} if others else {})
        asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.MANAGER)
        answer = self.harness.invoke("dashboard", asked)
        self.harness.deliver_records(receipt)
        return answer

    def recipients(self) -> list[str]:
        return [mail["Destination"]["ToAddresses"][0] for mail in self.harness.mail.sent]


@pytest.fixture
def doctors(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Doctors]:
    with handler_harness(client, secret_names, monkeypatch) as harness:
        yield Doctors(harness)


@pytest.mark.parametrize("case", reported("two_referrals"))
def test_two_doctors_are_told_and_one_is_told_once(doctors: Doctors, case: dict[str, Any]) -> None:
    first, later = doctors.name(case["first"]), doctors.name(case["later"])
    assert doctors.state(first) in {"sent", "by_post"}
    assert doctors.state(later) == case["becomes"]


@pytest.mark.parametrize("case", reported("after_an_opt_out"))
def test_an_opt_out_is_found_under_another_spelling(doctors: Doctors, case: dict[str, Any]) -> None:
    doctors.name(case["opted_out"])
    doctors.harness.follow_link("/api/opt-out")
    sent = len(doctors.recipients())
    assert doctors.state(doctors.name(case["later"])) == case["becomes"]
    assert len(doctors.recipients()) == sent + (case["becomes"] == "sent")


def test_a_person_sees_both_doctors_and_calls_them_the_same(doctors: Doctors) -> None:
    first, later = doctors.name(PATEL), doctors.name(ELSEWHERE)
    assert doctors.state(later) == "possibly_same_doctor"
    (match,) = doctors.matches(later)["matches"]
    assert (match["receipt"], match["doctor"]["email"], match["shared"]) == (first, PATEL["email"], ["phone"])
    assert doctors.decide("same_doctor", later, first)["statusCode"] == 200
    assert (doctors.state(later), doctors.now(later).leader) == ("joined", first)
    assert doctors.state(doctors.name({"name": "Anyone", "email": ELSEWHERE["email"]})) == "joined", "remembered"
    assert doctors.recipients() == [PATEL["email"]]


def test_a_person_calls_them_two_doctors_and_both_are_told(doctors: Doctors) -> None:
    first, later = doctors.name(PATEL), doctors.name(ELSEWHERE)
    assert doctors.decide("another_doctor", later, first)["statusCode"] == 200
    assert doctors.state(later) == "sent"
    assert doctors.state(doctors.name(ELSEWHERE | {"phone": None})) == "joined", "the same mailbox"
    assert doctors.recipients() == [PATEL["email"], ELSEWHERE["email"]]


def test_all_doctors_of_a_shared_mailbox_are_shown_with_their_npis(doctors: Doctors) -> None:
    office = {"name": "A. Lee", "email": "office@clinic.example", "npi": "1234567893"}
    first = doctors.name(office)
    second = doctors.name(office | {"name": "B. Roe", "npi": "2000001018"})
    assert doctors.state(second) == "shared_mailbox"
    doctors.decide("another_doctor", second, first)
    third = doctors.name(office | {"name": "C. Poe", "npi": "2000001026"})
    assert doctors.state(third) == "many_names_for_one_address"
    doctors.decide("approve", third)
    assert doctors.state(third) == "shared_mailbox"
    assert {one["doctor"]["npi"] for one in doctors.matches(third)["matches"]} == {"1234567893", "2000001018"}
    doctors.decide("another_doctor", third, first)
    assert doctors.state(third) == "shared_mailbox", "the other doctor of this mailbox is still to be compared"


def test_viewers_see_masked_doctors_and_may_not_decide(doctors: Doctors) -> None:
    first, later = doctors.name(PATEL), doctors.name(ELSEWHERE)
    (match,) = doctors.matches(later, dashboard.VIEWER)["matches"]
    assert match["doctor"]["email"] != PATEL["email"]
    body = {"action": "same_doctor", "revision": doctors.now(later).revision, "others": [first]}
    asked = dashboard.request("POST", f"/referrals/{later}/actions", body, groups=dashboard.VIEWER)
    assert doctors.harness.invoke("dashboard", asked)["statusCode"] == 403


def test_a_decision_names_the_other_referral(doctors: Doctors) -> None:
    doctors.name(PATEL)
    later = doctors.name(ELSEWHERE)
    assert doctors.decide("same_doctor", later)["statusCode"] == 422
    assert doctors.decide("approve", later)["statusCode"] == 422
    assert doctors.state(later) == "possibly_same_doctor"


@pytest.mark.parametrize(
    ("doctor", "becomes"),
    [
        (PATEL, "may_have_opted_out"),
        (PATEL | {"npi": "1234567893"}, "may_have_opted_out"),
        (PATEL | {"name": "S. Patel"}, "by_post"),
    ],
)
def test_an_opt_out_takes_a_doctor_who_may_be_the_same_off_the_list_of_letters_and_calls(
    doctors: Doctors, doctor: dict[str, Any], becomes: str
) -> None:
    doctors.name(doctor)
    waiting = doctors.harness.submit(doctor=BY_PHONE, campaign="relay", locale="es")
    doctors.harness.deliver_records(waiting)
    assert doctors.state(waiting) == "by_post"
    doctors.harness.follow_link("/api/opt-out")
    doctors.harness.deliver_records(waiting)
    assert doctors.state(waiting) == becomes


def test_a_joined_referral_takes_the_place_of_a_leader_that_was_rejected(doctors: Doctors) -> None:
    leader, follower = doctors.name(BY_PHONE), doctors.name(BY_PHONE)
    assert (doctors.state(leader), doctors.state(follower)) == ("by_post", "joined")
    doctors.harness.set_attributes(leader, stage="closed", reason="rejected")
    doctors.harness.set_attributes(follower, stage="queued")
    doctors.harness.deliver_records(follower)
    assert doctors.state(follower) == "by_post"


def test_a_bounced_mailbox_leads_to_a_letter_or_call_and_a_new_address_to_a_message(doctors: Doctors) -> None:
    receipt = doctors.name(PATEL)
    first = doctors.harness.mail.mails[receipt]
    doctors.harness.deliver_ses_event("Bounce", receipt, 1)
    assert (doctors.state(receipt), doctors.now(receipt).reason) == ("by_post", "email_bounced")
    body = {"action": "add_email", "revision": doctors.now(receipt).revision, "email": "new@onc.example"}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.MANAGER)
    assert doctors.harness.invoke("dashboard", asked)["statusCode"] == 200
    doctors.harness.deliver_records(receipt)
    assert doctors.recipients() == [PATEL["email"], "new@onc.example"]
    assert doctors.state(receipt) == "sent"
    second, doctors.harness.mail.mails[receipt] = doctors.harness.mail.mails[receipt], first
    doctors.harness.deliver_ses_event("Bounce", receipt, 1)
    assert doctors.state(receipt) == "sent", "the report of the first message again"
    doctors.harness.mail.mails[receipt] = second
    doctors.harness.deliver_ses_event("Bounce", receipt, 1)
    assert doctors.state(receipt) == "by_post", "the second message bounced, too"


def test_another_address_of_a_doctor_whose_mailbox_bounced_gets_the_message(doctors: Doctors) -> None:
    npi = {"npi": "1234567893"}
    first = doctors.name({"name": "R. Patel", "email": PATEL["email"]} | npi)
    doctors.harness.deliver_ses_event("Bounce", first, 1)
    assert doctors.state(first) == "bounced"
    later = doctors.name({"name": "R. Patel", "email": "new@onc.example"} | npi)
    assert doctors.state(later) == "several_addresses_for_one_npi"
    doctors.decide("approve", later)
    assert doctors.state(later) == "sent"


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"bounceType": "Transient", "bounceSubType": "ContentRejected"}, "content_refused"),
        ({"bounceType": "Transient", "bounceSubType": "AttachmentRejected"}, "content_refused"),
        ({"bounceType": "Undetermined", "bounceSubType": "Undetermined"}, "bounce_undetermined"),
    ],
)
def test_a_refused_message_waits_for_a_person_who_can_send_it_again(
    doctors: Doctors, details: dict[str, Any], reason: str
) -> None:
    receipt = doctors.name(PATEL)
    doctors.harness.deliver_ses_event("Bounce", receipt, 1, **details)
    assert doctors.state(receipt) == reason
    body = {"action": "retry", "revision": doctors.now(receipt).revision, "again": True}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.MANAGER)
    assert doctors.harness.invoke("dashboard", asked)["statusCode"] == 200
    doctors.harness.deliver_records(receipt)
    assert len(doctors.recipients()) == 2
    doctors.harness.deliver_ses_event("Bounce", receipt, 1, **details)
    assert doctors.state(receipt) == reason, "refused again"


# ---- What doctors say to a person ------------------------------------------------------------------------------------


def act(doctors: Doctors, receipt: str, **body: Any) -> Any:
    body |= {"revision": doctors.now(receipt).revision}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", body, groups=dashboard.MANAGER)
    return doctors.harness.invoke("dashboard", asked)


def test_a_doctor_who_tells_a_manager_gets_no_more_under_any_identifier(doctors: Doctors) -> None:
    told = doctors.name(PATEL)
    assert act(doctors, told, action="wants_no_more", channel="phone")["statusCode"] == 200
    assert doctors.state(told) == "opted_out"
    assert doctors.now(told).milestones.keys() >= {"opted_out"}
    assert doctors.state(doctors.name(PATEL)) == "opted_out"
    assert doctors.state(doctors.name(BY_PHONE)) == "opted_out", "at the doctor's word, name and phone are certain"
    assert doctors.state(doctors.name(ELSEWHERE)) == "opted_out"


def test_an_opt_out_of_one_campaign_is_recorded_as_such(doctors: Doctors) -> None:
    told = doctors.name(PATEL)
    act(doctors, told, action="wants_no_more", channel="in_person", only_campaign=True)
    assert doctors.harness.table_reader.facts() == {"opted_out/lumen"}
    assert doctors.now(told).user_actions[-1].note == "in_person_campaign"


@pytest.mark.parametrize("answer", ["information", "call", "no"])
def test_an_answer_to_a_manager_closes_the_referral(doctors: Doctors, answer: str) -> None:
    told = doctors.name(PATEL)
    assert act(doctors, told, action="doctor_answered", channel="reply", answer=answer)["statusCode"] == 200
    assert (doctors.state(told), doctors.now(told).answer) == ("answered", answer)


def test_what_a_doctor_said_is_recorded_completely_and_only_after_they_were_told(doctors: Doctors) -> None:
    told, by_post = doctors.name(PATEL), doctors.name({"name": "Robert Lee", "phone": "713 555 0199"})
    assert act(doctors, told, action="wants_no_more")["statusCode"] == 422
    assert act(doctors, told, action="doctor_answered", channel="phone")["statusCode"] == 422
    assert act(doctors, by_post, action="wants_no_more", channel="phone")["statusCode"] == 422
    assert act(doctors, told, action="wants_no_more", channel="phone")["statusCode"] == 200
    assert act(doctors, told, action="doctor_answered", channel="phone", answer="no")["statusCode"] == 422
