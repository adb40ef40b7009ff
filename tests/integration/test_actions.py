"""Actions of people in the table: each has an audit record, and no doctor is told twice."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.audit_log import AuditRecord
from referral_intake.aws.keys import Keyring
from referral_intake.core import decisions, obstacles
from referral_intake.core.claim import AlreadyClaimed
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, ContactChannel, Referral, Stage, Transition
from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate
from referral_intake.dashboard.action_types import Action, ActionRequest
from referral_intake.dashboard.actions import allowed_actions
from tests.integration import aws
from tests.integration.referral_actions import BY_PHONE_OR_POST, COOLDOWN, JO, LATER, ReferralActions
from tests.support import samples
from tests.support.samples import MANAGER, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def actions(client: "DynamoDBClient", table: str) -> ReferralActions:
    return ReferralActions(client, table)


# ---- One action, one transaction -------------------------------------------------------------------------------------


def test_an_action_its_entry_in_the_referral_and_its_record_are_one_transaction(
    actions: ReferralActions, request_counter: aws.RequestCounter
) -> None:
    held, client = actions.held(), dynamodb.client()
    request_counter = aws.RequestCounter(client)
    actions.runner_with(client).run(ActionRequest(held.receipt, held.revision, Action.APPROVE, MANAGER), LATER)

    assert request_counter.by_operation == {"GetItem": 2, "TransactWriteItems": 1}
    approved = actions.now(held)
    assert (approved.stage, approved.is_vetted, approved.revision) == (Stage.QUEUED, True, held.revision + 1)
    [act] = approved.user_actions
    assert (act.at, act.by, act.what, act.note, act.revision) == (LATER, "maria", "approve", "", held.revision)
    assert actions.records() == [AuditRecord(LATER, MANAGER.sub, "maria", "approve", (held.receipt,))]


def test_actions_are_listed_in_their_order(actions: ReferralActions) -> None:
    referral = actions.by_post()
    queued = actions.do(Action.ADD_EMAIL, referral, email="maria@clinic.example")
    actions.referrals.move(queued, decisions.hold(Reason.DISPOSABLE_DOMAIN, LATER))
    rejected = actions.do(Action.REJECT, actions.now(referral), by=JO, reason="wrong_details")
    assert [(act.by, act.what, act.note) for act in rejected.user_actions] == [
        ("maria", "add_email", ""),
        ("jo", "reject", "wrong_details"),
    ]
    assert (rejected.stage, rejected.reason, rejected.closed_at) == (Stage.CLOSED, "rejected", LATER)
    assert {record.what for record in actions.records()} == {"add_email", "reject"}


def test_a_refused_action_leaves_no_record(actions: ReferralActions) -> None:
    held = actions.held()
    actions.do(Action.REJECT, held, by=JO, reason="other")
    with pytest.raises(ChangedSinceSeen):
        actions.do(Action.APPROVE, held)
    assert [record.username for record in actions.records()] == ["jo"]


def test_a_retry_reuses_the_claim_of_a_message_with_an_unclear_result(actions: ReferralActions) -> None:
    referral = actions.put()
    claim = aws.claim_for(referral)
    assert actions.claims.claim(claim, aws.MESSAGE, now=NOW, cooldown=COOLDOWN) is None
    actions.referrals.move(claim.claimed_referral, decisions.hold(Reason.SEND_UNCLEAR, NOW))
    queued = actions.do(Action.RETRY, actions.now(referral), again=True)
    # The claim is still there, and belongs to this referral.
    again = aws.claim_for(queued)
    assert actions.claims.claim(again, aws.MESSAGE, now=LATER, cooldown=COOLDOWN) is None


# ---- Told by letter or phone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "way"), [(Action.LETTER_SENT, ContactChannel.LETTER), (Action.CALLED, ContactChannel.PHONE)]
)
def test_a_doctor_told_by_a_person_is_claimed_under_every_key(
    actions: ReferralActions, table_reader: aws.TableReader, action: Action, way: ContactChannel
) -> None:
    told = actions.do(action, actions.by_post())
    assert (told.stage, told.contact_channel, told.milestones["sent"], told.reason) == (Stage.SENT, way, LATER, None)
    assert told.due_at == NOW + samples.campaign().policy.expires_after
    taken = {key.partition("#")[0]: receipts for key, receipts in table_reader.claims().items()}
    assert taken == {kind: {told.receipt} for kind in ("npi", "phone", "postcode")}

    other = actions.put(npi="1234567893")
    claim = aws.claim_for(other)
    assert actions.claims.claim(claim, aws.MESSAGE, now=LATER, cooldown=COOLDOWN) == AlreadyClaimed(told.receipt)
    assert obstacles.decide_already_claimed(AlreadyClaimed(told.receipt), told, LATER).reason == "joined"


def test_a_doctor_with_initials_only_has_keys_and_can_be_told(actions: ReferralActions) -> None:
    referral = actions.by_post(name="Dr. J. K.", npi=None)
    assert {key.partition("#")[0] for key in aws.claim_for(referral).keys} == {"phone", "postcode"}
    assert actions.claims.obstacle(aws.claim_for(referral), now=NOW, cooldown=COOLDOWN) is None
    assert actions.do(Action.CALLED, referral).stage is Stage.SENT


@pytest.mark.parametrize("closing", [Closing.COMPLAINED, Closing.OPTED_OUT])
@pytest.mark.parametrize("ring", [aws.RING, aws.ROTATED], ids=["this hashing key", "one of the past"])
@pytest.mark.parametrize("action", [Action.LETTER_SENT, Action.CALLED])
def test_an_opt_out_just_before_a_letter_is_recorded_stops_it(
    actions: ReferralActions, table_reader: aws.TableReader, closing: Closing, ring: Keyring, action: Action
) -> None:
    referral = actions.by_post()
    actions.claims.suppress(aws.claim_for(referral).keys, closing, "AAAA-AAAA-AAAA-AAAA", NOW)
    actions.ring = ring
    before = table_reader.doctors()
    for _ in range(2):  # A second click gets the same response.
        with pytest.raises(TooLate) as late:
            actions.do(action, referral)
        assert late.value.user_action.note == closing
    now = actions.now(referral)
    assert (now.stage, now.reason, now.contact_channel, "sent" in now.milestones) == (
        Stage.CLOSED,
        closing,
        None,
        False,
    )
    assert table_reader.doctors() == before
    assert [record.what for record in actions.records()] == [action.value]


def test_a_doctor_who_withdrew_the_opt_out_can_be_told(actions: ReferralActions) -> None:
    referral = actions.by_post()
    keys = aws.claim_for(referral).keys
    actions.claims.suppress(keys, Closing.OPTED_OUT, referral.receipt, NOW)
    actions.claims.undo_opt_out(keys, OptOut("opted_out", referral.receipt, NOW), NOW + timedelta(hours=1))
    assert actions.do(Action.LETTER_SENT, referral).stage is Stage.SENT


def test_a_letter_to_a_doctor_who_was_mailed_meanwhile_joins_the_mail(actions: ReferralActions) -> None:
    letter, mail = actions.by_post(), actions.put(npi="1234567893")
    claim = aws.claim_for(mail)
    assert actions.claims.claim(claim, aws.MESSAGE, now=NOW, cooldown=COOLDOWN) is None

    # The mail is in progress and may still fail. Then the referral of the letter replaces it.
    with pytest.raises(TooLate) as late:
        actions.do(Action.LETTER_SENT, letter)
    assert late.value.user_action.note == "joined"
    waiting = actions.now(letter)
    assert (waiting.stage, waiting.reason, waiting.leader) == (Stage.WAITING, "joined", mail.receipt)

    actions.referrals.set_milestone(mail.receipt, "sent", NOW)
    later = actions.by_post()
    with pytest.raises(TooLate):
        actions.do(Action.LETTER_SENT, later)
    joined = actions.now(later)
    assert (joined.stage, joined.reason, joined.leader) == (Stage.CLOSED, "joined", mail.receipt)


def test_a_second_letter_to_one_doctor_joins_the_first(actions: ReferralActions) -> None:
    first, second = actions.by_post(), actions.by_post(phone=None)
    actions.do(Action.LETTER_SENT, first)
    with pytest.raises(TooLate):
        actions.do(Action.CALLED, second, by=JO)
    assert (actions.now(second).reason, actions.now(second).leader) == ("joined", first.receipt)


# ---- An opt-out that a manager records ------------------------------------------------------------------------------


class Killed(BaseException):
    """The function stops here."""


def killed(**_: object) -> None:
    raise Killed


def told_with_a_letter_waiting(actions: ReferralActions) -> tuple[Referral, Referral]:
    """Two referrals of one doctor: one was told, and one waits for a letter of another campaign."""
    told = actions.do(Action.CALLED, actions.by_post())
    made = replace(aws.submitted(NOW, **BY_PHONE_OR_POST), campaign="relay")
    actions.referrals.add(made)
    move = Transition(Stage.BY_POST, NOW + decisions.REVIEW_INTERVAL, "no_email")
    assert actions.claims.reserve(aws.claim_for(made), move, now=NOW, cooldown=COOLDOWN) is None
    return told, actions.now(made)


@pytest.mark.parametrize("event", ["after-call", "before-send"])
def test_an_opt_out_is_recorded_with_the_waiting_letters_or_not_at_all(actions: ReferralActions, event: str) -> None:
    told, letter = told_with_a_letter_waiting(actions)
    client = dynamodb.client()
    client.meta.events.register(f"{event}.dynamodb.TransactWriteItems", killed)
    request = ActionRequest(told.receipt, told.revision, Action.WANTS_NO_MORE, MANAGER, channel="phone")
    with pytest.raises(Killed):
        actions.runner_with(client).run(request, LATER)
    is_recorded = event == "after-call"
    assert (actions.now(told).reason == "opted_out", actions.now(letter).stage is Stage.QUEUED) == (is_recorded,) * 2
    actions.runner.run(request, LATER)  # The user tries again.
    assert (actions.now(told).reason, actions.now(letter).stage) == ("opted_out", Stage.QUEUED)


def test_a_letter_that_changes_meanwhile_does_not_stop_the_opt_out(actions: ReferralActions) -> None:
    told, letter = told_with_a_letter_waiting(actions)
    client, changes = dynamodb.client(), iter([decisions.by_post(Reason.NO_EMAIL, LATER)])

    def change(**_: object) -> None:
        for move in changes:
            actions.referrals.move(letter, move)

    client.meta.events.register("before-send.dynamodb.TransactWriteItems", change)
    request = ActionRequest(told.receipt, told.revision, Action.WANTS_NO_MORE, MANAGER, channel="phone")
    actions.runner_with(client).run(request, LATER)
    assert (actions.now(told).reason, actions.now(letter).stage) == ("opted_out", Stage.QUEUED)


# ---- A found address -------------------------------------------------------------------------------------------------


def test_a_found_address_becomes_an_identifier_of_the_doctor(actions: ReferralActions) -> None:
    referral = actions.by_post()
    queued = actions.do(Action.ADD_EMAIL, referral, email="Maria.Lopez@Clinic.example")
    assert (queued.stage, queued.is_vetted) == (Stage.QUEUED, False)
    assert replace(queued.doctor, email=None, typed={}) == replace(referral.doctor, typed={})
    assert queued.doctor.email == "Maria.Lopez@clinic.example"
    assert queued.doctor.typed["email"] == "Maria.Lopez@Clinic.example"
    assert len(aws.claim_for(queued).keys) == 4


def test_a_call_is_recorded_on_a_closed_referral(actions: ReferralActions, table_reader: aws.TableReader) -> None:
    referral = actions.put()
    actions.referrals.answer(referral.receipt, Answer.CALL, NOW)
    called = actions.do(Action.CALLED_BACK, actions.now(referral))
    assert (called.stage, called.reason, called.milestones["called_back"]) == (Stage.CLOSED, "answered", LATER)
    assert called.closed_at == NOW
    assert allowed_actions(called) == ()
    assert "due_at" not in table_reader.referral(referral)
