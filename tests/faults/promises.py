"""Checks of all promises in a settled simulation. Rules for a single message are checked when it arrives."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from referral_intake.aws.item_format import timestamp
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Stage
from referral_intake.core.tasks import FAILED
from tests.faults import counters
from tests.faults.simulation import Simulation


def broken(simulation: Simulation) -> list[str]:
    """Every broken promise, in words."""
    found = simulation.checks.broken + broken_at_any_time(simulation)
    for referral in simulation.state.referrals():
        found += _unsettled(simulation, referral) + _joined_without_message(simulation, referral)
        found += _closed_without_cause(simulation, referral)
    return found + _doctors_never_told(simulation) + counters.wrong_after_a_recount(simulation)


def broken_at_the_end(simulation: Simulation, *final_checks: Callable[[Simulation], list[str]]) -> list[str]:
    """Promises that are broken after recovery, and after repetitions that must change nothing."""
    simulation.interceptor.fault = None
    # The one exception applies to messages without any event.
    repeated = [
        mail for mail, _ in simulation.checks.exceptions if mail.doctor not in simulation.mail.doctors_without_events
    ]
    found = [f"repeated, though its events came: {mail}" for mail in repeated]
    simulation.mail.events += simulation.mail.postponed
    simulation.settle()
    for promises in (broken, *final_checks):
        found += promises(simulation)
    return list(dict.fromkeys(found))


def broken_at_any_time(simulation: Simulation) -> list[str]:
    """Promises that hold at any time, even before the simulation has settled."""
    referrals, indexed = simulation.state.referrals(), simulation.indexed()
    found = _stored_once(simulation, referrals) + counters.wrong(simulation)
    acts = Counter((one["receipt"], act["what"]) for one in referrals for act in one.get("acts", ()))
    if acts != (recorded := Counter(simulation.state.audited_actions())):
        found.append(f"people did {acts}, and recorded is {recorded}")
    found += [
        f"the message is not archived: {mail}"
        for mail in simulation.mail.mails
        if not simulation.state.has_archived(mail)
    ]
    found += [f"{one['receipt']} was told, and comes back" for one in referrals if _would_be_told_again(one)]
    found += [f"{one['receipt']} waits for {one.get('waits_for')}" for one in referrals if not _has_correct_task(one)]
    found += [f"{one['receipt']} joined another doctor" for one in referrals if _joined_another_doctor(simulation, one)]
    found += [f"{one['receipt']} is in a group that is not listed" for one in referrals if _is_lost(simulation, one)]
    for referral in referrals:
        is_open, receipt = referral["stage"] != Stage.CLOSED, referral["receipt"]
        if is_open != ("due_at" in referral) or is_open != (receipt in indexed):
            found.append(
                f"{receipt} is {referral['stage']}, due {referral.get('due_at')}, indexed {receipt in indexed}"
            )
    return found


def _has_correct_task(referral: dict[str, Any]) -> bool:
    """Whether the referral is on the list of tasks exactly if it has a task."""
    stage, reason = referral["stage"], referral.get("reason")
    completed = {"call": "called_back", "information": "information_sent"}.get(referral.get("answer", ""))
    kind = None
    if stage == Stage.HELD:
        kind = "failed" if reason in FAILED else "held"
    elif stage == Stage.BY_POST:
        kind = "by_post"
    elif stage == Stage.CLOSED and reason == "answered" and completed and completed not in referral["milestones"]:
        kind = referral["answer"]
    listed, group = referral.get("waits_for"), referral.get("group")
    place = "/".join(filter(None, (referral["campaign"], kind, group))) if kind else None
    return listed == place and ("waits_since" in referral) == bool(kind)


def _is_lost(simulation: Simulation, referral: dict[str, Any]) -> bool:
    """Whether the referral is a member of a group that is not on the list of tasks."""
    if "group" not in referral:
        return False
    return not simulation.state.is_listed(referral["campaign"], referral["group"])


def _would_be_told_again(referral: dict[str, Any]) -> bool:
    """Whether a doctor who was told by letter or phone would be told again."""
    return "told_by" in referral and referral["stage"] not in {Stage.SENT, Stage.CLOSED}


def _unsettled(simulation: Simulation, referral: dict[str, Any]) -> list[str]:
    if referral["stage"] in {Stage.QUEUED, Stage.SENDING}:
        return [f"{referral['receipt']} stays {referral['stage']}"]
    if referral["stage"] != Stage.CLOSED and referral["due_at"] <= timestamp(simulation.clock.time):
        return [f"{referral['receipt']} is {referral['stage']} and overdue"]
    return []


def _joined_without_message(simulation: Simulation, referral: dict[str, Any]) -> list[str]:
    """A referral that joined is closed only if its leader told the doctor."""
    if referral.get("reason") != "joined" or referral["stage"] != Stage.CLOSED:
        return []
    leader = simulation.state.referral(referral["leader"])
    return [] if "sent" in leader["milestones"] else [f"{referral['receipt']} joined one that never wrote"]


def _joined_another_doctor(simulation: Simulation, referral: dict[str, Any]) -> bool:
    """Whether it waits or was closed because of a doctor whose mailbox differs: a person decides about that."""
    if referral.get("reason") != "joined":
        return False
    doctors = {one.receipt: one.doctor for one in simulation.accepted}
    ours, leaders = (doctors.get(receipt) for receipt in (referral["receipt"], referral["leader"]))
    return None not in {ours, leaders} and ours != leaders


def _closed_without_cause(simulation: Simulation, referral: dict[str, Any]) -> list[str]:
    """Referrals closed by an opt-out or complaint of another doctor."""
    if referral.get("reason") not in {Closing.OPTED_OUT, Closing.COMPLAINED}:
        return []
    if Closing(referral["reason"]).value in referral["milestones"]:
        return []
    doctor = simulation.checks.doctor_of(referral["receipt"])
    # Not only now: the referral can have come before the opt-out was taken back.
    return (
        []
        if doctor in simulation.checks.ever_declined
        else [f"{referral['receipt']} is {referral['reason']}, but {doctor} said nothing"]
    )


def _stored_once(simulation: Simulation, referrals: list[dict[str, Any]]) -> list[str]:
    stored = Counter(referral["receipt"] for referral in referrals)
    accepted = {submission.receipt for submission in simulation.accepted}
    return [f"{one} was accepted and is stored {stored[one]} times" for one in accepted if stored[one] != 1]


# A person has a task, or the rules of the campaign ended the outreach.
_ACCEPTABLE_STAGES = {Stage.HELD, Stage.BY_POST}
_ACCEPTABLE_REASONS = {"expired", "rejected", "not_approved"}


def _doctors_never_told(simulation: Simulation) -> list[str]:
    """Each doctor was told or declined, all patients withdrew, or one of the referrals ended acceptably."""
    by_receipt = {referral["receipt"]: referral for referral in simulation.state.referrals()}
    checks = simulation.checks
    reached = {mail.doctor for mail in simulation.mail.mails} | set(checks.declined) | checks.told_by_letter_or_call
    found = []
    for doctor in {submission.doctor for submission in simulation.accepted} - reached:
        receipts = [one.receipt for one in simulation.accepted if one.doctor == doctor and one.receipt in by_receipt]
        ends = [(by_receipt[receipt]["stage"], by_receipt[receipt].get("reason")) for receipt in receipts]
        remaining = [end for end in ends if end[1] != Closing.WITHDRAWN]
        is_ended = any(stage in _ACCEPTABLE_STAGES or reason in _ACCEPTABLE_REASONS for stage, reason in remaining)
        if remaining and not is_ended:
            found.append(f"{doctor} was never told: {ends}")
    return found


def broken_by_repeated_events(simulation: Simulation) -> list[str]:
    """The same events, repeated in another order, change nothing."""
    before = {referral["receipt"]: _facts(referral) for referral in simulation.state.referrals()}
    simulation.deliver_event_batch(list(reversed(simulation.processed_events)))
    after = {referral["receipt"]: _facts(referral) for referral in simulation.state.referrals()}
    return [f"{one} was {before[one]} and became {after[one]}" for one in before if before[one] != after[one]]


def broken_by_redelivered_records(simulation: Simulation) -> list[str]:
    """All records of the stream, repeated late and in another order, change nothing."""
    simulation.redeliver(reversed(simulation.history))
    simulation.settle()
    return broken(simulation)


def _facts(referral: dict[str, Any]) -> dict[str, Any]:
    return {name: referral.get(name) for name in ("stage", "reason", "milestones", "engagements")}
