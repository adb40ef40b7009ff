"""The timeline of a referral."""

from dataclasses import replace
from datetime import timedelta

from referral_intake.core.engagement import Engagement
from referral_intake.core.referral import Answer, ContactChannel, Stage, UserAction
from referral_intake.core.steps import DeliveryStatus, SendAttempt
from referral_intake.dashboard.timeline import Entry, timeline
from tests.support import samples
from tests.support.samples import NOW

DAY = timedelta(days=1)
SENT = NOW + timedelta(minutes=1)
LINK = "https://spine.example/api/answer?token=secret"


def words(entries: list[Entry]) -> list[tuple[str, str | None]]:
    return [(entry.what, entry.detail) for entry in entries]


def test_a_complete_outreach_is_listed_in_order_of_time() -> None:
    referral = replace(
        samples.referral(),
        stage=Stage.CLOSED,
        reason="answered",
        answer=Answer.CALL,
        milestones={
            "submitted": NOW,
            "sent": SENT,
            "delivered": SENT + timedelta(seconds=2),
            "scanned": SENT + timedelta(seconds=3),
            "opened": SENT + DAY,
            "answered": NOW + 6 * DAY,
        },
        messages={
            "introduction": DeliveryStatus({"1": SendAttempt(SENT, "v1", "c0ffee")}, {}, SENT + timedelta(seconds=2)),
            "reminder_1": DeliveryStatus({"2": SendAttempt(NOW + 5 * DAY, "v2", "c0ffee")}),
        },
        engagements=frozenset(
            {
                Engagement(SENT + timedelta(seconds=3), "introduction", "clicked", LINK),
                Engagement(SENT + DAY, "introduction", "opened"),
                Engagement(SENT + 2 * DAY, "introduction", "clicked", LINK, by_known_scanner=True),
            }
        ),
        user_actions=(UserAction(NOW + 7 * DAY, "jo", "called_back", 9),),
    )
    found = timeline(referral)
    assert words(found) == [
        ("submitted", None),
        ("sent", "v1"),
        ("delivered", None),
        ("scanned", "clicked"),
        ("opened", None),
        ("scanned", "clicked"),
        ("sent", "v2"),
        ("answered", "call"),
        ("closed", "answered"),
        ("called_back", None),
    ]
    assert [entry.step for entry in found if entry.what == "sent"] == ["introduction", "reminder_1"]
    assert (found[0].by, found[-1].by) == ("patient", "jo")
    # Anyone with the doctor's link could answer in the doctor's place.
    assert "secret" not in str(found)


def test_information_that_was_sent_is_one_entry() -> None:
    by_hand = replace(
        samples.referral(),
        milestones={"submitted": NOW, "information_sent": SENT},
        user_actions=(UserAction(SENT, "jo", "information_sent", 9),),
    )
    assert words(timeline(by_hand)) == [("submitted", None), ("information_sent", None)]
    message = DeliveryStatus({"1": SendAttempt(SENT, "v1", "c0ffee")})
    by_email = replace(by_hand, user_actions=(), messages={"information": message})
    assert [(entry.what, entry.step) for entry in timeline(by_email)] == [("submitted", None), ("sent", "information")]


def test_a_held_referral_states_the_reason_and_the_time() -> None:
    held = replace(samples.referral(), stage=Stage.HELD, reason="trap", waits_since=NOW + DAY, due_at=NOW + 9 * DAY)
    assert timeline(held)[-1] == Entry(NOW + DAY, "held", detail="trap")


def test_a_rejection_states_the_person_and_the_reason() -> None:
    rejected = replace(
        samples.referral(),
        stage=Stage.CLOSED,
        reason="rejected",
        stored_closed_at=NOW + DAY,
        user_actions=(UserAction(NOW + DAY, "maria", "reject", 2, "not_a_doctor"),),
    )
    _, act, closing = timeline(rejected)
    assert act == Entry(NOW + DAY, "reject", by="maria", detail="not_a_doctor")
    assert closing == Entry(NOW + DAY, "closed", detail="rejected")


def test_a_joined_referral_names_its_leader() -> None:
    joined = replace(
        samples.referral(),
        stage=Stage.CLOSED,
        reason="joined",
        leader="AAAA-AAAA-AAAA-AAAA",
        stored_closed_at=NOW + DAY,
    )
    assert words(timeline(joined))[1:] == [("joined", "AAAA-AAAA-AAAA-AAAA"), ("closed", "joined")]


def test_a_returned_message_is_listed_once() -> None:
    referral = replace(
        samples.referral(),
        stage=Stage.WAITING,
        milestones={"submitted": NOW, "sent": SENT, "soft_bounced": SENT + DAY},
        messages={"introduction": DeliveryStatus({"1": SendAttempt(SENT)}, {"1": SENT + DAY})},
    )
    assert words(timeline(referral)) == [("submitted", None), ("sent", None), ("returned", None)]


def test_a_letter_is_listed_as_an_action_of_a_person_and_not_as_a_message() -> None:
    referral = replace(
        samples.referral(),
        stage=Stage.SENT,
        contact_channel=ContactChannel.LETTER,
        milestones={"submitted": NOW, "sent": NOW + DAY},
        user_actions=(UserAction(NOW + DAY, "maria", "letter_sent", 2),),
    )
    assert words(timeline(referral)) == [("submitted", None), ("letter_sent", None)]
