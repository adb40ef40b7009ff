"""Write users' actions: the change of the referral and the audit record, in one transaction."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws import update_expressions
from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import (
    Item,
    doctor_attributes,
    message_attributes,
    search_attributes,
    user_action_attributes,
)
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.claim import Claim, Obstacle
from referral_intake.core.errors import Stale
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral
from referral_intake.core.users import User
from referral_intake.dashboard.action_types import ReferralChange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ActionTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)
        self._claims = ClaimTable(client, name)

    def write(self, referral: Referral, change: ReferralChange, by: User) -> None:
        """Change the referral if it is unchanged since it was read. Raise Stale, Conflict, Unavailable."""
        if self._table.transact(
            updates=[_referral_update(referral, change)], puts=[_audit_record(referral, change, by)]
        ):
            raise Stale

    def write_with_claim(
        self, claim: Claim, change: ReferralChange, by: User, *, now: datetime, cooldown: timedelta
    ) -> Obstacle | None:
        """Also claim the doctor for the step. If there is an obstacle, write nothing and return it.

        The doctor's keys are checked and claimed as for an email. Raise Stale, Conflict, Unavailable.
        """
        record = _audit_record(claim.referral, change, by)
        return self._claims.claim_told(
            claim, _referral_update(claim.referral, change), record, now=now, cooldown=cooldown
        )

    def write_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also record whether the doctors of `change.others` are the same doctor. Raise Stale, Unavailable."""
        record = _audit_record(claim.referral, change, by)
        self._claims.decide_same(
            claim, _referral_update(claim.referral, change), record, change.others, same=change.is_same_doctor
        )

    def write_undone_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also remove what a user decided on this referral. Raise NothingToTakeBack, Stale, Unavailable."""
        record = _audit_record(claim.referral, change, by)
        self._claims.undo_decisions(claim, _referral_update(claim.referral, change), record)

    def write_take_back(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also store that the doctor's opt-outs or complaints no longer count.

        Raise NothingToTakeBack, Stale, Unavailable.
        """
        assert change.takes_back, "the change must say what it takes back"
        self._claims.take_back(
            claim,
            change.takes_back,
            change.user_action.at,
            _referral_update(claim.referral, change),
            _audit_record(claim.referral, change, by),
            only_through_it=change.only_through_it,
            was_not_told=change.was_not_told,
        )

    def write_opt_out(self, claim: Claim, change: ReferralChange, by: User) -> None:
        """Also store the opt-out under all keys of the doctor. Raise Stale, Unavailable."""
        self._claims.suppress(
            claim.keys,
            Closing.OPTED_OUT,
            claim.referral.receipt,
            change.user_action.at,
            change.opts_out_of,
            is_personal=True,
            updates=[_referral_update(claim.referral, change)],
            puts=[_audit_record(claim.referral, change, by)],
        )


def _audit_record(referral: Referral, change: ReferralChange, by: User) -> Item:
    return audit_item(by, change.user_action.what, [referral.receipt], change.user_action.at)


def _referral_update(referral: Referral, change: ReferralChange) -> Update:
    update = update_expressions.referral_update(
        referral, change.transition, now=change.user_action.at, facts=change.milestones, answer=change.answer
    )
    update.append("acts", user_action_attributes(change.user_action))
    if change.contact_channel:
        update.set("told_by", change.contact_channel.value)
    if change.messages is not None:
        update.set("messages", message_attributes(change.messages) or None)
    if change.doctor:
        update.set("doctor", doctor_attributes(change.doctor))
        for name, value in search_attributes(change.doctor).items():
            update.set(name, value)
    return update
