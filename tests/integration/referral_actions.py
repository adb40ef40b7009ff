"""Actions of people on referrals in a test's table."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws import dynamodb
from referral_intake.aws.audit_log import AuditRecord, AuditTable
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes, Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage, Transition
from referral_intake.core.users import Role, User
from referral_intake.dashboard.action_runner import ActionRunner
from referral_intake.dashboard.action_table import ActionTable
from referral_intake.dashboard.action_types import Action, ActionRequest
from tests.integration import aws
from tests.support import samples
from tests.support.samples import MANAGER, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JO = User("9d2c1c9e-0000-4000-8000-000000000003", "jo", frozenset({Role.MANAGER}))
LATER = NOW + timedelta(days=3)
COOLDOWN = samples.campaign().policy.cooldown
BY_PHONE_OR_POST: dict[str, Any] = {
    "email": None,
    "phone": "217 555 0123",
    "npi": "1234567893",
    "address": {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
}


@dataclass
class ReferralActions:
    client: "DynamoDBClient"
    table: str
    ring: Keyring = aws.RING

    @property
    def referrals(self) -> ReferralTable:
        return ReferralTable(self.client, self.table)

    @property
    def claims(self) -> ClaimTable:
        return ClaimTable(self.client, self.table)

    @property
    def runner(self) -> ActionRunner:
        """Uses a separate client, as another process does."""
        return self.runner_with(dynamodb.client())

    def runner_with(self, client: "DynamoDBClient") -> ActionRunner:
        return ActionRunner(
            ReferralTable(client, self.table),
            ActionTable(client, self.table),
            DoctorHashes(lambda: self.ring),
            samples.CAMPAIGNS.get,
        )

    def put(self, move: Transition | None = None, **doctor: Any) -> Referral:
        self.referrals.add(referral := aws.submitted(**doctor))
        if move:
            self.referrals.move(referral, move)
        return self.now(referral)

    def held(self, reason: Reason = Reason.HONEYPOT) -> Referral:
        return self.put(decisions.hold(reason, NOW))

    def by_post(self, **doctor: Any) -> Referral:
        return self.put(
            Transition(Stage.BY_POST, NOW + decisions.REVIEW_INTERVAL, "no_email"), **{**BY_PHONE_OR_POST, **doctor}
        )

    def now(self, referral: Referral) -> Referral:
        found = self.referrals.get(referral.receipt, consistent=True)
        assert found
        return found

    def do(self, action: Action, to: Referral, by: User = MANAGER, **more: Any) -> Referral:
        done = self.runner.run(replace(ActionRequest(to.receipt, to.revision, action, by), **more), LATER)
        assert done
        return done

    def records(self) -> list[AuditRecord]:
        return list(AuditTable(self.client, self.table).of_day(LATER.date()))
