"""Send a message to one doctor: decide, claim, check for an opt-out again, send, record.

This order prevents a second message to the doctor: the claim reserves the referral and the doctor in one transaction
before the mail service is called. The claim is released only if it is certain that no message was sent.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from referral_intake.core import decisions, obstacles
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import AlreadyClaimed, Claim, DoctorKeys, MailboxSuppressed, Obstacle
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.core.message import Mailer, Message, NotSent, Refused, Unapproved, Unclear
from referral_intake.core.ports import Referrals
from referral_intake.core.quota import Wait
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage, Transition, close
from referral_intake.core.steps import INFORMATION, INTRODUCTION, SendAttempt
from referral_intake.outreach.screening import ScreeningCounts, suspicion


class OutcomeKind(Enum):
    """The kind of result of handling a queued referral."""

    SENT = auto()
    UNCLEAR = auto()
    REFUSED = auto()
    RETRY_LATER = auto()
    MOVED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of handling a queued referral. `reason` is a code."""

    kind: OutcomeKind
    reason: str


class Claims(Protocol):
    """Raises Stale, Unavailable. `aws.claims` implements it."""

    def claim(
        self, claim: Claim, message: Message, *, now: datetime, cooldown: timedelta, overruled: Collection[str] = ()
    ) -> Obstacle | None:
        """Claim the referral and the doctor and store the message in one transaction, or return the obstacle."""

    def reserve(
        self, claim: Claim, move: Transition, *, now: datetime, cooldown: timedelta, overruled: Collection[str] = ()
    ) -> Obstacle | None:
        """Claim the doctor for a letter or a call, and move the referral, or return the obstacle."""

    def last_check(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Obstacle | None:
        """Return what forbids this message after it was claimed, if anything. The read is consistent."""

    def release(self, claim: Claim, move: Transition) -> None:
        """Release the doctor, who got no message, and move the referral, in one transaction."""


class Throttle(Protocol):
    def acquire(self, campaign: Campaign, address: str) -> Wait | None:
        """Wait until a message may be sent to this address. If that takes too long for one run, return a Wait."""


class MessageComposer(Protocol):
    def compose(self, referral: Referral, campaign: Campaign, claim: Claim) -> Message:
        """Return the message. Raise Unapproved."""


@dataclass(frozen=True, slots=True)
class Outreach:
    """Handles queued referrals. `now` is the clock. Without `keeps_schedule`, introductions are sent at any time."""

    referrals: Referrals
    claims: Claims
    throttle: Throttle
    composer: MessageComposer
    mailer: Mailer
    doctor_keys: DoctorKeys
    screening_counts: ScreeningCounts
    find_campaign: Callable[[str], Campaign | None]
    now: Callable[[], datetime]
    keeps_schedule: bool = True

    def handle(self, referral: Referral) -> Outcome:
        """Handle a queued referral: send its next step, or move it to another stage. Return the result.

        Raise Stale if the referral is no longer queued.
        """
        while True:
            try:
                return self._handle(referral)
            except Stale:
                referral = self._still_queued(referral)

    def _still_queued(self, referral: Referral) -> Referral:
        """Read the referral again: another request may have added a fact to it, which triggers no stream record."""
        found = self.referrals.get(referral.receipt, consistent=True)
        if found is None or found.stage is not Stage.QUEUED or found.revision == referral.revision:
            raise Stale
        return found

    def _handle(self, referral: Referral) -> Outcome:
        campaign = self.find_campaign(referral.campaign)
        if campaign is None:
            return self._move(referral, decisions.hold_without_campaign(self.now()))
        decided = decisions.decide_queued(referral, campaign, self.now())
        if isinstance(decided, Transition) and decided.stage is not Stage.BY_POST:
            return self._move(referral, decided)
        keys, retired_keys = self.doctor_keys.of(referral)
        if found := suspicion(referral, keys, campaign, self.screening_counts):
            return self._move(referral, decisions.hold(found.reason, self.now(), group=found.group))
        if isinstance(decided, Transition):
            return self._by_post(Claim(referral, INTRODUCTION, keys, retired_keys), decided, campaign)
        is_introduction = decided.step == INTRODUCTION and self.keeps_schedule
        if is_introduction and (wait := decisions.introduction_wait(referral, campaign, self.now())):
            return self._move(referral, wait)
        return self._send_step(Claim(referral, decided.step, keys, retired_keys), campaign)

    def _by_post(self, claim: Claim, move: Transition, campaign: Campaign) -> Outcome:
        # An opt-out also applies to letters and calls, and a doctor gets one of them once.
        obstacle = self._unless_overruled(
            claim,
            lambda overruled: self.claims.reserve(
                claim, move, now=self.now(), cooldown=campaign.policy.cooldown, overruled=overruled
            ),
        )
        if obstacle is None:
            return Outcome(OutcomeKind.MOVED, move.reason or move.stage.value)
        return self._move(claim.referral, self._after(obstacle, claim.referral))

    def _unless_overruled(self, claim: Claim, attempt: Callable[[Collection[str]], Obstacle | None]) -> Obstacle | None:
        """Try to claim, also instead of leaders that did not tell the doctor. Return the obstacle that remains."""
        overruled: set[str] = set()
        while isinstance(obstacle := attempt(overruled), AlreadyClaimed) and obstacle.leader not in overruled:
            leader = self._find(obstacle.leader)
            if not obstacles.may_take_over(claim.referral, obstacle, leader):
                return obstacle
            overruled.add(obstacle.leader)
        return obstacle

    def _after(self, obstacle: Obstacle, referral: Referral) -> Transition:
        return obstacles.after_obstacle(obstacle, referral, self._find, self.now())

    def _find(self, receipt: str) -> Referral | None:
        return self.referrals.get(receipt, consistent=True)

    def _move(self, referral: Referral, move: Transition) -> Outcome:
        self.referrals.move(referral, move, self.now())
        return Outcome(OutcomeKind.MOVED, move.reason or move.stage.value)

    def _send_step(self, claim: Claim, campaign: Campaign) -> Outcome:
        referral = claim.referral
        # Before the claim, so that a template that fails to render does not block the doctor.
        try:
            message = self.composer.compose(referral, campaign, claim)
        except Unapproved:
            return self._move(referral, decisions.wait_for_approval(self.now()))
        # Also before the claim: a message that must wait, waits in the table, so it blocks neither the doctor nor the
        # stream.
        if wait := self.throttle.acquire(campaign, message.to):
            return self._move(referral, decisions.wait(wait.reason, wait.until))
        # The doctor asked for the information through this referral, so another one's claim does not count. Nor does an
        # earlier test's: all tests name the same mailbox.
        repeats = claim.step == INFORMATION or referral.is_test
        cooldown = timedelta() if repeats else campaign.policy.cooldown
        obstacle = self._unless_overruled(
            claim,
            lambda overruled: self.claims.claim(claim, message, now=self.now(), cooldown=cooldown, overruled=overruled),
        )
        if isinstance(obstacle, MailboxSuppressed):
            return self._mailbox_suppressed(claim, obstacle.reason, campaign)
        if obstacle:
            return self._move(referral, self._after(obstacle, claim.referral))
        return self._send(claim, campaign, message)

    def _mailbox_suppressed(self, claim: Claim, reason: Reason, campaign: Campaign) -> Outcome:
        if claim.step == INFORMATION:
            return self._move(claim.referral, close(Closing.ANSWERED))  # Then it is a task for a person.
        move = decisions.mailbox_unusable(claim.referral, reason, self.now())
        if move.stage is Stage.BY_POST:
            return self._by_post(claim, move, campaign)
        return self._move(claim.referral, move)

    def _send(self, claim: Claim, campaign: Campaign, message: Message) -> Outcome:
        # An opt-out recorded since the claim still counts, so nothing may come between this read and the call.
        try:
            obstacle = self.claims.last_check(claim, now=self.now(), cooldown=campaign.policy.cooldown)
        except Unavailable:
            # Nothing was sent, so no person needs to review it. The doctor is released.
            return self._retry_later(claim, Reason.OPT_OUT_CHECK_FAILED)
        if obstacle:
            move = self._after(obstacle, claim.referral)
            return self._not_sent(claim, move, Outcome(OutcomeKind.MOVED, move.reason or move.stage.value))
        try:
            message_id = self.mailer.send(message)
        except NotSent as error:
            refusal = error
        except Unclear:
            # The claim stays, because the doctor may have the message. `wake` finds the expired lease.
            return Outcome(OutcomeKind.UNCLEAR, Reason.SEND_UNCLEAR)
        else:
            return self._sent(claim, campaign, message, message_id)
        # Outside the `except` block, so that an error here does not chain the error of SES, which can quote the
        # address.
        if isinstance(refusal, Refused):
            move = decisions.after_refusal(claim.referral, campaign, self.now())
            return self._not_sent(claim, move, Outcome(OutcomeKind.REFUSED, refusal.reason))
        return self._retry_later(claim, refusal.reason)

    def _not_sent(self, claim: Claim, move: Transition, outcome: Outcome) -> Outcome:
        self.claims.release(claim, move)
        return outcome

    def _retry_later(self, claim: Claim, reason: str) -> Outcome:
        move = decisions.retry_later(claim.referral, reason, self.now())
        return self._not_sent(claim, move, Outcome(OutcomeKind.RETRY_LATER, reason))

    def _sent(self, claim: Claim, campaign: Campaign, message: Message, message_id: str) -> Outcome:
        # The mail service's answer counts as the first event of the message. The same event may already have arrived.
        now = self.now()
        attempt = SendAttempt(now, message.version, message.content_hash)
        event = MailEvent(claim.referral.receipt, claim.step, message_id, EventKind.SENT, now, attempt)
        apply_event(event, claim.claimed_referral, campaign, self.referrals)
        return Outcome(OutcomeKind.SENT, "sent")
