"""Working on reports: one run takes one report, goes as far as its time lasts, and hands it on to the next."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from referral_intake.core.errors import Stale
from referral_intake.core.reasons import ReportFailure
from referral_intake.core.report import FILES_LAST, MOST_SETBACKS, PATIENCE, Report, State

HasTime = Callable[[], bool]


class Failed(Exception):
    """This report can't be made, today or ever. `reason` is a word for the person who asked."""

    def __init__(self, reason: ReportFailure) -> None:
        super().__init__(reason)
        self.reason = reason


class Reports(Protocol):
    def claim(self, report_id: str, until: datetime) -> Report | None:
        """Takes the report for a run that ends by then; None where it is finished or somebody else has it."""

    def save(self, report: Report) -> None:
        """Makes durable how far it has come; raises Stale where another run has taken it."""

    def unfinished(self, campaign: str) -> list[Report]: ...

    def note_put(self, report: Report, at: datetime) -> bool:
        """Notes that it was put into the queue; False where somebody took it or noted so meanwhile."""


class Queue(Protocol):
    def put(self, report_id: str) -> None: ...


class Maker(Protocol):
    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        """Yields the report each time that something of it lies safe in files, and ends when it is whole or when
        there is no more time. Every yield is made durable before it goes on; at least one step is done.

        The last one has `place.at_end` and all files where the report is whole. Raises Failed.
        """


class Reporting:
    """`maker_of` finds who makes a report; `finished` is told of each that came to an end."""

    def __init__(
        self,
        reports: Reports,
        queue: Queue,
        maker_of: Callable[[Report], Maker],
        finished: Callable[[Report, datetime], None],
        now: Callable[[], datetime],
    ) -> None:
        self._reports = reports
        self._queue = queue
        self._maker_of = maker_of
        self._finished = finished
        self._now = now

    def run(self, report_id: str, time_left: Callable[[], timedelta], margin: timedelta) -> Report | None:
        """The report as this run leaves it, or None where it was not for this run.

        The lease lasts until the function would be stopped: nobody else can take it while this run is alive. From
        `margin` before that on, no further step is begun.
        """
        report = self._reports.claim(report_id, self._now() + time_left())
        if report is None:
            return None
        try:
            report = self._work_on(report, lambda: time_left() > margin)
        except Stale:
            return None  # The lease ran out all the same. Whoever has it now goes on from the last checkpoint.
        if report.state is State.RUNNING:
            self._queue.put(report.id)
        else:
            self._finished(report, self._now())
        return report

    def _work_on(self, report: Report, has_time: HasTime) -> Report:
        if report.setbacks > MOST_SETBACKS:
            return self._end(report, State.FAILED, ReportFailure.GAVE_UP)
        try:
            for step in self._maker_of(report).steps(report, has_time):
                report = step if step.place == report.place else replace(step, setbacks=0)
                self._reports.save(report)
        except Failed as failed:
            return self._end(report, State.FAILED, failed.reason)
        if report.place.at_end:
            return self._end(report, State.READY, None)
        report = replace(report, lease_until=None, put_at=self._now())
        self._reports.save(report)
        return report

    def _end(self, report: Report, state: State, detail: str | None) -> Report:
        report = replace(report, state=state, detail=detail, lease_until=None, expires_at=self._now() + FILES_LAST)
        self._reports.save(report)
        return report

    def put_lost_ones_back(self, campaign: str) -> int:
        """Reports whose message got lost, or whose run died: back into the queue. Returns how many."""
        lost = [report for report in self._reports.unfinished(campaign) if report.is_lost_at(self._now(), PATIENCE)]
        return sum(self.put_back(report) for report in lost)

    def put_back(self, report: Report) -> bool:
        # Noted first: then only one of several that look at once puts it in, and if this dies, the next look does.
        if not self._reports.note_put(report, self._now()):
            return False
        self._queue.put(report.id)
        return True
