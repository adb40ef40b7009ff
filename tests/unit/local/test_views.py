"""The pages of the local stack."""

import pytest

from local.views import Item


@pytest.mark.parametrize(
    ("facts", "expected"), [({"stage": "by_post", "receipt": "R"}, True), ({"stage": "by_post"}, False)]
)
def test_what_a_referral_is_counted_as_is_no_referral(facts: dict[str, str], expected: bool) -> None:
    assert Item("key", "{}", facts).is_referral is expected
