"""Visitors of the site, honest or not, and what they reach over HTTP."""

import itertools
import json
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from referral_intake.intake.bot_detection import binding_of
from tests.integration.handler_harness import HandlerHarness
from tests.support import events, proofs, samples

_numbers = itertools.count(1)


class Visitor:
    """Submits the form from one network address, each time for another doctor at another clinic."""

    def __init__(self, harness: HandlerHarness, address: str) -> None:
        self.harness = harness
        self.address = address

    def submit(self, headers: Mapping[str, str] = MappingProxyType({}), *, is_proven: bool = True) -> Referral:
        """Submit a referral, and let outreach handle it. Return the referral."""
        number = next(_numbers)
        sent = samples.payload(doctor=samples.doctor(email=f"dr{number}@clinic{number}.example"))
        if is_proven:
            sent["challenge"] = self._proof(sent["submission_id"])
        receipt = self._ask("POST /api/referrals", json.dumps(sent), content_type="application/json", **headers)[
            "receipt"
        ]
        self.harness.deliver_records(receipt)
        return self.referral(receipt)

    def _proof(self, submission_id: str) -> str:
        query = f"for={binding_of(uuid.UUID(submission_id))}"
        solved = proofs.solve(self._ask("GET /api/challenge", query=query)["challenge"])
        self.harness.clock.shift(proofs.FILL_TIME)
        return solved

    def _ask(self, route: str, body: str | None = None, **request: str) -> Any:
        event = events.request(route, body, cloudfront_viewer_address=f"{self.address}:4711", **request)
        return json.loads(self.harness.invoke("intake", event)["body"])

    def referral(self, receipt: str) -> Referral:
        return from_item(self.harness.item(receipt))

    def status(self, receipt: str) -> str:
        """What the status page says."""
        return str(json.loads(self.harness.invoke("intake", events.get_status(receipt))["body"])["state"])
