"""What waits for a person: worked out from the referral as it is, wherever its stage or its answer is written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from referral_intake.core.decisions import REVIEW_EVERY
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Move, Referral, Stage

MAY_HAVE_REACHED = frozenset({Reason.SEND_UNCLEAR, Reason.RESTORED})
"""Nobody knows whether the doctor has the message: it goes out again only where a person says so twice."""
FAILED = frozenset({Reason.GIVEN_UP, Reason.CAMPAIGN_UNKNOWN, *MAY_HAVE_REACHED})
"""What is held because something went wrong, not because it looks odd."""


class Kind(StrEnum):
    """What a person has to do: judge what is held, mend what failed, print a letter or call, call back."""

    HELD = "held"
    FAILED = "failed"
    BY_POST = "by_post"
    CALL = "call"


def waits_for(referral: Referral) -> Kind | None:
    """What a person has to do for it now; None where nothing."""
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
    """Whether the doctor asked for a call, said nothing stronger since, and has not had it."""
    is_asked = referral.reason == Closing.ANSWERED and referral.answer is Answer.CALL
    return is_asked and Milestone.CALLED_BACK not in referral.milestones


def after(referral: Referral, move: Move | None, facts: Mapping[str, datetime], answer: Answer | None) -> Referral:
    """The referral as a write of these leaves it, as far as what it waits for goes."""
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
    """Since when a new referral waits for a person."""
    return referral.waits_since or _begins(referral, {})


def _begins(referral: Referral, facts: Mapping[str, datetime]) -> datetime | None:
    match waits_for(referral):
        case None:
            return None
        case Kind.CALL:
            # Of the last answer: an earlier one may have asked for something else.
            answered = Closing.ANSWERED.value
            return facts.get(answered) or referral.milestones[answered]
        case _:
            # The first look is due that long after it began to wait.
            return referral.due_at - REVIEW_EVERY if referral.due_at else None
