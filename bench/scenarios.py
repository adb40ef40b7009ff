"""What happens to one referral, through the handlers as Lambda calls them: answered, reminded, joined, by letter.

DynamoDB Local's stream and the template's filters carry it from one function to the next. Runs are counted one for each
batch of one, as few referrals make them: with many, batches save some.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

import boto3

from bench.meter import Bill, Meter
from samlocal.events.streams import as_delivered, filtering
from samlocal.template.model import StreamSource
from tests.integration import aws
from tests.integration.life import DOCTOR, Life
from tests.support import events


class Lives:
    """Bills referrals one after another. DynamoDB's stream carries them from one function to the next."""

    def __init__(self, life: Life, meter: Meter) -> None:
        self._life, self._meter = life, meter
        self._streams = boto3.client("dynamodbstreams", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
        self._iterators: dict[str, str] = {}
        invoke = life.invoke
        life.invoke = lambda function, event: self._counted(invoke, function, event)  # type: ignore[method-assign]
        self._send = life.mail.send_email
        life.mail.send_email = self._send_slowly  # type: ignore[method-assign]

    def _send_slowly(self, **asked: Any) -> dict[str, str]:
        """The time that SES gives a message is a moment before the function has its answer."""
        answer = self._send(**asked)
        self._life.clock.shift(0.2)
        return answer

    def _counted(self, invoke: Any, function: str, event: dict[str, Any]) -> Any:
        self._meter.bill.runs[function] += 1
        if function in {"intake", "links", "lookup"}:
            self._meter.bill.requests += 1
        if function == "feedback":
            self._meter.bill.events += 1
        return invoke(function, event)

    @contextmanager
    def one(self) -> Iterator[Bill]:
        """What happens inside is billed, until the stream is empty."""
        self.flow()
        self._meter.bill = Bill()
        before = len(self._life.mail.sent)
        yield self._meter.bill
        self.flow()
        self._meter.bill.mails = len(self._life.mail.sent) - before

    def flow(self) -> None:
        """Gives every record of the stream to the functions that the template's filters let have it."""
        while records := self._records():
            for source in self._sources:
                for record in filter(filtering(source.filters), records):
                    self._life.invoke(_door(source), {"Records": [record]})

    @cached_property
    def _sources(self) -> list[StreamSource]:
        return [one for one in aws.template().sources if isinstance(one, StreamSource)]

    def _records(self) -> list[Any]:
        arn = self._life.client.describe_table(TableName=self._life.table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found: list[Any] = []
        for shard in (one["ShardId"] for one in shards):
            where: Any = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
            start = self._iterators.get(shard) or self._streams.get_shard_iterator(**where)["ShardIterator"]
            answer = self._streams.get_records(ShardIterator=start)
            self._iterators[shard] = answer.get("NextShardIterator", start)
            found += [as_delivered(record, arn) for record in answer["Records"]]
        return found


def _door(source: StreamSource) -> str:
    return aws.template().functions[source.function].short_name


# ---- Kinds of referrals ----------------------------------------------------------------------------------------------


def answered(lives: Lives, life: Life, name: str, *, reads: bool = True, wait: float = 0, **doctor: Any) -> None:
    """The page asks for a challenge; the doctor opens, clicks and answers, `wait` seconds after the delivery."""
    receipt = _written_to(lives, life, name, **doctor)
    life.clock.shift(wait)
    for kind in ("Open", "Click") if reads else ():
        _event(lives, life, kind, receipt)
    life.follow("/api/answer", answer="call")


def reminded(lives: Lives, life: Life, name: str) -> None:
    """The doctor opens and does nothing; two weeks later the reminder goes out, and one day it expires."""
    receipt = _written_to(lives, life, name)
    _event(lives, life, "Open", receipt)
    life.clock.move_to(working_day(days=15, at=datetime.now(UTC)))
    life.wake()
    lives.flow()
    for kind in ("Send", "Delivery"):
        _event(lives, life, kind, receipt)


def by_night(lives: Lives, life: Life, name: str) -> None:
    """The message goes out after one in the morning where the doctor is."""
    life.clock.move_to(datetime.now(UTC).replace(hour=7) + timedelta(days=1))
    answered(lives, life, name)


def working_day(days: int, at: datetime) -> datetime:
    """So many days later, or on the Monday after, at that time of day."""
    day = datetime.now(UTC) + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day.date(), at.timetz())


def joining(lives: Lives, life: Life, name: str) -> None:
    _challenge(life)
    life.submit(doctor={"name": f"First {name}", "email": "doctorfirst@clinic.example"})
    lives.flow()


def by_letter(lives: Lives, life: Life, name: str) -> None:
    _challenge(life)
    life.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")} | {"name": name})
    lives.flow()


def _written_to(lives: Lives, life: Life, name: str, **doctor: Any) -> str:
    _challenge(life)
    email = f"{name.lower()}@clinic.example"
    receipt = life.submit(doctor={**DOCTOR, "name": name, "email": email, "npi": None, **doctor})
    lives.flow()
    for kind in ("Send", "Delivery"):
        _event(lives, life, kind, receipt)
    return receipt


def _event(lives: Lives, life: Life, kind: str, receipt: str) -> None:
    """SES reports it a minute after what was before."""
    life.clock.shift(60)
    life.tell(kind, receipt)
    lives.flow()


def _challenge(life: Life) -> None:
    life.clock.shift(60)
    life.invoke("intake", events.get_challenge("binding"))


DAY = 24 * 3600
LIVES: dict[str, Callable[[Lives, Life, str], None]] = {
    "answered": answered,
    "joining": joining,
    "by letter": by_letter,
    "without opening": partial(answered, reads=False),
    "by email alone": partial(answered, phone=None, address={}),
    "with NPI": partial(answered, npi=DOCTOR["npi"]),
    "next day": partial(answered, wait=DAY),
    "by night": by_night,
    "reminded": reminded,
}
