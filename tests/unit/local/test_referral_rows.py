"""Rows of the table in the pages of the local stack."""

import pytest

from local.referral_rows import is_referral
from samlocal.console.page_data import Item


@pytest.mark.parametrize(
    ("facts", "expected"), [({"stage": "by_post", "receipt": "R"}, True), ({"stage": "by_post"}, False)]
)
def test_a_counter_item_of_a_referral_is_not_listed_as_a_referral(facts: dict[str, str], expected: bool) -> None:
    assert is_referral(Item("key", "{}", facts)) is expected
