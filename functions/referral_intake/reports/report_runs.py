"""Work on reports: a run claims one report, works until its time is over, and queues it for the next run."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from referral_intake.core.errors import Stale
from referral_intake.core.reasons import ReportFailure
from referral_intake.core.report import FILE_RETENTION, MAX_FAILED_RUNS, QUEUE_TIMEOUT, Report, ReportState

HasTime = Callable[[], bool]


class ReportError(Exception):
    """A permanent failure. `reason` is a code for the user who requested the report."""

    def __init__(self, reason: ReportFailure) -> None:
        super().__init__(reason)
        self.reason = reason


class ReportStore(Protocol):
    def claim(self, report_id: str, until: datetime) -> Report | None:
        """Claim the report for a run that ends by `until`.

        Return None if it is finished or another run has claimed it.
        """

    def save(self, report: Report) -> None:
        """Store the progress. Raise Stale if another run has claimed the report."""

    def unfinished(self, campaign: str) -> list[Report]: ...

    def record_queued(self, report: Report, at: datetime) -> bool:
        """Store that the report was queued. Return False if it was claimed or queued in the meantime."""


class Queue(Protocol):
    def put(self, report_id: str) -> None: ...


class ReportWriter(Protocol):
    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        """Yield the report each time that more of it is stored in files. End when it is complete or time is over.

        The caller stores the progress after every yield. At least one step is done. When the report is
        complete, the last value has `checkpoint.at_end` and all files. Raise ReportError.
        """


class ReportRunner:
    """`writer_of` returns the writer for a report. `finished` is called for each report that is ready or failed."""

    def __init__(
        self,
        reports: ReportStore,
        queue: Queue,
        writer_of: Callable[[Report], ReportWriter],
        finished: Callable[[Report, datetime], None],
        now: Callable[[], datetime],
    ) -> None:
        self._reports = reports
        self._queue = queue
        self._writer_of = writer_of
        self._finished = finished
        self._now = now

    def run(self, report_id: str, time_left: Callable[[], timedelta], margin: timedelta) -> Report | None:
        """Return the report after this run, or None if the run could not claim it.

        The lease lasts until the function would time out, so no other run can claim the report during this one. No new
        step starts within `margin` of that time.
        """
        report = self._reports.claim(report_id, self._now() + time_left())
        if report is None:
            return None
        try:
            report = self._run_writer(report, lambda: time_left() > margin)
        except Stale:
            return None  # The lease expired anyway. The run that has it now continues from the last checkpoint.
        if report.state is ReportState.RUNNING:
            self._queue.put(report.id)
        else:
            self._finished(report, self._now())
        return report

    def _run_writer(self, report: Report, has_time: HasTime) -> Report:
        if report.failed_runs > MAX_FAILED_RUNS:
            return self._end(report, ReportState.FAILED, ReportFailure.RETRIES_EXHAUSTED)
        try:
            for step in self._writer_of(report).steps(report, has_time):
                report = step if step.checkpoint == report.checkpoint else replace(step, failed_runs=0)
                self._reports.save(report)
        except ReportError as failed:
            return self._end(report, ReportState.FAILED, failed.reason)
        if report.checkpoint.at_end:
            return self._end(report, ReportState.READY, None)
        report = replace(report, lease_until=None, put_at=self._now())
        self._reports.save(report)
        return report

    def _end(self, report: Report, state: ReportState, detail: str | None) -> Report:
        report = replace(report, state=state, detail=detail, lease_until=None, expires_at=self._now() + FILE_RETENTION)
        self._reports.save(report)
        return report

    def requeue_lost(self, campaign: str) -> int:
        """Queue the reports whose message was lost or whose run stopped. Return how many."""
        lost = [
            report for report in self._reports.unfinished(campaign) if report.is_lost_at(self._now(), QUEUE_TIMEOUT)
        ]
        return sum(self.requeue(report) for report in lost)

    def requeue(self, report: Report) -> bool:
        # Recorded first, so that of several concurrent calls only one queues it. If this run stops in between, the next
        # check queues it.
        if not self._reports.record_queued(report, self._now()):
            return False
        self._queue.put(report.id)
        return True
