"""Letters and calls that an opt-out takes off the list of tasks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from referral_intake.aws.item_format import to_item
from referral_intake.aws.table import ReadResult
from referral_intake.aws.waiting_letters import MAX_LETTERS, queue_again
from referral_intake.core.doctor_records import DoctorRecord, KeySet, StepClaim
from referral_intake.core.referral import Stage
from tests.support.samples import NOW, referral

KEY = "postcode#k1#2#0"


class FakeTable:
    def __init__(self, *items: Any) -> None:
        self._items = {item["pk"]["S"]: item for item in items}

    def read_many(self, keys: Sequence[Any], *, consistent: bool) -> ReadResult:
        assert consistent
        return ReadResult([self._items[key["pk"]["S"]] for key in keys], 0)


def queued(*stages: Stage) -> list[str]:
    """The keys of the items that the updates change, for referrals of one doctor in these stages."""
    found = [replace(referral(), stage=stage, due_at=NOW) for stage in stages]
    claims = {f"campaign-{number}/introduction": StepClaim(one.receipt, NOW) for number, one in enumerate(found)}
    table: Any = FakeTable(*map(to_item, found))
    updates = queue_again(table, KeySet([KEY]), {KEY: {KEY: DoctorRecord(claims=claims)}}, "", NOW)
    return [update.request["Key"]["pk"]["S"] for update in updates]


def test_only_referrals_that_wait_for_a_letter_are_queued() -> None:
    assert len(queued(Stage.BY_POST, Stage.SENT, Stage.HELD)) == 1


def test_a_transaction_takes_no_more_items_than_dynamodb_allows() -> None:
    assert len(queued(*[Stage.BY_POST] * (MAX_LETTERS + 1))) == MAX_LETTERS
