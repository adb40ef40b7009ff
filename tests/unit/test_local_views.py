"""What the local stack's page of the tables takes for a referral."""

from local.views import Item


def test_a_referral_has_a_stage_and_a_receipt() -> None:
    assert Item("referral#K3QF", "{}", {"stage": "by_post", "receipt": "K3QF"}).is_referral


def test_what_a_referral_is_counted_as_is_not_taken_for_a_referral() -> None:
    assert not Item("counted#K3QF", "{}", {"stage": "by_post"}).is_referral
