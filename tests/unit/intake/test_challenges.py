"""Challenges: only a solved one that we issued counts, and only for its purpose."""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import altcha
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws.keys import Keyring
from referral_intake.core.referral import receipt_for
from referral_intake.intake.bot_detection import Proof, binding_of
from referral_intake.intake.challenges import ROUNDS, Challenges
from tests.support.fakes import ring
from tests.support.proofs import solve
from tests.support.samples import NOW

BINDING = binding_of(uuid.UUID("0d2c8f5e-6a51-4f4c-9a53-3d2b6c1e7f90"))
NETWORK = "203.0.113.0/24"
QUICK = Challenges(ring, tries=3)


def solved() -> dict[str, Any]:
    """A solved challenge, decoded."""
    data: dict[str, Any] = json.loads(base64.b64decode(solve(QUICK.new(BINDING, NETWORK, NOW))))
    return data


def packed(data: object) -> str:
    return base64.b64encode(json.dumps(data).encode()).decode()


def test_a_solved_challenge_has_its_purpose_and_time() -> None:
    assert QUICK.read(solve(QUICK.new(BINDING, NETWORK, NOW)), NETWORK) == Proof(BINDING, NOW)


def test_the_work_has_an_upper_limit_and_varies() -> None:
    counters = set()
    for _ in range(40):
        data = solved()
        assert data["challenge"]["parameters"]["cost"] == ROUNDS
        counters.add(data["solution"]["counter"])
    assert counters == {0, 1, 2}


def test_every_challenge_is_unique() -> None:
    first, second = QUICK.new(BINDING, NETWORK, NOW), QUICK.new(BINDING, NETWORK, NOW)
    assert first["parameters"]["nonce"] != second["parameters"]["nonce"]


def test_a_challenge_issued_before_a_key_rotation_counts_after_it() -> None:
    sent = solve(QUICK.new(BINDING, NETWORK, NOW))
    rotated = Keyring("k2", {**ring().keys, "k2": b"the key that came after it"})
    assert Challenges(lambda: rotated, tries=3).read(sent, NETWORK) == Proof(BINDING, NOW)
    # Another process may already use the new key.
    signed_with_it = Challenges(lambda: Keyring("k1", rotated.keys), tries=3).new(BINDING, NETWORK, NOW)
    assert QUICK.read(solve(signed_with_it), NETWORK)


def test_a_challenge_signed_with_a_foreign_key_is_refused() -> None:
    stranger = Challenges(lambda: Keyring("k1", {"k1": b"guessed"}), tries=3)
    assert QUICK.read(solve(stranger.new(BINDING, NETWORK, NOW)), NETWORK) is None


def changed(*path: str, to: object) -> Callable[[dict[str, Any]], object]:
    def change(data: dict[str, Any]) -> None:
        *parents, last = path
        place = data
        for name in parents:
            place = place[name]
        place[last] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed("challenge", "parameters", "data", "binding", to="0" * 64),
        changed("challenge", "parameters", "data", "givenAt", to=0),
        changed("challenge", "parameters", "data", "network", to="0" * 32),
        changed("challenge", "parameters", "data", to=None),
        changed("challenge", "parameters", "cost", to=1),
        changed("challenge", "parameters", "keyPrefix", to=""),
        changed("challenge", "parameters", "algorithm", to="SHA-256"),
        changed("challenge", "parameters", "expiresAt", to=1),
        changed("challenge", "signature", to=None),
        changed("challenge", "signature", to=""),
        changed("challenge", "signature", to="0" * 64),
        changed("solution", "counter", to=3),
        changed("solution", "counter", to=-1),
        changed("solution", "counter", to="0"),
        changed("solution", "derivedKey", to="0" * 64),
        changed("solution", "derivedKey", to=None),
    ],
)
def test_a_modified_challenge_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    data = solved()
    assert QUICK.read(packed(data), NETWORK) is not None
    change(data)
    assert QUICK.read(packed(data), NETWORK) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["challenge", "solution", "parameters", "x"]), inner)
    ),
    max_leaves=12,
)


@given(_JSON | st.fixed_dictionaries({"challenge": _JSON, "solution": _JSON}))
def test_any_json_is_parsed_without_an_exception(data: object) -> None:
    assert QUICK.read(packed(data), NETWORK) is None
    assert QUICK.read(data, NETWORK) is None


def test_the_binding_of_a_challenge_reveals_neither_the_id_nor_the_receipt() -> None:
    submission_id = uuid.uuid4()
    binding = binding_of(submission_id)
    assert submission_id.hex not in binding
    assert hashlib.sha256(submission_id.bytes).hexdigest()[:20] not in binding  # The receipt is derived from it.
    challenge = json.dumps(QUICK.new(binding, NETWORK, NOW))
    assert str(submission_id) not in challenge
    assert receipt_for(submission_id) not in challenge


def test_the_binding_matches_the_documentation() -> None:
    assert binding_of(uuid.UUID("0D2C8F5E-6A51-4F4C-9A53-3D2B6C1E7F90")) == BINDING
    assert BINDING.startswith("a7382059d382")


def test_the_time_is_stored_with_milliseconds() -> None:
    at = NOW + timedelta(milliseconds=123)
    assert QUICK.read(solve(QUICK.new(BINDING, NETWORK, at)), NETWORK) == Proof(BINDING, at)


def test_a_challenge_is_valid_only_from_the_network_that_requested_it() -> None:
    sent = solve(QUICK.new(BINDING, NETWORK, NOW))
    assert QUICK.read(sent, NETWORK) == Proof(BINDING, NOW)
    assert QUICK.read(sent, "203.0.114.0/24") is None


def test_a_challenge_of_the_previous_version_is_valid_from_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    create = altcha.create_challenge

    def without_network(*values: Any, data: dict[str, Any], **more: Any) -> Any:
        return create(*values, data={name: one for name, one in data.items() if name != "network"}, **more)

    monkeypatch.setattr(altcha, "create_challenge", without_network)
    assert QUICK.read(solve(QUICK.new(BINDING, NETWORK, NOW)), "203.0.114.0/24") == Proof(BINDING, NOW)


def test_a_challenge_reveals_no_network() -> None:
    """Its digest is keyed, and another one for each submission, so two cannot be compared."""
    found = [QUICK.new(binding, NETWORK, NOW) for binding in (BINDING, "0" * 64)]
    digests = {one["parameters"]["data"]["network"] for one in found}
    assert len(digests) == 2
    assert "203.0.113" not in json.dumps(found)
    other_key = Challenges(lambda: Keyring("k1", {"k1": b"guessed"}), tries=3).new(BINDING, NETWORK, NOW)
    assert other_key["parameters"]["data"]["network"] not in digests
