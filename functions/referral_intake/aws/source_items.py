"""The item of a source: the submitter's network address on one day, as a keyed hash.

It has the receipts of the source's referrals, and whether a message to one of their doctors bounced.
"""

from datetime import datetime

from referral_intake.aws.item_format import Item
from referral_intake.aws.update_expressions import Update

# The hash of a source changes every day.
_KEPT_SECONDS = 2 * 24 * 3600


def source_key(source: str) -> Item:
    return {"pk": {"S": f"source#{source}"}, "sk": {"S": "seen"}}


def source_update(source: str, now: datetime) -> Update:
    """Return an update of the item that sets when it expires."""
    return Update(source_key(source)).set("expires", int(now.timestamp()) + _KEPT_SECONDS)


def suspected_update(source: str, receipt: str, maximum: int, now: datetime) -> Update:
    """Return the update that counts a suspected bot's submission, unless `maximum` others are counted."""
    return source_update(source, now).add_member("suspected", receipt, maximum)


def bounced_update(source: str, now: datetime) -> Update:
    """Return the update after a hard bounce. From then on, the other referrals of the source are held."""
    return source_update(source, now).set("bounced", value=True)
