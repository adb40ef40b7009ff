"""Codes of printed letters in the table: what each opt-out link says, stored under a hash of the letter's code.

As the link, a code never expires and works after the referral was erased. The same letter always has the same code.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item, plain, typed
from referral_intake.aws.keys import Ring
from referral_intake.aws.signed_links import Link
from referral_intake.aws.table import Table
from referral_intake.core import letter_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most items that one transaction takes.
_BATCH = 100


class LetterCodes:
    """`ring` has the signing keys."""

    def __init__(self, ring: Ring, client: "DynamoDBClient", table: str) -> None:
        self._ring = ring
        self._table = Table(client, table)

    def code_of(self, receipt: str) -> str:
        """Return the code of a referral's letter. Without the key, it can't be derived from the receipt."""
        ring = self._ring()
        return letter_code.make(hmac.digest(ring.keys[ring.current], f"letter:{receipt}".encode(), hashlib.sha256))

    def store(self, links: Sequence[Link]) -> None:
        """Store the codes of these letters, so that they work as soon as the letters arrive. Raise Unavailable."""
        for start in range(0, len(links), _BATCH):
            self._table.transact(puts=[self._item(link) for link in links[start : start + _BATCH]])

    def find(self, code: str) -> Link | None:
        """Return what the opt-out link of the letter with this code says, or None. Raise Unavailable."""
        item = self._table.get(_key(code))
        if item is None:
            return None
        values = plain(item)
        return Link(tuple(values["keys"]), values["campaign"], values["receipt"], is_printed=True)

    def _item(self, link: Link) -> Item:
        values = {"keys": list(link.keys), "campaign": link.campaign, "receipt": link.receipt}
        return {**_key(self.code_of(link.receipt)), **{name: typed(value) for name, value in values.items()}}


def _key(code: str) -> Item:
    # A hash, so that a person who can read the table can't opt doctors out.
    digest = hashlib.sha256(code.encode()).hexdigest()
    return {"pk": {"S": f"letter_code#{digest}"}, "sk": {"S": "letter_code"}}
