"""Memory use of an export is independent of its size."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from referral_intake.aws.report_files import ReportFiles
from referral_intake.core.report import Format
from referral_intake.reports.csv_export import CsvExport
from referral_intake.reports.export_rows import Page
from referral_intake.reports.report_runs import ReportWriter
from referral_intake.reports.xlsx_export import XlsxExport
from tests.support import samples
from tests.support.reports import report

KIB = 1024
HUNDRED = [samples.referral() for _ in range(100)]


class Rows:
    """Returns the same hundred rows for each page."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    def page(self, *_: Any) -> Page:
        self.left -= 1
        return Page(HUNDRED, {"pk": str(self.left)} if self.left else None)


class DiscardedFiles(ReportFiles):
    """Accepts all data and keeps none."""

    def __init__(self) -> None:
        self.bytes = 0

    def create_upload(self, *_: Any) -> str:
        return "upload"

    def upload_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        self.bytes += len(data)
        return "etag"

    def complete_upload(self, *_: Any) -> None: ...

    def put(self, key: str, data: Any, name: str) -> None:
        while some := data.read(64 * KIB):
            self.bytes += len(some)


MAKERS: dict[Format, Callable[[Rows, DiscardedFiles], ReportWriter]] = {
    Format.CSV: lambda rows, files: CsvExport(rows, files, part_bytes=256 * KIB),
    Format.XLSX: lambda rows, files: XlsxExport(rows, files, rows_per_workbook=2_000),
}


def most_memory(pages: int, wanted: Format) -> tuple[int, int]:
    """Peak memory, and the number of bytes written."""
    files = DiscardedFiles()
    writer = MAKERS[wanted](Rows(pages), files)
    gc.collect()
    gc.freeze()  # Excludes objects of other tests from collections.
    tracemalloc.start()
    for _ in writer.steps(report(wanted), lambda: True):
        gc.collect()  # Collects garbage first, so that only retained memory is measured.
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.unfreeze()
    return peak, files.bytes


@pytest.mark.long
@pytest.mark.parametrize("wanted", MAKERS)
def test_memory_use_of_an_export_does_not_grow_with_its_rows(wanted: Format) -> None:
    most_memory(5, wanted)  # Loads modules and caches first.
    small, little = most_memory(40, wanted)
    large, much = most_memory(120, wanted)
    assert much > 2.5 * little
    # Three times as many rows.
    assert large < 1.3 * small
