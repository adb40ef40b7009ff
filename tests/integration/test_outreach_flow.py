"""Referrals through the handlers of outreach and wake, on the table of the template."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import Item, timestamp
from referral_intake.aws.keys import DoctorHashes, Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.signed_links import Links
from referral_intake.core import decisions
from referral_intake.core.campaign import Campaign, InformationPolicy
from referral_intake.core.claim import Claim, Obstacle
from referral_intake.core.errors import Unavailable
from referral_intake.core.message import Deferred, Message, Refused, Unclear
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE, QUEUED_TIMEOUT, Answer, Referral, Transition
from referral_intake.outreach import handler
from referral_intake.outreach import wiring as outreach_wiring
from referral_intake.outreach.delivery import Outreach
from referral_intake.outreach.message_templates import MessageComposer
from referral_intake.wake.due_referrals import move_due_referrals
from referral_intake.wake.wiring import WakeParts
from tests.integration import aws
from tests.support import samples
from tests.support.fakes import FakeMailer, FakeScreeningCounts, FakeThrottle
from tests.support.function_output import recorded_output
from tests.support.samples import NOW


@dataclass
class Mailer(FakeMailer):
    """Runs `during` while a message is being sent."""

    during: Callable[[Message], object] = lambda message: None
    tried: list[str] = field(default_factory=list)

    def send(self, message: Message) -> str:
        self.tried.append(message.to)
        self.during(message)
        return super().send(message)


class WatchedClaims:
    """The claims of the table. Calls `after_claim` between the claim and the last check, and can fail at that check."""

    def __init__(self, claims: ClaimTable) -> None:
        self._claims = claims
        self.after_claim: Callable[[Claim], object] = lambda claim: None
        self.last_look_fails: Exception | None = None
        self.release_fails: Exception | None = None

    def claim(self, claim: Claim, message: Message, **options: Any) -> Obstacle | None:
        outcome = self._claims.claim(claim, message, **options)
        self.after_claim(claim)
        return outcome

    def reserve(self, claim: Claim, move: Transition, **options: Any) -> Obstacle | None:
        return self._claims.reserve(claim, move, **options)

    def last_check(self, claim: Claim, **options: Any) -> Obstacle | None:
        if self.last_look_fails:
            raise self.last_look_fails
        return self._claims.last_check(claim, **options)

    def release(self, claim: Claim, move: Any) -> None:
        if self.release_fails:
            raise self.release_fails
        self._claims.release(claim, move)


class System:
    """Everything between the table and the doctor's mailbox. The test controls mail and time."""

    def __init__(self, referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader) -> None:
        self.referrals = referrals
        self.claims = WatchedClaims(claims)
        self.table = claims
        self.table_reader = table_reader
        self.mailer = Mailer()
        self.clock = aws.Clock()
        self.campaign = samples.campaign()
        self.ring: Keyring = aws.RING
        self._stream = aws.Stream()

    def outreach(self) -> Outreach:
        return Outreach(
            referrals=self.referrals,
            claims=self.claims,
            throttle=FakeThrottle(),
            composer=MessageComposer(samples.TEMPLATES, Links(lambda: self.ring, aws.SITE_URL), aws.SITE_URL),
            mailer=self.mailer,
            doctor_keys=DoctorHashes(lambda: self.ring),
            screening_counts=FakeScreeningCounts(),
            find_campaign=self.find_campaign,
            now=self.clock,
        )

    def find_campaign(self, name: str) -> Campaign | None:
        return self.campaign if name == self.campaign.name else None

    def submit(self, **doctor_details: Any) -> Referral:
        referral = aws.submitted(self.clock.time, **doctor_details)
        self.referrals.add(referral)
        return referral

    def ask_for_information(self, referral: Referral) -> None:
        self.referrals.answer(referral.receipt, Answer.INFORMATION, self.clock.time, campaign=self.campaign)

    def record(self, referral: Referral, old: Item | None = None) -> dict[str, Any]:
        return self._stream.record(self.table_reader.image(referral), old)

    def deliver(self, *records: dict[str, Any]) -> list[str]:
        """Emulates Lambda, and returns the sequence numbers of failed records."""
        answer = handler.handler({"Records": list(records)}, aws.LambdaContext())  # type: ignore[arg-type]
        return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def wake(self, after: timedelta = timedelta(0)) -> int:
        """Moves the clock forward, and the referrals that become due."""
        self.clock.time += after
        return move_due_referrals(WakeParts(self.referrals, samples.CAMPAIGNS), self.clock.time)["lumen"]

    def stage(self, referral: Referral) -> tuple[str, str | None]:
        stored = self.table_reader.referral(referral)
        return stored["stage"], stored.get("reason")


