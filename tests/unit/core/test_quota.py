"""Sending rate and daily quota."""

from datetime import timedelta
from itertools import pairwise

import pytest

from referral_intake.core.quota import Quota, Slot, ThrottleState, Wait, next_slot
from referral_intake.core.reasons import Reason
from tests.support.samples import NOW

SANDBOX = Quota(per_second=1, per_day=200, sent_last_day=0)


def test_the_first_message_is_sent_at_once() -> None:
    slot = next_slot(None, SANDBOX, NOW)
    assert isinstance(slot, Slot)
    assert slot.at == NOW


def test_messages_stay_below_the_allowed_share_of_the_rate() -> None:
    state, times = None, []
    now = NOW
    for _ in range(10):
        slot = next_slot(state, SANDBOX, now)
        assert isinstance(slot, Slot)
        times.append(slot.at)
        state, now = slot.after, slot.at
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert set(gaps) == {timedelta(seconds=1.25)}


def test_a_message_with_a_long_wait_is_deferred() -> None:
    state = ThrottleState(NOW + timedelta(seconds=10), NOW.date(), 5)
    assert next_slot(state, SANDBOX, NOW) == Wait(NOW + timedelta(seconds=10), Reason.THROTTLED)


@pytest.mark.parametrize(
    ("state", "quota"),
    [
        (None, Quota(per_second=14, per_day=200, sent_last_day=160)),
        (ThrottleState(NOW, NOW.date(), 160), Quota(per_second=14, per_day=200, sent_last_day=0)),
    ],
    ids=["as the mail service counts", "as we count"],
)
def test_an_exhausted_daily_quota_defers_messages(state: ThrottleState | None, quota: Quota) -> None:
    waited = next_slot(state, quota, NOW)
    assert isinstance(waited, Wait)
    assert waited.reason == "daily_quota"


def test_a_new_day_starts_at_zero() -> None:
    yesterday = ThrottleState(NOW - timedelta(days=1), (NOW - timedelta(days=1)).date(), 10_000)
    slot = next_slot(yesterday, SANDBOX, NOW)
    assert isinstance(slot, Slot)
    assert slot.after.sent == 1
