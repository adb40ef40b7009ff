"""Record that a doctor must not get messages, by whatever way it became known."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from referral_intake.core import decisions
from referral_intake.core.errors import Stale
from referral_intake.core.ports import Suppressions
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, Transition


class Referrals(Protocol):
    """`aws.referral_table` implements it."""

    def get(self, receipt: str, *, consistent: bool) -> Referral | None: ...

    def move(self, referral: Referral, move: Transition) -> None: ...


def stop_messages(
    suppressions: Suppressions,
    referrals: Referrals,
    keys: Sequence[str],
    fact: Closing,
    receipt: str,
    now: datetime,
    campaign: str | None = None,
    *,
    is_personal: bool = False,
) -> None:
    """Stop messages to the doctor with these keys. See `Suppressions.suppress` for the parameters. Raise Unavailable.

    Emails check the doctor's records before they are sent. A letter or call that waits for a person is checked again
    now, so that no person sees a doctor on the list who has opted out.
    """
    if not keys:
        raise ValueError("nothing to store the opt-out under")
    check_letters(referrals, suppressions.suppress(keys, fact, receipt, now, campaign, is_personal=is_personal), now)


def check_letters(referrals: Referrals, receipts: Iterable[str], now: datetime) -> None:
    """Let `outreach` decide again about those of these referrals that wait for a letter or a call."""
    for receipt in receipts:
        referral = referrals.get(receipt, consistent=True)
        if referral and referral.stage is Stage.BY_POST:
            with suppress(Stale):  # Then another request handles it.
                referrals.move(referral, decisions.queue(now))