@pytest.fixture
def system(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, monkeypatch: pytest.MonkeyPatch
) -> System:
    new_system = System(referrals, claims, table_reader)
    # The test replaces parts in the composition root.
    monkeypatch.setattr(outreach_wiring, "parts", new_system.outreach)
    return new_system


# ---- Sent once -------------------------------------------------------------------------------------------------------


def test_a_queued_referral_sends_one_message_to_the_doctor(system: System) -> None:
    referral = system.submit(email="Maria.Lopez+Work@Clinic.Example")
    assert system.deliver(system.record(referral)) == []
    assert [message.to for message in system.mailer.sent] == ["Maria.Lopez+Work@clinic.example"]
    stored = system.table_reader.referral(referral)
    assert stored["stage"] == "sent"
    assert stored["milestones"]["sent"] == timestamp(NOW)
    (tried,) = stored["messages"]["introduction"]["tries"].values()
    assert tried["version"] == "2026-11"


def test_a_redelivered_record_is_neither_a_second_message_nor_a_failure(system: System) -> None:
    record = system.record(system.submit())
    assert system.deliver(record) == []
    assert system.deliver(record) == []
    assert system.deliver(record, record) == []
    assert len(system.mailer.sent) == 1


def test_two_referrals_for_one_doctor_send_one_message_and_the_second_names_its_leader(system: System) -> None:
    leader, other = system.submit(), system.submit(email="MARIA.LOPEZ+x@clinic.example")
    assert system.deliver(system.record(leader), system.record(other)) == []
    assert len(system.mailer.sent) == 1
    assert system.stage(other) == ("closed", "joined")
    assert system.table_reader.referral(other)["leader"] == leader.receipt


def test_a_second_referral_joins_while_the_first_is_being_sent(system: System) -> None:
    leader, other = system.submit(), system.submit()
    second = system.record(other)
    system.mailer.during = lambda message: system.deliver(second)
    system.deliver(system.record(leader))
    assert len(system.mailer.tried) == 1
    assert system.stage(other) == ("waiting", "joined")


def test_ten_doctors_in_one_batch_get_ten_messages(system: System) -> None:
    records = [system.record(system.submit(email=f"d{number}@clinic.example")) for number in range(10)]
    assert system.deliver(*records) == []
    assert sorted(message.to for message in system.mailer.sent) == [f"d{number}@clinic.example" for number in range(10)]


def test_a_doctor_is_mailed_after_a_rotation_of_the_hashing_keys(system: System) -> None:
    system.ring = aws.ROTATED
    referral = system.submit()
    assert system.deliver(system.record(referral)) == []
    assert len(system.mailer.sent) == 1


def test_a_doctor_mailed_before_a_rotation_of_the_hashing_keys_gets_no_second_message(system: System) -> None:
    first, second = system.submit(), system.submit()
    system.deliver(system.record(first))
    system.ring = aws.ROTATED
    assert system.deliver(system.record(second)) == []
    assert len(system.mailer.sent) == 1
    assert system.stage(second) == ("closed", "joined")


# ---- One bad record --------------------------------------------------------------------------------------------------


def test_an_unreadable_record_fails_alone(system: System) -> None:
    good = [system.record(system.submit(email=f"d{number}@clinic.example")) for number in range(3)]
    poison = system.record(system.submit(email="poison@clinic.example"))
    del poison["dynamodb"]["NewImage"]["doctor"]
    failed = system.deliver(good[0], poison, good[1], good[2])
    assert failed == [poison["dynamodb"]["SequenceNumber"]]
    assert len(system.mailer.sent) == 3


def test_a_batch_in_which_every_record_fails_names_each(system: System) -> None:
    poisons = [system.record(system.submit()) for _ in range(3)]
    for poison in poisons:
        poison["dynamodb"]["NewImage"] = {}
    assert system.deliver(*poisons) == [poison["dynamodb"]["SequenceNumber"] for poison in poisons]


def test_a_message_that_cannot_be_rendered_claims_no_doctor(system: System) -> None:
    referral = system.submit()
    system.campaign = replace(system.campaign, mail_locale="xx")
    assert len(system.deliver(system.record(referral))) == 1
    assert system.table_reader.doctors() == {}
    assert system.stage(referral) == ("queued", None)


# ---- Information that a doctor asks for ------------------------------------------------------------------------------


