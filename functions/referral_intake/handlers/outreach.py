"""The door of the table's stream: a referral that became queued."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake import wiring
from referral_intake.adapters.items import from_item
from referral_intake.domain.errors import Stale
from referral_intake.domain.outreach import Outreach

logger = Logger()
"""Ids only: neither a doctor's details nor a message is ever logged."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    def process(record: dict[str, Any]) -> None:
        reach(record, wiring.outreach())

    # Lambda gives back everything from the first failed record on; what was done already is met as stale.
    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)


def reach(record: dict[str, Any], outreach: Outreach) -> None:
    """Handles one stream record. An exception means: give me this record again."""
    ids = {"sequence_number": record["dynamodb"].get("SequenceNumber")}
    try:
        referral = from_item(record["dynamodb"]["NewImage"])
        ids |= {"referral": referral.receipt, "revision": referral.revision}
        outcome = outreach.reach(referral)
    except Stale:
        # Redelivered, or changed by someone meanwhile. Each change into `queued` has a record of its own.
        logger.info("referral has moved on", **ids)
    except Exception:
        logger.exception("outreach failed", **ids)
        raise
    else:
        logger.info("referral handled", **ids, campaign=referral.campaign, outcome=outcome)
