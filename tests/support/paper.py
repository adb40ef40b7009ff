"""A printed page, looked at as a person and a phone would."""

from dataclasses import dataclass
from typing import Any, cast

import pypdfium2
import zxingcpp

INCH = 72
MILLIMETRES = 25.4
# A picture worse than any phone's, and in grey.
DPI = 200
FAINT = 200


@dataclass(frozen=True, slots=True)
class QrCode:
    """`module` is the width of one of its dots, in millimetres; `correction` the level of error correction."""

    url: str
    correction: str
    module: float
    top: float
    bottom: float


class Paper:
    """One page of a PDF. Places are inches from the upper left corner."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self.width, self.height = (side / INCH for side in page.get_size())

    @property
    def text(self) -> str:
        return " ".join(self._page.get_textpage().get_text_bounded().split())

    @property
    def solid_text(self) -> str:
        """As `solid` makes it, so that it does not matter where lines break."""
        return solid(self._page.get_textpage().get_text_bounded())

    def text_in(self, left: float, top: float, right: float, bottom: float) -> str:
        """What stands in part of the page, with its lines."""
        inches = (left, self.height - bottom, right, self.height - top)
        return str(self._page.get_textpage().get_text_bounded(*(side * INCH for side in inches)))

    def ends(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all the ink."""
        rows: list[list[int]] = cast("Any", self._picture().tolist())
        inked = [row for row, dots in enumerate(rows) if min(dots) < FAINT]
        columns = [min(dots) for dots in zip(*rows, strict=True)]
        across = [column for column, darkest in enumerate(columns) if darkest < FAINT]
        return across[0] / DPI, inked[0] / DPI, across[-1] / DPI, inked[-1] / DPI

    def codes(self) -> list[QrCode]:
        """What a phone reads, from the top down."""
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


def solid(text: str) -> str:
    """Without white space, and without hyphens: at the end of a line, who reads a PDF takes one for a broken word."""
    return "".join(text.split()).translate(dict.fromkeys(map(ord, "-\u200b\u0002\ufffe")))


def papers(pdf: bytes) -> list[Paper]:
    return [Paper(page) for page in pypdfium2.PdfDocument(pdf)]
