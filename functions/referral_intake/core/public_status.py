"""The status that the submitter of a referral may see: its progress, and nothing about the doctor."""

from referral_intake.core import information
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import ContactChannel, Referral, Stage

_TOLD_BY = {None: "sent", ContactChannel.LETTER: "letter_sent", ContactChannel.PHONE: "called"}
_OPEN = {
    Stage.QUEUED: "received",
    Stage.WAITING: "received",
    Stage.SENDING: "received",
    Stage.BY_POST: "by_post",
}


def public_state(referral: Referral) -> str:
    """Return the state, which is also the key of its texts in `templates/site/text`.

    One of received, under_review, checking, sent, letter_sent, called, by_post, told, withdrawn, finished, unreachable,
    not_contacted. An opt-out, a complaint and an answer are private to the doctor, so all three give `finished`.
    """
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
        case Closing.WITHDRAWN:
            return "withdrawn"
        case Closing.BOUNCED:
            return "unreachable"
        case Closing.REJECTED:
            # By the mail service, or by a person.
            return "unreachable" if Milestone.REJECTED in referral.milestones else "not_contacted"
        case Closing.EXPIRED if was_sent:
            bounced = Milestone.BOUNCED in referral.milestones and not referral.contact_channel
            return "unreachable" if bounced else _TOLD_BY[referral.contact_channel]
        case Closing.EXPIRED:
            return "not_contacted"
        case _:
            return "finished"
