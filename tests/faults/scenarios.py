"""Short scenarios. Faults are injected at every call, and each scenario ends when the simulation has settled.

Scenarios with a common beginning are checked from the point where they differ.
"""

from datetime import datetime, timedelta

from referral_intake.core.referral import LEASE, Answer
from referral_intake.dashboard.action_types import Action
from tests.faults import (
    doctors,
    held_group_scenarios,
    managers,
    patients,
    take_back_scenarios,
    withdrawal_scenarios,
)
from tests.faults.fake_aws import Outcome
from tests.faults.simulation import ENDED, Simulation
from tests.support import samples

MARIA = "maria.lopez@clinic.example"
ANOTHER = "j.smith@hospital.example"
PHONE = "+12175550100"


def _report_a_later_message(simulation: Simulation) -> None:
    """Delivers the events of a later message, which another scenario covers."""
    with simulation.interceptor.skipping():
        patients.submit(simulation, ANOTHER)
        simulation.run_streams()
        simulation.deliver_events()


def one_referral(simulation: Simulation) -> None:
    patients.submit(simulation)
    simulation.settle()


def two_patients_name_one_doctor(simulation: Simulation) -> None:
    patients.submit(simulation)
    patients.submit(simulation, "Maria.Lopez+x@clinic.example")
    simulation.settle()


def a_person_decides_that_it_is_the_same_doctor(simulation: Simulation) -> None:
    simulation.phones = {PHONE: MARIA}
    with simulation.interceptor.skipping():
        patients.submit(simulation, phone=PHONE)
        simulation.settle()
        receipt = patients.submit(simulation, None, phone=PHONE)
        simulation.settle()
    managers.compare(simulation, receipt)
    simulation.settle()


def a_person_decides_that_it_is_another_doctor(simulation: Simulation) -> None:
    simulation.phones = {PHONE: MARIA}
    with simulation.interceptor.skipping():
        patients.submit(simulation, phone=PHONE)
        simulation.settle()
        receipt = patients.submit(simulation, ANOTHER, phone=PHONE)
        simulation.settle()
    managers.compare(simulation, receipt)
    simulation.settle()


def a_doctor_opts_out_by_phone(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation)
        simulation.settle()
    doctors.opt_out_by_phone(simulation, receipt)
    patients.submit(simulation)
    simulation.settle(ENDED)


def a_bounced_doctor_waits_for_a_letter(simulation: Simulation) -> None:
    simulation.phones = {PHONE: "bounce@clinic.example"}
    with simulation.interceptor.skipping():
        patients.submit(simulation, "bounce@clinic.example", phone=PHONE)
        simulation.run_streams()
    simulation.deliver_events()
    patients.submit(simulation, "bounce@clinic.example", phone=PHONE)
    simulation.settle()


def ses_throttles(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "SendEmail"
    simulation.mail.outcomes = [Outcome.THROTTLED]
    patients.submit(simulation)
    simulation.settle()


def ses_rejects_and_another_referral_waits(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "SendEmail"
    simulation.mail.outcomes = [Outcome.REJECTED]
    patients.submit(simulation)
    patients.submit(simulation)
    simulation.settle()


def the_response_is_lost_and_the_events_report_the_message(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "SendEmail"
    simulation.mail.outcomes = [Outcome.RESPONSE_LOST]
    patients.submit(simulation)
    patients.submit(simulation)
    simulation.settle()


def the_response_is_lost_and_the_events_are_late(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "Query"
    simulation.mail.outcomes = [Outcome.RESPONSE_LOST]
    patients.submit(simulation)
    simulation.run_streams()
    late, simulation.mail.events = simulation.mail.events, []
    simulation.wake(LEASE)
    simulation.mail.events += late
    simulation.settle()


def the_response_and_the_events_are_lost_while_feedback_works(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "SendEmail"
    simulation.mail.outcomes = [Outcome.RESPONSE_LOST]
    simulation.mail.doctors_without_events = {MARIA}
    patients.submit(simulation)
    simulation.run_streams()
    _report_a_later_message(simulation)
    simulation.settle()


def the_message_is_lost_while_feedback_works(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "Query"
    simulation.mail.outcomes = [Outcome.LOST]
    patients.submit(simulation)
    simulation.run_streams()
    _report_a_later_message(simulation)
    simulation.settle()


def a_leader_sends_nothing_and_is_replaced(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        simulation.mail.outcomes = [Outcome.LOST, Outcome.ACCEPTED, Outcome.REJECTED]
        patients.submit(simulation)
        patients.submit(simulation)
        simulation.run_streams()
        _report_a_later_message(simulation)
        simulation.wake(LEASE)
    simulation.interceptor.skipped_until = "TransactWriteItems"
    simulation.settle()


def the_message_is_lost_and_there_is_no_feedback(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "Query"
    simulation.mail.outcomes = [Outcome.LOST]
    patients.submit(simulation)
    patients.submit(simulation)
    simulation.settle()


def the_address_bounces(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "SendEmail"
    patients.submit(simulation, "bounce@clinic.example")
    simulation.run_streams()
    simulation.deliver_events()
    patients.submit(simulation, "bounce@clinic.example")
    simulation.settle()


def the_mailbox_is_full_at_first(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        patients.submit(simulation, "full@clinic.example")
        simulation.run_streams()
    simulation.settle()


def a_doctor_asks_for_information_and_gets_it(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation)
        simulation.settle()
    doctors.answer(simulation, MARIA, Answer.INFORMATION)
    managers.act(simulation, receipt, Action.SEND_INFORMATION)
    simulation.settle()


def the_answer_about_the_information_is_lost(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation)
        simulation.settle()
        doctors.answer(simulation, MARIA, Answer.INFORMATION)
        managers.act(simulation, receipt, Action.SEND_INFORMATION)
    simulation.interceptor.skipped_until = "SendEmail"
    simulation.mail.outcomes = [Outcome.RESPONSE_LOST]
    simulation.settle()


def the_outreach_ends_without_an_answer(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        patients.submit(simulation)
        simulation.settle()
    simulation.settle(ENDED)


def the_approval_expires(simulation: Simulation) -> None:
    simulation.interceptor.skipped_until = "Query"
    last_day = samples.campaign().approval.expires_on
    simulation.clock.time = datetime.combine(last_day, samples.NOW.timetz()).replace(hour=23, minute=57)
    simulation.mail.outcomes = [Outcome.THROTTLED]
    patients.submit(simulation)
    simulation.run_streams()
    simulation.wake(timedelta(minutes=6))
    simulation.run_streams()
    simulation.clock.time += samples.campaign().policy.expires_after
    simulation.settle()


ALL = (
    one_referral,
    two_patients_name_one_doctor,
    a_person_decides_that_it_is_the_same_doctor,
    a_person_decides_that_it_is_another_doctor,
    a_doctor_opts_out_by_phone,
    a_bounced_doctor_waits_for_a_letter,
    ses_throttles,
    ses_rejects_and_another_referral_waits,
    the_response_is_lost_and_the_events_report_the_message,
    the_response_is_lost_and_the_events_are_late,
    the_response_and_the_events_are_lost_while_feedback_works,
    the_message_is_lost_while_feedback_works,
    a_leader_sends_nothing_and_is_replaced,
    the_message_is_lost_and_there_is_no_feedback,
    the_address_bounces,
    the_mailbox_is_full_at_first,
    a_doctor_asks_for_information_and_gets_it,
    the_answer_about_the_information_is_lost,
    the_outreach_ends_without_an_answer,
    the_approval_expires,
    *withdrawal_scenarios.ALL,
    *take_back_scenarios.ALL,
    *held_group_scenarios.ALL,
)
