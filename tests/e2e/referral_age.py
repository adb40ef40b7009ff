"""Make a referral of the local stack older."""

from datetime import timedelta

from local.stack import LocalStack
from referral_intake.aws.item_format import referral_key, timestamp


def make_older(stack: LocalStack, receipt: str) -> None:
    """Changes the time of submission, because the status page shows more after a day."""
    stack.cloud.dynamodb.update_item(
        TableName="referral-intake-Table",
        Key=referral_key(receipt),
        UpdateExpression="SET milestones.submitted = :day_before",
        ExpressionAttributeValues={":day_before": {"S": timestamp(stack.clock.now() - timedelta(days=1, minutes=1))}},
    )