@pytest.fixture
def requested(system: System) -> Referral:
    """A doctor got the introduction and asked for information, which the campaign sends at once."""
    policy = replace(system.campaign.policy, information=InformationPolicy.AUTOMATIC)
    system.campaign = replace(system.campaign, policy=policy)
    referral = system.submit()
    system.deliver(system.record(referral))
    system.ask_for_information(referral)
    system.mailer.sent.clear()
    system.mailer.tried.clear()
    return referral


def test_information_is_sent_once_and_the_referral_is_closed_again(system: System, requested: Referral) -> None:
    record = system.record(requested)
    for _ in range(2):
        assert system.deliver(record, record) == []
    assert [message.tags["step"] for message in system.mailer.sent] == ["information"]
    assert system.stage(requested) == ("closed", "answered")
    stored = system.table_reader.referral(requested)
    assert stored["milestones"]["information_sent"] == timestamp(NOW)
    assert "waits_for" not in stored
    system.ask_for_information(requested)
    assert system.stage(requested) == ("closed", "answered")


def test_each_referral_gets_its_own_information(system: System, requested: Referral) -> None:
    other = system.submit()
    system.deliver(system.record(other), system.record(requested))
    system.clock.time += timedelta(seconds=1)
    system.ask_for_information(other)
    assert system.deliver(system.record(other)) == []
    assert [message.tags["referral"] for message in system.mailer.sent] == [requested.receipt, other.receipt]


def test_information_after_an_unclear_response_waits_for_an_event_or_a_person(
    system: System, requested: Referral
) -> None:
    system.mailer.fails = Unclear("ReadTimeoutError")
    record = system.record(requested)
    assert system.deliver(record) == []
    assert system.deliver(record) == []
    assert system.stage(requested) == ("sending", None)
    system.wake(LEASE)
    assert system.stage(requested) == ("held", "send_unclear")
    assert len(system.mailer.tried) == 1


def test_information_stops_at_an_opt_out_until_the_last_moment(system: System, requested: Referral) -> None:
    system.claims.after_claim = lambda claim: system.table.suppress(claim.keys, Closing.OPTED_OUT, "", NOW)
    assert system.deliver(system.record(requested)) == []
    assert system.mailer.tried == []
    assert system.stage(requested) == ("closed", "opted_out")


def test_refused_information_is_a_task_for_a_person(system: System, requested: Referral) -> None:
    system.mailer.fails = Refused("MessageRejected")
    assert system.deliver(system.record(requested)) == []
    assert system.stage(requested) == ("closed", "answered")
    assert system.table_reader.referral(requested)["waits_for"] == "lumen/information"


def test_deferred_information_is_sent_later(system: System, requested: Referral) -> None:
    system.mailer.fails = Deferred("TooManyRequestsException")
    system.deliver(system.record(requested))
    assert system.stage(requested) == ("waiting", "TooManyRequestsException")
    waiting = system.table_reader.image(requested)
    system.wake(timedelta(minutes=5))
    system.mailer.fails = None
    assert system.deliver(system.record(requested, waiting)) == []
    assert [message.tags["step"] for message in system.mailer.sent] == ["information"]
    assert system.stage(requested) == ("closed", "answered")


# ---- Doctors who declined --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED])
def test_a_doctor_who_declined_is_never_mailed(system: System, reason: Closing) -> None:
    referral = system.submit()
    system.table.suppress(aws.claim_for(referral).keys, reason, "AAAA-AAAA-AAAA-AAAA", NOW)
    assert system.deliver(system.record(referral)) == []
    assert system.mailer.tried == []
    assert system.stage(referral) == ("closed", reason.value)


def test_an_opt_out_between_the_claim_and_the_send_stops_the_message(system: System) -> None:
    referral = system.submit()
    system.claims.after_claim = lambda claim: system.table.suppress(
        claim.keys, Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW
    )
    assert system.deliver(system.record(referral)) == []
    assert system.mailer.tried == []
    assert system.stage(referral) == ("closed", "opted_out")
    assert system.table_reader.claims() == {}
    assert system.table_reader.facts() == {"opted_out"}


def test_an_opt_out_during_the_send_closes_the_referral_and_the_message_is_recorded(system: System) -> None:
    referral = system.submit()

    def opt_out(message: Message) -> None:
        system.table.suppress(aws.claim_for(referral).keys, Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW)
        system.referrals.close(referral.receipt, Closing.OPTED_OUT, NOW)

    system.mailer.during = opt_out
    assert system.deliver(system.record(referral)) == []
    assert system.stage(referral) == ("closed", "opted_out")
    assert set(system.table_reader.referral(referral)["milestones"]) == {"submitted", "opted_out", "sent"}


