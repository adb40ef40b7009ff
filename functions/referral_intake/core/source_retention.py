"""How long a referral keeps the hashes of its submitter's network address.

The limits per source need them until outreach is done, and at most for the two days in which a source is counted.
"""

from datetime import datetime, timedelta

from referral_intake.core.referral import Referral, Stage

SOURCE_ATTRIBUTES = ("source", "network")
"""The attributes of a referral that are such hashes."""

KEPT_TIME = timedelta(days=2)


def keeps_source(referral: Referral, stage: Stage, now: datetime | None) -> bool:
    """Whether the referral keeps them with a write that sets this stage. Without `now`, only the stage counts."""
    is_done = stage in {Stage.CLOSED, Stage.BY_POST}
    return not is_done and (now is None or now < referral.submitted_at + KEPT_TIME)
