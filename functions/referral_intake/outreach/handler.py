"""Lambda handler for the table's stream: each record is a referral that became `queued`."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.outreach import wiring
from referral_intake.outreach.stream_records import logger, process_record


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    def process(record: dict[str, Any]) -> None:
        process_record(record, wiring.parts())

    # Lambda retries all records from the first failed one on. Those that were already handled then raise Stale.
    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)
