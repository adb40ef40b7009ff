"""A referral: one submission that names one doctor, and the progress of its outreach."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from referral_intake.core import smoke_test, typed_codes
from referral_intake.core.callback import Callback
from referral_intake.core.doctor import Doctor
from referral_intake.core.engagement import Engagement
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.steps import DeliveryStatuses
from referral_intake.core.submission import Submission

# Longer than the timeout of `outreach`. A test checks this against the template.
LEASE = timedelta(minutes=15)
# How long a queued referral may wait for `outreach` before `wake` handles it.
QUEUED_TIMEOUT = timedelta(minutes=15)

RECEIPT_GROUPS = 4


class Stage(StrEnum):
    """The stage of a referral. It determines the next step."""

    HELD = "held"
    QUEUED = "queued"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    BY_POST = "by_post"
    CLOSED = "closed"


class Answer(StrEnum):
    """The answers that a doctor can choose."""

    INFORMATION = "information"
    CALL = "call"
    NO = "no"


class ContactChannel(StrEnum):
    """How a person told the doctor."""

    LETTER = "letter"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class UserAction:
    """A user's action on a referral, which had `revision` then. `note` is the action's result or reason, as a code."""

    at: datetime
    by: str
    what: str
    revision: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """`milestones` has the earliest time of each fact. `reason` says why the referral waits, is held or was closed.

    `content` is a digest of the submission. `source` is a keyed hash of the submitter's network address, and `network`
    of the network that it belongs to. `group` is the group with which a held referral is listed, if any. `leader` is
    the receipt of the referral that has claimed the doctor, or through which the doctor opted out or complained.
    `failed_attempts` counts consecutive failures to send.
    `is_vetted` says that a person approved the referral. `answer` is the doctor's latest answer. `callback` has the
    details of a call that the doctor asks for. `contact_channel` is set if a person told the doctor by letter or phone;
    then no email follows. `user_actions` are in order of time. `waits_since` is when the referral began to wait for a
    person, if it does.
    """

    receipt: str
    content: str
    campaign: str
    locale: str
    submitted_by: str
    doctor: Doctor
    stage: Stage
    milestones: dict[str, datetime] = field(default_factory=dict)
    revision: int = 1
    due_at: datetime | None = None
    reason: str | None = None
    leader: str | None = None
    engagements: frozenset[Engagement] = frozenset()
    messages: DeliveryStatuses = field(default_factory=dict)
    source: str | None = None
    network: str | None = None
    group: str | None = None
    failed_attempts: int = 0
    is_vetted: bool = False
    answer: Answer | None = None
    stored_closed_at: datetime | None = None
    contact_channel: ContactChannel | None = None
    user_actions: tuple[UserAction, ...] = ()
    waits_since: datetime | None = None
    callback: Callback | None = None

    @property
    def submitted_at(self) -> datetime:
        return self.milestones[Milestone.SUBMITTED]

    @property
    def is_test(self) -> bool:
        return smoke_test.is_test(self.campaign)

    @property
    def may_have_been_sent(self) -> bool:
        """Whether the doctor was told, or may have been: the response about a message can be lost."""
        is_unclear = self.stage is Stage.SENDING or self.reason in {Reason.SEND_UNCLEAR, Reason.RESTORED}
        return bool(is_unclear or self.messages or Milestone.SENT in self.milestones)

    @property
    def closed_at(self) -> datetime | None:
        """When the referral was closed for its reason, or None while it is open."""
        if self.stage is not Stage.CLOSED:
            return None
        latest = max(self.milestones.values())  # For referrals closed before `stored_closed_at` existed.
        return self.milestones.get(self.reason or "") or self.stored_closed_at or latest


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of stage. `due_at` is set for every open stage, and unset for `closed`.

    `failed_attempts` is 0 unless sending failed. `by_a_person` says that a person approved the referral.
    `closed_at` is for reasons without a milestone of the same name. `group` is the group of a held referral.
    """

    stage: Stage
    due_at: datetime | None = None
    reason: str | None = None
    leader: str | None = None
    failed_attempts: int = 0
    by_a_person: bool = False
    closed_at: datetime | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if (self.stage is Stage.CLOSED) != (self.due_at is None):
            raise ValueError(f"{self.stage} with due_at {self.due_at}")


def close(reason: Closing, leader: str | None = None, *, at: datetime | None = None) -> Transition:
    """Return the transition that closes the referral.

    `at` is the time. Leave it out if the same write sets a milestone named like the reason.
    """
    return Transition(Stage.CLOSED, reason=reason.value, leader=leader, closed_at=at)


def receipt_for(submission_id: uuid.UUID) -> str:
    """Return the receipt of a submission, for instance `K3QF-7ZTA-MM2X-PE5R`: 80 bits that others cannot guess.

    It is derived from the browser's submission id, so a repeated submission has the same receipt. It is also the key
    under which the referral is stored.
    """
    return typed_codes.encode(hashlib.sha256(submission_id.bytes).digest(), RECEIPT_GROUPS)


def parse_receipt(typed: str) -> str | None:
    """Return the receipt that a person typed, in its normal form, or None if it can't be one.

    The link to the status page counts as its receipt.
    """
    last_part = typed.strip().partition("?")[0].rstrip("/").rpartition("/")[2]
    receipt = typed_codes.normalized(last_part)
    return receipt if typed_codes.has_groups(receipt, RECEIPT_GROUPS) else None


def new_referral(
    submission: Submission, now: datetime, source: str | None = None, network: str | None = None
) -> Referral:
    return Referral(
        receipt=receipt_for(submission.submission_id),
        content=submission.content,
        campaign=submission.campaign,
        locale=submission.locale,
        submitted_by=submission.submitted_by,
        doctor=submission.doctor,
        stage=Stage.QUEUED,
        milestones={Milestone.SUBMITTED: now},
        due_at=now + QUEUED_TIMEOUT,
        source=source,
        network=network,
    )
