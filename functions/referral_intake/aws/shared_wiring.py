"""What more than one function's parts are built with."""

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referral_intake.aws.keys import Ring
    from referral_intake.aws.secrets import Secrets


def now() -> datetime:
    return datetime.now(UTC)


def ring(secret_id: str) -> "Ring":
    """Reads the keys when they are first asked for."""
    return lambda: secrets().keyring(secret_id)


@cache
def secrets() -> "Secrets":
    """One for the process: what it has read, it need not read again."""
    from referral_intake.aws.secrets import Secrets

    return Secrets()
