"""Solved challenges for tests: correctly signed, without work, and one minute old."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import altcha

from referral_intake.aws.keys import Keyring, Ring
from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.core.ports import Referrals
from referral_intake.intake.bot_detection import Proof, binding_of
from referral_intake.intake.challenges import Challenges
from referral_intake.intake.wiring import IntakeParts, Suspected
from referral_intake.web.client_networks import surrounding_network
from referral_intake.web.pages import Site
from tests.support import events
from tests.support.fakes import FakeSourceKeys, FakeSuspected, ring
from tests.support.samples import NOW

if TYPE_CHECKING:
    from local.stack import LocalStack

FILL_TIME: Final = timedelta(seconds=3)
MINUTE: Final = timedelta(minutes=1)


def intake(table: Referrals, site: Site, suspected: Suspected | None = None) -> IntakeParts:
    """The parts of intake whose challenges are solved at the first attempt."""
    challenges, signatures = Challenges(ring, tries=1), RegistrySignatures(ring)
    return IntakeParts(
        table, site, ring, FakeSourceKeys(), challenges, signatures, suspected or FakeSuspected(), FILL_TIME
    )


def solve(challenge: dict[str, Any]) -> str:
    """Solves the challenge as a browser does. The result is sent as `challenge`."""
    parsed = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(parsed)
    assert solution, "it took longer than a minute"
    return altcha.Payload(parsed, solution).to_base64()


def proof(
    submission_id: str, keys: Ring = ring, issued_at: datetime = NOW - MINUTE, address: str = events.ADDRESS
) -> str:
    """Solves a challenge that was issued to this network address."""
    network = surrounding_network(address)
    return solve(Challenges(keys, tries=1).new(binding_of(uuid.UUID(submission_id)), network, issued_at))


def with_proof(
    sent: dict[str, Any], keys: Ring = ring, issued_at: datetime = NOW - MINUTE, address: str = events.ADDRESS
) -> dict[str, Any]:
    """A submission with its solved challenge, as the page sends it."""
    return sent | {"challenge": proof(sent["submission_id"], keys, issued_at, address)}


def with_proof_for_stack(stack: "LocalStack", sent: dict[str, Any]) -> dict[str, Any]:
    """The same for the local stack, with its keys and its clock."""
    name = stack.template.secrets["HashingKeys"].name
    secret = json.loads(stack.cloud.secrets.get_secret_value(SecretId=name)["SecretString"])
    return with_proof(sent, lambda: Keyring.from_secret(secret), datetime.now(UTC) - MINUTE, "127.0.0.1")


def with_simulated_proof(sent: dict[str, Any], issued_at: datetime) -> dict[str, Any]:
    """A submission with a simulated proof, for an intake that uses `read_simulated_proof`."""
    return sent | {"challenge": f"{binding_of(uuid.UUID(sent['submission_id']))} {issued_at.isoformat()}"}


def read_simulated_proof(_: Challenges, sent: object, network: str) -> Proof | None:
    """Replaces `Challenges.read` in tests of other rules."""
    if not isinstance(sent, str):
        return None
    binding, issued_at = sent.split()
    return Proof(binding, datetime.fromisoformat(issued_at))
