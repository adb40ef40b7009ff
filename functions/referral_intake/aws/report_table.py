"""Reports in the main table: one item by id, and one in the list of its campaign, newest last.

A run writes with the number of its attempt. Once another run has claimed the report, such a write fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws.item_format import Item, plain, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.errors import Stale
from referral_intake.core.report import (
    REPORT_RETENTION,
    UNFINISHED,
    Checkpoint,
    File,
    Format,
    Report,
    ReportKind,
    ReportState,
)
from referral_intake.core.search_filter import Filter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATEST = 20
# An unfinished report older than this is not queued again.
_RECOVERY_WINDOW = timedelta(days=2)
_MAX_CHECKED = 100


def report_key(report_id: str) -> Item:
    return {"pk": {"S": f"report#{report_id}"}, "sk": {"S": "report"}}


class ReportTable:
    def __init__(self, client: "DynamoDBClient", name: str, now: Callable[[], datetime]) -> None:
        self._table = Table(client, name)
        self._now = now

    def add(self, report: Report, *sum_facts: Item) -> None:
        """Store a new report and, in the same transaction, other items, such as the record of who requested it."""
        expires = typed(int((report.requested_at + REPORT_RETENTION).timestamp()))
        list_item = {
            "pk": typed(f"reports#{report.campaign}"),
            "sk": typed(f"{timestamp(report.requested_at)}#{report.id}"),
            "expires": expires,
        }
        item = {**report_key(report.id), **_typed(_report_attributes(report)), "expires": expires}
        self._table.transact(puts=[item, list_item, *sum_facts])

    def get(self, report_id: str) -> Report | None:
        item = self._table.get(report_key(report_id), consistent=True)
        return _report(item) if item else None

    def latest(self, campaign: str, limit: int = LATEST, since: datetime | None = None) -> list[Report]:
        """Return the newest reports, newest first, at most `limit`."""
        found = self._table.query(
            KeyConditionExpression="pk = :campaign AND sk >= :since",
            ExpressionAttributeValues={
                ":campaign": typed(f"reports#{campaign}"),
                ":since": typed(timestamp(since) if since else "0"),
            },
            ScanIndexForward=False,
            Limit=limit,
        )
        reports = [self.get(item["sk"]["S"].partition("#")[2]) for item in found.items]
        return [report for report in reports if report]

    def unfinished(self, campaign: str) -> list[Report]:
        latest = self.latest(campaign, _MAX_CHECKED, self._now() - _RECOVERY_WINDOW)
        return [report for report in latest if report.state in UNFINISHED]

    def claim(self, report_id: str, until: datetime) -> Report | None:
        """Claim the report for a run that ends by `until`.

        Return None if it is finished or another run has claimed it.
        """
        now = timestamp(self._now())
        update = Update(report_key(report_id)).add("attempt", 1).add("setbacks", 1)
        update.set("state", ReportState.RUNNING.value).set("lease_until", timestamp(until))
        state, lease = update.name("state"), update.name("lease_until")
        update.when(f"{state} IN ({', '.join(update.value(state.value) for state in sorted(UNFINISHED))})")
        update.when(f"attribute_not_exists({lease}) OR {lease} <= {update.value(now)}")
        item = self._table.update_and_get(update)
        return _report(item) if item else None

    def save(self, report: Report) -> None:
        """Store the progress. Raise Stale if another run has claimed the report."""
        update = Update(report_key(report.id)).when_equal("attempt", report.attempt)
        for name, value in _progress_attributes(report).items():
            update.set(name, value)
        if not self._table.update(update):
            raise Stale

    def record_queued(self, report: Report, at: datetime) -> bool:
        """Store that the report was queued. Return False if it was claimed or queued in the meantime."""
        update = Update(report_key(report.id)).set("put_at", timestamp(at)).set("lease_until", None)
        update.when_equal("attempt", report.attempt)
        if report.put_at:
            update.when_equal("put_at", timestamp(report.put_at))
        else:
            update.when(f"attribute_not_exists({update.name('put_at')})")
        return self._table.update(update)


def _progress_attributes(report: Report) -> dict[str, Any]:
    """Return the attributes that change during a run. None means that the attribute is absent."""
    return {
        "state": report.state.value,
        "rows_done": report.rows_done,
        "files": [asdict(file) for file in report.files],
        "place": _without_blanks(asdict(report.checkpoint)),
        "setbacks": report.failed_runs,
        "lease_until": timestamp(report.lease_until) if report.lease_until else None,
        "put_at": timestamp(report.put_at) if report.put_at else None,
        "expires_at": timestamp(report.expires_at) if report.expires_at else None,
        "detail": report.detail,
        "left_out": dict(report.left_out) or None,
    }


def _report_attributes(report: Report) -> dict[str, Any]:
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
        **_progress_attributes(report),
    }


def _report(item: Any) -> Report:
    values = plain(item)
    checkpoint, chosen = values["place"], values["filter"]
    numbers = {name: int(checkpoint[name]) for name in ("rows", "size") if name in checkpoint}
    days = {name: date.fromisoformat(chosen[name]) for name in ("first", "last") if name in chosen}
    return Report(
        id=values["id"],
        kind=ReportKind(values["kind"]),
        format=Format(values["format"]),
        campaign=values["campaign"],
        filter=Filter(**{**chosen, **days}),
        sub=values["sub"],
        username=values["username"],
        requested_at=datetime.fromisoformat(values["requested_at"]),
        state=ReportState(values["state"]),
        rows_done=int(values["rows_done"]),
        files=tuple(File(file["key"], file["name"], int(file["size"])) for file in values["files"]),
        checkpoint=Checkpoint(**{**checkpoint, "parts": tuple(checkpoint["parts"]), **numbers}),
        attempt=int(values["attempt"]),
        failed_runs=int(values["setbacks"]),
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
