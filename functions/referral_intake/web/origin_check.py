"""Refuses requests that did not come through CloudFront.

An HTTP API has neither a resource policy nor a firewall, so anyone can call API Gateway's own address. CloudFront sends
a secret header that only it and this stack know.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.core.errors import Unavailable
from referral_intake.web import http
from referral_intake.web.http import Response

# The template makes CloudFront set this header and overwrite what a client sent under the same name.
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
                return http.problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again in a minute.")
            if not is_allowed:
                return http.problem(HTTPStatus.FORBIDDEN, "forbidden", "Ask at the site's own address.")
            return handler(event, context)

        return checked

    return decorate
