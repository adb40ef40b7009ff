"""Limits on what referrals have in common: a mail domain, a phone, a practice, a network.

Each is a *mark*. A mark counts different members, such as doctors, so that a retry, a redelivery or a second patient of
the same doctor never counts again. Marks and members are keyed hashes.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from referral_intake.core.reasons import Reason

# A week allows more than one busy day, and less than seven.
WEEK_FACTOR = 3
# Several people share a network, but few of them name a doctor on the same day.
NETWORK_FACTOR = 3
WEEK = timedelta(days=7)
UNDATED = "seen"
"""The set of a mark without a limit per day. The key of such a mark changes each day, or its limit is for all time."""

Counted = Mapping[str, AbstractSet[str]]
"""The counted members of a mark: by day, or UNDATED."""


class GroupKind(StrEnum):
    """What the referrals of a group have in common: a mark, or the day on which the list of tasks was full."""

    SOURCE = "source"
    NETWORK = "network"
    DOMAIN = "domain"
    PHONE = "phone"
    PRACTICE = "practice"
    NAME = "name"
    ADDRESS = "address"
    NPI = "npi"
    TOTAL = "total"
    UNPROVEN = "unproven"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True)
class Mark:
    """At most `maximum` different members may have this mark: per day if `is_daily`, otherwise under this key.

    Per week, a daily mark may have WEEK_FACTOR times as many. `kind` and the key name the group of held referrals.
    """

    reason: Reason
    kind: GroupKind
    key: str
    member: str
    maximum: int
    is_daily: bool = False
    expires_after: timedelta | None = None

    def part(self, today: date) -> str:
        """Return the name of the set to which this member is added."""
        return today.isoformat() if self.is_daily else UNDATED

    @property
    def group(self) -> str:
        return group_name(self.kind, self.key.rpartition("#")[2])

    def is_counted(self, counted: Counted, today: date) -> bool:
        return any(self.member in counted[part] for part in self._current(counted, today))

    def is_exceeded(self, counted: Counted, today: date) -> bool:
        """Whether the member is a new one, and the limit is reached."""
        if self.is_counted(counted, today):
            return False
        if len(counted.get(self.part(today), ())) >= self.maximum:
            return True
        in_week = {member for part in self._current(counted, today) for member in counted[part]}
        return self.is_daily and len(in_week) >= WEEK_FACTOR * self.maximum

    def outdated(self, counted: Counted, today: date) -> list[str]:
        """Return the names of the sets that no longer count."""
        return sorted(set(counted) - set(self._current(counted, today)))

    def _current(self, counted: Counted, today: date) -> Iterable[str]:
        first = (today - WEEK).isoformat()
        return [part for part in counted if part == UNDATED or part > first]


def group_name(kind: GroupKind, value: str) -> str:
    """Return the name of a group of held referrals: `domain-3fa9c1e2d4b5a697`, or `unproven-2026-11-23`."""
    return f"{kind}-{value[:16]}"
