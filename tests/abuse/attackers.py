"""What attackers and managers do, through the HTTP entry points."""

import itertools
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from referral_intake.core.referral import receipt_for
from tests.integration.handler_harness import HEADERS, HandlerHarness
from tests.support import dashboard, events, proofs, samples

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Attacker:
    """Submits from any network address. With a proof of work, the referrals are queued for outreach."""

    def __init__(self, harness: HandlerHarness) -> None:
        self.harness = harness
        self._numbers = itertools.count()

    def submit(self, source: str = "", *, has_proof: bool = True, **doctor: Any) -> str:
        """Return the receipt. Without a source, each submission comes from a network of its own."""
        number = next(self._numbers)
        sent = samples.payload(doctor={"name": name(number), "email": f"d{number}@clinic{number}.example"} | doctor)
        address = source or network(number)
        if has_proof:
            sent = proofs.with_proof(sent, self.harness._keys, datetime.now(UTC) - timedelta(minutes=1), address)
        headers = {**HEADERS, "cloudfront_viewer_address": f"{address}:4711"}
        response = self.harness.invoke("intake", events.post_json(sent, **headers))
        assert response["statusCode"] == 201, response
        return receipt_for(uuid.UUID(sent["submission_id"]))

    def deliver(self, receipts: Iterable[str]) -> Counter[str]:
        """Let outreach handle the referrals. Return how many have each reason or stage."""
        receipts = list(receipts)
        for receipt in receipts:
            self.harness.deliver_records(receipt)
        return Counter(self.state(receipt) for receipt in receipts)

    def state(self, receipt: str) -> str:
        item = self.harness.item(receipt)
        return str(item.get("reason", item["stage"])["S"])


class Manager:
    def __init__(self, harness: HandlerHarness, groups: str = dashboard.MANAGER) -> None:
        self._harness = harness
        self._groups = groups

    def ask(self, method: str, path: str, body: object = None, **query: str | None) -> Any:
        asked = "&".join(f"{key}={value}" for key, value in {"campaign": "lumen", **query}.items() if value)
        request = dashboard.request(method, path, body, query="" if body else asked, groups=self._groups)
        response = self._harness.invoke("dashboard", request)
        assert response["statusCode"] == 200, response
        return json.loads(response["body"])

    def held(self) -> tuple[list[dict[str, Any]], int, int]:
        """The groups of the list, the number of rows without a group, and the number of tasks."""
        groups, rows, cursor = [], 0, None
        while True:
            page = self.ask("GET", "/work/held", cursor=cursor)
            groups += page["groups"]
            rows += len(page["referrals"])
            if (cursor := page["cursor"]) is None:
                return groups, rows, self.ask("GET", "/work")["kinds"]["held"]["count"]

    def members(self, group: str) -> list[dict[str, Any]]:
        found, cursor = [], None
        while True:
            page = self.ask("GET", f"/groups/{group}", cursor=cursor)
            found += page["referrals"]
            if (cursor := page["cursor"]) is None:
                return found

    def act_on_all(self, group: str, action: str, **fields: str) -> list[str]:
        """As the page does: one page of members after the other. Return the receipts."""
        done: list[str] = []
        cursor = None
        while True:
            page = self.ask("GET", f"/groups/{group}", cursor=cursor)
            result = self.act(page["referrals"], action, **fields)
            assert result["not_done"] == []
            done += result["done"]
            if (cursor := page["cursor"]) is None:
                return done

    def act(self, referrals: Sequence[dict[str, Any]], action: str, **fields: str) -> Any:
        seen = [{"receipt": one["receipt"], "revision": one["revision"]} for one in referrals]
        return self.ask("POST", "/referrals/actions", {"action": action, "referrals": seen, **fields})


def name(number: int) -> str:
    """A name that no other number has."""
    first, second, third = (LETTERS[number // 26**place % 26] for place in range(3))
    return f"Ana {second.upper()}{third}ro{first}a"


def network(number: int) -> str:
    return f"10.{number // 250 % 250}.{number % 250}.7"
