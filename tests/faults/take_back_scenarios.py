"""Scenarios in which an opt-out, a complaint or a comparison is taken back."""

from referral_intake.core.reasons import Closing
from referral_intake.dashboard.action_types import Action
from tests.faults import doctors, managers, patients
from tests.faults.simulation import ENDED, Simulation

MARIA = "maria.lopez@clinic.example"
ANOTHER = "j.smith@hospital.example"
COMPLAINING = "complain@hospital.example"
PHONE = "+12175550100"
# The patient has withdrawn the referral since the manager loaded it. The manager sees that, and acts again.
CHANGED = 409


def a_doctor_undoes_an_opt_out(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        patients.submit(simulation)
        simulation.settle()
        token = doctors.opt_out_on_the_page(simulation, MARIA)
    doctors.undo_opt_out(simulation, MARIA, token)
    with simulation.interceptor.skipping():
        patients.submit(simulation)
        simulation.settle(ENDED)


def a_manager_takes_a_complaint_back(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        receipt = patients.submit(simulation, COMPLAINING)
        simulation.settle()
        assert simulation.state.stage(receipt)[1] == Closing.COMPLAINED
    simulation.checks.note_opt_in(COMPLAINING)
    if managers.act(simulation, receipt, Action.TAKE_BACK, reason="by_mistake") == CHANGED:
        managers.act(simulation, receipt, Action.TAKE_BACK, reason="by_mistake")
    with simulation.interceptor.skipping():
        patients.submit(simulation, COMPLAINING)
        simulation.settle(ENDED)


def a_manager_takes_a_comparison_back(simulation: Simulation) -> None:
    simulation.phones = {PHONE: MARIA}
    with simulation.interceptor.skipping():
        leader = patients.submit(simulation, phone=PHONE)
        simulation.settle()
        receipt = patients.submit(simulation, ANOTHER, phone=PHONE)
        simulation.settle()
        managers.act(simulation, receipt, Action.SAME_DOCTOR, others=[leader])
        simulation.run_streams()
    managers.act(simulation, receipt, Action.UNDO_COMPARISON)
    with simulation.interceptor.skipping():
        simulation.settle()
        managers.compare(simulation, receipt)
        simulation.settle()


ALL = (
    a_doctor_undoes_an_opt_out,
    a_manager_takes_a_complaint_back,
    a_manager_takes_a_comparison_back,
)
