"""The message with the information that a doctor asks for: when it is sent, and what follows."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from referral_intake.core import decisions, information
from referral_intake.core.campaign import Approval, Campaign, InformationPolicy
from referral_intake.core.decisions import SendStep, decide_due, decide_queued
from referral_intake.core.mail_effects import effect
from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.core.public_status import public_state
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage, Transition, close
from referral_intake.core.steps import INFORMATION, DeliveryStatus, SendAttempt
from tests.support.samples import NOW, campaign, referral

LATER = NOW + timedelta(days=90)
BY_HAND = campaign()
AUTOMATIC = replace(BY_HAND, policy=replace(BY_HAND.policy, information=InformationPolicy.AUTOMATIC))
WITHOUT_MATERIAL = campaign("relay")
ANSWERED = {"submitted": NOW, "sent": NOW, "answered": NOW}
INTRODUCED = {"introduction": DeliveryStatus({"m-1": SendAttempt(NOW)})}
SENT = DeliveryStatus({"m-2": SendAttempt(LATER)})


def requested(stage: Stage = Stage.CLOSED, reason: str | None = None, **more: object) -> Referral:
    """A referral whose doctor asked for information. It is closed, or the information is being sent."""
    if stage is Stage.CLOSED:
        reason = reason or Closing.ANSWERED.value
    base = replace(referral(), stage=stage, reason=reason, due_at=None if stage is Stage.CLOSED else LATER)
    return replace(base, answer=Answer.INFORMATION, milestones=ANSWERED, messages=INTRODUCED, **more)  # type: ignore[arg-type]


def after_event(kind: EventKind, to: Referral, at: datetime = LATER, message: str = "m-2", **more: bool) -> Referral:
    """The referral after an event of the message with the information."""
    event = MailEvent(to.receipt, INFORMATION, message, kind, at, SendAttempt(LATER), **more)  # type: ignore[arg-type]
    changed = effect(event, to, BY_HAND)
    after = replace(to, milestones=changed.milestones, messages=changed.messages, engagements=changed.engagements)
    if changed.move is None:
        return after
    return replace(after, stage=changed.move.stage, reason=changed.move.reason, due_at=changed.move.due_at)


def bounced_for_now(to: Referral, message: str = "m-2") -> Referral:
    return after_event(EventKind.SOFT_BOUNCED, to, message=message, is_retryable=True)


# ---- After an answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "move"),
    [
        (BY_HAND, close(Closing.ANSWERED)),
        (WITHOUT_MATERIAL, close(Closing.ANSWERED)),
        (None, close(Closing.ANSWERED)),
        (AUTOMATIC, decisions.queue(LATER)),
        (replace(AUTOMATIC, has_material=False), close(Closing.ANSWERED)),
    ],
)
def test_a_campaign_sends_its_material_by_hand_or_at_once(known: Campaign | None, move: Transition) -> None:
    sent = replace(referral(), stage=Stage.SENT)
    assert information.after_answer(sent, Answer.INFORMATION, known, LATER) == move


@pytest.mark.parametrize("answer", [Answer.CALL, Answer.NO])
def test_other_answers_close_the_referral_even_while_the_information_is_being_sent(answer: Answer) -> None:
    for stage in (Stage.SENT, Stage.WAITING):
        assert information.after_answer(requested(stage), answer, AUTOMATIC, LATER) == close(Closing.ANSWERED)


def test_a_repeated_request_changes_nothing_while_the_information_is_being_sent() -> None:
    assert information.after_answer(requested(Stage.SENDING), Answer.INFORMATION, AUTOMATIC, LATER) is None


def test_information_that_was_sent_is_not_sent_again() -> None:
    sent = replace(requested(), milestones={**ANSWERED, "information_sent": NOW})
    assert information.after_answer(sent, Answer.INFORMATION, AUTOMATIC, LATER) is None


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED])
def test_a_doctor_who_opted_out_gets_nothing(reason: Closing) -> None:
    declined = replace(referral(), stage=Stage.CLOSED, reason=reason.value)
    assert information.after_answer(declined, Answer.INFORMATION, AUTOMATIC, LATER) is None


def test_a_doctor_without_an_email_address_gets_it_by_hand() -> None:
    told_by_letter = replace(referral(email=None, phone="217 555 0123"), stage=Stage.SENT)
    move = information.after_answer(told_by_letter, Answer.INFORMATION, AUTOMATIC, LATER)
    assert move == close(Closing.ANSWERED)


# ---- Sending ---------------------------------------------------------------------------------------------------------


def test_it_is_sent_even_after_the_referral_would_have_expired() -> None:
    assert decide_queued(requested(Stage.QUEUED), BY_HAND, LATER) == SendStep(INFORMATION)
    held = decide_due(requested(Stage.HELD, Reason.SEND_UNCLEAR), BY_HAND, LATER)
    assert (held.stage, held.reason) == (Stage.HELD, Reason.SEND_UNCLEAR)


def test_expired_content_waits_for_an_approval() -> None:
    move = decide_queued(requested(Stage.QUEUED), replace(BY_HAND, approval=expired()), LATER)
    assert isinstance(move, Transition)
    assert (move.stage, move.reason) == (Stage.WAITING, Reason.NOT_APPROVED)


def expired() -> Approval:
    return replace(BY_HAND.approval, expires_on=NOW.date())


def test_without_material_it_becomes_a_task_again() -> None:
    assert decide_queued(requested(Stage.QUEUED), WITHOUT_MATERIAL, LATER) == close(Closing.ANSWERED)


def test_a_message_that_arrived_meanwhile_is_not_sent_again() -> None:
    again = requested(Stage.QUEUED)
    again = replace(again, messages={**INTRODUCED, INFORMATION: SENT})
    assert decide_queued(again, BY_HAND, LATER) == close(Closing.ANSWERED)


def test_a_refused_message_becomes_a_task_again() -> None:
    assert decisions.after_refusal(requested(Stage.QUEUED), BY_HAND, LATER) == close(Closing.ANSWERED)


def test_an_interrupted_run_is_settled_as_for_other_messages() -> None:
    sending = replace(requested(Stage.SENDING), due_at=NOW)
    assert decide_due(sending, BY_HAND, LATER).reason == Reason.SEND_UNCLEAR
    assert decide_due(sending, BY_HAND, LATER, latest_feedback=LATER).stage is Stage.QUEUED


def test_the_patient_does_not_learn_that_the_doctor_asked() -> None:
    later = NOW + timedelta(days=2)
    assert {public_state(requested(stage), later) for stage in Stage} == {"finished"}


# ---- Events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.SENDING, Stage.QUEUED, Stage.WAITING, Stage.HELD])
@pytest.mark.parametrize("kind", [EventKind.SENT, EventKind.DELIVERED, EventKind.OPENED])
def test_an_event_proves_that_it_was_sent(stage: Stage, kind: EventKind) -> None:
    done = after_event(kind, requested(stage))
    assert (done.stage, done.reason, done.milestones["information_sent"]) == (Stage.CLOSED, "answered", LATER)
    assert after_event(kind, done) == done


def test_events_of_earlier_messages_do_not_stop_it() -> None:
    for kind in (EventKind.SENT, EventKind.DELIVERED, EventKind.SOFT_BOUNCED, EventKind.REJECTED):
        event = MailEvent("", "introduction", "m-1", kind, NOW, SendAttempt(NOW), is_retryable=True)
        assert effect(event, requested(Stage.QUEUED), BY_HAND).move is None


def test_a_message_that_bounced_for_now_is_sent_again() -> None:
    waits = bounced_for_now(after_event(EventKind.SENT, requested(Stage.SENDING)))
    assert (waits.stage, waits.reason) == (Stage.WAITING, Reason.SOFT_BOUNCED)
    assert bounced_for_now(waits) == waits
    queued = replace(waits, stage=Stage.QUEUED, reason=None)
    assert decide_queued(queued, BY_HAND, LATER) == SendStep(INFORMATION)
    arrived = after_event(EventKind.DELIVERED, waits, at=LATER + timedelta(hours=1))
    assert (arrived.stage, arrived.reason) == (Stage.CLOSED, Closing.ANSWERED)


@pytest.mark.parametrize("changed", [{"answer": Answer.CALL}, {"reason": "opted_out"}])
def test_a_doctor_who_changed_the_answer_gets_no_retry(changed: dict[str, object]) -> None:
    sent = after_event(EventKind.SENT, requested(Stage.SENDING))
    assert bounced_for_now(replace(sent, **changed)).stage is Stage.CLOSED  # type: ignore[arg-type]


def test_a_refusal_by_the_mail_service_after_it_accepted_makes_it_a_task_again() -> None:
    refused = after_event(EventKind.REJECTED, requested(Stage.SENDING))
    assert (refused.stage, refused.reason) == (Stage.CLOSED, Closing.ANSWERED)
    assert "information_sent" not in refused.milestones


def test_it_does_not_postpone_reminders() -> None:
    sent = replace(referral(), stage=Stage.SENT, messages={**INTRODUCED, INFORMATION: SENT})
    assert decisions.after_send(sent, BY_HAND, NOW) == decisions.after_send(
        replace(sent, messages=INTRODUCED), BY_HAND, NOW
    )
