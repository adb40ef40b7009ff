"""Where a listing goes on, as text that a browser keeps. It tells a place in an order, and nothing else."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

# What `timestamp` writes, and a receipt.
_PLACE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z) ([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})")
_LONGEST = 100


class BadCursor(ValueError):
    """It is none of ours."""


@dataclass(frozen=True, slots=True)
class Place:
    """Right after this referral, in the order of this time."""

    at: str
    receipt: str

    @property
    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at} {self.receipt}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Place":
        """Raises BadCursor."""
        try:
            padded = text[:_LONGEST].encode("ascii") + b"=" * (-len(text) % 4)
            match = _PLACE.fullmatch(base64.b64decode(padded, b"-_", validate=True).decode("ascii"))
            if match is None:
                raise BadCursor
            datetime.fromisoformat(match[1])
        except (ValueError, binascii.Error):
            raise BadCursor from None
        return cls(match[1], match[2])
