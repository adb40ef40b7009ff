"""Scenarios of groups of held referrals. No fault makes a member invisible."""

from datetime import timedelta

from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.dashboard.action_types import Action
from tests.faults import managers, patients
from tests.faults.simulation import Simulation

SOURCE = "203.0.113.9:443"


def a_flood_from_one_source_is_a_group(simulation: Simulation) -> None:
    with simulation.interceptor.skipping():
        patients.submit(simulation, proven=False, source=SOURCE)
    receipt = patients.submit(simulation, proven=False, source=SOURCE)
    simulation.settle()
    assert simulation.state.referral(receipt)["group"].startswith("source-")
    simulation.wake(REVIEW_INTERVAL + timedelta(minutes=1))
    managers.act(simulation, receipt, Action.REJECT, reason="looks_automated")
    simulation.settle()


def a_member_of_a_group_is_approved(simulation: Simulation) -> None:
    """The third name for one mailbox is held."""
    with simulation.interceptor.skipping():
        for name in ("Ana Bell", "Ben Cole"):
            patients.submit(simulation, name=name)
        simulation.settle()
    receipt = patients.submit(simulation, name="Cy Dunn")
    simulation.settle()
    assert simulation.state.referral(receipt)["group"].startswith("address-")
    managers.act(simulation, receipt, Action.APPROVE)
    simulation.settle()


ALL = (a_flood_from_one_source_is_a_group, a_member_of_a_group_is_approved)
