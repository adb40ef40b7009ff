"""The door of the table's stream: a referral that became queued."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake import wiring
from referral_intake.adapters.items import from_item
from referral_intake.domain.errors import Stale
from referral_intake.domain.outreach import Ending, Outcome, Outreach
from referral_intake.handlers import logs, metrics

logger = logs.logger()
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
    change = record["dynamodb"]
    receipt = change["NewImage"].get("receipt", {}).get("S")
    with logs.about(logger, referral=receipt, sequence_number=change.get("SequenceNumber")):
        try:
            referral = from_item(change["NewImage"])
            outcome = outreach.reach(referral)
        except Stale:
            # Redelivered, or changed by someone meanwhile. Each change into `queued` has a record of its own.
            logger.info("referral has moved on")
        except Exception:
            logger.exception("outreach failed")
            metrics.count("OutreachFailed")
            raise
        else:
            logger.info(
                "referral handled", campaign=referral.campaign, revision=referral.revision, outcome=outcome.word
            )
            _count(outcome, referral.campaign)


def _count(outcome: Outcome, campaign: str) -> None:
    match outcome.ending:
        case Ending.SENT:
            metrics.count("MessagesSent", campaign=campaign)
        case Ending.UNCLEAR:
            metrics.count("MessagesUnclear", campaign=campaign)
        case Ending.REFUSED:
            metrics.count("MessagesRefused", campaign=campaign, reason=outcome.word)
        case Ending.SET_BACK:
            metrics.count("Setbacks", campaign=campaign, reason=outcome.word)
        case Ending.MOVED:
            # Joined, held, paced, by post: what did not come to a message, and is no mishap.
            metrics.count("NotSent", campaign=campaign, reason=outcome.word)
