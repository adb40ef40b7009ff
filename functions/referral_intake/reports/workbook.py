"""Write rows to an Excel workbook in constant memory. Written rows are in a temporary file."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import xlsxwriter

from referral_intake.reports.columns import Cell

# Untrusted text stays text: never a formula, a link or a number.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}
_WIDTHS = {
    "doctor_name": 28,
    "practice": 28,
    "email": 30,
    "receipt": 22,
    "specialty": 20,
    "address_line1": 24,
    "city": 16,
}
_WIDTH, _TIME_WIDTH = 13, 17
# Excel's limit for one cell.
_MAX_CELL_LENGTH = 32_767


class Workbook:
    """One sheet with a fixed header. Use it as a context manager: the file is complete on exit."""

    def __init__(self, path: Path, sheet: str, columns: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": str(path.parent)})
        self._sheet = self._book.add_worksheet(sheet)
        self._columns = columns
        self.rows = 0
        for number, name in enumerate(columns):
            width = _WIDTHS.get(name, _TIME_WIDTH if name.endswith("_at") else _WIDTH)
            self._sheet.set_column(number, number, width)
        self._sheet.freeze_panes(1, 1)
        self._sheet.write_row(0, 0, columns, self._book.add_format({"bold": True, "bottom": 1}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._sheet.autofilter(0, 0, self.rows, len(self._columns) - 1)
        self._book.close()

    def add(self, rows: Iterable[Iterable[Cell]]) -> None:
        for row in rows:
            self.rows += 1
            for number, cell in enumerate(row):
                if isinstance(cell, datetime):
                    # Excel has no time zones, so times are in UTC.
                    self._sheet.write_datetime(self.rows, number, cell.astimezone(UTC).replace(tzinfo=None))
                elif cell:
                    self._sheet.write_string(self.rows, number, cell[:_MAX_CELL_LENGTH])
