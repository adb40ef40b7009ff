"""Lambda handler for the queue of Amazon SES events, which EventBridge fills."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.feedback import wiring
from referral_intake.feedback.processing import logger, process_event


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    def process(record: dict[str, Any]) -> None:
        process_event(record["body"], wiring.parts(), datetime.now(UTC))

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)
