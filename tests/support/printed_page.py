"""Checks of a printed page: its text, its layout, and QR codes as a phone reads them."""

from dataclasses import dataclass
from typing import Any, cast

import pypdfium2
import zxingcpp

INCH = 72
MILLIMETRES = 25.4
# Lower resolution than any phone, and grayscale.
DPI = 200
FAINT = 200


@dataclass(frozen=True, slots=True)
class QrCode:
    """`module` is the width of one dot in millimeters, and `correction` the level of error correction."""

    url: str
    correction: str
    module: float
    top: float
    bottom: float


class PrintedPage:
    """One page of a PDF. Positions are in inches from the upper left corner."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self.width, self.height = (side / INCH for side in page.get_size())

    @property
    def text(self) -> str:
        return " ".join(self._page.get_textpage().get_text_bounded().split())

    @property
    def text_without_line_breaks(self) -> str:
        """The text without white space and hyphens, so that line breaks do not matter."""
        return without_line_breaks(self._page.get_textpage().get_text_bounded())

    def text_in(self, left: float, top: float, right: float, bottom: float) -> str:
        """The text in a rectangle of the page, line by line."""
        inches = (left, self.height - bottom, right, self.height - top)
        return str(self._page.get_textpage().get_text_bounded(*(side * INCH for side in inches)))

    def ink_bounds(self) -> tuple[float, float, float, float]:
        """Bounding box of all ink: left, top, right and bottom."""
        rows: list[list[int]] = cast("Any", self._picture().tolist())
        inked = [row for row, dots in enumerate(rows) if min(dots) < FAINT]
        columns = [min(dots) for dots in zip(*rows, strict=True)]
        across = [column for column, darkest in enumerate(columns) if darkest < FAINT]
        return across[0] / DPI, inked[0] / DPI, across[-1] / DPI, inked[-1] / DPI

    def codes(self) -> list[QrCode]:
        """Contents of QR codes as a phone reads them, from top to bottom."""
        found = zxingcpp.read_barcodes(self._picture())
        codes = [_code(one) for one in found if one.format == zxingcpp.BarcodeFormat.QRCode]
        return sorted(codes, key=lambda code: code.top)

    def _picture(self) -> memoryview:
        bitmap = self._page.render(scale=DPI / INCH, grayscale=True)
        return memoryview(bitmap.buffer).cast("B").cast("B", shape=(bitmap.height, bitmap.stride))


def _code(found: zxingcpp.Barcode) -> QrCode:
    corners, details = found.position, cast("dict[str, str]", found.extra)
    modules = 17 + 4 * int(details["Version"])
    width = (corners.top_right.x - corners.top_left.x) / DPI * MILLIMETRES
    top, bottom = corners.top_left.y / DPI, corners.bottom_left.y / DPI
    return QrCode(found.text, details["ECLevel"], width / modules, top, bottom)


def without_line_breaks(text: str) -> str:
    """Removes white space and hyphens: PDF readers treat a hyphen at a line end as a broken word."""
    return "".join(text.split()).translate(dict.fromkeys(map(ord, "-\u200b\u0002\ufffe")))


def printed_pages(pdf: bytes) -> list[PrintedPage]:
    return [PrintedPage(page) for page in pypdfium2.PdfDocument(pdf)]
