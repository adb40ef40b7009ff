"""An attacker with all addresses of one network, or with many networks, and a proof of work for each submission."""

from collections.abc import Callable

import pytest

from tests.abuse.attackers import Attacker, Manager, name
from tests.integration.handler_harness import HandlerHarness


@pytest.fixture
def attacker(one_source: HandlerHarness) -> Attacker:
    return Attacker(one_source)


@pytest.mark.parametrize(
    "address",
    [lambda number: f"2001:db8:77:{number:x}::1", lambda number: f"203.0.113.{number}"],
    ids=["a /48 of IPv6", "a /24 of IPv4"],
)
def test_all_addresses_of_a_network_send_60_messages_a_day(attacker: Attacker, address: Callable[[int], str]) -> None:
    receipts = [attacker.submit(address(number)) for number in range(65)]
    assert attacker.deliver(receipts) == {"sent": 60, "many_from_one_network": 5}
    manager = Manager(attacker.harness)
    [group], rows, tasks = manager.held()
    assert (group["name"].partition("-")[0], group["count"], rows, tasks) == ("network", 5, 0, 1)
    assert attacker.deliver([attacker.submit("198.51.100.9")]) == {"sent": 1}, "another network"


def test_one_address_sends_20_messages_a_day(attacker: Attacker) -> None:
    receipts = [attacker.submit("2001:db8:77:1::9") for _ in range(25)]
    assert attacker.deliver(receipts) == {"sent": 20, "many_from_one_source": 5}
    [group], _, _ = Manager(attacker.harness).held()
    assert group["name"].startswith("source-")


def test_odd_names_from_many_networks_are_21_rows(attacker: Attacker) -> None:
    receipts = [attacker.submit(name=f"{name(number)} = {number}") for number in range(24)]
    assert attacker.deliver(receipts) == {"unusual_name": 24}
    [group], rows, _ = Manager(attacker.harness).held()
    assert (group["name"], group["count"], rows) == ("suspicious-2026-11-23", 4, 20)
