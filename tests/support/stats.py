"""An in-memory table of counters, and histories of referrals to count."""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from referral_intake.aws.item_format import Item
from referral_intake.aws.stats_items import numbers, receipt_of
from referral_intake.core.counting import CounterKey, contributions, tally
from referral_intake.core.doctor import Address
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Stage, receipt_for
from referral_intake.stats.counting_table import CountingTable
from tests.support import samples


class TransactionCanceled(ClientError):
    pass


@dataclass
class MemoryTable:
    """A fast fake of DynamoDB with the operations that counting uses. Integration tests check that real engines agree.

    Each transaction calls `interrupt`: it may raise, or return the reason of a cancellation.
    """

    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    interrupt: Callable[[], str | None] = lambda: None
    transactions: list[list[Any]] = field(default_factory=list)

    class exceptions:  # noqa: N801  (as in a client of boto3)
        TransactionCanceledException = TransactionCanceled

    def batch_get_item(self, RequestItems: Mapping[str, Any], **_: str) -> dict[str, Any]:  # noqa: N803
        [(name, request)] = RequestItems.items()
        assert len(request["Keys"]) <= 100
        found = [self.items[_place(key)] for key in request["Keys"] if _place(key) in self.items]
        return {"Responses": {name: found}, "UnprocessedKeys": {}}

    def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803
        updates = [action["Update"] for action in TransactItems]
        assert len({_place(update["Key"]) for update in updates}) == len(updates) <= 100
        self.transactions.append(updates)
        code = self.interrupt()
        codes = ["None" if self._holds(update) else "ConditionalCheckFailed" for update in updates]
        if code or set(codes) != {"None"}:
            reasons: Any = [{"Code": code or one} for one in codes]
            raise TransactionCanceled({"CancellationReasons": reasons, "Error": {"Code": "x"}}, "TransactWriteItems")
        for update in updates:
            self._apply(update)

    def _holds(self, update: Any) -> bool:
        item = self.items.get(_place(update["Key"]), {})
        condition = update.get("ConditionExpression", "")
        if missing := re.fullmatch(r"\(attribute_not_exists\((#\d+)\)\)", condition):
            return update["ExpressionAttributeNames"][missing[1]] not in item
        if equal := re.fullmatch(r"\((#\d+) = (:\d+)\)", condition):
            name, value = update["ExpressionAttributeNames"][equal[1]], update["ExpressionAttributeValues"][equal[2]]
            return bool(item.get(name) == value)
        assert not condition
        return True

    def _apply(self, update: Any) -> None:
        item = {**self.items.get(_place(update["Key"]), update["Key"])}
        assert len(update["UpdateExpression"]) <= 4096
        clauses = re.split(r" ?(SET|REMOVE|ADD) ", update["UpdateExpression"])[1:]
        for verb, terms in zip(clauses[::2], clauses[1::2], strict=True):
            for term in terms.split(", "):
                name = update["ExpressionAttributeNames"][term.split()[0]]
                value = update.get("ExpressionAttributeValues", {}).get(term.split()[-1])
                if verb == "REMOVE":
                    item.pop(name, None)
                elif verb == "ADD":
                    item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}
                else:
                    item[name] = value
        self.items[_place(update["Key"])] = item


def _place(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def counting(table: MemoryTable) -> CountingTable:
    client: Any = table
    return CountingTable(client, "stats", sleep=lambda _: None)


def counters(items: Any) -> dict[CounterKey, int]:
    """All numbers except 0."""
    found = (pair for item in items if not receipt_of(item) for pair in numbers(item))
    return {count: number for count, number in found if number}


def recount(referrals: Any) -> dict[CounterKey, int]:
    total: Counter[CounterKey] = Counter()
    for referral in referrals:
        total.update(contributions(tally(referral)))
    return dict(total)


# ---- Histories -------------------------------------------------------------------------------------------------------

_FACTS = ("sent", "delivered", "bounced", "complained", "opened", "clicked", "scanned", "answered", "opted_out")
_TYPED = ("Medical oncology", "Cirug\u00eda de columna", "my own", None)
_STATES = ("IL", "CA", "TX", None)


def history(random: Random, length: int) -> list[Referral]:
    """A referral at each of its revisions. Its changes are random, because counting must not rely on likely ones."""
    found = [_begun(random)]
    while len(found) < length:
        before = found[-1]
        found.append(replace(random.choice(_CHANGES)(random, before), revision=before.revision + 1))
    return found


def _begun(random: Random) -> Referral:
    first = _first()
    doctor = replace(first.doctor, specialty=random.choice(_TYPED), address=Address(state=random.choice(_STATES)))
    receipt = receipt_for(uuid.uuid4())
    at = samples.NOW + timedelta(hours=random.randrange(200))
    source, locale = random.choice(["patient", "caregiver"]), random.choice(["en", "es"])
    return replace(
        first, receipt=receipt, doctor=doctor, milestones={"submitted": at}, submitted_by=source, locale=locale
    )


@cache
def _first() -> Referral:
    return samples.referral()


def _a_fact(random: Random, before: Referral) -> Referral:
    """A new fact, or the same fact at an earlier time."""
    name, at = random.choice(_FACTS), before.submitted_at + timedelta(minutes=random.randrange(20_000))
    return replace(before, milestones={**before.milestones, name: min(at, before.milestones.get(name, at))})


def _people_were_scanners(_: Random, before: Referral) -> Referral:
    milestones = dict(before.milestones)
    if "opened" in milestones:
        milestones["scanned"] = milestones.pop("opened")
    return replace(before, milestones=milestones)


def _a_move(random: Random, before: Referral) -> Referral:
    stage = random.choice([stage for stage in Stage if stage is not Stage.CLOSED])
    return before if before.stage is Stage.CLOSED else replace(before, stage=stage)


def _a_closing(random: Random, before: Referral) -> Referral:
    at = before.submitted_at + timedelta(hours=random.randrange(400))
    return replace(before, stage=Stage.CLOSED, reason=random.choice(list(Closing)).value, stored_closed_at=at)


def _an_answer(random: Random, before: Referral) -> Referral:
    return replace(_a_fact(random, before), answer=random.choice(list(Answer)))


_CHANGES = (_a_fact, _a_fact, _a_fact, _a_move, _a_move, _people_were_scanners, _a_closing, _an_answer)


def delivered(random: Random, histories: list[list[Referral]]) -> Iterator[list[Referral]]:
    """The records as batches: some lost, repeated or out of order. The last record of each history always arrives."""
    records = [one for revisions in histories for one in revisions if random.random() > 0.1]
    records += [one for one in records if random.random() < 0.2] + [one[-1] for one in histories]
    # Most records keep their order, and some move far away.
    order = {id(one): random.random() if random.random() < 0.2 else one.revision / 10 for one in records}
    records.sort(key=lambda one: order[id(one)])
    while records:
        size = random.randint(1, 100)
        yield records[:size]
        records = records[size:]
