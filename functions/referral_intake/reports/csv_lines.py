"""Write rows as CSV: RFC 4180, in UTF-8, and safe to open in a spreadsheet.

Names and practices are untrusted text. A spreadsheet treats a cell that begins with one of = + - @ as a formula, which
can fetch URLs or start programs. So such a cell gets a leading apostrophe, as OWASP advises. It also gets one if the
sign follows spaces (which some programs drop), is a full-width form, or follows a character that another program's
settings treat as the end of a cell.

Numbers and phone numbers (+14155550123) stay unchanged: a sign followed only by digits has no effect as a formula, and
programs that read the file need the exact number.
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from referral_intake.reports.columns import Cell

# Without it, Excel reads the file in the language's old code page and shows "JosÃ©". Current programs ignore it.
BOM = b"\xef\xbb\xbf"

# The start of a cell, or a character that ends a cell elsewhere: semicolons in much of Europe, tabs, line breaks.
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return complete lines, each ended by CRLF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, dialect="excel", lineterminator="\r\n", strict=True)
    writer.writerows([without_formula(_text(cell)) for cell in row] for row in rows)
    return text.getvalue().encode()


def without_formula(text: str) -> str:
    """Return the text in a form that no spreadsheet treats as a formula."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return cell or ""
