"""Letters and calls that wait for a person, and that an opt-out may concern."""

from datetime import datetime

from referral_intake.aws.item_format import from_item, referral_key
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update, referral_update
from referral_intake.core import decisions, doctor_matching
from referral_intake.core.doctor_records import KeySet, Records
from referral_intake.core.referral import Stage

# A transaction has at most 100 items. One doctor does not have this many letters, and each is checked again before it
# is printed or recorded.
MAX_LETTERS = 80


def queue_again(table: Table, keys: KeySet, records: Records, receipt: str, now: datetime) -> list[Update]:
    """Return the updates that queue the waiting letters and calls, so that `outreach` decides about them again.

    The fact came through the referral `receipt`, which gets its own update.
    """
    concerned = dict.fromkeys(doctor_matching.referrals_to_check(keys, records, receipt))
    items = table.read_many([referral_key(one) for one in concerned], consistent=True).items
    waiting = [one for one in map(from_item, items) if one.stage is Stage.BY_POST]
    return [referral_update(one, decisions.queue(now), now=now) for one in waiting[:MAX_LETTERS]]
