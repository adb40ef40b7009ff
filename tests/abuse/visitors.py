"""Visitors of the site, honest or not, and what they reach over HTTP."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
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
            sent = proofs.with_proof(sent, self.harness._keys, datetime.now(UTC) - proofs.MINUTE)
        request = events.post_json(sent, **headers, cloudfront_viewer_address=f"{self.address}:4711")
        receipt = json.loads(self.harness.invoke("intake", request)["body"])["receipt"]
        self.harness.deliver_records(receipt)
        return self.referral(receipt)

    def referral(self, receipt: str) -> Referral:
        return from_item(self.harness.item(receipt))

    def status(self, receipt: str) -> str:
        """What the status page says."""
        response = self.harness.invoke("intake", events.get_status(receipt))
        return str(json.loads(response["body"])["state"])
