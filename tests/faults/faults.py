"""Faults that an AWS call can meet. Emulators produce only half of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from referral_intake.aws.item_format import Item
from tests.faults.call_interceptor import Attempt, Call, Fault

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


class Killed(BaseException):
    """The process ends here. No handler catches this, and no later code runs."""


# ---- Before the call takes effect ------------------------------------------------------------------------------------


def _refused(attempt: Attempt) -> AWSResponse:
    raise EndpointConnectionError(endpoint_url=attempt.request.url)


def _disconnected(attempt: Attempt) -> AWSResponse:
    attempt.run.is_disconnected = True
    raise EndpointConnectionError(endpoint_url=attempt.request.url)


def _throttled(attempt: Attempt) -> AWSResponse:
    if attempt.call.service == "sesv2":
        return _error(attempt, 429, "TooManyRequestsException")
    of_the_table = attempt.call.service == "dynamodb"
    return _error(attempt, 400, "ProvisionedThroughputExceededException" if of_the_table else "ThrottlingException")


def _failed(attempt: Attempt) -> AWSResponse:
    return _error(attempt, 500, "InternalServerError")


def _unreadable(attempt: Attempt) -> AWSResponse:
    """As sent by a proxy between the function and AWS."""
    return attempt.answer(400, b"<html>Bad Request</html>")


def _killed_before(attempt: Attempt) -> AWSResponse:
    raise Killed


def _error(attempt: Attempt, status: int, code: str, **members: object) -> AWSResponse:
    data = {"__type": f"com.amazonaws#{code}", "message": "injected", **members}
    return attempt.answer(status, data, {"x-amzn-ErrorType": code})


# ---- After the call took effect --------------------------------------------------------------------------------------


def _timed_out(attempt: Attempt) -> AWSResponse:
    attempt.effect()
    raise ReadTimeoutError(endpoint_url=attempt.request.url)


def _killed_after(attempt: Attempt) -> AWSResponse:
    attempt.effect()
    raise Killed


# ---- Faults that no emulator produces --------------------------------------------------------------------------------


def _conflict_in_transaction(code: str) -> Fault:
    def apply(attempt: Attempt) -> AWSResponse:
        actions = _body(attempt)["TransactItems"]
        reasons = [{"Code": "None"} for _ in actions]
        reasons[attempt.call.number % len(actions)] = {"Code": code, "Message": "injected"}
        return _error(attempt, 400, "TransactionCanceledException", CancellationReasons=reasons)

    return Fault(f"is canceled by {code}", apply)


def _conflict(attempt: Attempt) -> AWSResponse:
    return _error(attempt, 400, "TransactionConflictException")


def _answered_partially(attempt: Attempt) -> AWSResponse:
    tables = _body(attempt)["RequestItems"]
    return attempt.answer(200, {"Responses": {name: [] for name in tables}, "UnprocessedKeys": tables})


def stale_index(images: Callable[[], list[Item]]) -> Fault:
    """The index lists every item that was ever in it, as long overdue."""

    def apply(attempt: Attempt) -> AWSResponse:
        body = _body(attempt)
        values = body["ExpressionAttributeValues"].values()
        campaign = next(value for value in values if value["S"].isalpha())
        entry = {"open_in": campaign, "due_at": {"S": "2020-01-01T00:00:00.000Z"}}
        items = [{"pk": image["pk"], "sk": image["sk"], **entry} for image in images()]
        return attempt.answer(200, {"Items": items, "Count": len(items), "ScannedCount": len(items)})

    return Fault("lists what was, by an index of the past", apply)


def _not_yet_indexed(attempt: Attempt) -> AWSResponse:
    return attempt.answer(200, {"Items": [], "Count": 0, "ScannedCount": 0})


def _body(attempt: Attempt) -> dict[str, Any]:
    body: Any = attempt.request.body
    data: dict[str, Any] = json.loads(body)
    return data


# One of these per call, in turn: the code handles them alike.
BEFORE_EFFECT = (
    Fault("is refused", _refused),
    Fault("is throttled", _throttled),
    Fault("fails with 500", _failed),
    Fault("fails with an error that can't be read", _unreadable),
)
CONFLICT = Fault("conflicts with a transaction", _conflict)
DISCONNECTED = Fault("and all that follow are refused", _disconnected)
KILLED_BEFORE_EFFECT = Fault("ends the process before its effect", _killed_before)
# AWS retries several times, and dropped_records the event after the last attempt.
PERSISTENT_FAILURE = Fault("is refused however often it is tried", _refused, is_persistent=True)
# Only for calls with an effect.
AFTER_EFFECT = (
    Fault("takes effect and times out", _timed_out),
    Fault("ends the process after its effect", _killed_after),
)
# The SDK retries, and the first attempt already took effect. It never retries a call of SES.
RETRIED_AFTER_EFFECT = Fault("takes effect and times out once", _timed_out, affects_retries=False)
THROTTLED_ONCE = Fault("is throttled once", _throttled, affects_retries=False, is_recovered=True)
# Also one of these per call, in turn.
CANCELED = (_conflict_in_transaction("TransactionConflict"), _conflict_in_transaction("ProvisionedThroughputExceeded"))
INCOMPLETE = {
    "Query": Fault("lists nothing, by an index that lags", _not_yet_indexed),
    "BatchGetItem": Fault("is answered in part only", _answered_partially),
}


def of(call: Call) -> Iterator[Fault]:
    """All faults that this call can meet."""
    if call.service == "sesv2":
        yield from (*BEFORE_EFFECT, DISCONNECTED, KILLED_BEFORE_EFFECT, *AFTER_EFFECT)
        return
    is_of_one_item = call.operation in {"PutItem", "UpdateItem", "DeleteItem"}
    yield _alternate((*BEFORE_EFFECT, CONFLICT) if is_of_one_item else BEFORE_EFFECT, call)
    yield from (DISCONNECTED, KILLED_BEFORE_EFFECT)
    if call.operation in WRITES:
        yield from (*AFTER_EFFECT, RETRIED_AFTER_EFFECT)
    else:
        yield THROTTLED_ONCE
    if call.operation == "TransactWriteItems":
        yield _alternate(CANCELED, call)
    if call.operation in INCOMPLETE:
        yield INCOMPLETE[call.operation]


def _alternate(some: Sequence[Fault], call: Call) -> Fault:
    return some[call.number % len(some)]
