"""Checks of all promises in a settled world. Rules for a single message are checked when it arrives."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from referral_intake.aws.item_format import timestamp
from referral_intake.core.referral import Stage
from referral_intake.core.tasks import FAILED
from tests.faults import counters
from tests.faults.world import World


def broken(world: World) -> list[str]:
    """Every broken promise, in words."""
    found = world.broken + broken_at_any_time(world)
    for referral in world.referrals():
        found += _not_at_rest(world, referral) + _joined_without_message(world, referral)
    return found + _forgotten_doctors(world) + counters.wrong_after_a_recount(world)


def broken_in_the_end(world: World, *endings: Callable[[World], list[str]]) -> list[str]:
    """Promises that are broken after recovery, and after repetitions that must change nothing."""
    world.wire.fault = None
    # The one exception applies to messages without any event.
    repeated = [mail for mail, _ in world.exceptions if mail.doctor not in world.mail.loses_events_of]
    found = [f"repeated, though its events came: {mail}" for mail in repeated]
    world.mail.events += world.mail.delayed
    world.settle()
    for promises in (broken, *endings):
        found += promises(world)
    return list(dict.fromkeys(found))


def broken_at_any_time(world: World) -> list[str]:
    """Promises that hold at any time, even before the world has settled."""
    referrals, indexed = world.referrals(), world.indexed()
    found = _stored_once(world, referrals) + counters.wrong(world)
    acts = Counter((one["receipt"], act["what"]) for one in referrals for act in one.get("acts", ()))
    if acts != (recorded := Counter(world.recorded_acts())):
        found.append(f"people did {acts}, and recorded is {recorded}")
    found += [f"nothing is kept of {mail}" for mail in world.mail.mails if not world.has_kept(mail)]
    found += [f"{one['receipt']} was told, and comes back" for one in referrals if _would_be_told_again(one)]
    found += [f"{one['receipt']} waits for {one.get('waits_for')}" for one in referrals if not _has_correct_task(one)]
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
    listed = referral.get("waits_for")
    return listed == (kind and f"{referral['campaign']}/{kind}") and ("waits_since" in referral) == bool(kind)


def _would_be_told_again(referral: dict[str, Any]) -> bool:
    """Whether a doctor who was told by letter or phone would be told again."""
    return "told_by" in referral and referral["stage"] not in {Stage.SENT, Stage.CLOSED}


def _not_at_rest(world: World, referral: dict[str, Any]) -> list[str]:
    if referral["stage"] in {Stage.QUEUED, Stage.SENDING}:
        return [f"{referral['receipt']} stays {referral['stage']}"]
    if referral["stage"] != Stage.CLOSED and referral["due_at"] <= timestamp(world.clock.time):
        return [f"{referral['receipt']} is {referral['stage']} and overdue"]
    return []


def _joined_without_message(world: World, referral: dict[str, Any]) -> list[str]:
    """A referral that joined is closed only if its leader told the doctor."""
    if referral.get("reason") != "joined" or referral["stage"] != Stage.CLOSED:
        return []
    leader = world.referral(referral["leader"])
    return [] if "sent" in leader["milestones"] else [f"{referral['receipt']} joined one that never wrote"]


def _stored_once(world: World, referrals: list[dict[str, Any]]) -> list[str]:
    stored = Counter(referral["receipt"] for referral in referrals)
    accepted = {submission.receipt for submission in world.accepted}
    return [f"{one} was accepted and is stored {stored[one]} times" for one in accepted if stored[one] != 1]


def _forgotten_doctors(world: World) -> list[str]:
    """Each doctor was told or declined, or a person has a task, or the rules of the campaign ended the outreach."""
    by_receipt = {referral["receipt"]: referral for referral in world.referrals()}
    told = {mail.doctor for mail in world.mail.mails} | set(world.said_no) | world.told_by_people
    found = []
    for doctor in {submission.doctor for submission in world.accepted} - told:
        ends = [by_receipt[s.receipt] for s in world.accepted if s.doctor == doctor and s.receipt in by_receipt]
        if not any(
            end["stage"] in {Stage.HELD, Stage.BY_POST} or end.get("reason") in {"expired", "rejected", "not_approved"}
            for end in ends
        ):
            found.append(f"{doctor} was never told: {[(end['stage'], end.get('reason')) for end in ends]}")
    return found


def broken_by_telling_again(world: World) -> list[str]:
    """The same events, repeated in another order, change nothing."""
    before = {referral["receipt"]: _known(referral) for referral in world.referrals()}
    world.tell(list(reversed(world.told_events)))
    after = {referral["receipt"]: _known(referral) for referral in world.referrals()}
    return [f"{one} was {before[one]} and became {after[one]}" for one in before if before[one] != after[one]]


def broken_by_delivering_again(world: World) -> list[str]:
    """All records of the stream, repeated late and in another order, change nothing."""
    world.redeliver(reversed(world.history))
    world.settle()
    return broken(world)


def _known(referral: dict[str, Any]) -> dict[str, Any]:
    return {name: referral.get(name) for name in ("stage", "reason", "milestones", "engagements")}
