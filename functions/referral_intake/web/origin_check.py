"""Refuse requests that did not come through CloudFront.

An HTTP API supports neither a resource policy nor AWS WAF, so anyone can call API Gateway's own URL. CloudFront sends a
secret header that only CloudFront and this stack know.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.core.errors import Unavailable
from referral_intake.web import http
from referral_intake.web.http import Response

# The template makes CloudFront set this header and overwrite a value from the client.
HEADER = "x-origin-secret"

Handler = Callable[[dict[str, Any], LambdaContext], Response]


class OriginSecret(Protocol):
    def matches(self, value: str) -> bool:
        """Whether this is a valid value of the header. Raise Unavailable if the secret can't be read."""


def through_cloudfront(origin_secret: Callable[[], OriginSecret]) -> Callable[[Handler], Handler]:
    """Decorator: call the handler only for requests that carry the secret; answer 403 to all others."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def checked(event: dict[str, Any], context: LambdaContext) -> Response:
            try:
                is_allowed = origin_secret().matches(event["headers"].get(HEADER, ""))
            except Unavailable:
                return http.problem_response(
                    HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again in a minute."
                )
            if not is_allowed:
                return http.problem_response(HTTPStatus.FORBIDDEN, "forbidden", "Use the site's own address.")
            return handler(event, context)

        return checked

    return decorate
