"""Reports in the main table: one item each, found by its id, and a note of each under its campaign, newest last.

What a run writes, it writes as the attempt that it is: once another run has taken the report, nothing of it counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item, plain, timestamp, typed
from referral_intake.aws.updates import Update, write
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.report import REMEMBERED, UNFINISHED, File, Format, Kind, Place, Report, State
from referral_intake.core.search_filter import Filter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATEST = 20
# A report that nobody finished in this time is not looked for any more.
_LOOKED_FOR = timedelta(days=2)
_MOST_LOOKED_AT = 100


def report_key(report_id: str) -> Item:
    return {"pk": {"S": f"report#{report_id}"}, "sk": {"S": "report"}}


class ReportTable:
    def __init__(self, client: "DynamoDBClient", name: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._name = name
        self._now = now

    def add(self, report: Report, *together: Mapping[str, Any]) -> None:
        """Stores a new report, with other parts of the same transaction: who asked for it, for instance."""
        expires = typed(int((report.requested_at + REMEMBERED).timestamp()))
        note = {
            "pk": typed(f"reports#{report.campaign}"),
            "sk": typed(f"{timestamp(report.requested_at)}#{report.id}"),
            "expires": expires,
        }
        item = {**report_key(report.id), **_typed(_all_of(report)), "expires": expires}
        puts = [{"Put": {"TableName": self._name, "Item": one}} for one in (item, note)]
        actions: Any = [*puts, *together]
        with errors_as_ours():
            try:
                self._client.transact_write_items(TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as canceled:
                # Nothing here has a condition: another transaction was in the way.
                raise Unavailable("TransactionCanceled") from canceled

    def get(self, report_id: str) -> Report | None:
        with errors_as_ours():
            answer = self._client.get_item(TableName=self._name, Key=report_key(report_id), ConsistentRead=True)
        return _report(answer["Item"]) if "Item" in answer else None

    def latest(self, campaign: str, limit: int = LATEST, since: datetime | None = None) -> list[Report]:
        """The newest first, at most `limit`; 100 at most."""
        with errors_as_ours():
            found = self._client.query(
                TableName=self._name,
                KeyConditionExpression="pk = :campaign AND sk >= :since",
                ExpressionAttributeValues={
                    ":campaign": typed(f"reports#{campaign}"),
                    ":since": typed(timestamp(since) if since else "0"),
                },
                ScanIndexForward=False,
                Limit=limit,
            )["Items"]
        reports = [self.get(item["sk"]["S"].partition("#")[2]) for item in found]
        return [report for report in reports if report]

    def unfinished(self, campaign: str) -> list[Report]:
        latest = self.latest(campaign, _MOST_LOOKED_AT, self._now() - _LOOKED_FOR)
        return [report for report in latest if report.state in UNFINISHED]

    def claim(self, report_id: str, until: datetime) -> Report | None:
        """Takes the report for a run that ends by then; None where it is finished or somebody else has it."""
        now = timestamp(self._now())
        update = Update(report_key(report_id)).add("attempt", 1).add("setbacks", 1)
        update.set("state", State.RUNNING.value).set("lease_until", timestamp(until))
        state, lease = update.name("state"), update.name("lease_until")
        update.when(f"{state} IN ({', '.join(update.value(state.value) for state in sorted(UNFINISHED))})")
        update.when(f"attribute_not_exists({lease}) OR {lease} <= {update.value(now)}")
        with errors_as_ours():
            try:
                answer = self._client.update_item(TableName=self._name, **update.request, ReturnValues="ALL_NEW")
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return _report(answer["Attributes"])

    def save(self, report: Report) -> None:
        """Makes durable how far it has come; raises Stale where another run has taken it."""
        update = Update(report_key(report.id)).when_equal("attempt", report.attempt)
        for name, value in _course_of(report).items():
            update.set(name, value)
        if not write(self._client, self._name, update):
            raise Stale

    def note_put(self, report: Report, at: datetime) -> bool:
        """Notes that it was put into the queue; False where somebody took it or noted so meanwhile."""
        update = Update(report_key(report.id)).set("put_at", timestamp(at)).set("lease_until", None)
        update.when_equal("attempt", report.attempt)
        if report.put_at:
            update.when_equal("put_at", timestamp(report.put_at))
        else:
            update.when(f"attribute_not_exists({update.name('put_at')})")
        return write(self._client, self._name, update)


def _course_of(report: Report) -> dict[str, Any]:
    """What changes while a report is worked on; None is no attribute."""
    return {
        "state": report.state.value,
        "rows_done": report.rows_done,
        "files": [asdict(file) for file in report.files],
        "place": _without_blanks(asdict(report.place)),
        "setbacks": report.setbacks,
        "lease_until": timestamp(report.lease_until) if report.lease_until else None,
        "put_at": timestamp(report.put_at) if report.put_at else None,
        "expires_at": timestamp(report.expires_at) if report.expires_at else None,
        "detail": report.detail,
        "left_out": dict(report.left_out) or None,
    }


def _all_of(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "kind": report.kind.value,
        "format": report.format.value,
        "campaign": report.campaign,
        "filter": _without_blanks({name: _text(value) for name, value in asdict(report.filter).items()}),
        "sub": report.sub,
        "username": report.username,
        "requested_at": timestamp(report.requested_at),
        "attempt": report.attempt,
        **_course_of(report),
    }


def _report(item: Any) -> Report:
    values = plain(item)
    place, chosen = values["place"], values["filter"]
    numbers = {name: int(place[name]) for name in ("rows", "size") if name in place}
    days = {name: date.fromisoformat(chosen[name]) for name in ("first", "last") if name in chosen}
    return Report(
        id=values["id"],
        kind=Kind(values["kind"]),
        format=Format(values["format"]),
        campaign=values["campaign"],
        filter=Filter(**{**chosen, **days}),
        sub=values["sub"],
        username=values["username"],
        requested_at=datetime.fromisoformat(values["requested_at"]),
        state=State(values["state"]),
        rows_done=int(values["rows_done"]),
        files=tuple(File(file["key"], file["name"], int(file["size"])) for file in values["files"]),
        place=Place(**{**place, "parts": tuple(place["parts"]), **numbers}),
        attempt=int(values["attempt"]),
        setbacks=int(values["setbacks"]),
        lease_until=_moment(values, "lease_until"),
        put_at=_moment(values, "put_at"),
        expires_at=_moment(values, "expires_at"),
        detail=values.get("detail"),
        left_out=values.get("left_out", {}),
    )


def _moment(values: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(values[name]) if name in values else None


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _typed(values: Mapping[str, Any]) -> Item:
    return {name: typed(value) for name, value in values.items() if value is not None}


def _without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
