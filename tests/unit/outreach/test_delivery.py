"""Sending: which doctors get a message, which do not, and never twice."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core import decisions
from referral_intake.core.claim import Claim
from referral_intake.core.message import Deferred, Message, Refused, Unapproved, Unclear
from referral_intake.core.quota import Wait
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage, close
from referral_intake.core.smoke_test import campaign_of
from referral_intake.outreach.delivery import Outreach
from tests.support.fakes import FakeMailer, FakeMessageComposer, FakeScreeningCounts, FakeTable, FakeThrottle, ring
from tests.support.samples import NOW, campaign, referral


@dataclass
class OutreachInMemory:
    """Outreach with fakes of all external services."""

    table: FakeTable = field(default_factory=FakeTable)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    turns: FakeThrottle = field(default_factory=FakeThrottle)
    screening_counts: FakeScreeningCounts = field(default_factory=FakeScreeningCounts)
    now: datetime = NOW

    @property
    def outreach(self) -> Outreach:
        campaigns = {"lumen": campaign()}
        hashes = DoctorHashes(ring)
        return Outreach(
            self.table,
            self.table,
            self.turns,
            FakeMessageComposer(),
            self.mailer,
            hashes,
            self.screening_counts,
            campaigns.get,
            lambda: self.now,
        )

    def reach(self, referral: Referral) -> Referral:
        """The referral after outreach handled it."""
        self.table.add(referral)
        self.outreach.handle(referral)
        return self.table.referrals[referral.receipt]


def keys_of(its: Referral) -> tuple[str, ...]:
    return DoctorHashes(ring).of(its)[0]


def claim_of(its: Referral) -> Claim:
    """The claim before which the referral had the revision before this one."""
    return Claim(replace(its, revision=its.revision - 1), "introduction", keys_of(its), ())


def opt_out(system: OutreachInMemory, its: Referral, *, is_personal: bool = False) -> None:
    system.table.suppress(keys_of(its), Closing.OPTED_OUT, its.receipt, NOW, is_personal=is_personal)


def test_a_queued_referral_becomes_one_message() -> None:
    system = OutreachInMemory()
    done = system.reach(referral(email="maria@clinic.example"))
    assert [message.to for message in system.mailer.sent] == ["maria@clinic.example"]
    assert (done.stage, done.milestones["sent"]) == (Stage.SENT, NOW)


def test_a_second_referral_for_the_same_doctor_joins_the_first() -> None:
    system = OutreachInMemory()
    first = system.reach(referral(email="maria@clinic.example"))
    second = system.reach(referral(email="Maria+again@clinic.example"))
    assert len(system.mailer.sent) == 1
    assert (second.reason, second.leader) == (Closing.JOINED, first.receipt)


def test_a_joined_referral_replaces_a_leader_that_closed_without_sending() -> None:
    system = OutreachInMemory(mailer=FakeMailer(fails=Unclear("ReadTimeoutError")))
    leader = system.reach(referral())
    follower = system.reach(referral())
    assert (follower.stage, follower.reason, follower.leader) == (Stage.WAITING, "joined", leader.receipt)
    assert follower.due_at is not None
    assert leader.due_at is not None
    assert follower.due_at > leader.due_at
    system.mailer.fails = None
    system.table.release(claim_of(leader), close(Closing.REJECTED))
    system.table.move(follower, decisions.queue(NOW))
    system.outreach.handle(system.table.referrals[follower.receipt])
    assert system.table.referrals[follower.receipt].stage is Stage.SENT


def test_a_doctor_who_opted_out_is_never_mailed() -> None:
    system = OutreachInMemory()
    opt_out(system, referral())
    assert system.reach(referral()).reason == Closing.OPTED_OUT
    assert system.mailer.sent == []


def test_an_opt_out_between_claim_and_send_still_stops_the_message() -> None:
    @dataclass
    class OptsOutLate(FakeTable):
        def claim(self, claim, message, **_):  # type: ignore[no-untyped-def]
            super().claim(claim, message, **_)
            self.suppress(claim.keys, Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW)

    system = OutreachInMemory(table=OptsOutLate())
    assert system.reach(referral()).reason == Closing.OPTED_OUT
    assert system.mailer.sent == []


def test_a_deferred_message_is_retried_later_and_delays_no_others() -> None:
    system = OutreachInMemory(mailer=FakeMailer(fails=Deferred("TooManyRequestsException")))
    waiting = system.reach(referral())
    assert (waiting.stage, waiting.reason) == (Stage.WAITING, "TooManyRequestsException")
    assert waiting.due_at is not None
    assert waiting.due_at > NOW
    assert system.table.claimed == {}


def test_a_message_with_a_long_wait_stays_in_the_table_and_claims_no_doctor() -> None:
    system = OutreachInMemory(turns=FakeThrottle(Wait(NOW + timedelta(hours=1), Reason.DAILY_QUOTA)))
    waiting = system.reach(referral())
    assert (waiting.stage, waiting.reason, waiting.due_at) == (Stage.WAITING, "daily_quota", NOW + timedelta(hours=1))
    assert system.table.claimed == {}
    assert system.mailer.sent == []


def test_a_refused_message_closes_the_referral_and_releases_the_doctor() -> None:
    system = OutreachInMemory(mailer=FakeMailer(fails=Refused("MessageRejected")))
    assert system.reach(referral()).reason == Closing.REJECTED
    assert system.table.claimed == {}


def test_an_unclear_response_keeps_the_claim_so_that_no_message_is_sent_twice() -> None:
    system = OutreachInMemory(mailer=FakeMailer(fails=Unclear("ReadTimeoutError")))
    assert system.reach(referral()).stage is Stage.SENDING
    system.mailer.fails = None
    assert system.reach(referral()).stage is Stage.WAITING
    assert system.mailer.sent == []


def test_a_message_that_cannot_be_rendered_claims_no_doctor() -> None:
    class Broken(FakeMessageComposer):
        def compose(self, *_: object) -> Message:
            raise KeyError

    system = OutreachInMemory()
    system.table.add(queued := referral())
    with pytest.raises(KeyError):
        replace(system.outreach, composer=Broken()).handle(queued)
    assert system.table.claimed == {}


def test_a_referral_of_a_removed_campaign_is_held_for_a_person() -> None:
    held = OutreachInMemory().reach(replace(referral(), campaign="gone"))
    assert (held.stage, held.reason) == (Stage.HELD, "campaign_unknown")


def test_a_suspicious_referral_is_held_and_not_mailed() -> None:
    system = OutreachInMemory()
    held = system.reach(referral(email="dr@trash.example"))
    assert (held.stage, held.reason) == (Stage.HELD, "disposable_domain")
    assert system.mailer.sent == []
    assert system.table.claimed == {}


def test_a_referral_approved_by_a_person_is_mailed() -> None:
    system = OutreachInMemory()
    held = system.reach(referral(email="dr@trash.example"))
    system.table.move(held, decisions.approve(NOW))
    system.outreach.handle(system.table.referrals[held.receipt])
    assert len(system.mailer.sent) == 1


def test_a_doctor_who_opted_out_gets_no_letter() -> None:
    by_phone = referral(email=None, phone="212 555 0123")
    system = OutreachInMemory()
    opt_out(system, by_phone)
    assert system.reach(by_phone).reason == Closing.OPTED_OUT


def test_a_doctor_who_does_not_answer_gets_one_reminder() -> None:
    system = OutreachInMemory()
    sent = system.reach(referral())
    while sent.due_at:
        system.now = sent.due_at
        system.table.move(sent, decisions.decide_due(sent, campaign(), system.now))
        if system.table.referrals[sent.receipt].stage is Stage.QUEUED:
            system.outreach.handle(system.table.referrals[sent.receipt])
        sent = system.table.referrals[sent.receipt]
    assert [message.subject for message in system.mailer.sent] == ["introduction", "reminder_1"]
    assert sent.reason == Closing.EXPIRED


def test_a_fact_recorded_while_queued_does_not_keep_the_referral_queued() -> None:
    system = OutreachInMemory()
    system.table.add(queued := referral())
    system.table.referrals[queued.receipt] = replace(queued, revision=2)
    system.outreach.handle(queued)
    assert system.table.referrals[queued.receipt].stage is Stage.SENT


def test_unapproved_content_is_not_sent_and_the_referral_waits() -> None:
    class Unread(FakeMessageComposer):
        def compose(self, *_: object) -> Message:
            raise Unapproved

    system = OutreachInMemory()
    system.table.add(queued := referral())
    replace(system.outreach, composer=Unread()).handle(queued)
    waiting = system.table.referrals[queued.receipt]
    assert (waiting.stage, waiting.reason) == (Stage.WAITING, "not_approved")
    assert system.table.claimed == {}


def test_the_referral_of_a_smoke_test_is_sent_at_once_also_on_a_saturday_night() -> None:
    policy = replace(campaign().policy, grace=timedelta(minutes=10), introduction_in_office_hours=True)
    start = datetime.fromisoformat("2026-11-28T01:16:00-06:00")
    queued = replace(referral(), campaign=campaign_of("lumen"), milestones={"submitted": start})
    system = OutreachInMemory(now=start)
    system.table.add(queued)
    replace(system.outreach, find_campaign=lambda _: replace(campaign(), policy=policy)).handle(queued)
    assert system.table.referrals[queued.receipt].stage is Stage.SENT
    assert len(system.mailer.sent) == 1


@pytest.mark.parametrize(
    ("submitted", "sent"),
    [
        ("2026-11-28T01:16:00-06:00", "2026-11-30T09:00:00-06:00"),  # On a Saturday night.
        ("2026-11-30T10:00:00-06:00", "2026-11-30T10:10:00-06:00"),
        ("2026-11-30T16:55:00-06:00", "2026-12-01T09:00:00-06:00"),
    ],
)
def test_an_introduction_waits_for_the_grace_period_and_office_hours(submitted: str, sent: str) -> None:
    policy = replace(campaign().policy, grace=timedelta(minutes=10), introduction_in_office_hours=True)
    scheduled = replace(campaign(), policy=policy)
    start = datetime.fromisoformat(submitted)
    queued = replace(referral(address={"state": "TX"}), milestones={"submitted": start})
    system = OutreachInMemory(now=start)
    system.table.add(queued)
    outreach = replace(system.outreach, find_campaign=lambda _: scheduled)
    outreach.handle(queued)
    waiting = system.table.referrals[queued.receipt]
    assert (waiting.stage, waiting.reason, waiting.due_at) == (
        Stage.WAITING,
        "scheduled",
        datetime.fromisoformat(sent),
    )
    assert (system.mailer.sent, system.table.claimed) == ([], {})
    system.now = datetime.fromisoformat(sent)
    system.table.move(waiting, decisions.decide_due(waiting, scheduled, system.now))
    outreach.handle(system.table.referrals[queued.receipt])
    assert len(system.mailer.sent) == 1


def test_without_the_schedule_an_introduction_is_sent_at_once() -> None:
    policy = replace(campaign().policy, grace=timedelta(hours=1), introduction_in_office_hours=True)
    system = OutreachInMemory()
    system.table.add(queued := referral())
    outreach = replace(
        system.outreach, find_campaign=lambda _: replace(campaign(), policy=policy), keeps_schedule=False
    )
    outreach.handle(queued)
    assert len(system.mailer.sent) == 1
