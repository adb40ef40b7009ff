"""Skip a response, and its audit record, if the browser already shows the same data.

A view polls every 20 s. If each poll left an audit record, the requests that a user made would be hard to find. So
every response about doctors has a `mark`, a hash of its data. A request with the current mark gets 204 and leaves no
audit record.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import Field

from referral_intake.core.referral import Referral
from referral_intake.core.users import Role, User

KNOWN_DESCRIPTION = (
    "The mark of the last response. If nothing has changed, the response has no content and leaves no audit record."
)
MAX_LENGTH = 64

IfNoneMatch = Annotated[str | None, Query(alias="known", max_length=MAX_LENGTH, description=KNOWN_DESCRIPTION)]
ETag = Annotated[str, Field(description="The mark of this response. Send it as `known` in the next request.")]
# For a route's description.
NOT_MODIFIED: dict[int, OpenAPIResponse] = {204: {"description": "Nothing has changed since `known`"}}


class NotModified(Exception):
    """The data has not changed since the response with the mark `known`."""


def compute(user: User, referrals: Iterable[Referral], *more: object) -> str:
    """Return a hash of the user's permissions, the revisions of the referrals, and other data of the response."""
    shown = [(referral.receipt, referral.revision) for referral in referrals]
    text = json.dumps([user.may(Role.MANAGER), shown, more], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def check(known: str | None, now: str) -> None:
    """Raise NotModified if the marks are equal."""
    if known == now:
        raise NotModified
