"""Move every referral whose `due_at` has passed."""

from datetime import datetime

from referral_intake.core.decisions import decide_due
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Stage
from referral_intake.observability import logs, metrics
from referral_intake.wake.wiring import WakeParts

logger = logs.logger()

# The limit of one run. The rest stays due for the next run.
MAX_PER_CAMPAIGN = 200


def move_due_referrals(parts: WakeParts, now: datetime) -> dict[str, int]:
    """Move the due referrals. Return how many moved, by campaign."""
    moved = {campaign: _move_due_in_campaign(parts, campaign, now) for campaign in parts.campaigns.names()}
    if any(moved.values()):
        logger.info("due referrals moved", moved=moved)
    return moved


def _move_due_in_campaign(parts: WakeParts, name: str, now: datetime) -> int:
    receipts = parts.referrals.due(name, now, MAX_PER_CAMPAIGN)
    return sum(_try_move(parts, receipt, now) for receipt in receipts)


def _try_move(parts: WakeParts, receipt: str, now: datetime) -> bool:
    with logs.log_context(logger, referral=receipt):
        try:
            return _move_if_due(parts, receipt, now)
        except Unavailable:
            raise  # The table is slow. The next run continues from here.
        except Exception:
            # A referral that can't be read must not block all the others.
            logger.exception("referral could not be woken")
            return False


def _move_if_due(parts: WakeParts, receipt: str, now: datetime) -> bool:
    # The index can lag behind the table, so the table decides what is due.
    referral = parts.referrals.get(receipt, consistent=True)
    if referral is None or referral.due_at is None or referral.due_at > now:
        return False
    try:
        campaign = parts.campaigns.get(referral.campaign)
        latest_feedback = parts.referrals.latest_feedback() if referral.stage is Stage.SENDING else None
        move = decide_due(referral, campaign, now, latest_feedback)
        parts.referrals.move(referral, move, now)
    except Stale:
        return False
    logger.info("referral moved", stage=move.stage.value, reason=move.reason)
    if metric := _FAILURE_METRICS.get(move.reason) if move.stage is not referral.stage else None:
        metrics.count(metric, campaign=referral.campaign, reason=move.reason)
    return True


# Failures that the schedule detects. `outreach` emits a metric of the same name with the same meaning.
_FAILURE_METRICS: dict[str | None, str] = {
    Reason.RETRIES_EXHAUSTED: "RetriesExhausted",
    Reason.SEND_UNCLEAR: "RetriesExhausted",
    Reason.LOST_BY_STREAM: "Postponed",
}
