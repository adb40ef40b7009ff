"""Many items by their keys, at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item
from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# As many as one request can name.
AT_ONCE = 100
_TRIES = 6
_FIRST_PAUSE = 0.05


def items(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Item],
    attributes: Sequence[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Item]:
    """Those that are there, in any order; without `attributes`, all of each. Raises Unavailable."""
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    some = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names} if names else {}
    for start in range(0, len(keys), AT_ONCE):
        asked: Any = {table: {"Keys": keys[start : start + AT_ONCE], **some}}
        for attempt in range(_TRIES):
            with errors_as_ours():
                answer: Any = client.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(table, [])
            asked = answer["UnprocessedKeys"]
            if not asked:
                break
            sleep(_FIRST_PAUSE * 2**attempt)
        else:
            raise Unavailable("UnprocessedKeys")
