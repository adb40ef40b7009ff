"""An attacker without proofs of work tries to bury the list of held referrals."""

from datetime import timedelta

import pytest

from tests.abuse.attackers import Attacker, Manager
from tests.integration.handler_harness import HandlerHarness
from tests.support import samples

ROWS_PER_SOURCE, ROWS_PER_DAY = 3, 20
FLOODS = [60, pytest.param(300, marks=pytest.mark.long)]


@pytest.fixture
def attacker(one_source: HandlerHarness) -> Attacker:
    return Attacker(one_source)


@pytest.fixture
def manager(harness: HandlerHarness) -> Manager:
    return Manager(harness)


@pytest.mark.parametrize("posts", FLOODS)
def test_any_number_of_posts_from_one_address_is_four_rows_and_is_rejected_in_one_step(
    attacker: Attacker, manager: Manager, posts: int
) -> None:
    receipts = [attacker.submit("203.0.113.9", has_proof=False) for _ in range(posts)]
    [group], rows, tasks = manager.held()
    assert (rows, tasks) == (ROWS_PER_SOURCE, ROWS_PER_SOURCE + 1)
    assert group["name"].startswith("source-")
    assert (group["count"], group["is_more"]) == (min(100, posts - ROWS_PER_SOURCE), posts > 103)
    members = {one["receipt"] for one in manager.members(group["name"])}
    assert members == set(receipts[ROWS_PER_SOURCE:])
    assert set(manager.act_on_all(group["name"], "reject", reason="looks_automated")) == members
    assert manager.held() == ([], 3, 3)
    assert {attacker.state(receipt) for receipt in members} == {"rejected"}
    assert not attacker.harness.mail.sent


@pytest.mark.parametrize("posts", FLOODS)
def test_any_number_of_posts_from_as_many_addresses_is_21_rows(
    attacker: Attacker, manager: Manager, posts: int
) -> None:
    for _ in range(posts):
        attacker.submit(has_proof=False)
    [group], rows, tasks = manager.held()
    assert (rows, tasks) == (ROWS_PER_DAY, ROWS_PER_DAY + 1)
    assert group["name"] == "unproven-2026-11-23"
    assert len(manager.members(group["name"])) == posts - ROWS_PER_DAY


def test_many_posts_from_each_of_many_addresses_are_21_rows_too(attacker: Attacker, manager: Manager) -> None:
    for number in range(72):
        attacker.submit(f"10.9.{number // 6}.7", has_proof=False)
    groups, rows, tasks = manager.held()
    assert tasks == rows + len(groups) == ROWS_PER_DAY + 1
    listed = {one["receipt"] for group in groups for one in manager.members(group["name"])}
    assert len(listed) + rows == 72


def test_honest_patients_and_the_next_day_are_not_affected(attacker: Attacker, manager: Manager) -> None:
    for _ in range(6):
        attacker.submit("203.0.113.9", has_proof=False)
    assert attacker.deliver([attacker.submit("203.0.113.9")]) == {"sent": 1}
    attacker.harness.clock.shift(timedelta(days=1))
    attacker.submit("203.0.113.9", has_proof=False)
    assert manager.held()[1] == ROWS_PER_SOURCE + 1


def test_a_repeated_post_counts_once(attacker: Attacker, manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = samples.payload()
    monkeypatch.setattr(samples, "payload", lambda **fields: {**fields, **sent})
    first = attacker.submit("203.0.113.9", has_proof=False)
    for _ in range(5):
        response = attacker.harness.post(sent)
        assert response["statusCode"] == 200
    assert manager.held() == ([], 1, 1)
    assert attacker.state(first) == "unproven"


def test_a_flood_expires_by_itself_and_its_row_disappears(attacker: Attacker, manager: Manager) -> None:
    receipts = [attacker.submit("203.0.113.9", has_proof=False) for _ in range(8)]
    attacker.harness.clock.shift(timedelta(days=7, minutes=1))
    attacker.harness.wake()
    assert len(manager.members(manager.held()[0][0]["name"])) == 5
    attacker.harness.clock.shift(timedelta(days=8))
    attacker.harness.wake()
    assert {attacker.state(receipt) for receipt in receipts} == {"expired"}
    assert manager.held() == ([], 0, 0)
