"""Run a user's action if the referral has not changed since the user saw it.

If several users act at the same time, exactly one succeeds. The errors of the others name that user.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from referral_intake.core import obstacles
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim, DoctorKeys, Obstacle
from referral_intake.core.errors import Conflict, NothingToTakeBack, Stale
from referral_intake.core.referral import Referral, UserAction
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.users import User
from referral_intake.core.validation import FieldError
from referral_intake.dashboard import actions
from referral_intake.dashboard.action_types import CONTACT_CHANNELS, ActionRequest, Invalid, ReferralChange

# A few tries are enough, because other writes take milliseconds.
MAX_ATTEMPTS = 5


class ChangedSinceSeen(Exception):
    """The referral has changed since the user saw it. `by` is the last action of a user since then, if any."""

    def __init__(self, referral: Referral, by: UserAction | None) -> None:
        super().__init__(referral.receipt)
        self.referral = referral
        self.by = by


class TooLate(Exception):
    """An obstacle precedes this letter or call, such as an opt-out. Its reason is `user_action.note`."""

    def __init__(self, referral: Referral, user_action: UserAction) -> None:
        super().__init__(referral.receipt)
        self.referral = referral
        self.user_action = user_action


class Referrals(Protocol):
    """`aws.referral_table` implements it."""

    def get(self, receipt: str, *, consistent: bool) -> Referral | None: ...


class ActionWriter(Protocol):
    """Write a change together with its audit record, or neither. Raise Stale, Conflict, Unavailable.

    `action_table.ActionTable` implements it.
    """

    def write(self, referral: Referral, change: ReferralChange, by: User) -> None: ...

    def write_with_claim(
        self, claim: Claim, change: ReferralChange, by: User, *, now: datetime, cooldown: timedelta
    ) -> Obstacle | None:
        """Also claim the doctor for the step. If there is an obstacle, write nothing and return it."""

    def write_opt_out(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also store the opt-out under all keys of the doctor, and take letters that wait off the list."""

    def write_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also record whether the doctors of the referrals `change.others` are the same doctor."""

    def write_undone_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also remove what a user decided on this referral. Raise NothingToTakeBack."""

    def write_take_back(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also record that the doctor's opt-outs or complaints no longer count. Raise NothingToTakeBack."""


@dataclass(frozen=True, slots=True)
class ActionRunner:
    """Runs the actions of users on referrals."""

    referrals: Referrals
    action_table: ActionWriter
    doctor_keys: DoctorKeys
    find_campaign: Callable[[str], Campaign | None]

    def run(self, request: ActionRequest, now: datetime) -> Referral | None:
        """Return the referral after the action, or None if it does not exist. Do not repeat a completed action.

        Raise Invalid, ChangedSinceSeen, TooLate, Unavailable.
        """
        for _ in range(MAX_ATTEMPTS):
            referral = self.referrals.get(request.receipt, consistent=True)
            if referral is None or _is_done(request, referral):
                return referral
            # Another request changed the referral first, or the response was lost. The next read shows which.
            with suppress(Stale, Conflict):
                self._run(request, referral, now)
        raise Conflict

    def _run(self, request: ActionRequest, referral: Referral, now: datetime) -> None:
        campaign = self.find_campaign(referral.campaign)
        change = actions.change(request, referral, campaign, now)
        if change.contact_channel and campaign:
            claim = Claim(referral, INTRODUCTION, *self.doctor_keys.of(referral))
            obstacle = self.action_table.write_with_claim(
                claim, change, request.by, now=now, cooldown=campaign.policy.cooldown
            )
            if obstacle is None:
                return
            transition = obstacles.after_obstacle(obstacle, referral, self._find, now)
            change = actions.too_late(change, transition)
        elif write := self._write_of_doctor(change):
            claim = Claim(referral, INTRODUCTION, *self.doctor_keys.of(referral))
            try:
                write(claim, change, request.by)
            except NothingToTakeBack as error:
                raise Invalid(FieldError("action", "nothing_to_take_back")) from error
            return
        self.action_table.write(referral, change, request.by)

    def _write_of_doctor(self, change: ReferralChange) -> Callable[[Claim, ReferralChange, User], None] | None:
        """Return how to write a change that also concerns the doctor's records, or None for another change."""
        if change.others:
            return self.action_table.write_comparison
        if change.undoes_comparison:
            return self.action_table.write_undone_comparison
        if change.takes_back:
            return self.action_table.write_take_back
        return self.action_table.write_opt_out if change.opts_out else None

    def _find(self, receipt: str) -> Referral | None:
        return self.referrals.get(receipt, consistent=True)


def _is_done(request: ActionRequest, referral: Referral) -> bool:
    """Whether this action was completed before. Raise TooLate, or ChangedSinceSeen if another action was."""
    user_action = actions.previous_run(request, referral)
    if user_action and user_action.what in CONTACT_CHANNELS and user_action.note:
        raise TooLate(referral, user_action)
    if user_action is None and referral.revision != request.revision:
        raise ChangedSinceSeen(referral, actions.last_action_since(request, referral))
    return user_action is not None