# ---- Unclear results -------------------------------------------------------------------------------------------------


def test_an_unclear_response_keeps_the_claim_and_is_never_retried(system: System) -> None:
    referral = system.submit()
    record = system.record(referral)
    system.mailer.fails = Unclear("ReadTimeoutError")

    assert system.deliver(record) == []
    assert system.stage(referral) == ("sending", None)
    assert list(system.table_reader.claims().values()) == [{referral.receipt}]

    system.mailer.fails = None
    system.deliver(record)
    assert system.wake(LEASE - timedelta(seconds=1)) == 0
    assert system.wake(timedelta(seconds=1)) == 1
    assert system.stage(referral) == ("held", "send_unclear")
    for _ in range(10):
        system.wake(timedelta(days=5))
    assert len(system.mailer.tried) == 1


def test_another_referral_causes_no_second_message_after_an_unclear_response(system: System) -> None:
    first, second = system.submit(), system.submit()
    system.mailer.fails = Unclear("ReadTimeoutError")
    system.deliver(system.record(first))
    system.mailer.fails = None
    system.deliver(system.record(second))
    assert len(system.mailer.tried) == 1
    assert system.stage(second) == ("waiting", "joined")


# ---- Deferred and refused --------------------------------------------------------------------------------------------


def test_a_throttled_message_waits_until_wake_queues_it_and_is_sent_then(system: System) -> None:
    referral = system.submit()
    system.mailer.fails = Deferred("TooManyRequestsException")
    assert system.deliver(system.record(referral)) == []
    assert system.stage(referral) == ("waiting", "TooManyRequestsException")
    assert system.table_reader.claims() == {}
    waiting = system.table_reader.image(referral)

    assert system.wake() == 0
    assert system.wake(timedelta(minutes=5)) == 1
    assert system.stage(referral) == ("queued", None)

    system.mailer.fails = None
    assert system.deliver(system.record(referral, waiting)) == []
    assert system.stage(referral)[0] == "sent"
    assert len(system.mailer.sent) == 1


def test_a_refused_message_closes_the_referral_and_releases_the_doctor(system: System) -> None:
    referral = system.submit()
    system.mailer.fails = Refused("MessageRejected")
    assert system.deliver(system.record(referral)) == []
    assert system.stage(referral) == ("closed", "rejected")
    assert system.table_reader.claims() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_outside_of_its_approval_a_campaign_waits(system: System, when: str) -> None:
    approval = system.campaign.approval
    day = NOW.date() + timedelta(days=1 if when == "before" else -1)
    moved = replace(approval, approved_on=day) if when == "before" else replace(approval, expires_on=day)
    system.campaign = replace(system.campaign, approval=moved)
    referral = system.submit()
    assert system.deliver(system.record(referral)) == []
    assert system.mailer.tried == []
    assert system.stage(referral) == ("waiting", "not_approved")


def test_a_referral_that_waited_too_long_expires_without_a_message(system: System) -> None:
    referral = system.submit()
    record = system.record(referral)
    system.clock.time += system.campaign.policy.expires_after
    assert system.deliver(record) == []
    assert system.mailer.tried == []
    assert system.stage(referral) == ("closed", "expired")


def test_a_doctor_without_an_email_address_becomes_a_task(system: System) -> None:
    referral = system.submit(email=None, phone="217 555 0123")
    assert system.deliver(system.record(referral)) == []
    assert system.mailer.tried == []
    assert system.stage(referral) == ("by_post", "no_email")


def test_a_referral_of_a_removed_campaign_is_held(system: System) -> None:
    referral = system.submit()
    system.campaign = replace(system.campaign, name="another")
    assert system.deliver(system.record(referral)) == []
    assert system.stage(referral) == ("held", "campaign_unknown")


# ---- Never stuck -----------------------------------------------------------------------------------------------------


def test_a_referral_that_the_stream_lost_is_sent_later(system: System) -> None:
    referral = system.submit()
    assert system.wake(QUEUED_TIMEOUT) == 1
    assert system.stage(referral) == ("waiting", "lost_by_stream")
    waiting = system.table_reader.image(referral)
    assert system.wake(decisions.RETRY_DELAY) == 1
    assert system.deliver(system.record(referral, waiting)) == []
    assert len(system.mailer.sent) == 1


