"""Parts that more than one function uses."""

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referral_intake.aws.keys import Ring
    from referral_intake.aws.secrets import Secrets


def now() -> datetime:
    return datetime.now(UTC)


def ring(secret_id: str) -> "Ring":
    """Return a function that reads the keys when it is called."""
    return lambda: secrets().keyring(secret_id)


@cache
def secrets() -> "Secrets":
    """Return the process's instance, so that its cache is shared."""
    from referral_intake.aws.secrets import Secrets

    return Secrets()
