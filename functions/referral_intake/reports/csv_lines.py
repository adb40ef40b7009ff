"""Rows as CSV: RFC 4180, in UTF-8, and safe to open in a spreadsheet.

Names and practices are what strangers typed. A spreadsheet takes a cell that begins with one of = + - @ for a formula,
which can fetch addresses or start programs; so such a cell gets an apostrophe in front, as OWASP advises. Also where
the sign comes after blanks (some programs drop them), in its full-width form, or after something that another program's
settings take for the end of a cell.

Numbers and phone numbers (+14155550123) stay as they are: with nothing but digits behind the sign, there is nothing to
be worked out, and programs that read the file find the number that they look for.
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from referral_intake.reports.columns import Cell

# Excel takes a file without it for the language's old code page, and shows "JosÃ©". Every program of today drops it.
BOM = b"\xef\xbb\xbf"

# A cell's beginning, or what ends one elsewhere: semicolons in half of Europe, tabs and line breaks for any program.
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Whole lines, each ended by CRLF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, dialect="excel", lineterminator="\r\n", strict=True)
    writer.writerows([safe(_text(cell)) for cell in row] for row in rows)
    return text.getvalue().encode()


def safe(text: str) -> str:
    """What no spreadsheet takes for a formula."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return cell or ""
