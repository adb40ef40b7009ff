"""An attacker submits a doctor's name to learn whether the doctor was named before, or has opted out."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.intake import wiring as intake_wiring
from tests.integration import aws
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, events, samples

DOCTOR = {"name": "Ana Target", "email": "ana@target.example", "phone": "217 555 0177"}
NAMESAKE = {"name": "Ana Target", "email": "other@target.example", "phone": "217 555 0177"}
HOURS = (0, 6, 23)
DAY = timedelta(days=1, minutes=1)
PAGE = {"accept": "text/html", "content_type": "application/x-www-form-urlencoded"}

History = Callable[[HandlerHarness], str]
"""What happened to the doctor before. Returns the receipt of the attacker's referral."""


def submit(harness: HandlerHarness, **fields: Any) -> str:
    receipt = harness.submit(**{"doctor": DOCTOR} | fields)
    harness.deliver_records(receipt)
    return receipt


def unknown_doctor(harness: HandlerHarness) -> str:
    return submit(harness)


def waits_for_office_hours(harness: HandlerHarness) -> str:
    return harness.submit(doctor=DOCTOR)


def named_before(harness: HandlerHarness) -> str:
    submit(harness)
    return submit(harness)


def opted_out_before(harness: HandlerHarness) -> str:
    submit(harness)
    harness.follow_link("/api/opt-out")
    return submit(harness)


def complained_before(harness: HandlerHarness) -> str:
    harness.deliver_ses_event("Complaint", submit(harness), 1)
    return submit(harness)


def bounced_before(harness: HandlerHarness) -> str:
    harness.deliver_ses_event("Bounce", submit(harness), 1, bounceType="Permanent", bounceSubType="General")
    return submit(harness)


def like_one_who_was_named(harness: HandlerHarness) -> str:
    submit(harness)
    receipt = submit(harness, doctor=NAMESAKE)
    assert from_item(harness.item(receipt)).reason == "possibly_same_doctor"
    return receipt


def held_as_a_bot(harness: HandlerHarness) -> str:
    return submit(harness, with_proof=False)


def answered_at_once(harness: HandlerHarness) -> str:
    receipt = submit(harness)
    harness.follow_link("/api/answer", answer="no")
    return receipt


def rejected_by_a_person(harness: HandlerHarness) -> str:
    receipt = held_as_a_bot(harness)
    action = {"action": "reject", "revision": 1, "reason": "other"}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", action, groups=dashboard.MANAGER)
    assert harness.invoke("dashboard", asked)["statusCode"] == 200
    return receipt


HISTORIES: tuple[History, ...] = (
    unknown_doctor,
    waits_for_office_hours,
    named_before,
    opted_out_before,
    complained_before,
    bounced_before,
    like_one_who_was_named,
    held_as_a_bot,
    answered_at_once,
    rejected_by_a_person,
)
each_history = pytest.mark.parametrize("history", HISTORIES, ids=lambda one: one.__name__)


def looks(harness: HandlerHarness, receipt: str) -> list[Any]:
    """Everything that the page and the API reveal, without the receipt."""
    requests = [events.get_status(receipt), events.get_status(receipt, accept="text/html")]
    return [without(receipt, harness.invoke("intake", request)) for request in requests]


def without(receipt: str, response: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(response).replace(receipt, "RECEIPT"))  # type: ignore[no-any-return]


def first_day(harness: HandlerHarness, receipt: str) -> list[Any]:
    start = from_item(harness.item(receipt)).submitted_at
    seen = []
    for hour in HOURS:
        harness.clock.move_to(start + timedelta(hours=hour, seconds=30))
        seen += looks(harness, receipt)
    return seen


@each_history
def test_the_status_of_the_first_day_reveals_nothing(many_sources: HandlerHarness, history: History) -> None:
    first = many_sources.submit(doctor={"name": "Never Named", "email": "never@named.example"})
    receipt = history(many_sources)
    # Within the same minute, because the page names the minute from which on it shows more.
    assert from_item(many_sources.item(receipt)).submitted_at.minute == samples.NOW.minute
    assert first_day(many_sources, receipt) == first_day(many_sources, first)


@each_history
def test_a_withdrawal_on_the_first_day_reveals_nothing(many_sources: HandlerHarness, history: History) -> None:
    first = many_sources.submit(doctor={"name": "Never Named", "email": "never@named.example"})
    receipt = history(many_sources)
    answers = []
    for one in (first, receipt):
        api = many_sources.invoke("intake", events.post_withdrawal(one))
        again = many_sources.invoke("intake", events.post_withdrawal(one, **PAGE))
        assert (api["statusCode"], json.loads(api["body"])["state"], again["statusCode"]) == (200, "withdrawn", 303)
        answers.append([without(one, api), without(one, again), *looks(many_sources, one)])
    assert answers[0] == answers[1]


@each_history
def test_the_status_and_the_withdrawal_take_the_same_number_of_requests_to_the_table(
    many_sources: HandlerHarness, history: History
) -> None:
    """So the time of a response reveals nothing either."""
    receipts = (
        many_sources.submit(doctor={"name": "Never Named", "email": "never@named.example"}),
        history(many_sources),
    )
    counter = aws.RequestCounter(intake_wiring.parts().referrals._table._client)  # type: ignore[attr-defined]
    counts = []
    for receipt in receipts:
        counter.by_operation.clear()
        looks(many_sources, receipt)
        many_sources.invoke("intake", events.post_withdrawal(receipt))
        counts.append(dict(counter.by_operation))
    assert counts == [{"GetItem": 4, "UpdateItem": 1}] * 2


@pytest.mark.parametrize(
    ("history", "state"),
    [(unknown_doctor, "sent"), (named_before, "told"), (opted_out_before, "finished"), (held_as_a_bot, "under_review")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_after_a_day_the_patient_sees_what_became_of_it(
    many_sources: HandlerHarness, history: History, state: str
) -> None:
    receipt = history(many_sources)
    many_sources.clock.shift(DAY)
    assert json.loads(looks(many_sources, receipt)[0]["body"])["state"] == state


@pytest.mark.parametrize(
    ("history", "state"),
    [(unknown_doctor, "sent"), (named_before, "withdrawn"), (opted_out_before, "withdrawn")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_after_a_day_a_withdrawn_referral_shows_whether_the_doctor_was_contacted(
    many_sources: HandlerHarness, history: History, state: str
) -> None:
    receipt = history(many_sources)
    many_sources.invoke("intake", events.post_withdrawal(receipt))
    many_sources.clock.shift(DAY)
    assert json.loads(looks(many_sources, receipt)[0]["body"])["state"] == state
