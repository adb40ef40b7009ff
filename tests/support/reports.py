"""Reports for tests, and a time limit that expires."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

from referral_intake.core.report import Format, Report, ReportKind
from referral_intake.core.search_filter import Filter
from tests.support.samples import NOW

_IDS = count(1)


def report(format: Format = Format.CSV, **given: Any) -> Report:  # noqa: A002  (its name in a report)
    kind = ReportKind.LETTERS if format is Format.PDF else ReportKind.REFERRALS
    fields: dict[str, Any] = {
        "id": f"{next(_IDS):032x}",
        "kind": kind,
        "format": format,
        "campaign": "lumen",
        "sub": "9d2c1c9e",
        "username": "robin",
        "requested_at": NOW,
        "put_at": NOW,
    }
    return Report(**{"filter": Filter(), **fields, **given})


def expires_after(number: int) -> Callable[[], timedelta]:
    """A time limit that expires after this number of checks (and one more, for the lease)."""
    left: Iterator[timedelta] = iter([timedelta(minutes=5)] * (number + 1))
    return lambda: next(left, timedelta(0))
