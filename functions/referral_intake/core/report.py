"""A report: a job that produces files. It continues over several runs, and each run can stop at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from referral_intake.core.search_filter import Filter

# After this time in the queue, the message of a report counts as lost.
QUEUE_TIMEOUT = timedelta(minutes=10)
# How long the files of a finished report can be downloaded.
FILE_RETENTION = timedelta(days=1)
# How long the report's record is stored.
REPORT_RETENTION = timedelta(days=30)
# After this many consecutive runs without progress, the report fails.
MAX_FAILED_RUNS = 5


class ReportKind(StrEnum):
    REFERRALS = "referrals"
    LETTERS = "letters"


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


FORMATS = {ReportKind.REFERRALS: (Format.CSV, Format.XLSX), ReportKind.LETTERS: (Format.PDF,)}


class ReportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


UNFINISHED = frozenset({ReportState.QUEUED, ReportState.RUNNING})


@dataclass(frozen=True, slots=True)
class File:
    key: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a report, as last stored. A new run continues from it.

    `cursor` is where to continue reading. `at_end` says that everything was read. `rows` is the number of rows read so
    far. `upload` and its `parts` (their ETags, in order) are the current multipart upload. `tail` is the key of data
    that was too small for a part, or that the next run needs.
    """

    cursor: Mapping[str, str] | None = None
    at_end: bool = False
    rows: int = 0
    upload: str | None = None
    upload_key: str | None = None
    parts: tuple[str, ...] = ()
    size: int = 0
    tail: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`attempt` counts the runs: only the latest may write. `left_out` says why there is no letter, by receipt."""

    id: str
    kind: ReportKind
    format: Format
    campaign: str
    filter: Filter
    sub: str
    username: str
    requested_at: datetime
    state: ReportState = ReportState.QUEUED
    rows_done: int = 0
    files: tuple[File, ...] = ()
    checkpoint: Checkpoint = Checkpoint()
    attempt: int = 0
    failed_runs: int = 0
    lease_until: datetime | None = None
    put_at: datetime | None = None
    expires_at: datetime | None = None
    detail: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    def state_at(self, now: datetime) -> ReportState:
        is_over = self.state is ReportState.READY and self.expires_at is not None and self.expires_at <= now
        return ReportState.EXPIRED if is_over else self.state

    def is_lost_at(self, now: datetime, patience: timedelta) -> bool:
        """Whether no run works on the report and no message can still be in the queue to start one."""
        if self.state not in UNFINISHED or (self.lease_until and self.lease_until > now):
            return False
        return (self.lease_until or self.put_at or self.requested_at) + patience <= now

    def file_name(self, number: int | None = None) -> str:
        """Return the name for the download, for instance `star-referrals-2026-11-22.csv`."""
        suffix = f"-{number}" if number and number > 1 else ""
        return f"{self.campaign}-{self.kind}-{self.requested_at.date().isoformat()}{suffix}.{self.format}"
