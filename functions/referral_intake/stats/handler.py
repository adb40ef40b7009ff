"""Lambda handler for the table's stream: counts every change of a referral."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from referral_intake.observability import logs
from referral_intake.stats import wiring

logger = logs.logger()
"""Logs only ids."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    referrals: list[Referral] = []

    def process(record: dict[str, Any]) -> None:
        referral = read(record)
        referrals.extend([] if referral.is_test else [referral])

    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    response = process_partial_response(event, process, processor, context)
    # Counted together, because they change the same counters. If that fails, Lambda retries the batch in halves. Then
    # the referrals that were counted are skipped.
    with logs.without_message(logger):
        changed = wiring.parts().count(referrals)
    logger.info("referrals counted", records=len(event["Records"]), changed=changed)
    return response


def read(record: dict[str, Any]) -> Referral:
    """Return the referral in the record. If it can't be read, Lambda retries the record alone until the retries end."""
    change = record["dynamodb"]
    try:
        return from_item(change["NewImage"])
    except Exception:
        receipt = change["Keys"]["pk"]["S"].partition("#")[2]
        logger.exception("referral can't be read", referral=receipt)
        raise
