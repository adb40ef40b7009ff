"""An attacker fills the list of open work with posts that cost nothing."""

from datetime import timedelta

from tests.abuse.visitors import Visitor
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard

POSTS = 20


def test_unproven_posts_mail_no_doctor_and_leave_the_list_after_two_weeks(harness: HandlerHarness) -> None:
    attacker = Visitor(harness, "203.0.113.7")
    posts = [attacker.submit(is_proven=False).receipt for _ in range(POSTS)]
    assert {attacker.referral(receipt).reason for receipt in posts} == {"unproven"}
    wait(harness, days=13)
    assert {attacker.status(receipt) for receipt in posts} == {"under_review"}

    wait(harness, days=1)
    assert {attacker.referral(receipt).reason for receipt in posts} == {"expired"}
    assert {attacker.status(receipt) for receipt in posts} == {"not_contacted"}
    assert harness.mail.sent == []


def test_a_post_that_a_person_looked_after_does_not_expire(harness: HandlerHarness) -> None:
    """A patient without JavaScript is one of them."""
    patient = Visitor(harness, "198.51.100.20")
    referral = patient.submit(is_proven=False)
    body = {"action": "approve", "revision": referral.revision}
    path = f"/referrals/{referral.receipt}/actions"
    answer = harness.invoke("dashboard", dashboard.request("POST", path, body, groups=dashboard.MANAGER))
    assert answer["statusCode"] == 200
    harness.deliver_records(referral.receipt)
    wait(harness, days=14)
    assert patient.status(referral.receipt) == "sent"


def wait(harness: HandlerHarness, days: int) -> None:
    """The schedule runs once a day, instead of every minute."""
    for _ in range(days):
        harness.clock.shift(timedelta(days=1, seconds=1))
        harness.wake()
