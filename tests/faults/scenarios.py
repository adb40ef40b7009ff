"""Short scenarios. Faults are injected at every call, and each scenario ends when the world has settled.

Scenarios with a common beginning are checked from the point where they differ.
"""

from datetime import datetime, timedelta

from referral_intake.core.referral import LEASE, Answer
from referral_intake.dashboard.action_types import Action
from tests.faults.cloud import Outcome
from tests.faults.world import OVER, World
from tests.support import samples

MARIA = "maria.lopez@clinic.example"
ANOTHER = "j.smith@hospital.example"
PHONE = "+12175550100"


def _feedback_lives(world: World) -> None:
    """Delivers the events of a later message, which another scenario covers."""
    with world.wire.skipping():
        world.submit(ANOTHER)
        world.run_streams()
        world.take_events()


def one_referral(world: World) -> None:
    world.submit()
    world.settle()


def two_patients_name_one_doctor(world: World) -> None:
    world.submit()
    world.submit("Maria.Lopez+x@clinic.example")
    world.settle()


def a_person_calls_two_doctors_the_same(world: World) -> None:
    world.phones = {PHONE: MARIA}
    with world.wire.skipping():
        world.submit(phone=PHONE)
        world.settle()
        receipt = world.submit(None, phone=PHONE)
        world.settle()
    world.compare(receipt)
    world.settle()


def a_person_calls_them_two_doctors(world: World) -> None:
    world.phones = {PHONE: MARIA}
    with world.wire.skipping():
        world.submit(phone=PHONE)
        world.settle()
        receipt = world.submit(ANOTHER, phone=PHONE)
        world.settle()
    world.compare(receipt)
    world.settle()


def a_doctor_tells_a_person_to_stop(world: World) -> None:
    with world.wire.skipping():
        receipt = world.submit()
        world.settle()
    world.tell_a_manager(receipt)
    world.submit()
    world.settle(OVER)


def a_bounced_doctor_waits_for_a_letter(world: World) -> None:
    world.phones = {PHONE: "bounce@clinic.example"}
    with world.wire.skipping():
        world.submit("bounce@clinic.example", phone=PHONE)
        world.run_streams()
    world.take_events()
    world.submit("bounce@clinic.example", phone=PHONE)
    world.settle()


def the_mail_service_asks_to_slow_down(world: World) -> None:
    world.wire.skips_until = "SendEmail"
    world.mail.outcomes = [Outcome.THROTTLED]
    world.submit()
    world.settle()


def the_mail_service_refuses_and_another_patient_waits(world: World) -> None:
    world.wire.skips_until = "SendEmail"
    world.mail.outcomes = [Outcome.REJECTED]
    world.submit()
    world.submit()
    world.settle()


def the_answer_is_lost_and_the_events_tell(world: World) -> None:
    world.wire.skips_until = "SendEmail"
    world.mail.outcomes = [Outcome.TAKEN_IN_SILENCE]
    world.submit()
    world.submit()
    world.settle()


def the_answer_is_lost_and_the_events_come_late(world: World) -> None:
    world.wire.skips_until = "Query"
    world.mail.outcomes = [Outcome.TAKEN_IN_SILENCE]
    world.submit()
    world.run_streams()
    late, world.mail.events = world.mail.events, []
    world.wake(LEASE)
    world.mail.events += late
    world.settle()


def the_answer_and_the_events_are_lost_while_feedback_lives(world: World) -> None:
    world.wire.skips_until = "SendEmail"
    world.mail.outcomes = [Outcome.TAKEN_IN_SILENCE]
    world.mail.loses_events_of = {MARIA}
    world.submit()
    world.run_streams()
    _feedback_lives(world)
    world.settle()


def the_message_never_arrives_while_feedback_lives(world: World) -> None:
    world.wire.skips_until = "Query"
    world.mail.outcomes = [Outcome.LOST]
    world.submit()
    world.run_streams()
    _feedback_lives(world)
    world.settle()


def a_leader_never_writes_and_another_takes_its_place(world: World) -> None:
    with world.wire.skipping():
        world.mail.outcomes = [Outcome.LOST, Outcome.TAKEN, Outcome.REJECTED]
        world.submit()
        world.submit()
        world.run_streams()
        _feedback_lives(world)
        world.wake(LEASE)
    world.wire.skips_until = "TransactWriteItems"
    world.settle()


def the_message_never_arrives_and_feedback_is_silent(world: World) -> None:
    world.wire.skips_until = "Query"
    world.mail.outcomes = [Outcome.LOST]
    world.submit()
    world.submit()
    world.settle()


def the_address_bounces(world: World) -> None:
    world.wire.skips_until = "SendEmail"
    world.submit("bounce@clinic.example")
    world.run_streams()
    world.take_events()
    world.submit("bounce@clinic.example")
    world.settle()


def the_mailbox_is_full_at_first(world: World) -> None:
    with world.wire.skipping():
        world.submit("full@clinic.example")
        world.run_streams()
    world.settle()


def a_doctor_asks_for_information_and_gets_it(world: World) -> None:
    with world.wire.skipping():
        receipt = world.submit()
        world.settle()
    world.answer(MARIA, Answer.INFORMATION)
    world.act(receipt, Action.SEND_INFORMATION)
    world.settle()


def the_answer_about_the_information_is_lost(world: World) -> None:
    with world.wire.skipping():
        receipt = world.submit()
        world.settle()
        world.answer(MARIA, Answer.INFORMATION)
        world.act(receipt, Action.SEND_INFORMATION)
    world.wire.skips_until = "SendEmail"
    world.mail.outcomes = [Outcome.TAKEN_IN_SILENCE]
    world.settle()


def the_outreach_runs_its_course(world: World) -> None:
    with world.wire.skipping():
        world.submit()
        world.settle()
    world.settle(OVER)


def the_approval_expires(world: World) -> None:
    world.wire.skips_until = "Query"
    last_day = samples.campaign().approval.expires_on
    world.clock.time = datetime.combine(last_day, samples.NOW.timetz()).replace(hour=23, minute=57)
    world.mail.outcomes = [Outcome.THROTTLED]
    world.submit()
    world.run_streams()
    world.wake(timedelta(minutes=6))
    world.run_streams()
    world.clock.time += samples.campaign().policy.expires_after
    world.settle()


ALL = (
    one_referral,
    two_patients_name_one_doctor,
    a_person_calls_two_doctors_the_same,
    a_person_calls_them_two_doctors,
    a_doctor_tells_a_person_to_stop,
    a_bounced_doctor_waits_for_a_letter,
    the_mail_service_asks_to_slow_down,
    the_mail_service_refuses_and_another_patient_waits,
    the_answer_is_lost_and_the_events_tell,
    the_answer_is_lost_and_the_events_come_late,
    the_answer_and_the_events_are_lost_while_feedback_lives,
    the_message_never_arrives_while_feedback_lives,
    a_leader_never_writes_and_another_takes_its_place,
    the_message_never_arrives_and_feedback_is_silent,
    the_address_bounces,
    the_mailbox_is_full_at_first,
    a_doctor_asks_for_information_and_gets_it,
    the_answer_about_the_information_is_lost,
    the_outreach_runs_its_course,
    the_approval_expires,
)
