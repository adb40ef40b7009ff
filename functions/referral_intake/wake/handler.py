"""Lambda handler for the schedule that runs every minute: move due referrals, then emit gauges."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.observability import logs
from referral_intake.wake import backlog_metrics, wiring
from referral_intake.wake.due_referrals import logger, wake


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    now = datetime.now(UTC)
    with logs.no_words(logger):
        moved = wake(wiring.parts(), now)
        backlog_metrics.measure(wiring.gauges(), now, logger)
    return moved
