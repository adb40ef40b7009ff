"""Mail domains that a manager confirmed as a hospital's, so that the limit per domain does not apply.

A domain is stored as a keyed hash. The item stays when the confirmation is taken back.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.item_format import Item
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class HospitalDomains:
    def __init__(self, client: "DynamoDBClient", name: str, hashes: DoctorHashes) -> None:
        self._table = Table(client, name)
        self._hashes = hashes

    def is_hospital(self, domain: str) -> bool:
        return any(map(is_hospital, self._table.read_many(hospital_keys(self._hashes, domain), consistent=True).items))

    def confirm(self, domain: str, by: User, now: datetime) -> None:
        """Store that it is a hospital's domain, with an audit record."""
        current = _key(self._hashes.of_value("domain", domain))
        record = audit_item(by, "confirm_hospital", [], now)
        self._table.transact(updates=[Update(current).set("hospital", value=True)], puts=[record])

    def take_back(self, domain: str, by: User, now: datetime) -> None:
        """Remove the confirmation, made with any hashing key, with an audit record."""
        updates = [Update(key).set("hospital", None) for key in hospital_keys(self._hashes, domain)]
        self._table.transact(updates=updates, puts=[audit_item(by, "take_back_hospital", [], now)])


def hospital_keys(hashes: DoctorHashes, domain: str) -> list[Item]:
    """Return the keys under which the domain can be stored: one per hashing key."""
    return [_key(one) for one in hashes.all_of_value("domain", domain)]


def is_hospital(item: Item) -> bool:
    return "hospital" in item


def _key(hashed: str) -> Item:
    return {"pk": {"S": f"hospital#{hashed}"}, "sk": {"S": "hospital"}}
