"""Rules for the message with the information that a doctor asks for: the campaign's approved material.

It is sent once per referral. The referral becomes `queued` again for it, and is closed as answered afterwards. So the
message gets the same claim, limits, retries and reviews as a step.
"""

from datetime import datetime

from referral_intake.core.campaign import Campaign, InformationPolicy
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import QUEUED_TIMEOUT, Answer, Referral, Stage, Transition, close
from referral_intake.core.steps import INFORMATION, DeliveryStatuses


def can_send(referral: Referral, campaign: Campaign | None) -> bool:
    """Whether the campaign has material, and the doctor an email address."""
    return campaign is not None and campaign.has_material and referral.doctor.email is not None


def is_in_progress(referral: Referral) -> bool:
    """Whether the referral is open because the information is being sent."""
    is_requested = referral.answer is Answer.INFORMATION and Milestone.ANSWERED in referral.milestones
    return is_requested and referral.stage is not Stage.CLOSED


def is_sent(messages: DeliveryStatuses) -> bool:
    """Whether the message was sent and needs no retry."""
    return INFORMATION in messages and messages[INFORMATION].retry_at is None


def after_answer(referral: Referral, answer: Answer, campaign: Campaign | None, now: datetime) -> Transition | None:
    """Return the move after the doctor answered: closed as answered, or queued if the information is sent at once."""
    if referral.reason != Closing.ANSWERED and not Closing.ANSWERED.outranks(referral.reason):
        return None
    if answer is Answer.INFORMATION and is_in_progress(referral):
        return None
    if answer is Answer.INFORMATION and _is_automatic(referral, campaign):
        return Transition(Stage.QUEUED, due_at=now + QUEUED_TIMEOUT)
    return close(Closing.ANSWERED) if referral.reason != Closing.ANSWERED else None


def _is_automatic(referral: Referral, campaign: Campaign | None) -> bool:
    if campaign is None or not can_send(referral, campaign) or Milestone.INFORMATION_SENT in referral.milestones:
        return False
    return campaign.policy.information is InformationPolicy.AUTOMATIC


def after_event(referral: Referral, messages: DeliveryStatuses) -> Transition | None:
    """Return the move after an event of the mail service. `messages` include the event."""
    before, after = referral.messages.get(INFORMATION), messages.get(INFORMATION)
    if after is None or referral.answer is not Answer.INFORMATION or (before and before.retry_at == after.retry_at):
        return None
    if after.retry_at is None:
        return close(Closing.ANSWERED) if is_in_progress(referral) else None
    if is_in_progress(referral) or referral.reason == Closing.ANSWERED:
        return Transition(Stage.WAITING, after.retry_at, Reason.SOFT_BOUNCED)
    return None
