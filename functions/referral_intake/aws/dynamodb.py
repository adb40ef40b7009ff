"""What every use of DynamoDB shares: the client's limits, and its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Every write is conditional or a transaction with a token, so the SDK may repeat it after a timeout. Twice as long is
# still less than the shortest function has: then there is time to say so.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=10,
)


def client() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_CONFIG)


@contextmanager
def errors_as_ours() -> Iterator[None]:
    """What AWS calls an error of its own, a throttle, or no answer at all, is `Unavailable`."""
    try:
        yield
    except ClientError as error:
        if _is_transient(error):
            raise Unavailable(error.response["Error"]["Code"]) from error
        raise
    except ParamValidationError:
        raise  # Our own mistake: trying again won't mend it.
    except BotoCoreError as error:
        raise Unavailable(type(error).__name__) from error


_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


def _is_transient(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return error.response["Error"]["Code"] in _TRANSIENT or status >= 500
