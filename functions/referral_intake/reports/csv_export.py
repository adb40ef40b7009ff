"""Export referrals as CSV: filtered, of any size, in constant memory, over several runs."""

from collections.abc import Iterator
from dataclasses import replace

from referral_intake.aws.report_files import LostUpload, ReportFiles
from referral_intake.core.report import Checkpoint, File, Report
from referral_intake.reports import csv_lines
from referral_intake.reports.columns import COLUMNS, row_of
from referral_intake.reports.export_rows import ROWS_BETWEEN_UPDATES, Cursor, RowSource
from referral_intake.reports.report_runs import HasTime

# S3 accepts parts from 5 MiB, and at most 10,000 of them. The ETags that fit in a report's item allow 40 GB.
PART_BYTES = 8 * 1024 * 1024


class CsvExport:
    """Upload one file in parts. At the end of a run, rows that are too few for a part are stored in a separate file.

    A key is overwritten only with the same rows: parts are identified by their ETags, and a tail by the run that wrote
    it. So a run that stops loses only the work since its last checkpoint.
    """

    def __init__(self, rows: RowSource, files: ReportFiles, part_bytes: int = PART_BYTES) -> None:
        self._rows = rows
        self._files = files
        self._part_bytes = part_bytes

    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        try:
            yield from self._steps(report, has_time)
        except LostUpload:
            # The upload expired or was aborted. Start again with a new upload.
            yield from self._steps(replace(report, checkpoint=Checkpoint(), rows_done=0), has_time)

    def _steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        report = self._with_upload(report)
        yield report
        unsaved = bytearray(self._start(report))
        cursor, rows = report.checkpoint.cursor, report.checkpoint.rows
        while not report.checkpoint.at_end:
            page = self._rows.page(report.campaign, report.filter, cursor)
            unsaved += csv_lines.lines(map(row_of, page.referrals))
            cursor, rows = page.cursor, rows + len(page.referrals)
            if len(unsaved) >= self._part_bytes or cursor is None:
                report = self._with_part(report, cursor, rows, unsaved)
                yield report
                unsaved.clear()
            elif rows - report.rows_done >= ROWS_BETWEEN_UPDATES:
                report = replace(report, rows_done=rows)
                yield report
            if cursor is not None and not has_time():
                if unsaved:
                    yield self._with_tail(report, cursor, rows, unsaved)
                return
        yield self._with_completed_file(report)

    def _with_upload(self, report: Report) -> Report:
        if report.checkpoint.upload:
            return report
        key = f"{report.id}/{report.attempt}/{report.file_name()}"
        upload = self._files.create_upload(key, report.file_name())
        return replace(report, checkpoint=replace(report.checkpoint, upload=upload, upload_key=key))

    def _start(self, report: Report) -> bytes:
        if report.checkpoint.tail:
            return self._files.load_state(report.checkpoint.tail)
        is_new = not report.checkpoint.parts
        return csv_lines.BOM + csv_lines.lines([list(COLUMNS)]) if is_new else b""

    def _with_part(self, report: Report, cursor: Cursor, rows: int, data: bytearray) -> Report:
        checkpoint = replace(report.checkpoint, cursor=cursor, rows=rows, at_end=cursor is None, tail=None)
        if data or not checkpoint.parts:
            assert checkpoint.upload is not None
            assert checkpoint.upload_key is not None
            etag = self._files.upload_part(
                checkpoint.upload_key, checkpoint.upload, len(checkpoint.parts) + 1, bytes(data)
            )
            checkpoint = replace(checkpoint, parts=(*checkpoint.parts, etag), size=checkpoint.size + len(data))
        return replace(report, checkpoint=checkpoint, rows_done=rows)

    def _with_tail(self, report: Report, cursor: Cursor, rows: int, data: bytearray) -> Report:
        key = f"{report.id}/{report.attempt}/tail"
        self._files.save_state(key, bytes(data))
        return replace(
            report, checkpoint=replace(report.checkpoint, cursor=cursor, rows=rows, tail=key), rows_done=rows
        )

    def _with_completed_file(self, report: Report) -> Report:
        checkpoint = report.checkpoint
        assert checkpoint.upload is not None
        assert checkpoint.upload_key is not None
        self._files.complete_upload(checkpoint.upload_key, checkpoint.upload, checkpoint.parts)
        return replace(report, files=(File(checkpoint.upload_key, report.file_name(), checkpoint.size),))
