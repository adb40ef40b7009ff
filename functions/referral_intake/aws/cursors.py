"""Cursors of a listing, as text for the browser. A cursor is a position in the listing, without any other data."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

# The format of `timestamp`, and a receipt or the name of a group.
_POSITION = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z) ([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}|[a-z]{1,20}-[0-9a-f-]{1,16})"
)
_LONGEST = 100


class BadCursor(ValueError):
    """The text is not a valid cursor."""


@dataclass(frozen=True, slots=True)
class ListingPosition:
    """The position right after this referral, or group of referrals. The listing is sorted by time, `at`.

    `receipt` is the name of the group then.
    """

    at: str
    receipt: str

    @property
    def is_group(self) -> bool:
        return self.receipt[:1].islower()

    @property
    def encoded(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at} {self.receipt}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, encoded: str) -> "ListingPosition":
        """Parse a cursor. Raise BadCursor."""
        try:
            padded = encoded[:_LONGEST].encode("ascii") + b"=" * (-len(encoded) % 4)
            match = _POSITION.fullmatch(base64.b64decode(padded, b"-_", validate=True).decode("ascii"))
            if match is None:
                raise BadCursor
            datetime.fromisoformat(match[1])
        except (ValueError, binascii.Error):
            raise BadCursor from None
        return cls(match[1], match[2])
