"""What an export keeps in memory, whatever its size."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from referral_intake.aws.report_files import ReportFiles
from referral_intake.core.report import Format
from referral_intake.reports.csv_export import CsvExport
from referral_intake.reports.export_rows import Page
from referral_intake.reports.report_runs import Maker
from referral_intake.reports.xlsx_export import XlsxExport
from tests.support import samples
from tests.support.reports import report

KIB = 1024
HUNDRED = [samples.referral() for _ in range(100)]


class Rows:
    """The same hundred, page after page."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    def page(self, *_: Any) -> Page:
        self.left -= 1
        return Page(HUNDRED, {"pk": str(self.left)} if self.left else None)


class Written(ReportFiles):
    """Takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.bytes = 0

    def begin(self, *_: Any) -> str:
        return "upload"

    def part(self, key: str, upload: str, number: int, data: bytes) -> str:
        self.bytes += len(data)
        return "etag"

    def complete(self, *_: Any) -> None: ...

    def put(self, key: str, data: Any, name: str) -> None:
        while some := data.read(64 * KIB):
            self.bytes += len(some)


MAKERS: dict[Format, Callable[[Rows, Written], Maker]] = {
    Format.CSV: lambda rows, files: CsvExport(rows, files, part=256 * KIB),
    Format.XLSX: lambda rows, files: XlsxExport(rows, files, rows_per_workbook=2_000),
}


def most_memory(pages: int, wanted: Format) -> tuple[int, int]:
    """The most bytes that were taken, and how many were written."""
    files = Written()
    maker = MAKERS[wanted](Rows(pages), files)
    gc.collect()
    gc.freeze()  # What other tests left need not be looked through at each step.
    tracemalloc.start()
    for _ in maker.steps(report(wanted), lambda: True):
        gc.collect()  # Garbage that waits to be collected is no memory that is kept.
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.unfreeze()
    return peak, files.bytes


@pytest.mark.long
@pytest.mark.parametrize("wanted", MAKERS)
def test_the_memory_that_an_export_takes_does_not_grow_with_its_rows(wanted: Format) -> None:
    most_memory(5, wanted)  # What is imported and kept once.
    small, little = most_memory(40, wanted)
    large, much = most_memory(120, wanted)
    assert much > 2.5 * little
    # Three times the rows.
    assert large < 1.3 * small
