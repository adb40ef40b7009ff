"""What a browser has on its screen already is not sent again, and is no look of its own.

A view asks anew every 20 seconds, by itself. If each time left a record, nobody would find a person's own looks among
them. So every answer about doctors carries a mark of what it shows; who asks with it gets nothing while that is the
same, and whatever does show a doctor's data, by itself or not, leaves its record.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import Field

from referral_intake.core.referral import Referral
from referral_intake.core.users import Person, Role

SAYS = "The mark of an answer that one has: if nothing is new, there is no content, and no record of a look."
LONGEST = 64

Known = Annotated[str | None, Query(alias="known", max_length=LONGEST, description=SAYS)]
Mark = Annotated[str, Field(description="Of what is shown here: give it as `known` when asking again.")]
# For a route's description.
NOTHING_NEW: dict[int, OpenAPIResponse] = {204: {"description": "Nothing new since `known`"}}


class NothingNew(Exception):
    """It is as whoever asks knows it."""


def mark(person: Person, referrals: Iterable[Referral], *more: object) -> str:
    """Changes with whatever is shown: every change of a referral is a revision. `more` is what they don't tell."""
    shown = [(referral.receipt, referral.revision) for referral in referrals]
    text = json.dumps([person.may(Role.MANAGER), shown, more], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def check(known: str | None, now: str) -> None:
    """Raises NothingNew."""
    if known == now:
        raise NothingNew
