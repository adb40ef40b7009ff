"""Networks of client addresses."""

import pytest

from referral_intake.web.client_networks import household, surrounding_network


@pytest.mark.parametrize(
    ("address", "of_household", "surrounding"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.255/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:0DB8:1:2:ffff::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        # An IPv4 address as a dual-stack server sees it.
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("nonsense", "nonsense", "nonsense"),
        ("", "", ""),
    ],
)
def test_an_address_belongs_to_a_household_and_a_larger_network(
    address: str, of_household: str, surrounding: str
) -> None:
    assert (household(address), surrounding_network(address)) == (of_household, surrounding)
