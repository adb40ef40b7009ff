"""The history of a referral, in order of time, derived from the referral's item."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from referral_intake.core.engagement import classify
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.steps import INFORMATION


@dataclass(frozen=True, slots=True)
class Entry:
    """`by` is the username. `detail` is the wording's version, a reason, the leader's receipt, or the answer."""

    at: datetime
    what: str
    step: str | None = None
    by: str | None = None
    detail: str | None = None


def timeline(referral: Referral) -> list[Entry]:
    entries = [*_of_messages(referral), *_of_engagements(referral), *_of_user_actions(referral)]
    known = {entry.what for entry in entries}
    entries = [
        *(entry for entry in _of_milestones(referral) if entry.what not in known),
        *entries,
        *_of_stage(referral),
    ]
    # The sort is stable, so entries of the same time stay in this order: first the fact, then its consequence.
    return sorted(entries, key=lambda entry: entry.at)


def _of_milestones(referral: Referral) -> Iterator[Entry]:
    soft_bounces = {at for delivery in referral.messages.values() for at in delivery.soft_bounces.values()}
    for name, at in referral.milestones.items():
        # These milestones are left out, because letters, calls and messages have their own entries.
        if (name == Milestone.SENT and referral.contact_channel) or (
            name == Milestone.SOFT_BOUNCED and at in soft_bounces
        ):
            continue
        if name == Milestone.INFORMATION_SENT and INFORMATION in referral.messages:
            continue
        by = referral.submitted_by if name == Milestone.SUBMITTED else None
        detail = referral.answer if name == Closing.ANSWERED else None
        yield Entry(at, name, by=by, detail=detail)


def _of_messages(referral: Referral) -> Iterator[Entry]:
    for step, delivery in referral.messages.items():
        for one in delivery.attempts.values():
            yield Entry(one.at, Milestone.SENT, step, detail=one.version or None)
        if delivery.delivered_at:
            yield Entry(delivery.delivered_at, Milestone.DELIVERED, step)
        for at in delivery.soft_bounces.values():
            yield Entry(at, "returned", step)


def _of_engagements(referral: Referral) -> Iterator[Entry]:
    delivered = {step: delivery.delivered_at for step, delivery in referral.messages.items()}
    for name, one in classify(referral.engagements, delivered):
        # Never the link: a person who has it could answer instead of the doctor.
        yield Entry(one.at, name, one.step, detail=one.kind if name == Milestone.SCANNED else None)


def _of_user_actions(referral: Referral) -> Iterator[Entry]:
    for user_action in referral.user_actions:
        yield Entry(user_action.at, user_action.what, by=user_action.by, detail=user_action.note or None)


def _of_stage(referral: Referral) -> Iterator[Entry]:
    if referral.stage in {Stage.HELD, Stage.BY_POST} and referral.waits_since:
        yield Entry(referral.waits_since, referral.stage.value, detail=referral.reason)
    if referral.closed_at:
        if referral.reason == Closing.JOINED:
            yield Entry(referral.closed_at, Closing.JOINED.value, detail=referral.leader)
        yield Entry(referral.closed_at, Stage.CLOSED.value, detail=referral.reason)
