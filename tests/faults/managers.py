"""What managers do: act on a referral on the dashboard, and pause or resume the campaign."""

from typing import Any

from referral_intake.aws.breaker_table import BreakerTable, breaker_key
from referral_intake.aws.item_format import timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.dashboard.action_types import Action
from tests.faults.simulation import MAX_ATTEMPTS, Simulation
from tests.support import dashboard, samples

CAMPAIGN = samples.campaign().name
ALWAYS_WITH_NOTE = {Action.REJECT, Action.WANTS_NO_MORE, Action.WANTS_MESSAGES, Action.TAKE_BACK}


def act(simulation: Simulation, receipt: str, action: Action, *, outdated_by: int = 0, **details: Any) -> int:
    """Acts on the referral, or on an older version of it, and retries while there is no response."""
    revision = max(1, int(simulation.state.referral(receipt)["revision"]) - outdated_by)
    body = {"action": action.value, "revision": revision, **details}
    status = 0
    for _ in range(MAX_ATTEMPTS):
        event = dashboard.request("POST", f"/referrals/{receipt}/actions", body)
        status = (simulation.request("dashboard", event) or {"statusCode": 0})["statusCode"]
        if status in {200, 409, 422}:
            break
    acts = [one for one in simulation.state.referral(receipt).get("acts", []) if one["revision"] == revision]
    notes = [one.get("note") for one in acts if one["what"] == action]
    # Some actions always record why, or how the doctor said it. A letter or a call records only an obstacle.
    is_done = notes != [] and (action in ALWAYS_WITH_NOTE or notes == [None])
    if (status == 200) != is_done and status:
        simulation.checks.broken.append(f"{action.value} of {receipt} was answered {status}: {acts}")
    return status


def compare(simulation: Simulation, receipt: str, *, outdated_by: int = 0) -> None:
    """Decides, without error, whether the doctor is the one of the referral to compare with."""
    other = simulation.state.referral(receipt).get("leader", "")
    doctors = {one.receipt: one.doctor for one in simulation.accepted}
    action = Action.SAME_DOCTOR if doctors[receipt] == doctors.get(other) else Action.ANOTHER_DOCTOR
    status = act(simulation, receipt, action, outdated_by=outdated_by, others=[other])
    if status == 200 and action is Action.ANOTHER_DOCTOR:
        simulation.checks.note_separation(doctors[receipt], doctors[other])


def pause(simulation: Simulation) -> None:
    """Opens the breaker of the campaign."""
    update = Update(breaker_key(CAMPAIGN)).set("paused_at", timestamp(simulation.clock.time))
    Table(simulation.environment.client, simulation.environment.table).update(update)
    simulation.checks.paused = simulation.interceptor.moment


def resume(simulation: Simulation) -> None:
    client, table = simulation.environment.client, simulation.environment.table
    BreakerTable(client, table).resume(CAMPAIGN, samples.MANAGER, simulation.clock.time)
    simulation.checks.paused = None
