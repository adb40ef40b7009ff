"""Interfaces of the table of referrals. `aws.referral_table` implements them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from referral_intake.core.callback import Callback
from referral_intake.core.campaign import Campaign
from referral_intake.core.mail_events import Effect
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Transition


class Referrals(Protocol):
    """Every method raises Unavailable when the table does not answer."""

    def add(self, referral: Referral) -> Referral | None:
        """Store a new referral. Return the one that is already stored under its receipt, if any."""

    def get(self, receipt: str, *, consistent: bool) -> Referral | None:
        """Return the referral with this receipt, if any."""

    def due(self, campaign: str, now: datetime, limit: int) -> list[str]:
        """Return receipts of open referrals whose `due_at` has passed, earliest first, at most `limit`."""

    def move(self, referral: Referral, move: Transition, now: datetime | None = None) -> None:
        """Change the stage. Raise Stale if the referral has changed since it was read."""

    def apply(self, referral: Referral, effect: Effect, at: datetime) -> None:
        """Write the effect of a mail event at this time. Raise Stale if the referral has changed since it was read."""

    def close(self, receipt: str, closing: Closing, now: datetime) -> None:
        """Close the referral for this reason, unless a higher one already closed it."""

    def answer(
        self,
        receipt: str,
        answer: Answer,
        now: datetime,
        callback: Callback | None = None,
        campaign: Campaign | None = None,
    ) -> Referral | None:
        """Record the doctor's answer and the details of the call, if any. Return the referral after that, if any."""

    def withdraw(self, receipt: str, now: datetime) -> Referral | None:
        """Record the withdrawal, and close the referral if nothing was sent. Return its current state, if it exists."""

    def set_milestone(self, receipt: str, milestone: str, now: datetime) -> None:
        """Set a milestone, unless it is set."""

    def record_feedback(self, sent_at: datetime) -> None:
        """Record that SES has reported on a message sent at this time."""

    def latest_feedback(self) -> datetime | None:
        """Return when the latest message was sent that SES has reported on."""


class Suppressions(Protocol):
    """Stop or allow messages to a doctor. `aws.claims` implements it."""

    def suppress(
        self,
        keys: Sequence[str],
        fact: Closing,
        receipt: str,
        now: datetime,
        campaign: str | None = None,
        *,
        is_personal: bool = False,
    ) -> None:
        """Stop messages to the doctor with these keys: of one campaign, or of all. Raise NoIdentifier without keys.

        `receipt` is the referral through which the fact came. `is_personal` says that it came by a printed letter or at
        the doctor's word. Emails check the fact before they are sent. Letters and calls that wait for a person are
        queued, so that `outreach` checks them now.
        """

    def opt_outs(self, keys: Sequence[str]) -> set[OptOut]:
        """Return the complaints and opt-outs that forbid messages to the doctor with these keys."""

    def undo_opt_out(self, keys: Sequence[str], opt_out: OptOut, now: datetime) -> None:
        """Undo this opt-out. Raise NothingToTakeBack if it is not the only one in effect."""
