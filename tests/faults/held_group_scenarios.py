"""Scenarios of groups of held referrals. No fault makes a member invisible."""

from datetime import timedelta

from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.dashboard.action_types import Action
from tests.faults import managers, patients
from tests.faults.simulation import Simulation

SOURCE = "203.0.113.9:443"


def a_flood_from_one_source_is_a_group(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        for _ in range(3):
            patients.submit(simulation, proven=False, source=SOURCE)
    receipt = patients.submit(simulation, proven=False, source=SOURCE)
    simulation.settle()
    simulation.wake(REVIEW_INTERVAL + timedelta(minutes=1))
    managers.act(simulation, receipt, Action.REJECT, reason="looks_automated")
    simulation.settle()


def a_member_of_a_group_is_approved(simulation: Simulation) -> None:
    """The third mailbox of one name at one mail domain is held."""
    with simulation.interceptor.skipping():
        for local in ("maria", "lopez"):
            patients.submit(simulation, f"{local}@clinic.example")
        simulation.settle()
    receipt = patients.submit(simulation)
    simulation.settle()
    managers.act(simulation, receipt, Action.APPROVE)
    simulation.settle()


ALL = (a_flood_from_one_source_is_a_group, a_member_of_a_group_is_approved)
