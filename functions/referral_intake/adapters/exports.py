"""Exports of what is filtered, of any size: in constant memory, and on from run to run."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from referral_intake.adapters import csv_lines
from referral_intake.adapters.export_rows import Page
from referral_intake.adapters.report_files import LostUpload, ReportFiles
from referral_intake.adapters.workbook import Workbook
from referral_intake.domain.columns import COLUMNS, row_of
from referral_intake.domain.reporting import HasTime
from referral_intake.domain.reports import File, Filter, Place, Report

# S3 takes parts from 5 MiB on, and 10,000 of them. The notes of as many as fit beside a report are good for 40 GB.
PART = 8 * 1024 * 1024
# One takes about a minute, and so goes into one run. Excel would take a million rows, and be slow.
ROWS_PER_WORKBOOK = 50_000
# How often somebody who watches sees that it goes on.
_ROWS_BETWEEN_NEWS = 2_000

Cursor = Mapping[str, str] | None


class Rows(Protocol):
    def page(self, campaign: str, chosen: Filter, cursor: Cursor) -> Page: ...


class CsvExport:
    """One file, uploaded in parts. What is too little for a part when the time is over waits in a file of its own.

    Nothing is overwritten but by the same rows: parts are named by their ETags, and a tail by the run that wrote it. So
    a run that died takes nothing with it but what it did since its last checkpoint.
    """

    def __init__(self, rows: Rows, files: ReportFiles, part: int = PART) -> None:
        self._rows = rows
        self._files = files
        self._part = part

    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        try:
            yield from self._steps(report, has_time)
        except LostUpload:
            # Too old, or aborted by somebody: from the beginning, with an upload of its own.
            yield from self._steps(replace(report, place=Place(), rows_done=0), has_time)

    def _steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        report = self._begun(report)
        yield report
        unsaved = bytearray(self._start(report))
        cursor, rows = report.place.cursor, report.place.rows
        while not report.place.at_end:
            page = self._rows.page(report.campaign, report.filter, cursor)
            unsaved += csv_lines.lines(map(row_of, page.referrals))
            cursor, rows = page.cursor, rows + len(page.referrals)
            if len(unsaved) >= self._part or cursor is None:
                report = self._with_part(report, cursor, rows, unsaved)
                yield report
                unsaved.clear()
            elif rows - report.rows_done >= _ROWS_BETWEEN_NEWS:
                report = replace(report, rows_done=rows)
                yield report
            if cursor is not None and not has_time():
                if unsaved:
                    yield self._with_tail(report, cursor, rows, unsaved)
                return
        yield self._whole(report)

    def _begun(self, report: Report) -> Report:
        if report.place.upload:
            return report
        key = f"{report.id}/{report.attempt}/{report.file_name()}"
        upload = self._files.begin(key, report.file_name())
        return replace(report, place=replace(report.place, upload=upload, upload_key=key))

    def _start(self, report: Report) -> bytes:
        if report.place.tail:
            return self._files.kept(report.place.tail)
        is_new = not report.place.parts
        return csv_lines.BOM + csv_lines.lines([list(COLUMNS)]) if is_new else b""

    def _with_part(self, report: Report, cursor: Cursor, rows: int, data: bytearray) -> Report:
        place = replace(report.place, cursor=cursor, rows=rows, at_end=cursor is None, tail=None)
        if data or not place.parts:
            assert place.upload and place.upload_key, "the upload was begun"
            etag = self._files.part(place.upload_key, place.upload, len(place.parts) + 1, bytes(data))
            place = replace(place, parts=(*place.parts, etag), size=place.size + len(data))
        return replace(report, place=place, rows_done=rows)

    def _with_tail(self, report: Report, cursor: Cursor, rows: int, data: bytearray) -> Report:
        key = f"{report.id}/{report.attempt}/tail"
        self._files.keep(key, bytes(data))
        return replace(report, place=replace(report.place, cursor=cursor, rows=rows, tail=key), rows_done=rows)

    def _whole(self, report: Report) -> Report:
        place = report.place
        assert place.upload and place.upload_key, "the upload was begun"
        self._files.complete(place.upload_key, place.upload, place.parts)
        return replace(report, files=(File(place.upload_key, report.file_name(), place.size),))


class XlsxExport:
    """Workbooks, one after the other. One that can't be finished in time ends there, and the next one goes on."""

    def __init__(self, rows: Rows, files: ReportFiles, rows_per_workbook: int = ROWS_PER_WORKBOOK) -> None:
        self._rows = rows
        self._files = files
        self._most = rows_per_workbook

    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        while not report.place.at_end:
            for report in self._workbook(report, has_time):  # noqa: B020  (each is the last one, gone on)
                yield report
            if not has_time():
                return

    def _workbook(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        number = len(report.files) + 1
        name = report.file_name(number)
        place, begun_at = report.place, report.place.rows
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            with Workbook(path, "Referrals", list(COLUMNS)) as book:
                while True:
                    page = self._rows.page(report.campaign, report.filter, place.cursor)
                    book.add(map(row_of, page.referrals))
                    rows = begun_at + book.rows
                    place = replace(place, cursor=page.cursor, rows=rows, at_end=page.cursor is None)
                    if place.at_end or book.rows + len(page.referrals) > self._most or not has_time():
                        break
                    if rows - report.rows_done >= _ROWS_BETWEEN_NEWS:
                        report = replace(report, rows_done=rows)
                        yield report
            key = f"{report.id}/{report.attempt}/{name}"
            with path.open("rb") as whole:
                self._files.put(key, whole, name)
            file = File(key, name, path.stat().st_size)
        yield replace(report, place=place, rows_done=place.rows, files=(*report.files, file))
