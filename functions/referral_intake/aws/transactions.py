"""Several writes that happen together or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item
from referral_intake.aws.updates import Update
from referral_intake.core.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Failure = Mapping[str, Any]
"""Of one write: `Code` is ConditionalCheckFailed or None, `Item` is what the condition saw."""


def transact(
    client: "DynamoDBClient",
    table: str,
    *,
    updates: Iterable[Update] = (),
    checks: Iterable[Update] = (),
    puts: Iterable[Mapping[str, Any]] = (),
) -> Sequence[Failure]:
    """Writes all of it, where every condition holds. Else it writes nothing and says of each, in this order, why.

    A put is what `put` gives. Raises Conflict where others write the same items now, and Unavailable.
    """
    actions: list[Any] = [{"Update": _watched(table, update)} for update in updates]
    actions += [{"ConditionCheck": _watched(table, check)} for check in checks]
    actions += puts
    with errors_as_ours():
        try:
            client.transact_write_items(TransactItems=actions)
            return []
        except client.exceptions.TransactionCanceledException as canceled:
            return _failures(canceled)


def put(table: str, item: Item) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item}}


def _watched(table: str, update: Update) -> dict[str, Any]:
    return {"TableName": table, **update.request, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _failures(canceled: ClientError) -> Sequence[Failure]:
    reasons = canceled.response["CancellationReasons"]
    # A conflict or a throttle next to a failed condition: what the condition saw may not last. Try again.
    for code in sorted({str(reason.get("Code")) for reason in reasons} - {"None", "ConditionalCheckFailed"}):
        raise (Conflict if code == "TransactionConflict" else Unavailable)(code) from canceled
    return [dict(reason) for reason in reasons]
