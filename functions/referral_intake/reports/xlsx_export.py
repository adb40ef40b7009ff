"""Export referrals as Excel workbooks: filtered, of any size, in constant memory, over several runs."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from referral_intake.aws.report_files import ReportFiles
from referral_intake.core.report import File, Report
from referral_intake.reports.columns import COLUMNS, row_of
from referral_intake.reports.export_rows import ROWS_BETWEEN_UPDATES, RowSource
from referral_intake.reports.report_runs import HasTime
from referral_intake.reports.workbook import Workbook

# One takes about a minute, so it fits in one run. Excel supports a million rows, but would be slow.
ROWS_PER_WORKBOOK = 50_000


class XlsxExport:
    """Write one workbook after another. At the end of a run, the current one is completed early."""

    def __init__(self, rows: RowSource, files: ReportFiles, rows_per_workbook: int = ROWS_PER_WORKBOOK) -> None:
        self._rows = rows
        self._files = files
        self._rows_per_workbook = rows_per_workbook

    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        while not report.checkpoint.at_end:
            for report in self._workbook(report, has_time):  # noqa: B020  (each value is the updated report)
                yield report
            if not has_time():
                return

    def _workbook(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        number = len(report.files) + 1
        name = report.file_name(number)
        checkpoint, first_row = report.checkpoint, report.checkpoint.rows
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            with Workbook(path, "Referrals", list(COLUMNS)) as book:
                while True:
                    page = self._rows.page(report.campaign, report.filter, checkpoint.cursor)
                    book.add(map(row_of, page.referrals))
                    rows = first_row + book.rows
                    checkpoint = replace(checkpoint, cursor=page.cursor, rows=rows, at_end=page.cursor is None)
                    if checkpoint.at_end or book.rows + len(page.referrals) > self._rows_per_workbook or not has_time():
                        break
                    if rows - report.rows_done >= ROWS_BETWEEN_UPDATES:
                        report = replace(report, rows_done=rows)
                        yield report
            key = f"{report.id}/{report.attempt}/{name}"
            with path.open("rb") as whole:
                self._files.put(key, whole, name)
            file = File(key, name, path.stat().st_size)
        yield replace(report, checkpoint=checkpoint, rows_done=checkpoint.rows, files=(*report.files, file))
