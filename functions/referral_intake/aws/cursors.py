"""Cursors of a listing, as text for the browser. A cursor is a position in the order, without any other data."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

# The format of `timestamp`, and a receipt.
_PLACE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z) ([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})")
_LONGEST = 100


class BadCursor(ValueError):
    """The text is not a valid cursor."""


@dataclass(frozen=True, slots=True)
class Place:
    """The position right after this referral, in order of this time."""

    at: str
    receipt: str

    @property
    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at} {self.receipt}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Place":
        """Parse a cursor. Raise BadCursor."""
        try:
            padded = text[:_LONGEST].encode("ascii") + b"=" * (-len(text) % 4)
            match = _PLACE.fullmatch(base64.b64decode(padded, b"-_", validate=True).decode("ascii"))
            if match is None:
                raise BadCursor
            datetime.fromisoformat(match[1])
        except (ValueError, binascii.Error):
            raise BadCursor from None
        return cls(match[1], match[2])
