"""The counted members of marks, in the table: one item per mark, read together and written only for new members."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws.held_groups import HeldRows
from referral_intake.aws.hospital_domains import hospital_keys, is_hospital
from referral_intake.aws.item_format import Item
from referral_intake.aws.keys import DoctorHashes, Ring
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.campaign import Campaign
from referral_intake.core.errors import Conflict
from referral_intake.core.limits import UNDATED, Counted, GroupKind, Mark, group_name
from referral_intake.core.reasons import Reason
from referral_intake.outreach.screening import Suspicion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each failed attempt follows a completed write of another run.
_MAX_ATTEMPTS = 10
_TOTAL_KEPT = timedelta(days=2)

_Items = Mapping[str, Item]


class ScreeningCountTable:
    def __init__(
        self, client: "DynamoDBClient", name: str, ring: Ring, max_per_source: int, now: Callable[[], datetime]
    ) -> None:
        self._table = Table(client, name)
        self._rows = HeldRows(client, name, max_per_source)
        self._hashes = DoctorHashes(ring)
        self._now = now
        self.max_per_source = max_per_source

    def hash_of(self, kind: str, value: str) -> str:
        return self._hashes.of_value(kind, value)

    def is_disposable(self, domain: str) -> bool:
        """Whether the domain, or one above it, offers disposable addresses."""
        # Imported at first use, because it loads 10,000 names.
        from disposable_email_domains import blocklist

        parts = domain.split(".")
        return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))

    def group_for(self, campaign: str, row: str) -> str | None:
        return self._rows.group_for(campaign, row, GroupKind.SUSPICIOUS, self._now())

    def admit(self, marks: Sequence[Mark], domain: str | None, campaign: Campaign | None) -> Suspicion | None:
        """Count the members and return None, or return the first limit that is reached and count nothing.

        A crash between two writes leaves only the first members counted. The retry counts the others, and the daily
        total if it finds a new member.
        """
        for _ in range(_MAX_ATTEMPTS):
            items = self._read(marks, domain, campaign)
            applied = [one for one in marks if not (one.kind is GroupKind.DOMAIN and _is_confirmed(items))]
            if found := self._exceeded(applied, items, campaign):
                return found
            new = [one for one in applied if not one.is_counted(_counted(items, one), self._now().date())]
            # Each write requires the size that was read. If another run counted a member first, read again.
            if all(self._table.update(self._count(one, _counted(items, one))) for one in new):
                is_new = any(one.is_daily for one in new)
                return self._count_in_total(campaign) if campaign and is_new else None
        raise Conflict

    def _read(self, marks: Sequence[Mark], domain: str | None, campaign: Campaign | None) -> _Items:
        keys = [_mark_key(one.key) for one in marks]
        keys += hospital_keys(self._hashes, domain) if domain else []
        keys += [self._total_key(campaign)] if campaign else []
        return {item["pk"]["S"]: item for item in self._table.read_many(keys).items} if keys else {}

    def _exceeded(self, marks: Sequence[Mark], items: _Items, campaign: Campaign | None) -> Suspicion | None:
        today = self._now().date()
        for mark in marks:
            if "bounced" in items.get(mark.key, {}):
                return Suspicion(Reason.SOURCE_BOUNCED, mark.group)
            if mark.is_exceeded(_counted(items, mark), today):
                return Suspicion(mark.reason, mark.group)
        if campaign and any(one.is_daily and not one.is_counted(_counted(items, one), today) for one in marks):
            total = items.get(self._total_key(campaign)["pk"]["S"], {}).get("introductions", {"N": "0"})
            return self._total_reached() if int(total["N"]) >= campaign.policy.unseen_per_day else None
        return None

    def _count(self, mark: Mark, counted: Counted) -> Update:
        today = self._now().date()
        part = mark.part(today)
        update = Update(_mark_key(mark.key)).add(part, {mark.member})
        size, name = len(counted.get(part, ())), update.name(part)
        update.when(f"size({name}) = {update.value(size)}" if size else f"attribute_not_exists({name})")
        for old in mark.outdated(counted, today):
            update.set(old, None)
        if mark.expires_after:
            update.set("expires", int((self._now() + mark.expires_after).timestamp()))
        return update

    def _count_in_total(self, campaign: Campaign) -> Suspicion | None:
        update = Update(self._total_key(campaign)).add("introductions", 1)
        total = update.name("introductions")
        update.when(f"attribute_not_exists({total}) OR {total} < {update.value(campaign.policy.unseen_per_day)}")
        update.set("expires", int((self._now() + _TOTAL_KEPT).timestamp()))
        return None if self._table.update(update) else self._total_reached()

    def _total_reached(self) -> Suspicion:
        return Suspicion(Reason.DAILY_TOTAL, group_name(GroupKind.TOTAL, self._now().date().isoformat()))

    def _total_key(self, campaign: Campaign) -> Item:
        return {"pk": {"S": f"total#{campaign.name}"}, "sk": {"S": self._now().date().isoformat()}}


def _mark_key(key: str) -> Item:
    return {"pk": {"S": key}, "sk": {"S": "seen"}}


def _counted(items: _Items, mark: Mark) -> Counted:
    """Return the sets of the mark's item, without those that have another meaning."""
    item = items.get(mark.key, {})
    return {name: frozenset(one["SS"]) for name, one in item.items() if name == UNDATED or name[0].isdigit()}


def _is_confirmed(items: _Items) -> bool:
    return any(is_hospital(item) for item in items.values())
