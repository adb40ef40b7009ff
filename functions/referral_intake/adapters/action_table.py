"""What people do to referrals, in the table: the change and the record of who made it, in one transaction."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.adapters import updates
from referral_intake.adapters.audit import audit_put
from referral_intake.adapters.claims import ClaimTable
from referral_intake.adapters.items import to_act, to_doctor, to_searched
from referral_intake.adapters.transactions import transact
from referral_intake.adapters.updates import Update
from referral_intake.domain.actions import Change
from referral_intake.domain.errors import Stale
from referral_intake.domain.outreach import Claim, Suppressed, Taken
from referral_intake.domain.people import Person
from referral_intake.domain.referral import Referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ActionTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def write(self, referral: Referral, change: Change, by: Person) -> None:
        """Changes a referral that is still as it was read; raises Stale, Conflict, Unavailable."""
        if transact(
            self._client, self._name, updates=[_changed(referral, change)], puts=[self._record(referral, change, by)]
        ):
            raise Stale

    def tell(
        self, claim: Claim, change: Change, by: Person, *, now: datetime, cooldown: timedelta
    ) -> Taken | Suppressed | None:
        """Takes the doctor for the step as well, or writes nothing and says what stands against it.

        The doctor's keys are checked and taken as they are for an e-mail. Raises Stale, Conflict, Unavailable.
        """
        claims = ClaimTable(self._client, self._name)
        record = self._record(claim.referral, change, by)
        return claims.take(claim, _changed(claim.referral, change), record, now=now, cooldown=cooldown)

    def _record(self, referral: Referral, change: Change, by: Person) -> dict[str, Any]:
        return audit_put(self._name, by, change.act.what, [referral.receipt], change.act.at)


def _changed(referral: Referral, change: Change) -> Update:
    update = updates.of_referral(referral, change.move, facts=change.milestones).append("acts", to_act(change.act))
    if change.told_by:
        update.set("told_by", change.told_by.value)
    if change.doctor:
        update.set("doctor", to_doctor(change.doctor))
        for name, value in to_searched(change.doctor).items():
            update.set(name, value)
    return update
