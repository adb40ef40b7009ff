"""Scenarios in which a patient withdraws a referral. `concurrent_actions` withdraws one while its message is sent."""

from tests.faults import patients
from tests.faults.fake_aws import Outcome
from tests.faults.simulation import Simulation

MARIA = "maria.lopez@clinic.example"
PHONE = "+12175550100"


def a_patient_withdraws_before_the_message(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation)
    patients.withdraw(simulation, receipt)
    simulation.settle()


def a_patient_withdraws_after_the_message(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation)
        simulation.settle()
    patients.withdraw(simulation, receipt)
    simulation.settle()


def a_patient_withdraws_while_it_is_unknown_whether_the_message_was_sent(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        simulation.mail.outcomes = [Outcome.RESPONSE_LOST]
        receipt = patients.submit(simulation)
        simulation.run_streams()
    patients.withdraw(simulation, receipt)
    simulation.settle()


def a_leader_that_waits_for_a_letter_is_withdrawn_and_replaced(simulation: Simulation) -> None:
    simulation.phones = {PHONE: MARIA}
    with simulation.interceptor.skipping():
        leader, _ = [patients.submit(simulation, None, phone=PHONE) for _ in range(2)]
        simulation.run_streams()
    patients.withdraw(simulation, leader)
    simulation.settle()


def a_leader_whose_message_was_rejected_is_withdrawn_and_replaced(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        simulation.mail.outcomes = [Outcome.REJECTED]
        leader, _ = [patients.submit(simulation) for _ in range(2)]
        simulation.run_streams()
    patients.withdraw(simulation, leader)
    simulation.settle()


ALL = (
    a_patient_withdraws_before_the_message,
    a_patient_withdraws_after_the_message,
    a_patient_withdraws_while_it_is_unknown_whether_the_message_was_sent,
    a_leader_that_waits_for_a_letter_is_withdrawn_and_replaced,
    a_leader_whose_message_was_rejected_is_withdrawn_and_replaced,
)
