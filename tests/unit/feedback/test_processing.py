"""Events of SES: delivered at least once, in any order, and sometimes lost."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core.breaker import Trip
from referral_intake.core.errors import Unavailable
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage
from referral_intake.feedback import ses_events
from referral_intake.feedback.processing import process_event
from referral_intake.feedback.wiring import FeedbackParts
from tests.support.fakes import FakeAnnouncements, FakeBreaker, FakeTable, ring
from tests.support.mail_events import LATER, SENT_AT, mail_event
from tests.support.samples import CAMPAIGNS, NOW, referral


def after(*events: dict[str, Any], start: Referral | None = None) -> tuple[Referral, FakeTable]:
    """The referral after these events, which was being sent before."""
    begun = start or replace(referral(), stage=Stage.SENDING, due_at=NOW + timedelta(minutes=15))
    table = FakeTable()
    table.add(begun)
    for event in events:
        event["detail"]["mail"]["tags"]["referral"] = [begun.receipt]
        process_event(json.dumps(event), parts(table), LATER)
    return table.referrals[begun.receipt], table


def parts(table: FakeTable, breaker: FakeBreaker | None = None, bus: FakeAnnouncements | None = None) -> FeedbackParts:
    breaker, bus = breaker or FakeBreaker(), bus or FakeAnnouncements()
    return FeedbackParts(table, table, DoctorHashes(ring), CAMPAIGNS, breaker, bus)


def event(kind: str, seconds: float = 0, **details: Any) -> dict[str, Any]:
    return mail_event(kind, "", seconds, **details)


@pytest.mark.parametrize("kind", ["Send", "Delivery", "DeliveryDelay", "Open", "Click"])
def test_any_event_settles_a_send_with_a_lost_response(kind: str) -> None:
    settled, _ = after(event(kind, 60))
    assert settled.stage is Stage.SENT
    assert settled.milestones["sent"] == SENT_AT


def test_a_delivery_is_a_separate_milestone() -> None:
    delivered, _ = after(event("Send"), event("Delivery", 3))
    assert delivered.milestones["delivered"] == SENT_AT + timedelta(seconds=3)


def test_a_hard_bounce_closes_the_referral_and_the_doctor_gets_no_more_mail() -> None:
    bounced, table = after(event("Bounce", 2))
    assert (bounced.stage, bounced.reason) == (Stage.CLOSED, Closing.BOUNCED)
    assert set().union(*table.facts.values()) == {"bounced"}


def test_a_bounce_blocks_the_address_and_a_complaint_blocks_the_doctor() -> None:
    sending = replace(referral(npi="1234567893"), stage=Stage.SENDING, due_at=NOW + timedelta(minutes=15))
    assert [key.partition("#")[0] for key in after(event("Bounce", 2), start=sending)[1].facts] == ["email"]
    complained = after(event("Complaint", 2), start=sending)[1].facts
    assert [key.partition("#")[0] for key in complained] == ["email", "npi"]


def soft_bounce(seconds: float, kind: str = "MailboxFull") -> dict[str, Any]:
    return event("Bounce", seconds, bounceType="Transient", bounceSubType=kind)


def bounce_with_status(status: str, seconds: float = 2, **details: Any) -> dict[str, Any]:
    recipients = [{"emailAddress": "maria@clinic.example", "action": "failed", "status": status}]
    return event("Bounce", seconds, **{"bounceType": "Transient", "bouncedRecipients": recipients} | details)


def test_a_soft_bounce_closes_nothing_and_is_retried_later() -> None:
    bounced, table = after(soft_bounce(2))
    assert (bounced.stage, bounced.reason) == (Stage.WAITING, "soft_bounced")
    assert bounced.due_at
    assert bounced.due_at >= SENT_AT + timedelta(days=1)
    assert "soft_bounced" in bounced.milestones
    assert table.facts == {}


def test_a_bounce_that_may_be_an_automatic_reply_is_not_retried() -> None:
    replied, _ = after(event("Send"), soft_bounce(2, "General"))
    assert replied.stage is Stage.SENT
    assert "soft_bounced" in replied.milestones


def test_a_message_that_was_not_delivered_in_time_is_retried() -> None:
    late, _ = after(event("Send"), bounce_with_status("4.4.7"))
    assert (late.stage, late.reason) == (Stage.WAITING, "soft_bounced")


def test_a_permanent_status_closes_the_referral_even_if_the_bounce_is_called_transient() -> None:
    bounced, table = after(event("Send"), bounce_with_status("5.4.4"))
    assert (bounced.stage, bounced.reason) == (Stage.CLOSED, Closing.BOUNCED)
    assert set().union(*table.facts.values()) == {"bounced"}


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_feedback_that_is_no_complaint_changes_nothing(kind: str) -> None:
    sent, table = after(event("Send"), event("Complaint", 60, complaintFeedbackType=kind))
    assert (sent.stage, sent.reason, table.facts) == (Stage.SENT, None, {})
    assert "complained" not in sent.milestones


@pytest.mark.parametrize("delivery_first", [True, False])
def test_a_message_that_came_back_after_its_delivery_is_retried(*, delivery_first: bool) -> None:
    events = [event("Delivery", 3), soft_bounce(90)]
    returned, _ = after(*(events if delivery_first else reversed(events)))
    assert (returned.stage, returned.reason) == (Stage.WAITING, "soft_bounced")


@pytest.mark.parametrize("delivery_first", [True, False])
def test_a_message_that_arrived_late_is_not_retried(*, delivery_first: bool) -> None:
    events = [event("Delivery", 90), soft_bounce(2)]
    arrived, _ = after(*(events if delivery_first else reversed(events)))
    assert (arrived.stage, arrived.reason) == (Stage.SENT, None)


def test_an_event_of_the_introduction_does_not_affect_a_reminder_in_progress() -> None:
    sent, _ = after(event("Send"))
    reminding = replace(sent, stage=Stage.SENDING, due_at=NOW + timedelta(days=14))
    for news in (event("Delivery", 90), soft_bounce(2), event("Open", 900)):
        assert after(news, start=reminding)[0].stage is Stage.SENDING


def test_a_reminder_opened_on_arrival_was_opened_by_a_scanner() -> None:
    reminder = [event("Delivery", 1_209_603), event("Open", 1_209_605)]
    for one in reminder:
        one["detail"]["mail"]["tags"]["step"] = ["reminder_1"]
    assert "opened" not in after(event("Delivery", 3), *reminder)[0].milestones


def test_an_event_contains_the_content_version_of_its_message() -> None:
    sent, _ = after(event("Send"))
    (tried,) = sent.messages["introduction"].attempts.values()
    assert (tried.at, tried.version, tried.content_hash) == (SENT_AT, "2026-11", "c0ffee")


def test_a_complaint_outranks_a_bounce_and_an_opt_out() -> None:
    opted_out = replace(referral(), stage=Stage.CLOSED, reason=Closing.OPTED_OUT.value, due_at=None)
    complained, table = after(event("Bounce", 2), event("Complaint", 60), start=opted_out)
    assert complained.reason == Closing.COMPLAINED
    assert {"bounced", "complained"} in table.facts.values()


def test_a_bounce_does_not_replace_a_closing_reason_given_by_the_doctor() -> None:
    opted_out = replace(referral(), stage=Stage.CLOSED, reason=Closing.OPTED_OUT.value, due_at=None)
    assert after(event("Bounce", 2), start=opted_out)[0].reason == Closing.OPTED_OUT


def test_a_repeated_bounce_does_not_change_why_a_referral_was_closed_after_waiting_for_a_letter() -> None:
    address = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
    start = replace(referral(address=address), stage=Stage.SENDING, due_at=NOW + timedelta(minutes=15))
    by_post, _ = after(event("Bounce", 2), start=start)
    assert by_post.stage is Stage.BY_POST
    expired = replace(by_post, stage=Stage.CLOSED, reason=Closing.EXPIRED.value, due_at=None)
    assert after(event("Bounce", 2), start=expired)[0].reason == Closing.EXPIRED


def test_an_open_on_arrival_is_by_a_scanner() -> None:
    scanned, _ = after(event("Delivery", 3), event("Open", 5))
    assert "scanned" in scanned.milestones
    assert "opened" not in scanned.milestones


def test_an_open_by_a_declared_program_is_by_a_scanner() -> None:
    scanned, _ = after(event("Delivery", 3), event("Open", 500, userAgent="Barracuda Sentinel"))
    assert "opened" not in scanned.milestones


@pytest.mark.parametrize("between", [0, 1, 4])
def test_all_links_at_once_are_a_scanner_and_one_link_later_is_a_person(between: int) -> None:
    links = [event("Click", 100, link="https://a.example/"), event("Click", 100 + between, link="https://b.example/")]
    assert "clicked" not in after(event("Delivery", 1), *links)[0].milestones
    person, _ = after(event("Delivery", 1), *links, event("Click", 900, link="https://a.example/"))
    assert person.milestones["clicked"] == SENT_AT + timedelta(seconds=900)


def test_a_click_soon_after_the_arrival_is_by_a_scanner() -> None:
    clicked, _ = after(event("Delivery", 3), event("Click", 15))
    assert "clicked" not in clicked.milestones


def test_an_open_and_a_click_in_the_same_second_are_by_a_scanner() -> None:
    both, _ = after(event("Delivery", 1), event("Open", 61), event("Click", 61.4))
    assert {"opened", "clicked"} & both.milestones.keys() == set()
    person, _ = after(event("Delivery", 1), event("Open", 61), event("Click", 75))
    assert {"opened", "clicked"} <= person.milestones.keys()


ANY_EVENT = st.one_of(
    st.builds(
        event,
        st.sampled_from(["Send", "Delivery", "DeliveryDelay", "Bounce", "Complaint", "Open", "Click"]),
        st.integers(0, 40),
    ),
    st.builds(soft_bounce, st.integers(0, 40), st.sampled_from(["MailboxFull", "General"])),
    st.builds(bounce_with_status, st.sampled_from(["4.4.7", "5.4.4"]), st.integers(0, 40)),
)


@given(st.lists(ANY_EVENT, max_size=8), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_events_give_the_same_referral(happened: list[dict[str, Any]], random: Any) -> None:
    begun = replace(referral(), stage=Stage.SENDING, due_at=NOW + timedelta(minutes=15))
    in_order, _ = after(*happened, start=begun)
    again = happened + random.choices(happened, k=3) if happened else []
    random.shuffle(again)
    shuffled, _ = after(*again, start=begun)
    assert replace(shuffled, revision=0) == replace(in_order, revision=0)


def test_an_event_of_a_foreign_message_is_ignored() -> None:
    foreign = event("Bounce")
    del foreign["detail"]["mail"]["tags"]["step"]
    assert ses_events.read(json.dumps(foreign), LATER) is None


def test_an_event_of_a_deleted_referral_is_ignored() -> None:
    table = FakeTable()
    process_event(json.dumps(mail_event("Bounce", "AAAA-AAAA-AAAA-AAAA")), parts(table), LATER)
    assert table.facts == {}


TRIP = Trip("lumen", "bounces", NOW, timedelta(days=7), delivered=950, bounced=50, complained=0)


def bounced(table: FakeTable) -> str:
    """The body of a bounce event for a referral in the table."""
    table.add(begun := referral())
    return json.dumps(mail_event("Bounce", begun.receipt, 2))


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ReferralIntake")


@pytest.mark.usefixtures("namespace")
def test_a_tripped_breaker_is_announced_once() -> None:
    table, breaker, bus = FakeTable(), FakeBreaker(TRIP), FakeAnnouncements()
    body = bounced(table)
    for _ in range(3):
        process_event(body, parts(table, breaker, bus), LATER)
    assert bus.announced == [TRIP]


@pytest.mark.usefixtures("namespace")
def test_a_failed_announcement_is_repeated_when_the_event_is_delivered_again() -> None:
    table, breaker, bus = FakeTable(), FakeBreaker(TRIP), FakeAnnouncements(fails=Unavailable("no bus"))
    body = bounced(table)
    with pytest.raises(Unavailable):
        process_event(body, parts(table, breaker, bus), LATER)
    assert table.settled == SENT_AT
    bus.fails = None
    process_event(body, parts(table, breaker, bus), LATER)
    assert bus.announced == [TRIP]


@pytest.mark.usefixtures("namespace")
def test_an_open_or_a_click_does_not_read_the_breaker() -> None:
    table, bus = FakeTable(), FakeAnnouncements()
    table.add(begun := referral())
    process_event(json.dumps(mail_event("Open", begun.receipt, 60)), parts(table, FakeBreaker(TRIP), bus), LATER)
    assert bus.announced == []
