"""The status that the submitter of a referral may see: its progress, and nothing about the doctor.

For a day after the submission, the status is the same whatever became of the referral. Otherwise anyone could submit a
doctor's name and learn at once whether the doctor was named before, or has opted out.
"""

from datetime import datetime, timedelta

from referral_intake.core import information
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import ContactChannel, Referral, Stage, Transition, close

UNDISCLOSED_TIME = timedelta(days=1)

_TOLD_BY = {None: "sent", ContactChannel.LETTER: "letter_sent", ContactChannel.PHONE: "called"}
_OPEN = {
    Stage.QUEUED: "in_progress",
    Stage.WAITING: "in_progress",
    Stage.SENDING: "in_progress",
    Stage.BY_POST: "by_post",
}


def disclosed_at(referral: Referral) -> datetime:
    """Return when the status begins to show what became of the referral: a whole minute, as pages show it."""
    at = referral.submitted_at + UNDISCLOSED_TIME
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def is_disclosed(referral: Referral, now: datetime) -> bool:
    return now >= disclosed_at(referral)


def public_state(referral: Referral, now: datetime) -> str:
    """Return the state, which is also the key of its texts in `templates/site/text`.

    For a day: received, or withdrawn. After that one of in_progress, under_review, checking, sent, letter_sent, called,
    by_post, told, withdrawn, finished, unreachable, not_contacted. An opt-out, a complaint and an answer are private to
    the doctor, so all three give `finished`.
    """
    if not is_disclosed(referral, now):
        return "withdrawn" if _was_withdrawn(referral) else "received"
    if _was_withdrawn(referral) and not referral.may_have_been_sent:
        return "withdrawn"
    was_sent = Milestone.SENT in referral.milestones
    if information.is_in_progress(referral):
        return "finished"
    if referral.stage is Stage.CLOSED:
        return _closed_state(referral, was_sent=was_sent)
    if referral.stage is Stage.HELD:
        return "checking" if referral.may_have_been_sent else "under_review"
    if referral.stage is Stage.SENT or (was_sent and referral.stage is not Stage.BY_POST):
        return _TOLD_BY[referral.contact_channel]
    return "told" if referral.stage is Stage.WAITING and referral.leader else _OPEN[referral.stage]


def _closed_state(referral: Referral, *, was_sent: bool) -> str:
    match referral.reason:
        case Closing.JOINED:
            return "told"
        case Closing.BOUNCED:
            return "unreachable"
        case Closing.REJECTED:
            # By the mail service, or by a person.
            return "unreachable" if Milestone.REJECTED in referral.milestones else "not_contacted"
        case Closing.EXPIRED | Closing.WITHDRAWN if was_sent:
            bounced = Milestone.BOUNCED in referral.milestones and not referral.contact_channel
            return "unreachable" if bounced else _TOLD_BY[referral.contact_channel]
        case Closing.EXPIRED:
            return "not_contacted"
        case _:
            return "finished"


def _was_withdrawn(referral: Referral) -> bool:
    # The previous version closed a withdrawn referral without the milestone.
    return Milestone.WITHDRAWN in referral.milestones or referral.reason == Closing.WITHDRAWN


def can_be_withdrawn(referral: Referral, now: datetime) -> bool:
    """Whether the submitter can take the referral back.

    For a day, this does not depend on what became of it. After that, only what was certainly not sent.
    """
    return not _was_withdrawn(referral) and (
        not is_disclosed(referral, now) or (referral.stage is not Stage.CLOSED and not referral.may_have_been_sent)
    )


def withdrawal_move(referral: Referral) -> Transition | None:
    """Return the transition of a withdrawal, or None if only its milestone is recorded.

    That is all if the message may have been sent: the milestone stops further messages.
    """
    is_on_its_way = referral.may_have_been_sent and referral.stage is not Stage.BY_POST
    if is_on_its_way or not Closing.WITHDRAWN.outranks(referral.reason):
        return None
    return close(Closing.WITHDRAWN)
