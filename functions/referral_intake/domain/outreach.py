"""Reaching one doctor: decide, claim, look once more, write, record.

The order is what keeps a doctor from being written to twice: the claim takes referral and doctor in one transaction
before the mail service is called, and only a clear refusal gives it back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from referral_intake.domain import decision
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.errors import Unavailable
from referral_intake.domain.message import Mailer, Message, NotSent, Refused, Unclear
from referral_intake.domain.pace import Wait
from referral_intake.domain.referral import Closing, Move, Referral, Stage, closed


@dataclass(frozen=True, slots=True)
class Claim:
    """This referral, at this revision, takes this step for its doctor.

    `keys` are the doctor's in the table, `retired_keys` the same ones made with hashing keys no longer in use.
    """

    referral: Referral
    step: str
    keys: tuple[str, ...]
    retired_keys: tuple[str, ...]

    @property
    def claimed(self) -> Referral:
        """The referral as the claim has written it."""
        return replace(self.referral, stage=Stage.SENDING, revision=self.referral.revision + 1)


@dataclass(frozen=True, slots=True)
class Taken:
    """Another referral has or had this doctor for this step."""

    leader: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The doctor is not to be written to."""

    reason: Closing


class Stale(Exception):
    """The referral has changed since it was read: whoever changed it sees to it."""


class Referrals(Protocol):
    def get(self, receipt: str, *, consistent: bool) -> Referral | None: ...

    def move(self, referral: Referral, move: Move) -> None:
        """Changes the stage; raises Stale."""

    def record_sent(self, claim: Claim, message: Message, message_id: str, now: datetime, move: Move) -> None:
        """Notes the message. A referral that was closed meanwhile stays closed and has the milestone all the same."""


class Claims(Protocol):
    def claim(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """Takes referral and doctor in one transaction, or says who or what stands against it; raises Stale."""

    def suppression(self, claim: Claim) -> Suppressed | None:
        """Whether the doctor may not be written to, by a consistent read now."""

    def release(self, claim: Claim, move: Move) -> None:
        """Gives the doctor back, unwritten to, and moves the referral, in one transaction."""


class Turns(Protocol):
    def take(self, campaign: Campaign, address: str) -> Wait | None:
        """Waits until a message may go there and returns None; or says that it must wait longer than a run should."""


class Messages(Protocol):
    def compose(self, referral: Referral, campaign: Campaign, claim: Claim) -> Message: ...


class DoctorKeys(Protocol):
    def of(self, referral: Referral) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The doctor's keys in the table: those written now, and those of retired hashing keys."""


@dataclass(frozen=True, slots=True)
class Outreach:
    """Everything outreach talks to. `now` is the clock."""

    referrals: Referrals
    claims: Claims
    turns: Turns
    messages: Messages
    mailer: Mailer
    doctor_keys: DoctorKeys
    campaign_named: Callable[[str], Campaign | None]
    now: Callable[[], datetime]

    def reach(self, referral: Referral) -> str:
        """Does what is due for a queued referral; returns what became of it, in one word for the log."""
        campaign = self.campaign_named(referral.campaign)
        if campaign is None:
            return self._move(referral, decision.without_campaign(self.now()))
        decided = decision.for_queued(referral, campaign, self.now())
        if isinstance(decided, Move):
            return self._move(referral, decided)
        return self._write(referral, campaign, decided.step)

    def _move(self, referral: Referral, move: Move) -> str:
        self.referrals.move(referral, move)
        return move.reason or move.stage.value

    def _write(self, referral: Referral, campaign: Campaign, step: str) -> str:
        keys, retired_keys = self.doctor_keys.of(referral)
        claim = Claim(referral, step, keys, retired_keys)
        # Before the claim: a template that can't be rendered must hold nobody up.
        message = self.messages.compose(referral, campaign, claim)
        # Before the claim too: what must wait for its turn waits in the table, and holds neither doctor nor stream up.
        if wait := self.turns.take(campaign, message.to):
            return self._move(referral, decision.wait(wait.reason, wait.until))
        match self.claims.claim(claim, now=self.now(), cooldown=campaign.policy.cooldown):
            case Taken(leader):
                found = self.referrals.get(leader, consistent=True)
                return self._move(referral, decision.for_taken(leader, found, self.now()))
            case Suppressed(reason):
                return self._move(referral, closed(reason))
            case None:
                return self._send(claim, campaign, message)

    def _send(self, claim: Claim, campaign: Campaign, message: Message) -> str:
        # An opt-out that was recorded since the claim still counts: nothing may stand between this read and the call.
        try:
            suppressed = self.claims.suppression(claim)
        except Unavailable:
            # Nothing was sent, so nobody needs to look: the doctor is given back.
            return self._not_sent(claim, self._later("last_look_failed"), "last_look_failed")
        if suppressed:
            return self._not_sent(claim, closed(suppressed.reason), suppressed.reason.value)
        try:
            message_id = self.mailer.send(message)
        except NotSent as error:
            refusal = error
        except Unclear:
            # The claim stays: the doctor may have the message. `wake` finds the lease that ran out.
            return "send_unclear"
        else:
            return self._sent(claim, campaign, message, message_id)
        # Outside of the `except`: an error from here must not carry that of SES, which can quote the address.
        move = closed(Closing.REJECTED) if isinstance(refusal, Refused) else self._later(refusal.reason)
        return self._not_sent(claim, move, refusal.reason)

    def _not_sent(self, claim: Claim, move: Move, outcome: str) -> str:
        self.claims.release(claim, move)
        return outcome

    def _later(self, reason: str) -> Move:
        return decision.wait(reason, self.now() + decision.RETRY_AFTER)

    def _sent(self, claim: Claim, campaign: Campaign, message: Message, message_id: str) -> str:
        now = self.now()
        move = decision.after_sending(claim.referral, campaign, now)
        self.referrals.record_sent(claim, message, message_id, now, move)
        return "sent"
