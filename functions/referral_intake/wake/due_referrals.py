"""Moves every referral whose `due_at` has passed."""

from datetime import datetime

from referral_intake.core.decisions import when_due
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Stage
from referral_intake.observability import logs, metrics
from referral_intake.wake.wiring import Wake

logger = logs.logger()

# A run is bounded; what is left over is still due at the next one.
MOST_PER_CAMPAIGN = 200


def wake(parts: Wake, now: datetime) -> dict[str, int]:
    """Moves what is due; returns how many referrals moved, by campaign."""
    moved = {campaign: _wake_campaign(parts, campaign, now) for campaign in parts.campaigns.names()}
    if any(moved.values()):
        logger.info("woke what was due", moved=moved)
    return moved


def _wake_campaign(parts: Wake, name: str, now: datetime) -> int:
    receipts = parts.referrals.due(name, now, MOST_PER_CAMPAIGN)
    return sum(_moved_on(parts, receipt, now) for receipt in receipts)


def _moved_on(parts: Wake, receipt: str, now: datetime) -> bool:
    with logs.about(logger, referral=receipt):
        try:
            return _move_on(parts, receipt, now)
        except Unavailable:
            raise  # The table is slow: the next run goes on from here.
        except Exception:
            # One that can't be read must not stand before all the others for ever.
            logger.exception("referral could not be woken")
            return False


def _move_on(parts: Wake, receipt: str, now: datetime) -> bool:
    # The index may lag behind the table: only the table says what is due.
    referral = parts.referrals.get(receipt, consistent=True)
    if referral is None or referral.due_at is None or referral.due_at > now:
        return False
    try:
        campaign = parts.campaigns.get(referral.campaign)
        settled = parts.referrals.feedback_settled() if referral.stage is Stage.SENDING else None
        move = when_due(referral, campaign, now, settled)
        parts.referrals.move(referral, move)
    except Stale:
        return False
    logger.info("referral moved on", stage=move.stage.value, reason=move.reason)
    if metric := _MISHAPS.get(move.reason) if move.stage is not referral.stage else None:
        metrics.count(metric, campaign=referral.campaign, reason=move.reason)
    return True


# What the clock finds that should not be. A name of these that `outreach` has too means the same there.
_MISHAPS: dict[str | None, str] = {
    Reason.GIVEN_UP: "GivenUp",
    Reason.SEND_UNCLEAR: "GivenUp",
    Reason.LOST_BY_STREAM: "Setbacks",
}
