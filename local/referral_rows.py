"""Prepare referrals for the page that lists the items of a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from samlocal.console.page_data import Item


@dataclass(frozen=True, slots=True)
class ReferralRow:
    item: Item

    @property
    def facts(self) -> dict[str, Any]:
        return self.item.facts

    @property
    def submitted(self) -> str:
        return str((self.facts.get("milestones") or {}).get("submitted", ""))

    @property
    def doctor(self) -> str:
        doctor = self.facts.get("doctor")
        return str(doctor.get("name", "")) if isinstance(doctor, dict) else ""


def is_referral(item: Item) -> bool:
    # Items of the StatsTable that record how a referral was counted have a stage, but no receipt attribute.
    return item.facts.keys() >= {"stage", "receipt"}


def referral_rows(items: Iterable[Item]) -> list[ReferralRow]:
    """Return the referrals among the items, the newest first."""
    rows = [ReferralRow(item) for item in items if is_referral(item)]
    return sorted(rows, key=lambda row: row.submitted, reverse=True)
