"""Lambda handler for the schedule that runs every minute: move due referrals, then emit gauges."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.observability import logs
from referral_intake.wake import backlog_metrics, wiring
from referral_intake.wake.due_referrals import logger, move_due_referrals


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    now = datetime.now(UTC)
    with logs.without_message(logger):
        moved = move_due_referrals(wiring.parts(), now)
        backlog_metrics.emit_all(wiring.metric_sources(), now, logger)
    return moved
