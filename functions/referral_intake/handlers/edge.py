"""Only CloudFront reaches the API's functions: whoever calls API Gateway's own address is refused before all else.

An HTTP API can't be closed to others: it has neither a resource policy nor a firewall. So CloudFront shows a secret.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

# Imported while Lambda starts the function, when it has the most CPU, and not during the first request.
import referral_intake.adapters.edge  # noqa: F401
from referral_intake import wiring
from referral_intake.domain.errors import Unavailable
from referral_intake.handlers import http
from referral_intake.handlers.http import Response

# The template has CloudFront set it, whatever a client sent under this name.
HEADER = "x-origin-secret"

Handler = Callable[[dict[str, Any], LambdaContext], Response]


def only(handler: Handler) -> Handler:
    """A door that opens to what CloudFront passes on."""

    @wraps(handler)
    def door(event: dict[str, Any], context: LambdaContext) -> Response:
        try:
            is_ours = wiring.edge().sent(event["headers"].get(HEADER, ""))
        except Unavailable:
            return http.problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again in a minute.")
        if not is_ours:
            return http.problem(HTTPStatus.FORBIDDEN, "forbidden", "Ask at the site's own address.")
        return handler(event, context)

    return door
