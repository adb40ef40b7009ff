"""Convert the dashboard's exceptions to problems (RFC 9457), in this one place.

Internal errors are logged without the exception's message, which may contain data of the request or the response.
"""

import traceback
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from referral_intake.core.errors import Stale, Unavailable
from referral_intake.web.http import Problem


def invalid(field: str, code: str, message: str) -> Problem:
    """Return the problem for one invalid field. `field` is a parameter's name or a path in the body."""
    return invalid_fields([{"field": field, "code": code, "message": message}])


def not_found(detail: str = "There is no such resource.") -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not_found", detail)


def of(error: Exception, logger: Logger) -> Problem:
    """Return the problem that the user gets for this error."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return invalid_fields([_translated(one) for one in error.errors()])
        case NotFoundError():
            return not_found()
        case Stale():
            return Problem(
                HTTPStatus.CONFLICT, "changed", "Another user has just changed this. Your action had no effect."
            )
        case Unavailable():
            logger.warning("a service did not answer", reason=str(error), stack=_stack(error))
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again in a minute.")
    logger.error("unexpected error", error=type(error).__name__, stack=_stack(error))
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unavailable", "Please try again in a minute.")


def invalid_fields(errors: Sequence[dict[str, str]]) -> Problem:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, "invalid", "Some fields are invalid.", errors=list(errors))


def _translated(error: dict[str, Any]) -> dict[str, str]:
    _, *path = error["loc"]
    return {
        "field": ".".join(map(str, path)),
        "code": error["type"],
        "message": error["msg"].removeprefix("Value error, "),
    }


def _stack(error: Exception) -> list[str]:
    """Return the files and lines of this product, and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "referral_intake" in frame.filename or frame is frames[-1]]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in ours]
