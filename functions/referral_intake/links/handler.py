"""Lambda handler for the links in messages and letters: `/api/opt-out`, `/api/answer` and `/stop`."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.aws.origin_secret import origin_secret
from referral_intake.links import wiring
from referral_intake.links.responses import logger, respond
from referral_intake.web.http import Response
from referral_intake.web.origin_check import through_cloudfront


@logger.inject_lambda_context
@through_cloudfront(origin_secret)
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    return respond(event, wiring.parts(), datetime.now(UTC))
