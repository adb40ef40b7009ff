"""Search and lists of referrals for the dashboard, page by page.

One request uses a limited number of read units, even if matches are rare. Then it returns the matches so far, and a
cursor for the next request. An index can lag behind the table. So each referral is checked again after it is read
from the table, and a page can have fewer rows than its limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from referral_intake.aws.cursors import BadCursor, ListingPosition
from referral_intake.aws.held_groups import group_key
from referral_intake.aws.item_format import Item, from_item, referral_key, task_list, typed
from referral_intake.aws.table import Table
from referral_intake.core.referral import Referral
from referral_intake.core.search_filter import FILTERS, SearchCriteria
from referral_intake.core.tasks import TaskKind, task_kind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 25
# Units for the index, plus one for each referral found in it. Reading a referral usually takes half a unit, so a
# request stays below 100 units.
MAX_UNITS = 80
MAX_COUNTED = 100
# How many groups are checked for members when tasks are counted. Each takes a query.
_MAX_CHECKED_GROUPS = 20
# How many index entries one query reads. Each query reads more than the previous one, because frequent matches are
# found among few entries. 200 entries take less than 20 units, even if every name has the maximum length.
_FIRST_PAGE, _MAX_PAGE = 50, 200


@dataclass(frozen=True, slots=True)
class Page:
    """With a cursor, `searched_back_to` is the day that the search reached. None means that everything was searched."""

    referrals: Sequence[Referral]
    cursor: str | None
    searched_back_to: date | None
    units: float
    groups: Sequence["HeldGroup"] = ()


@dataclass(frozen=True, slots=True)
class CappedCount:
    """A count with a limit. `is_more` means that there are more than `count`."""

    count: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A group of held referrals, as one row of the list of tasks. `since` is when its oldest member was held."""

    name: str
    count: CappedCount
    since: datetime


@dataclass(slots=True)
class _Index:
    """One partition of an index, in order, with the conditions of the search."""

    name: str
    key: tuple[str, str]
    sort: str
    is_newest_first: bool = True
    between: tuple[str, str] | None = None
    conditions: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    values: Item = field(default_factory=dict)

    def when(self, attribute: str, condition: str, **values: str) -> None:
        self.names[f"#{attribute}"] = attribute
        self.values |= {f":{name}": typed(value) for name, value in values.items()}
        self.conditions.append(condition)

    def query(self, start: ListingPosition | None, limit: int) -> dict[str, Any]:
        names, values = {"#key": self.key[0], **self.names}, {":key": typed(self.key[1]), **self.values}
        condition = "#key = :key"
        if self.between:
            condition += " AND #sort BETWEEN :first AND :last"
            names["#sort"] = self.sort
            values |= {":first": typed(self.between[0]), ":last": typed(self.between[1])}
        request: dict[str, Any] = {
            "IndexName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not self.is_newest_first,
            "Limit": limit,
        }
        if self.conditions:
            request["FilterExpression"] = " AND ".join(f"({one})" for one in self.conditions)
        if start:
            # The partition key never comes from the cursor, so a cursor can't lead to another campaign.
            key = {self.key[0]: typed(self.key[1]), self.sort: typed(start.at)}
            campaign = self.key[1].partition("/")[0]
            entry = group_key(campaign, start.receipt) if start.is_group else referral_key(start.receipt)
            request["ExclusiveStartKey"] = {**entry, **key}
        return request

    def position(self, key: Mapping[str, Any]) -> ListingPosition:
        return ListingPosition(key[self.sort]["S"], key["pk"]["S"].rpartition("#")[2])

    def start(self, cursor: str | None) -> ListingPosition | None:
        """Return the position of a cursor. Raise BadCursor if it is not within the searched range."""
        position = ListingPosition.decode(cursor) if cursor else None
        if position and self.between and not self.between[0] <= position.at <= self.between[1]:
            raise BadCursor
        return position


class ListingTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def search(self, criteria: SearchCriteria, cursor: str | None = None) -> Page:
        """Find referrals, newest first. Raise BadCursor, Unavailable."""
        index = index_for(criteria)
        start = index.start(cursor)
        positions, following, units = self._read_index(index, start, every_entry_matches=not index.conditions)
        found, more = self._read(positions, is_consistent=False)
        back_to = date.fromisoformat(following.at[:10]) if following else None
        referrals = [referral for referral in found if criteria.matches(referral)]
        return Page(referrals, following.encoded if following else None, back_to, units + more)

    def find_receipt(self, receipt: str, criteria: SearchCriteria) -> Page:
        """Return a page with this referral, if it matches the criteria."""
        found, units = self._read([ListingPosition("", receipt)], is_consistent=False)
        return Page([referral for referral in found if criteria.matches(referral)], None, None, units)

    def tasks(self, campaign: str, kind: TaskKind, cursor: str | None = None, group: str | None = None) -> Page:
        """List the tasks of this kind, or the members of a group, oldest first. Raise BadCursor, Unavailable."""
        index = _task_index(campaign, kind, group)
        positions, following, units = self._read_index(index, index.start(cursor), every_entry_matches=True)
        # Consistent: a task that was just done must not show up again.
        found, more = self._read([one for one in positions if not one.is_group], is_consistent=True)
        referrals = [one for one in found if (one.campaign, task_kind(one), one.group) == (campaign, kind, group)]
        groups = [self._group(campaign, one.receipt) for one in positions if one.is_group]
        units += more + sum(read for _, read in groups)
        shown = [one for one, _ in groups if one]
        return Page(referrals, following.encoded if following else None, None, units, shown)

    def group(self, campaign: str, name: str) -> HeldGroup | None:
        """Return the group, or None if it has no members."""
        return self._group(campaign, name)[0]

    def _group(self, campaign: str, name: str) -> tuple[HeldGroup | None, float]:
        """Return the group, or None if it has no members, and the read units."""
        index = _task_index(campaign, TaskKind.HELD, name)
        read = self._table.query(**index.query(None, MAX_COUNTED + 1))
        if not read.items:
            return None, read.units
        since = datetime.fromisoformat(index.position(read.items[0]).at)
        return HeldGroup(name, _capped(len(read.items)), since), read.units

    def count_tasks(self, campaign: str) -> dict[TaskKind, CappedCount]:
        """Count the tasks of each kind. A group counts as one."""
        return {kind: self._count(campaign, _task_index(campaign, kind)) for kind in TaskKind}

    def _count(self, campaign: str, index: _Index) -> CappedCount:
        positions = [index.position(one) for one in self._table.query(**index.query(None, MAX_COUNTED + 1)).items]
        groups = [one.receipt for one in positions if one.is_group]
        empty = [one for one in groups[:_MAX_CHECKED_GROUPS] if not self._has_members(campaign, one)]
        return _capped(len(positions) - len(empty))

    def _has_members(self, campaign: str, group: str) -> bool:
        return self._table.count(**_task_index(campaign, TaskKind.HELD, group).query(None, 1)) > 0

    def _read_index(
        self, index: _Index, start: ListingPosition | None, *, every_entry_matches: bool
    ) -> tuple[list[ListingPosition], ListingPosition | None, float]:
        """Return the positions of a page, the position to continue from if there may be more, and the read units."""
        positions: list[ListingPosition] = []
        units = max_page_units = 0.0
        limit = PAGE + 1 if every_entry_matches else _FIRST_PAGE
        while True:
            found = self._table.query(**index.query(start, limit))
            positions += [index.position(item) for item in found.items]
            units, max_page_units = units + found.units, max(max_page_units, found.units * (_MAX_PAGE / limit))
            if len(positions) > PAGE:
                return positions[:PAGE], positions[PAGE - 1], units
            if not found.last_key:
                return positions, None, units
            start = index.position(found.last_key)
            if units + max_page_units + len(positions) > MAX_UNITS:
                return positions, start, units
            limit = min(limit * 2, _MAX_PAGE)

    def _read(self, positions: Sequence[ListingPosition], *, is_consistent: bool) -> tuple[list[Referral], float]:
        """Read the referrals from the table, in the order of `positions`. Return them and the read units."""
        keys = [referral_key(position.receipt) for position in positions]
        read = self._table.read_many(keys, consistent=is_consistent)
        found = {referral.receipt: referral for referral in map(from_item, read.items)}
        return [found[position.receipt] for position in positions if position.receipt in found], read.units


def index_for(criteria: SearchCriteria) -> _Index:
    """Return the index to search. Check the results with `criteria.matches`: the referral may have changed since."""
    first, last = criteria.filter.first, criteria.filter.last
    # Timestamps sort as text. "Z" sorts after every time of a day.
    between = (f"{first}T" if first else "0", f"{last}Z" if last else "Z")
    if criteria.email:
        return _Index("emails", ("email_identity", criteria.email), "submitted_at", between=between)
    if criteria.npi:
        return _Index("npis", ("npi", criteria.npi), "submitted_at", between=between)
    index = _Index("listed", ("campaign", criteria.campaign), "submitted_at", between=between)
    for name, one in FILTERS.items():
        value = getattr(criteria.filter, name)
        if value and one.indexed:
            attribute, required = one.indexed
            index.when(attribute, f"#{attribute} = :{name}", **{name: required})
        elif value and value == one.none:
            index.when(name, f"attribute_not_exists(#{name})")
        elif value:
            index.when(name, f"#{name} = :{name}", **{name: value})
    for number, word in enumerate(criteria.words):
        names = {f"n{number}": word, f"m{number}": f" {word}"}
        condition = f"begins_with(#search_name, :n{number}) OR contains(#search_name, :m{number})"
        index.when("search_name", condition, **names)
    return index


def _task_index(campaign: str, kind: TaskKind, group: str | None = None) -> _Index:
    return _Index("work", ("waits_for", task_list(campaign, kind, group)), "waits_since", is_newest_first=False)


def _capped(count: int) -> CappedCount:
    return CappedCount(min(count, MAX_COUNTED), count > MAX_COUNTED)
