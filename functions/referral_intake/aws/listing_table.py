"""Referrals found and listed for the dashboard, page by page.

One request reads a bounded number of read units, however rare what is looked for: then it returns what it found, and a
cursor from which the next one goes on. An index may lag behind the table; what the table says wins, so a page can have
fewer rows than there is room for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from referral_intake.aws.cursors import BadCursor, Place
from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item, from_item, referral_key, typed
from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import Referral
from referral_intake.core.search_filter import FILTERS, Wanted
from referral_intake.core.tasks import Kind, waits_for

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 25
# For the index and a unit for each referral found in it: reading these, half a unit as a rule, stays below 100 with it.
MOST_UNITS = 80
MOST_COUNTED = 100
# How many entries of the index one query looks at: more each time, since what is common is found among few. The most
# cost below 20 units, even where every name is as long as it can be.
_FIRST_LOOK, _LONGEST_LOOK = 50, 200
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Page:
    """`searched_back_to` is None where everything was searched; with a cursor it is the day that the search came to."""

    referrals: Sequence[Referral]
    cursor: str | None
    searched_back_to: date | None
    units: float


@dataclass(frozen=True, slots=True)
class Capped:
    """`is_more`: there are more than `count`."""

    count: int
    is_more: bool


@dataclass(slots=True)
class _Index:
    """A part of an index, in its order, and the conditions on what is looked for there."""

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

    def query(self, start: Place | None, limit: int) -> dict[str, Any]:
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
            "ReturnConsumedCapacity": "TOTAL",
        }
        if self.conditions:
            request["FilterExpression"] = " AND ".join(f"({one})" for one in self.conditions)
        if start:
            # The key is ours, and never from the cursor: it can't lead into another campaign.
            key = {self.key[0]: typed(self.key[1]), self.sort: typed(start.at)}
            request["ExclusiveStartKey"] = {**referral_key(start.receipt), **key}
        return request

    def place(self, key: Mapping[str, Any]) -> Place:
        return Place(key[self.sort]["S"], key["pk"]["S"].partition("#")[2])

    def start(self, cursor: str | None) -> Place | None:
        """Raises BadCursor."""
        place = Place.read(cursor) if cursor else None
        if place and self.between and not self.between[0] <= place.at <= self.between[1]:
            raise BadCursor
        return place


class ListingTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def search(self, wanted: Wanted, cursor: str | None = None) -> Page:
        """The newest first. Raises BadCursor, Unavailable."""
        index = index_for(wanted)
        start = index.start(cursor)
        places, following, units = self._look(index, start, few=not index.conditions)
        found, more = self._read(places, is_consistent=False)
        back_to = date.fromisoformat(following.at[:10]) if following else None
        referrals = [referral for referral in found if wanted.fits(referral)]
        return Page(referrals, following.text if following else None, back_to, units + more)

    def with_receipt(self, receipt: str, wanted: Wanted) -> Page:
        """The referral, as a page, where it fits the rest of what is wanted."""
        found, units = self._read([Place("", receipt)], is_consistent=False)
        return Page([referral for referral in found if wanted.fits(referral)], None, None, units)

    def work(self, campaign: str, kind: Kind, cursor: str | None = None) -> Page:
        """What waits for a person, the oldest first. Raises BadCursor, Unavailable."""
        index = _index_of_work(campaign, kind)
        places, following, units = self._look(index, index.start(cursor), few=True)
        # People act on these: what somebody just did must not be offered again.
        found, more = self._read(places, is_consistent=True)
        referrals = [one for one in found if one.campaign == campaign and waits_for(one) is kind]
        return Page(referrals, following.text if following else None, None, units + more)

    def waiting(self, campaign: str) -> dict[Kind, Capped]:
        """How much of each kind waits for a person."""
        return {kind: self._count(_index_of_work(campaign, kind)) for kind in Kind}

    def _count(self, index: _Index) -> Capped:
        with errors_as_ours():
            request = index.query(None, MOST_COUNTED + 1)
            count = self._client.query(TableName=self._name, Select="COUNT", **request)["Count"]
        return Capped(min(count, MOST_COUNTED), count > MOST_COUNTED)

    def _look(self, index: _Index, start: Place | None, *, few: bool) -> tuple[list[Place], Place | None, float]:
        """A page's places, where to go on if there may be more, and what it cost. `few`: every entry is looked for."""
        places: list[Place] = []
        units = dearest = 0.0
        limit = PAGE + 1 if few else _FIRST_LOOK
        while True:
            with errors_as_ours():
                answer = self._client.query(TableName=self._name, **index.query(start, limit))
            cost = answer["ConsumedCapacity"]["CapacityUnits"]
            places += [index.place(item) for item in answer["Items"]]
            units, dearest = units + cost, max(dearest, cost * (_LONGEST_LOOK / limit))
            if len(places) > PAGE:
                return places[:PAGE], places[PAGE - 1], units
            if not answer.get("LastEvaluatedKey"):
                return places, None, units
            start = index.place(answer["LastEvaluatedKey"])
            if units + dearest + len(places) > MOST_UNITS:
                return places, start, units
            limit = min(limit * 2, _LONGEST_LOOK)

    def _read(self, places: Sequence[Place], *, is_consistent: bool) -> tuple[list[Referral], float]:
        """The referrals as the table has them, in the order of their places, and what it cost."""
        found: dict[str, Referral] = {}
        units = 0.0
        keys = [referral_key(place.receipt) for place in places]
        for _ in range(_TRIES):
            if not keys:
                return [found[place.receipt] for place in places if place.receipt in found], units
            asked: Any = {self._name: {"Keys": keys, "ConsistentRead": is_consistent}}
            with errors_as_ours():
                answer = self._client.batch_get_item(RequestItems=asked, ReturnConsumedCapacity="TOTAL")
            for item in answer["Responses"].get(self._name, []):
                referral = from_item(item)
                found[referral.receipt] = referral
            units += sum(one["CapacityUnits"] for one in answer["ConsumedCapacity"])
            keys = [dict(key) for key in answer["UnprocessedKeys"].get(self._name, {"Keys": []})["Keys"]]
        raise Unavailable("UnprocessedKeys")


def index_for(wanted: Wanted) -> _Index:
    """Where it is looked for. What is found there may have changed since: `wanted.fits` says so."""
    first, last = wanted.filter.first, wanted.filter.last
    # As text, times sort as they do; no day has a time after this letter.
    between = (f"{first}T" if first else "0", f"{last}Z" if last else "Z")
    if wanted.email:
        return _Index("emails", ("email_identity", wanted.email), "submitted_at", between=between)
    if wanted.npi:
        return _Index("npis", ("npi", wanted.npi), "submitted_at", between=between)
    index = _Index("listed", ("campaign", wanted.campaign), "submitted_at", between=between)
    for name, one in FILTERS.items():
        value = getattr(wanted.filter, name)
        if value and value == one.none:
            index.when(name, f"attribute_not_exists(#{name})")
        elif value:
            index.when(name, f"#{name} = :{name}", **{name: value})
    for number, word in enumerate(wanted.words):
        names = {f"n{number}": word, f"m{number}": f" {word}"}
        condition = f"begins_with(#search_name, :n{number}) OR contains(#search_name, :m{number})"
        index.when("search_name", condition, **names)
    return index


def _index_of_work(campaign: str, kind: Kind) -> _Index:
    return _Index("work", ("waits_for", f"{campaign}/{kind.value}"), "waits_since", is_newest_first=False)