def test_a_late_record_of_a_referral_that_wake_has_moved_sends_no_second_message(system: System) -> None:
    referral = system.submit()
    late = system.record(referral)
    system.wake(QUEUED_TIMEOUT)
    waiting = system.table_reader.image(referral)
    system.wake(decisions.RETRY_DELAY)
    again = system.record(referral, waiting)
    assert system.deliver(late, again, late, again) == []
    assert len(system.mailer.sent) == 1


@pytest.mark.parametrize(
    "fails", [Deferred("TooManyRequestsException"), Refused("MessageRejected"), Unclear("x"), None]
)
@pytest.mark.parametrize("email", ["maria.lopez@clinic.example", None])
def test_every_open_referral_has_a_due_time(system: System, fails: Exception | None, email: str | None) -> None:
    referral = system.submit(email=email, phone="217 555 0123")
    system.mailer.fails = fails
    system.deliver(system.record(referral))
    stored = system.table_reader.referral(referral)
    if stored["stage"] == "closed":
        assert "due_at" not in stored
    else:
        assert stored["due_at"] > timestamp(NOW)
        assert f"referral#{referral.receipt}" in system.table_reader.indexed()


def test_every_referral_is_closed_eventually(system: System) -> None:
    outcomes = [None, Deferred("x"), Refused("x"), Unclear("x"), None]
    details: list[dict[str, Any]] = [{}, {}, {}, {}, {"email": None}]
    referrals = []
    for number, (fails, detail) in enumerate(zip(outcomes, details, strict=True)):
        system.mailer.fails = fails
        submitted = system.submit(**{"email": f"d{number}@clinic.example", "phone": "217 555 0123"} | detail)
        system.deliver(system.record(submitted))
        referrals.append(submitted)
    # From here on the stream delivers nothing. Only the schedule works.
    for _ in range(80):
        system.wake(timedelta(days=1))
        system.wake(timedelta(minutes=2))
        for referral in referrals:
            if system.stage(referral)[0] == "queued":
                system.deliver(system.record(referral))
    assert {system.stage(referral)[0] for referral in referrals} == {"closed"}
    assert system.table_reader.indexed() == set()


def test_a_failed_last_check_releases_the_doctor_because_no_message_was_sent(system: System) -> None:
    referral = system.submit()
    system.claims.last_look_fails = Unavailable("ThrottlingException")
    system.deliver(system.record(referral))
    assert system.mailer.tried == []
    # Not `sending`, which would need a person: it is certain that no message was sent.
    assert system.stage(referral)[0] == "waiting"
    assert system.table_reader.claims() == {}


def test_one_unreadable_referral_does_not_stop_the_others_in_wake(system: System, client: Any, table: str) -> None:
    broken, good = system.submit(email="broken@clinic.example"), system.submit()
    client.update_item(
        TableName=table,
        Key={"pk": {"S": f"referral#{broken.receipt}"}, "sk": {"S": "referral"}},
        UpdateExpression="SET stage = :unknown, due_at = :early",
        ExpressionAttributeValues={":unknown": {"S": "of_a_later_version"}, ":early": {"S": timestamp(NOW)}},
    )
    system.wake(QUEUED_TIMEOUT)
    assert system.stage(good)[0] == "waiting"


# ---- No personal data in logs ----------------------------------------------------------------------------------------

DETAILS = {"name": "Maria Lopez", "email": "maria.lopez@clinic.example", "phone": "217 555 0123", "npi": "1234567893"}


def assert_no_details(logged: str) -> None:
    assert not [
        detail for detail in ("lopez", "clinic.example", "5550123", "1234567893") if detail in logged.casefold()
    ]


@pytest.mark.parametrize("fails", [None, Refused("MessageRejected"), Deferred("Throttled"), Unclear("Timeout")])
def test_no_outcome_logs_details_of_a_doctor(system: System, fails: Exception | None) -> None:
    system.mailer.fails = fails
    record = system.record(system.submit(**DETAILS))
    with recorded_output() as output:
        system.deliver(record)
    (logged,) = output.logged
    assert logged["referral"]
    assert_no_details("".join(output.everything()))


def test_an_ses_error_with_the_address_is_not_logged_even_if_the_release_fails(system: System) -> None:
    def refuse(message: Message) -> None:
        # As the adapter for SES raises it, with the text of SES.
        raise Deferred("identity_not_verified") from RuntimeError(f"Email address is not verified: {message.to}")

    system.mailer.during = refuse
    system.claims.release_fails = Unavailable("ThrottlingException")
    record = system.record(system.submit(**DETAILS))
    with recorded_output() as output:
        assert len(system.deliver(record)) == 1
    assert output.lines
    assert_no_details("".join(output.everything()))
