"""What the page of an opt-out link says, and when it offers to undo the opt-out.

The link never expires, and the message can be forwarded. So the link alone can stop messages, but never undo that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from referral_intake.core.doctor_records import closing_of
from referral_intake.core.reasons import Closing

UNDO_WITHIN = timedelta(minutes=30)
SENT_TWICE_WITHIN = timedelta(seconds=10)
"""How long the same request counts as sent twice, for instance by a double click."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """An opt-out or a complaint in a doctor's records. `name` is `opted_out` or, for one campaign, `opted_out/lumen`.

    `is_repeated` says that the doctor said the same again, later or in another way.
    """

    name: str
    receipt: str
    at: datetime
    is_repeated: bool = False


class Scope(StrEnum):
    """Which messages an opt-out has stopped."""

    NOTHING = "nothing"
    CAMPAIGN = "campaign"
    EVERYTHING = "everything"


def scope(in_effect: Collection[OptOut], campaign: str) -> Scope:
    """Return which messages the doctor has stopped. A complaint does not count: the doctor may want to opt out, too."""
    names = {one.name for one in in_effect}
    if Closing.OPTED_OUT.value in names:
        return Scope.EVERYTHING
    return Scope.CAMPAIGN if f"{Closing.OPTED_OUT.value}/{campaign}" in names else Scope.NOTHING


def undoable(in_effect: Collection[OptOut], receipt: str, now: datetime) -> OptOut | None:
    """Return the opt-out that this request through the referral recorded, if nothing else stops messages.

    A request that repeats an earlier opt-out can't undo it: it may come from another person who has the message.
    """
    found = next(iter(in_effect), None)
    if found is None or len(in_effect) > 1 or found.is_repeated or found.receipt != receipt:
        return None
    is_own = closing_of(found.name) == Closing.OPTED_OUT and now - found.at <= SENT_TWICE_WITHIN
    return found if is_own else None
