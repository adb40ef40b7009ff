"""What a referral needs from a person, derived from its state on every write of its stage or answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from referral_intake.core.decisions import REVIEW_EVERY
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Move, Referral, Stage

MAY_HAVE_REACHED = frozenset({Reason.SEND_UNCLEAR, Reason.RESTORED})
"""It is unknown whether the doctor got the message. It is sent again only after a person confirms that twice."""
FAILED = frozenset({Reason.GIVEN_UP, Reason.CAMPAIGN_UNKNOWN, *MAY_HAVE_REACHED})
"""Reasons to hold a referral after a failure, not because it looks suspicious."""


class Kind(StrEnum):
    """The work for a person: judge a held referral, repair a failed one, print a letter or call, call back."""

    HELD = "held"
    FAILED = "failed"
    BY_POST = "by_post"
    CALL = "call"


def waits_for(referral: Referral) -> Kind | None:
    """Return what a person has to do for the referral now, or None."""
    match referral.stage:
        case Stage.HELD:
            return Kind.FAILED if referral.reason in FAILED else Kind.HELD
        case Stage.BY_POST:
            return Kind.BY_POST
        case Stage.CLOSED if wants_a_call(referral):
            return Kind.CALL
        case _:
            return None


def wants_a_call(referral: Referral) -> bool:
    """Whether the doctor asked for a call, nothing stronger followed, and the call has not been made."""
    is_asked = referral.reason == Closing.ANSWERED and referral.answer is Answer.CALL
    return is_asked and Milestone.CALLED_BACK not in referral.milestones


def after(referral: Referral, move: Move | None, facts: Mapping[str, datetime], answer: Answer | None) -> Referral:
    """Return the referral after a write of these values, as far as the work for a person depends on it."""
    known = replace(
        referral, milestones={**facts, **referral.milestones}, answer=answer or referral.answer, waits_since=None
    )
    if move:
        known = replace(known, stage=move.stage, reason=move.reason, due_at=move.due_at)
    kind = waits_for(known)
    if kind and kind is waits_for(referral):
        return replace(known, waits_since=referral.waits_since)
    return replace(known, waits_since=_begins(known, facts))


def begins(referral: Referral) -> datetime | None:
    """Return since when a new referral waits for a person, or None."""
    return referral.waits_since or _begins(referral, {})


def _begins(referral: Referral, facts: Mapping[str, datetime]) -> datetime | None:
    match waits_for(referral):
        case None:
            return None
        case Kind.CALL:
            # Use the time of the last answer: an earlier one may have asked for something else.
            answered = Closing.ANSWERED.value
            return facts.get(answered) or referral.milestones[answered]
        case _:
            # The first review is due REVIEW_EVERY after the wait began.
            return referral.due_at - REVIEW_EVERY if referral.due_at else None
