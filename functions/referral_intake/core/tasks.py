"""Tasks: what a person has to do for a referral, derived from its state on every write of its stage or answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage, Transition
from referral_intake.core.steps import INFORMATION, last_failure

DELIVERY_UNKNOWN = frozenset({Reason.SEND_UNCLEAR, Reason.RESTORED, Reason.BOUNCE_UNDETERMINED})
"""It is unknown whether the doctor got the message. To send it again, a person must confirm it explicitly."""
FAILED = frozenset({Reason.RETRIES_EXHAUSTED, Reason.CAMPAIGN_UNKNOWN, Reason.CONTENT_REFUSED, *DELIVERY_UNKNOWN})
"""Reasons to hold a referral after a failure, not because it looks suspicious."""

DOCTOR_COMPARISONS = frozenset({Reason.SHARED_MAILBOX, Reason.POSSIBLY_SAME_DOCTOR, Reason.MAY_HAVE_OPTED_OUT})
"""Reasons to hold a referral until a person compares its doctor with the doctor of another referral."""


class TaskKind(StrEnum):
    """The work for a person.

    Judge a held referral, repair a failed one, print a letter or call, call back, send information.
    """

    HELD = "held"
    FAILED = "failed"
    BY_POST = "by_post"
    CALL = "call"
    INFORMATION = "information"


def can_be_posted(referral: Referral) -> bool:
    """Whether a letter can be sent: the referral waits for a letter or a call, and the postal address is complete."""
    return referral.stage is Stage.BY_POST and referral.doctor.address.is_whole


_REQUESTED = {
    Answer.CALL: (TaskKind.CALL, Milestone.CALLED_BACK),
    Answer.INFORMATION: (TaskKind.INFORMATION, Milestone.INFORMATION_SENT),
}
"""The task that an answer starts, and the milestone that completes it."""


def task_kind(referral: Referral) -> TaskKind | None:
    """Return the kind of the referral's current task, or None."""
    match referral.stage:
        case Stage.HELD:
            return TaskKind.FAILED if referral.reason in FAILED else TaskKind.HELD
        case Stage.BY_POST:
            return TaskKind.BY_POST
        case Stage.CLOSED if referral.reason == Closing.ANSWERED and referral.answer in _REQUESTED:
            kind, completed = _REQUESTED[referral.answer]
            return None if completed in referral.milestones and not _has_information_failed(referral) else kind
        case _:
            return None


def _has_information_failed(referral: Referral) -> bool:
    failed = last_failure(referral.messages)
    return referral.answer is Answer.INFORMATION and failed is not None and failed[0] == INFORMATION


def after_write(
    referral: Referral, move: Transition | None, facts: Mapping[str, datetime], answer: Answer | None
) -> Referral:
    """Return the referral after a write of these values, with the attributes on which its task depends."""
    changed = replace(
        referral, milestones={**facts, **referral.milestones}, answer=answer or referral.answer, waits_since=None
    )
    if move:
        changed = replace(changed, stage=move.stage, reason=move.reason, due_at=move.due_at, group=move.group)
    kind = task_kind(changed)
    if kind and kind is task_kind(referral):
        return replace(changed, waits_since=referral.waits_since)
    return replace(changed, waits_since=_waiting_since(changed, facts))


def waiting_since(referral: Referral) -> datetime | None:
    """Return since when a referral waits for a person, or None."""
    return referral.waits_since or _waiting_since(referral, {})


def _waiting_since(referral: Referral, facts: Mapping[str, datetime]) -> datetime | None:
    match task_kind(referral):
        case None:
            return None
        case TaskKind.CALL | TaskKind.INFORMATION:
            # Use the time of the last answer: an earlier one may have asked for something else.
            answered = Closing.ANSWERED.value
            return facts.get(answered) or referral.milestones[answered]
        case _:
            # The first review is due REVIEW_EVERY after the wait began.
            return referral.due_at - REVIEW_INTERVAL if referral.due_at else None
