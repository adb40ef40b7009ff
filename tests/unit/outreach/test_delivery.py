"""Reaching a doctor: who is written to, and who is not, and never twice."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core import decisions
from referral_intake.core.message import Deferred, Message, Refused, Unapproved, Unclear
from referral_intake.core.quota import Wait
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.outreach.delivery import Outreach
from tests.support.fakes import FakeMailer, FakeMessages, FakeSightings, FakeTable, FakeTurns, ring
from tests.support.samples import NOW, campaign, referral


@dataclass
class House:
    """Outreach with everything outside it in memory."""

    table: FakeTable = field(default_factory=FakeTable)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    turns: FakeTurns = field(default_factory=FakeTurns)
    sightings: FakeSightings = field(default_factory=FakeSightings)
    now: datetime = NOW

    @property
    def outreach(self) -> Outreach:
        known = {"lumen": campaign()}
        hashes = DoctorHashes(ring)
        return Outreach(
            self.table,
            self.table,
            self.turns,
            FakeMessages(),
            self.mailer,
            hashes,
            self.sightings,
            known.get,
            lambda: self.now,
        )

    def reach(self, referral: Referral) -> Referral:
        """What has become of it."""
        self.table.add(referral)
        self.outreach.reach(referral)
        return self.table.referrals[referral.receipt]


def test_a_queued_referral_becomes_one_message() -> None:
    house = House()
    done = house.reach(referral(email="maria@clinic.example"))
    assert [message.to for message in house.mailer.sent] == ["maria@clinic.example"]
    assert (done.stage, done.milestones["sent"]) == (Stage.SENT, NOW)


def test_a_second_referral_for_the_same_doctor_joins_the_first() -> None:
    house = House()
    first = house.reach(referral(email="maria@clinic.example"))
    second = house.reach(referral(email="Maria+again@clinic.example"))
    assert len(house.mailer.sent) == 1
    assert (second.reason, second.leader) == (Closing.JOINED, first.receipt)


def test_a_referral_takes_the_place_of_a_leader_that_closed_without_writing() -> None:
    house = House(mailer=FakeMailer(fails=Unclear("ReadTimeoutError")))
    leader = house.reach(referral())
    follower = house.reach(referral())
    assert (follower.stage, follower.reason, follower.leader) == (Stage.WAITING, "joined", leader.receipt)
    assert follower.due_at is not None
    assert leader.due_at is not None
    assert follower.due_at > leader.due_at
    house.table.told.clear()
    house.mailer.fails = None
    house.table.move(follower, decisions.queue(NOW))
    house.outreach.reach(house.table.referrals[follower.receipt])
    assert house.table.referrals[follower.receipt].stage is Stage.SENT


def test_a_doctor_who_opted_out_is_never_written_to() -> None:
    house = House()
    house.table.suppressed |= dict.fromkeys(DoctorHashes(ring).of(referral())[0], Closing.OPTED_OUT)
    assert house.reach(referral()).reason == Closing.OPTED_OUT
    assert house.mailer.sent == []


def test_an_opt_out_between_claim_and_sending_still_stops_the_message() -> None:
    @dataclass
    class OptsOutLate(FakeTable):
        def claim(self, claim, message, **_):  # type: ignore[no-untyped-def]
            super().claim(claim, message, **_)
            self.suppressed |= dict.fromkeys(claim.keys, Closing.OPTED_OUT)

    house = House(table=OptsOutLate())
    assert house.reach(referral()).reason == Closing.OPTED_OUT
    assert house.mailer.sent == []


def test_a_message_that_is_deferred_is_tried_again_later_and_holds_nobody_up() -> None:
    house = House(mailer=FakeMailer(fails=Deferred("TooManyRequestsException")))
    waiting = house.reach(referral())
    assert (waiting.stage, waiting.reason) == (Stage.WAITING, "TooManyRequestsException")
    assert waiting.due_at is not None
    assert waiting.due_at > NOW
    assert house.table.told == {}


def test_a_message_whose_turn_is_far_away_waits_in_the_table_and_claims_nobody() -> None:
    house = House(turns=FakeTurns(Wait(NOW + timedelta(hours=1), Reason.DAILY_QUOTA)))
    waiting = house.reach(referral())
    assert (waiting.stage, waiting.reason, waiting.due_at) == (Stage.WAITING, "daily_quota", NOW + timedelta(hours=1))
    assert house.table.told == {}
    assert house.mailer.sent == []


def test_a_message_that_is_refused_closes_the_referral_and_gives_the_doctor_back() -> None:
    house = House(mailer=FakeMailer(fails=Refused("MessageRejected")))
    assert house.reach(referral()).reason == Closing.REJECTED
    assert house.table.told == {}


def test_an_unclear_answer_keeps_the_claim_so_that_nobody_writes_again() -> None:
    house = House(mailer=FakeMailer(fails=Unclear("ReadTimeoutError")))
    assert house.reach(referral()).stage is Stage.SENDING
    house.mailer.fails = None
    assert house.reach(referral()).stage is Stage.WAITING
    assert house.mailer.sent == []


def test_a_message_that_cannot_be_composed_claims_nobody() -> None:
    class Broken(FakeMessages):
        def compose(self, *_: object) -> Message:
            raise KeyError

    house = House()
    house.table.add(queued := referral())
    with pytest.raises(KeyError):
        replace(house.outreach, messages=Broken()).reach(queued)
    assert house.table.told == {}


def test_a_referral_of_a_campaign_that_is_gone_is_held_for_a_person() -> None:
    held = House().reach(replace(referral(), campaign="gone"))
    assert (held.stage, held.reason) == (Stage.HELD, "campaign_unknown")


def test_what_looks_odd_is_held_and_nobody_is_written_to() -> None:
    house = House()
    held = house.reach(referral(email="dr@trash.example"))
    assert (held.stage, held.reason) == (Stage.HELD, "disposable_domain")
    assert house.mailer.sent == []
    assert house.table.told == {}


def test_what_a_person_let_through_is_written_to() -> None:
    house = House()
    held = house.reach(referral(email="dr@trash.example"))
    house.table.move(held, decisions.approve(NOW))
    house.outreach.reach(house.table.referrals[held.receipt])
    assert len(house.mailer.sent) == 1


def test_a_letter_to_a_doctor_who_opted_out_is_not_written_either() -> None:
    by_phone = referral(email=None, phone="212 555 0123")
    house = House()
    house.table.suppressed |= dict.fromkeys(DoctorHashes(ring).of(by_phone)[0], Closing.OPTED_OUT)
    assert house.reach(by_phone).reason == Closing.OPTED_OUT


def test_a_doctor_who_does_not_answer_is_reminded_once_and_not_again() -> None:
    house = House()
    sent = house.reach(referral())
    while sent.due_at:
        house.now = sent.due_at
        house.table.move(sent, decisions.when_due(sent, campaign(), house.now))
        if house.table.referrals[sent.receipt].stage is Stage.QUEUED:
            house.outreach.reach(house.table.referrals[sent.receipt])
        sent = house.table.referrals[sent.receipt]
    assert [message.subject for message in house.mailer.sent] == ["introduction", "reminder_1"]
    assert sent.reason == Closing.EXPIRED


def test_a_fact_that_came_in_while_it_was_queued_does_not_leave_it_queued() -> None:
    house = House()
    house.table.add(queued := referral())
    house.table.referrals[queued.receipt] = replace(queued, revision=2)
    house.outreach.reach(queued)
    assert house.table.referrals[queued.receipt].stage is Stage.SENT


def test_wording_that_nobody_approved_waits() -> None:
    class Unread(FakeMessages):
        def compose(self, *_: object) -> Message:
            raise Unapproved

    house = House()
    house.table.add(queued := referral())
    replace(house.outreach, messages=Unread()).reach(queued)
    waiting = house.table.referrals[queued.receipt]
    assert (waiting.stage, waiting.reason) == (Stage.WAITING, "not_approved")
    assert house.table.told == {}
