"""Actions of a person on a referral, and their results."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from referral_intake.core import decisions
from referral_intake.core.claim import Claim, Obstacle, Suppressed
from referral_intake.core.doctor import Address, Doctor
from referral_intake.core.errors import Conflict, Stale
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, ContactChannel, Referral, Stage, Transition, UserAction
from referral_intake.core.users import Role, User
from referral_intake.core.validation import FieldError
from referral_intake.dashboard import actions
from referral_intake.dashboard.action_runner import ActionRunner, ChangedSinceSeen, TooLate
from referral_intake.dashboard.action_types import Action, ActionRequest, Invalid, ReferralChange, Rejection
from referral_intake.dashboard.actions import allowed_actions
from tests.support.samples import MANAGER, NOW, campaign, referral

JO = User("2", "jo", frozenset({Role.MANAGER}))
LATER = NOW + timedelta(days=3)
HELD = (Action.APPROVE, Action.REJECT)
FAILED = (Action.RETRY, Action.REJECT)
ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
BY_POST = (Action.LETTER_SENT, Action.CALLED, Action.ADD_EMAIL)

# Actions by stage. Lists every stage, and every reason that changes the actions.
OFFERED = [
    (Stage.QUEUED, None, ()),
    (Stage.WAITING, "joined", ()),
    (Stage.WAITING, "paused", ()),
    (Stage.SENDING, None, ()),
    (Stage.SENT, None, ()),
    (Stage.HELD, "unproven", HELD),
    (Stage.HELD, "too_fast", HELD),
    (Stage.HELD, "trap", HELD),
    (Stage.HELD, "disposable_domain", HELD),
    (Stage.HELD, "many_from_one_source", HELD),
    (Stage.HELD, "many_names_for_one_address", HELD),
    (Stage.HELD, "several_addresses_for_one_npi", HELD),
    (Stage.HELD, "given_up", FAILED),
    (Stage.HELD, "campaign_unknown", FAILED),
    (Stage.HELD, "send_unclear", FAILED),
    (Stage.HELD, "restored", FAILED),
    (Stage.BY_POST, "no_email", BY_POST),
    *((Stage.CLOSED, closing.value, ()) for closing in Closing),
]
TAKE_BACKS = {"complained": (Action.TAKE_BACK,), "opted_out": (Action.WANTS_MESSAGES,)}


def at(stage: Stage, reason: str | None = None, **more: object) -> Referral:
    """A referral at this stage. One by post has no email address."""
    start = referral(email=None, phone="217 555 0123", address=ADDRESS) if stage is Stage.BY_POST else referral()
    due_at = None if stage is Stage.CLOSED else NOW
    return replace(start, stage=stage, reason=reason, due_at=due_at, **more)  # type: ignore[arg-type]


def asked_for_a_call(**more: object) -> Referral:
    return at(Stage.CLOSED, "answered", answer=Answer.CALL, **more)


def asked_for_information(**more: object) -> Referral:
    return at(Stage.CLOSED, "answered", answer=Answer.INFORMATION, **more)


def request_for(action: Action, of: Referral, **more: object) -> ActionRequest:
    return ActionRequest(of.receipt, of.revision, action, MANAGER, **more)  # type: ignore[arg-type]


def done(action: Action, to: Referral, **more: object) -> ReferralChange:
    return actions.change(request_for(action, to, **more), to, campaign(), LATER)


@pytest.mark.parametrize(("stage", "reason", "expected"), OFFERED)
def test_a_referral_offers_the_actions_of_its_stage_and_reason(
    stage: Stage, reason: str | None, expected: tuple[Action, ...]
) -> None:
    assert allowed_actions(at(stage, reason)) == expected


def test_the_table_of_actions_covers_every_stage() -> None:
    assert {stage for stage, _, _ in OFFERED} == set(Stage)


@pytest.mark.parametrize(
    ("stage", "reason", "action"),
    [
        (stage, reason, action)
        for (stage, reason, given), action in itertools.product(OFFERED, Action)
        if action not in (*given, *TAKE_BACKS.get(reason or "", ()))
    ],
)
def test_an_action_that_is_not_offered_is_refused(stage: Stage, reason: str | None, action: Action) -> None:
    with pytest.raises(Invalid) as refused:
        done(action, at(stage, reason), reason="other", email="a@b.example", again=True)
    assert refused.value.errors == (FieldError("action", "not_offered"),)


@pytest.mark.parametrize("missing", ADDRESS)
def test_a_letter_needs_a_whole_postal_address(missing: str) -> None:
    address = Address(**{name: value for name, value in ADDRESS.items() if name != missing})
    doctor = replace(at(Stage.BY_POST).doctor, address=address)
    by_phone = at(Stage.BY_POST, "no_email", doctor=doctor)
    assert allowed_actions(by_phone) == (Action.CALLED, Action.ADD_EMAIL)
    with pytest.raises(Invalid) as refused:
        done(Action.LETTER_SENT, by_phone)
    assert refused.value.errors == (FieldError("action", "no_postal_address"),)
    assert done(Action.CALLED, by_phone).contact_channel is ContactChannel.PHONE


# ---- Held ------------------------------------------------------------------------------------------------------------


def test_an_approved_referral_is_queued_and_never_held_for_screening_again() -> None:
    change = done(Action.APPROVE, at(Stage.HELD, "trap"))
    assert change.transition == decisions.approve(LATER)
    assert change.user_action == UserAction(LATER, "maria", "approve", 1)


@pytest.mark.parametrize("reason", list(Rejection))
def test_a_rejected_referral_is_closed_with_its_reason(reason: Rejection) -> None:
    change = done(Action.REJECT, at(Stage.HELD, "trap"), reason=reason.value)
    assert change.transition
    assert (change.transition.stage, change.transition.reason, change.transition.closed_at) == (
        Stage.CLOSED,
        "rejected",
        LATER,
    )
    assert change.user_action.note == reason


@pytest.mark.parametrize(("reason", "code"), [(None, "required"), ("", "required"), ("I don't like it", "choice")])
def test_a_rejection_needs_one_of_the_reasons(reason: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        done(Action.REJECT, at(Stage.HELD, "trap"), reason=reason)
    assert refused.value.errors == (FieldError("reason", code),)


@pytest.mark.parametrize("reason", ["given_up", "campaign_unknown"])
def test_a_repaired_referral_is_queued_again_but_not_screened_by_that(reason: str) -> None:
    change = done(Action.RETRY, at(Stage.HELD, reason, failed_attempts=6))
    assert change.transition == decisions.queue(LATER)
    assert not change.transition.by_a_person
    assert change.transition.failed_attempts == 0


@pytest.mark.parametrize("reason", ["send_unclear", "restored"])
def test_a_message_that_may_have_arrived_is_repeated_only_on_confirmation(reason: str) -> None:
    unclear = at(Stage.HELD, reason)
    with pytest.raises(Invalid) as refused:
        done(Action.RETRY, unclear)
    assert refused.value.errors == (FieldError("again", "required"),)
    assert done(Action.RETRY, unclear, again=True).transition == decisions.queue(LATER)


# ---- By post ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "way"), [(Action.LETTER_SENT, ContactChannel.LETTER), (Action.CALLED, ContactChannel.PHONE)]
)
def test_a_doctor_told_by_a_person_may_answer_until_it_expires_and_gets_no_reminder(
    action: Action, way: ContactChannel
) -> None:
    by_post = at(Stage.BY_POST, "no_email")
    change = done(action, by_post)
    assert (change.contact_channel, change.milestones) == (way, {"sent": LATER})
    assert change.transition
    expiry = by_post.submitted_at + campaign().policy.expires_after
    assert (change.transition.stage, change.transition.due_at, change.transition.reason) == (Stage.SENT, expiry, None)

    sent = replace(
        by_post, stage=Stage.SENT, due_at=expiry, contact_channel=way, milestones={"submitted": NOW, "sent": LATER}
    )
    for moment in (LATER, LATER + campaign().policy.reminder_after, expiry - timedelta(seconds=1)):
        assert decisions.decide_due(sent, campaign(), moment) == change.transition
        # Outreach leaves the stage unchanged, too, if the referral is queued.
        assert decisions.decide_queued(replace(sent, stage=Stage.QUEUED), campaign(), moment) == change.transition
    assert decisions.decide_due(sent, campaign(), expiry).reason == "expired"
    assert not allowed_actions(sent)


def test_a_letter_recorded_after_the_referral_expired_counts_as_sent() -> None:
    by_post = at(Stage.BY_POST, "no_email")
    late = NOW + campaign().policy.expires_after + timedelta(days=1)
    change = actions.change(request_for(Action.LETTER_SENT, by_post), by_post, campaign(), late)
    assert change.transition
    assert change.transition.stage is Stage.SENT
    assert change.milestones == {"sent": late}


def test_no_doctor_is_told_for_a_campaign_that_was_removed() -> None:
    by_post = at(Stage.BY_POST, "no_email")
    with pytest.raises(Invalid) as refused:
        actions.change(request_for(Action.CALLED, by_post), by_post, None, LATER)
    assert refused.value.errors == (FieldError("campaign", "campaign_unknown"),)


def test_a_found_address_is_validated_as_on_the_form_and_goes_to_outreach() -> None:
    change = done(Action.ADD_EMAIL, at(Stage.BY_POST, "no_email"), email="  M.Lopez@Clinic.EXAMPLE ")
    assert change.doctor
    assert (change.doctor.email, change.doctor.phone) == ("M.Lopez@clinic.example", "+12175550123")
    assert change.doctor.typed["email"] == "M.Lopez@Clinic.EXAMPLE"
    assert change.transition == decisions.queue(LATER)
    assert not change.transition.by_a_person


@pytest.mark.parametrize(
    ("email", "code"),
    [
        (None, "required"),
        (" ", "required"),
        ("maria at clinic", "email_syntax"),
        ("maría@clinic.example", "email_local_ascii"),
        ("a" * 250 + "@b.example", "too_long"),
        ("a\x00b@c.example", "characters"),
    ],
)
def test_an_invalid_email_address_is_refused(email: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        done(Action.ADD_EMAIL, at(Stage.BY_POST, "no_email"), email=email)
    assert [(error.field, error.code) for error in refused.value.errors] == [("email", code)]


# ---- Answers that request something ----------------------------------------------------------------------------------


def test_a_recorded_call_ends_the_call_task() -> None:
    before = asked_for_a_call()
    assert allowed_actions(before) == (Action.CALLED_BACK,)
    change = done(Action.CALLED_BACK, before)
    assert (change.transition, change.milestones) == (None, {"called_back": LATER})
    assert not allowed_actions(replace(before, milestones={**before.milestones, **change.milestones}))


def test_recorded_information_ends_the_information_task() -> None:
    before = asked_for_information()
    assert allowed_actions(before) == (Action.INFORMATION_SENT,)
    change = done(Action.INFORMATION_SENT, before)
    assert (change.transition, change.milestones) == (None, {"information_sent": LATER})
    assert not allowed_actions(replace(before, milestones={**before.milestones, **change.milestones}))


def test_material_is_sent_by_one_action_if_the_campaign_has_it_and_the_doctor_an_address() -> None:
    before = asked_for_information()
    assert allowed_actions(before, campaign()) == (Action.SEND_INFORMATION, Action.INFORMATION_SENT)
    assert allowed_actions(before, campaign("relay")) == (Action.INFORMATION_SENT,)
    by_letter = replace(before, doctor=replace(before.doctor, email=None))
    assert allowed_actions(by_letter, campaign()) == (Action.INFORMATION_SENT,)
    change = done(Action.SEND_INFORMATION, before)
    assert (change.transition, change.milestones) == (decisions.queue(LATER), {})


def test_information_that_failed_is_retried_or_sent_another_way() -> None:
    failed = at(Stage.HELD, "send_unclear", answer=Answer.INFORMATION, milestones={"submitted": NOW, "answered": NOW})
    assert allowed_actions(failed, campaign()) == (Action.RETRY, Action.INFORMATION_SENT)
    change = done(Action.INFORMATION_SENT, failed)
    assert change.transition
    assert (change.transition.stage, change.transition.reason) == (Stage.CLOSED, "answered")
    assert change.milestones == {"information_sent": LATER}
    with pytest.raises(Invalid):
        done(Action.REJECT, failed, reason="other")


@pytest.mark.parametrize("answer", [Answer.NO, None])
def test_a_task_needs_a_request_by_the_doctor(answer: Answer | None) -> None:
    assert not allowed_actions(replace(asked_for_a_call(), answer=answer))


@pytest.mark.parametrize("reason", ["opted_out", "complained"])
def test_a_doctor_who_declined_since_is_not_contacted(reason: str) -> None:
    assert not allowed_actions(replace(asked_for_a_call(), reason=reason))
    assert not allowed_actions(replace(asked_for_information(), reason=reason))


# ---- Several people --------------------------------------------------------------------------------------------------


@dataclass
class FakeBook:
    """One referral, and its changes. `before` runs just before each write, as another user would act."""

    referral: Referral
    obstacle: Obstacle | None = None
    before: list[Callable[[], object]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)

    def get(self, receipt: str, *, consistent: bool) -> Referral | None:
        return self.referral if receipt == self.referral.receipt else None

    def move(self, referral: Referral, move: Transition, now: datetime | None = None) -> None:
        raise NotImplementedError

    def write(self, referral: Referral, change: ReferralChange, by: User) -> None:
        if self.before:
            self.before.pop()()
        if referral.revision != self.referral.revision:
            raise Stale
        self.records.append(by.username)
        move = change.transition or Transition(referral.stage, referral.due_at, referral.reason)
        self.referral = replace(
            referral,
            stage=move.stage,
            reason=move.reason,
            due_at=move.due_at,
            doctor=change.doctor or referral.doctor,
            milestones={**referral.milestones, **change.milestones},
            user_actions=(*referral.user_actions, change.user_action),
            revision=referral.revision + 1,
        )

    def write_with_claim(
        self, claim: Claim, change: ReferralChange, by: User, *, now: datetime, cooldown: timedelta
    ) -> Obstacle | None:
        if self.obstacle is None:
            self.write(claim.referral, change, by)
        return self.obstacle

    def write_opt_out(self, claim: Claim, change: ReferralChange, by: User) -> None:
        self.write(claim.referral, change, by)

    def write_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        self.write(claim.referral, change, by)

    def write_undone_comparison(self, claim: Claim, change: ReferralChange, by: User) -> None:
        self.write(claim.referral, change, by)

    def write_take_back(self, claim: Claim, change: ReferralChange, by: User) -> None:
        self.write(claim.referral, change, by)


class NoKeys:
    def of(self, referral: Referral) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()


def actions_on(book: FakeBook) -> ActionRunner:
    return ActionRunner(book, book, NoKeys(), lambda _: campaign())


def test_a_change_by_another_user_is_reported_and_nothing_is_changed() -> None:
    book = FakeBook(held := at(Stage.HELD, "trap"))
    actions_on(book).run(replace(request_for(Action.REJECT, held, reason="other"), by=JO), LATER)
    with pytest.raises(ChangedSinceSeen) as changed:
        actions_on(book).run(request_for(Action.APPROVE, held), LATER)
    assert changed.value.by == UserAction(LATER, "jo", "reject", 1, "other")
    assert changed.value.referral.stage is Stage.CLOSED
    assert book.records == ["jo"]


def test_a_change_by_the_system_names_no_person() -> None:
    acted = replace(at(Stage.HELD, "trap"), revision=5, user_actions=(UserAction(NOW, "jo", "retry", 2),))
    with pytest.raises(ChangedSinceSeen) as changed:
        actions_on(FakeBook(acted)).run(replace(request_for(Action.APPROVE, acted), revision=4), LATER)
    assert changed.value.by is None


@pytest.mark.parametrize(
    ("start", "given"),
    [
        (at(Stage.HELD, "trap"), {"action": Action.APPROVE}),
        (at(Stage.HELD, "trap"), {"action": Action.REJECT, "reason": "duplicate"}),
        (at(Stage.HELD, "send_unclear"), {"action": Action.RETRY, "again": True}),
        (at(Stage.BY_POST, "no_email"), {"action": Action.LETTER_SENT}),
        (at(Stage.BY_POST, "no_email"), {"action": Action.CALLED}),
        (at(Stage.BY_POST, "no_email"), {"action": Action.ADD_EMAIL, "email": "m@clinic.example"}),
        (asked_for_a_call(), {"action": Action.CALLED_BACK}),
        (asked_for_information(), {"action": Action.INFORMATION_SENT}),
        (asked_for_information(), {"action": Action.SEND_INFORMATION}),
    ],
)
def test_a_double_click_acts_once_and_reports_success(start: Referral, given: dict[str, Any]) -> None:
    book = FakeBook(start)
    clicked = replace(request_for(Action.APPROVE, start), **given)
    first = actions_on(book).run(clicked, LATER)
    assert actions_on(book).run(clicked, LATER) == first == book.referral
    assert len(book.records) == len(book.referral.user_actions) == 1


def test_the_same_action_with_other_details_is_not_a_repetition() -> None:
    book = FakeBook(start := at(Stage.BY_POST, "no_email"))
    actions_on(book).run(request_for(Action.ADD_EMAIL, start, email="m@clinic.example"), LATER)
    with pytest.raises(ChangedSinceSeen) as changed:
        actions_on(book).run(request_for(Action.ADD_EMAIL, start, email="other@clinic.example"), LATER)
    assert changed.value.by
    assert changed.value.by.what == "add_email"


@pytest.mark.parametrize(
    ("action", "first", "second"),
    [
        (Action.DOCTOR_ANSWERED, {"answer": "no"}, {"answer": "call"}),
        (Action.WANTS_NO_MORE, {"only_campaign": True}, {"only_campaign": False}),
    ],
)
def test_another_answer_of_the_doctor_is_not_a_repetition(
    action: Action, first: dict[str, Any], second: dict[str, Any]
) -> None:
    start = replace(at(Stage.SENT), milestones={"submitted": NOW, "sent": NOW})
    book = FakeBook(start)
    actions_on(book).run(request_for(action, start, channel="phone", **first), LATER)
    with pytest.raises(ChangedSinceSeen):
        actions_on(book).run(request_for(action, start, channel="phone", **second), LATER)


def test_a_change_between_reading_and_writing_is_reported_too() -> None:
    book = FakeBook(held := at(Stage.HELD, "trap"))
    quicker = replace(request_for(Action.REJECT, held, reason="other"), by=JO)
    book.before = [lambda: actions_on(book).run(quicker, LATER)]
    with pytest.raises(ChangedSinceSeen) as changed:
        actions_on(book).run(request_for(Action.APPROVE, held), LATER)
    assert changed.value.by
    assert changed.value.by.by == "jo"
    assert book.records == ["jo"]


def conflict() -> None:
    raise Conflict


def test_a_conflicting_write_is_retried_a_few_times() -> None:
    book = FakeBook(held := at(Stage.HELD, "trap"), before=[conflict, conflict])
    approved = actions_on(book).run(request_for(Action.APPROVE, held), LATER)
    assert approved
    assert approved.stage is Stage.QUEUED
    for_ever = FakeBook(held, before=[conflict] * 20)
    with pytest.raises(Conflict):
        actions_on(for_ever).run(request_for(Action.APPROVE, held), LATER)


@pytest.mark.parametrize("closing", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED])
def test_a_doctor_who_declined_before_the_letter_was_recorded_is_not_counted_as_told(closing: Closing) -> None:
    book = FakeBook(start := at(Stage.BY_POST, "no_email"), obstacle=Suppressed(closing))
    for _ in range(2):
        with pytest.raises(TooLate) as late:
            actions_on(book).run(request_for(Action.LETTER_SENT, start), LATER)
        assert late.value.user_action.note == closing
    assert (book.referral.stage, book.referral.reason) == (Stage.CLOSED, closing.value)
    assert "sent" not in book.referral.milestones
    assert book.records == ["maria"]


def test_an_unknown_receipt_is_not_found() -> None:
    held = at(Stage.HELD, "trap")
    unknown = replace(request_for(Action.APPROVE, held), receipt="AAAA-AAAA-AAAA-AAAA")
    assert actions_on(FakeBook(held)).run(unknown, LATER) is None


def test_a_found_address_replaces_the_typed_one() -> None:
    found = actions.change(
        request_for(Action.ADD_EMAIL, start := at(Stage.BY_POST), email="m@clinic.example"),
        replace(start, doctor=Doctor("Maria Lopez", typed={"email": "old", "phone": "217"})),
        campaign(),
        NOW,
    )
    assert found.doctor
    assert found.doctor.typed == {"phone": "217"}
