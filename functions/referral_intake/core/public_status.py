"""The status that the submitter of a referral may see: its progress, and nothing about the doctor."""

from referral_intake.core.information import is_in_progress
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage

_OPEN = {
    Stage.HELD: "under_review",
    Stage.QUEUED: "received",
    Stage.WAITING: "received",
    Stage.SENDING: "received",
    Stage.SENT: "sent",
    Stage.BY_POST: "by_post",
}


def public_state(referral: Referral) -> str:
    """Return one of received, under_review, sent, by_post, told, finished, unreachable.

    An opt-out, a complaint and an answer are private to the doctor, so all three give `finished`.
    """
    if is_in_progress(referral):
        return "finished"
    if referral.stage is Stage.WAITING and referral.leader:
        return "told"
    if referral.stage is not Stage.CLOSED:
        return _OPEN[referral.stage]
    match referral.reason:
        case Closing.JOINED:
            return "told"
        case Closing.BOUNCED | Closing.REJECTED:
            return "unreachable"
        case Closing.EXPIRED:
            return "sent" if Milestone.SENT in referral.milestones else "unreachable"
        case _:
            return "finished"
