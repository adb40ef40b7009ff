"""The schedule moves due referrals, and no others."""

from dataclasses import replace
from datetime import datetime, timedelta

from referral_intake.core.errors import Stale
from referral_intake.core.referral import Referral, Stage, Transition
from referral_intake.wake.due_referrals import move_due_referrals
from referral_intake.wake.wiring import WakeParts
from tests.support.fakes import FakeTable
from tests.support.samples import CAMPAIGNS, NOW, referral


def waiting(minutes: int) -> Referral:
    return replace(referral(), stage=Stage.WAITING, due_at=NOW + timedelta(minutes=minutes))


def test_due_referrals_are_queued_and_others_stay() -> None:
    table = FakeTable()
    due, later = waiting(-1), waiting(1)
    table.add(due)
    table.add(later)
    assert move_due_referrals(WakeParts(table, CAMPAIGNS), NOW) == {"lumen": 1, "relay": 0}
    assert table.referrals[due.receipt].stage is Stage.QUEUED
    assert table.referrals[later.receipt].stage is Stage.WAITING


def test_a_stale_index_entry_moves_nothing() -> None:
    class Lagging(FakeTable):
        def due(self, *_: object) -> list[str]:
            return [*self.referrals, "AAAA-AAAA-AAAA-AAAA"]

    table = Lagging()
    table.add(waiting(5))
    assert move_due_referrals(WakeParts(table, CAMPAIGNS), NOW) == {"lumen": 0, "relay": 0}


def test_a_referral_that_was_changed_meanwhile_is_not_moved() -> None:
    class Contested(FakeTable):
        def move(self, referral: Referral, move: Transition, now: datetime | None = None) -> None:
            raise Stale

    table = Contested()
    table.add(waiting(-1))
    assert move_due_referrals(WakeParts(table, CAMPAIGNS), NOW) == {"lumen": 0, "relay": 0}
