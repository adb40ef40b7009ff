"""The content of the simulated table, as the last write left it."""

from collections.abc import Iterable, Iterator
from typing import Any

from referral_intake.aws.item_format import Item, plain
from referral_intake.core.referral import Answer, Stage
from referral_intake.dashboard.action_types import Action
from tests.faults.fake_aws import Mail


class TableState:
    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Item] = {}
        self._archived: set[tuple[str, str]] = set()

    def update(self, items: Iterable[Item]) -> Iterator[tuple[Item, Item | None]]:
        """Takes the items of the table, and yields the new ones, each with the item that it replaces."""
        for item in items:
            key = item["pk"]["S"], item["sk"]["S"]
            if key[1].startswith("message#"):
                self._archived.add(key)  # An archived message. No filter of a stream matches it.
            elif (old := self._items.get(key)) != item:
                yield item, old
                self._items[key] = item

    def images(self) -> list[Item]:
        """The items of all referrals."""
        return [item for (_, sk), item in self._items.items() if sk == "referral"]

    def referrals(self) -> list[dict[str, Any]]:
        return [plain(image) for image in self.images()]

    def referral(self, receipt: str) -> dict[str, Any]:
        return plain(self._items[f"referral#{receipt}", "referral"])

    def is_listed(self, campaign: str, group: str) -> bool:
        """Whether the group of held referrals is on the list of tasks."""
        item = self._items.get((f"group#{campaign}#{group}", "group"), {})
        return item.get("waits_for") == {"S": f"{campaign}/held"} and "waits_since" in item

    def stage(self, receipt: str) -> tuple[str, str | None]:
        referral = self.referral(receipt)
        return referral["stage"], referral.get("reason")

    def at(self, stage: Stage) -> list[str]:
        """Receipts of all referrals at this stage."""
        return [referral["receipt"] for referral in self.referrals() if referral["stage"] == stage]

    def requested(self) -> list[str]:
        """Receipts of the referrals whose doctor asked for a call or for information."""
        return [one["receipt"] for one in self.referrals() if one.get("answer") in {Answer.CALL, Answer.INFORMATION}]

    def audited_actions(self) -> list[tuple[str, str]]:
        """Actions of people with their receipts, as the audit log has them."""
        records = [plain(item) for (pk, _), item in self._items.items() if pk.startswith("audit#")]
        return [(receipt, one["what"]) for one in records if one["what"] in set(Action) for receipt in one["receipts"]]

    def has_archived(self, mail: Mail) -> bool:
        """Whether the message is archived beside the referral."""
        return (f"referral#{mail.receipt}", f"message#{mail.step}") in self._archived
