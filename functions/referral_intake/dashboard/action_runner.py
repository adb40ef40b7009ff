"""Run a user's action if the referral has not changed since the user saw it.

If several users act at the same time, exactly one succeeds. The others learn who it was.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from referral_intake.core import decisions
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim, DoctorKeys, Suppressed, Taken
from referral_intake.core.errors import Conflict, Stale
from referral_intake.core.referral import Act, Move, Referral, closed
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.users import Person
from referral_intake.dashboard import actions
from referral_intake.dashboard.actions import Change, Order

# A few tries are enough, because other writes take milliseconds.
MOST_TRIES = 5


class Changed(Exception):
    """The referral has changed since the user saw it. `by` is the last action of a user since then, if any."""

    def __init__(self, referral: Referral, by: Act | None) -> None:
        super().__init__(referral.receipt)
        self.referral = referral
        self.by = by


class TooLate(Exception):
    """The doctor was told another way, or opted out, before this letter or call was recorded. See `act.note`."""

    def __init__(self, referral: Referral, act: Act) -> None:
        super().__init__(referral.receipt)
        self.referral = referral
        self.act = act


class Referrals(Protocol):
    def get(self, receipt: str, *, consistent: bool) -> Referral | None: ...


class ActionWriter(Protocol):
    """Write a change together with its audit record, or neither. Raise Stale, Conflict, Unavailable.

    `action_table.ActionTable` implements it.
    """

    def write(self, referral: Referral, change: Change, by: Person) -> None: ...

    def tell(
        self, claim: Claim, change: Change, by: Person, *, now: datetime, cooldown: timedelta
    ) -> Taken | Suppressed | None:
        """Also claim the doctor for the step. If something forbids that, write nothing and return it."""


@dataclass(frozen=True, slots=True)
class ActionRunner:
    """Runs the actions of users."""

    referrals: Referrals
    action_table: ActionWriter
    doctor_keys: DoctorKeys
    find_campaign: Callable[[str], Campaign | None]

    def carry_out(self, order: Order, now: datetime) -> Referral | None:
        """Return the referral after the action, or None if it does not exist. Do not repeat a completed action.

        Raise Invalid, Changed, TooLate, Unavailable.
        """
        for _ in range(MOST_TRIES):
            referral = self.referrals.get(order.receipt, consistent=True)
            if referral is None or _is_done(order, referral):
                return referral
            # Another request was faster, or the answer was lost. The next read shows which.
            with suppress(Stale, Conflict):
                self._carry_out(order, referral, now)
        raise Conflict

    def _carry_out(self, order: Order, referral: Referral, now: datetime) -> None:
        campaign = self.find_campaign(referral.campaign)
        change = actions.change(order, referral, campaign, now)
        if change.told_by and campaign:
            claim = Claim(referral, INTRODUCTION, *self.doctor_keys.of(referral))
            obstacle = self.action_table.tell(claim, change, order.by, now=now, cooldown=campaign.policy.cooldown)
            if obstacle is None:
                return
            change = actions.too_late(change, self._instead(obstacle, now))
        self.action_table.write(referral, change, order.by)

    def _instead(self, obstacle: Taken | Suppressed, now: datetime) -> Move:
        if isinstance(obstacle, Suppressed):
            return closed(obstacle.reason, at=now)
        return decisions.for_taken(obstacle.leader, self.referrals.get(obstacle.leader, consistent=True), now)


def _is_done(order: Order, referral: Referral) -> bool:
    """Whether the action was completed before. Raise TooLate, or Changed if another action was."""
    act = actions.done_already(order, referral)
    if act and act.what in actions.WAYS and act.note:
        raise TooLate(referral, act)
    if act is None and referral.revision != order.revision:
        raise Changed(referral, actions.done_since(order, referral))
    return act is not None
