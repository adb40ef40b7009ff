"""Translate errors of AWS to the product's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from referral_intake.core.errors import Unavailable

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


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise Unavailable for a failure inside AWS, a throttle, a lost connection and an unreadable error response.

    Other errors of AWS are raised unchanged: a retry does not help.
    """
    try:
        yield
    except ClientError as error:
        if _is_transient(error):
            raise Unavailable(error.response["Error"]["Code"]) from error
        raise
    except ParamValidationError:
        raise  # A bug in the request.
    except BotoCoreError as error:
        raise Unavailable(type(error).__name__) from error


def _is_transient(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    # botocore uses the status as the code if it can't parse the body: a proxy answered, or the answer was cut off.
    return code in _TRANSIENT or code.isdecimal() or status >= 500
