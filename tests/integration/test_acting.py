"""People act on referrals in the table: each action with its record, and no doctor told twice."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.audit_log import Record
from referral_intake.aws.item_format import timestamp
from referral_intake.aws.keys import Keyring
from referral_intake.core import decisions
from referral_intake.core.claim import Taken
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Stage, Way
from referral_intake.dashboard.action_runner import Changed, TooLate
from referral_intake.dashboard.actions import Action, Order, offered
from tests.integration import aws
from tests.integration.office import COOLDOWN, JO, LATER, Office
from tests.support import samples
from tests.support.samples import MANAGER, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def office(client: "DynamoDBClient", table: str) -> Office:
    return Office(client, table)


# ---- One action, one transaction -------------------------------------------------------------------------------------


def test_an_action_its_trace_and_its_record_are_one_write(office: Office, requests: aws.Requests) -> None:
    held, client = office.held(), dynamodb.client()
    requests = aws.Requests(client)
    office.desk_with(client).carry_out(Order(held.receipt, held.revision, Action.APPROVE, MANAGER), LATER)

    assert requests.by_operation == {"GetItem": 2, "TransactWriteItems": 1}
    approved = office.now(held)
    assert (approved.stage, approved.is_vetted, approved.revision) == (Stage.QUEUED, True, held.revision + 1)
    [act] = approved.acts
    assert (act.at, act.by, act.what, act.note, act.revision) == (LATER, "maria", "approve", "", held.revision)
    assert office.records() == [Record(LATER, MANAGER.sub, "maria", "approve", (held.receipt,))]


def test_what_people_do_stands_in_their_order(office: Office) -> None:
    referral = office.by_post()
    queued = office.do(Action.ADD_EMAIL, referral, email="maria@clinic.example")
    office.referrals.move(queued, decisions.hold(Reason.DISPOSABLE_DOMAIN, LATER))
    rejected = office.do(Action.REJECT, office.now(referral), by=JO, reason="wrong_details")
    assert [(act.by, act.what, act.note) for act in rejected.acts] == [
        ("maria", "add_email", ""),
        ("jo", "reject", "wrong_details"),
    ]
    assert (rejected.stage, rejected.reason, rejected.closed_at) == (Stage.CLOSED, "rejected", LATER)
    assert {record.what for record in office.records()} == {"add_email", "reject"}


def test_what_is_not_done_leaves_no_record(office: Office) -> None:
    held = office.held()
    office.do(Action.REJECT, held, by=JO, reason="other")
    with pytest.raises(Changed):
        office.do(Action.APPROVE, held)
    assert [record.username for record in office.records()] == ["jo"]


def test_a_retry_takes_up_a_message_of_which_nobody_knows_whether_it_arrived(office: Office) -> None:
    referral = office.put()
    claim = aws.claim_for(referral)
    assert office.claims.claim(claim, aws.MESSAGE, now=NOW, cooldown=COOLDOWN) is None
    office.referrals.move(claim.claimed, decisions.hold(Reason.SEND_UNCLEAR, NOW))
    queued = office.do(Action.RETRY, office.now(referral), again=True)
    # The claim still stands, and is its own.
    again = aws.claim_for(queued)
    assert office.claims.claim(again, aws.MESSAGE, now=LATER, cooldown=COOLDOWN) is None


# ---- Told by letter or phone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "way"), [(Action.LETTER_SENT, Way.LETTER), (Action.CALLED, Way.PHONE)])
def test_a_doctor_who_was_told_by_a_person_is_taken_under_every_key(
    office: Office, look: aws.Look, action: Action, way: Way
) -> None:
    told = office.do(action, office.by_post())
    assert (told.stage, told.told_by, told.milestones["sent"], told.reason) == (Stage.SENT, way, LATER, None)
    assert told.due_at == NOW + samples.campaign().policy.expires_after
    taken = {pk.split("#")[1]: doctor["lumen/introduction"] for pk, doctor in look.doctors().items()}
    assert taken == {key: {"by": told.receipt, "at": timestamp(LATER)} for key in ("npi", "phone", "postcode")}

    other = office.put(npi="1234567893")
    claim = aws.claim_for(other)
    assert office.claims.claim(claim, aws.MESSAGE, now=LATER, cooldown=COOLDOWN) == Taken(told.receipt)
    assert decisions.for_taken(told.receipt, told, LATER).reason == "joined"


def test_a_doctor_with_nothing_but_initials_has_no_key_and_can_be_told(office: Office) -> None:
    referral = office.by_post(name="Dr. J. K.", npi=None)
    assert aws.claim_for(referral).keys == ()
    assert office.claims.suppression(aws.claim_for(referral)) is None
    assert office.do(Action.CALLED, referral).stage is Stage.SENT


@pytest.mark.parametrize("closing", [Closing.COMPLAINED, Closing.OPTED_OUT])
@pytest.mark.parametrize("ring", [aws.RING, aws.ROTATED], ids=["this hashing key", "one of the past"])
@pytest.mark.parametrize("action", [Action.LETTER_SENT, Action.CALLED])
def test_an_opt_out_just_before_the_letter_is_noted_stops_it(
    office: Office, look: aws.Look, closing: Closing, ring: Keyring, action: Action
) -> None:
    referral = office.by_post()
    office.claims.suppress(aws.claim_for(referral).keys[1], closing, NOW)
    office.ring = ring
    before = look.doctors()
    for _ in range(2):  # A second click is told the same.
        with pytest.raises(TooLate) as late:
            office.do(action, referral)
        assert late.value.act.note == closing
    now = office.now(referral)
    assert (now.stage, now.reason, now.told_by, "sent" in now.milestones) == (Stage.CLOSED, closing, None, False)
    assert look.doctors() == before
    assert [record.what for record in office.records()] == [action.value]


def test_a_doctor_who_took_the_opt_out_back_can_be_told(office: Office) -> None:
    referral = office.by_post()
    key = aws.claim_for(referral).keys[0]
    office.claims.suppress(key, Closing.OPTED_OUT, NOW)
    office.claims.allow_again(key, NOW + timedelta(hours=1))
    assert office.do(Action.LETTER_SENT, referral).stage is Stage.SENT


def test_a_letter_to_a_doctor_who_was_written_to_meanwhile_joins_the_mail(office: Office) -> None:
    letter, mail = office.by_post(), office.put(npi="1234567893")
    claim = aws.claim_for(mail)
    assert office.claims.claim(claim, aws.MESSAGE, now=NOW, cooldown=COOLDOWN) is None

    # The mail is on its way, and may yet fail: then the letter's referral takes its place.
    with pytest.raises(TooLate) as late:
        office.do(Action.LETTER_SENT, letter)
    assert late.value.act.note == "joined"
    waiting = office.now(letter)
    assert (waiting.stage, waiting.reason, waiting.leader) == (Stage.WAITING, "joined", mail.receipt)

    office.referrals.note(mail.receipt, "sent", NOW)
    later = office.by_post()
    with pytest.raises(TooLate):
        office.do(Action.LETTER_SENT, later)
    joined = office.now(later)
    assert (joined.stage, joined.reason, joined.leader) == (Stage.CLOSED, "joined", mail.receipt)


def test_of_two_letters_to_one_doctor_the_second_joins_the_first(office: Office) -> None:
    first, second = office.by_post(), office.by_post(npi=None)
    office.do(Action.LETTER_SENT, first)
    with pytest.raises(TooLate):
        office.do(Action.CALLED, second, by=JO)
    assert (office.now(second).reason, office.now(second).leader) == ("joined", first.receipt)


# ---- An address that was found ---------------------------------------------------------------------------------------


def test_an_address_that_was_found_is_the_doctor_s_from_then_on(office: Office) -> None:
    referral = office.by_post()
    queued = office.do(Action.ADD_EMAIL, referral, email="Maria.Lopez@Clinic.example")
    assert (queued.stage, queued.is_vetted) == (Stage.QUEUED, False)
    assert replace(queued.doctor, email=None, typed={}) == replace(referral.doctor, typed={})
    assert queued.doctor.email == "Maria.Lopez@clinic.example"
    assert queued.doctor.typed["email"] == "Maria.Lopez@Clinic.example"
    assert len(aws.claim_for(queued).keys) == 4


def test_a_call_back_is_noted_on_what_is_closed(office: Office, look: aws.Look) -> None:
    referral = office.put()
    office.referrals.answer(referral.receipt, Answer.CALL, NOW)
    called = office.do(Action.CALLED_BACK, office.now(referral))
    assert (called.stage, called.reason, called.milestones["called_back"]) == (Stage.CLOSED, "answered", LATER)
    assert called.closed_at == NOW
    assert offered(called) == ()
    assert "due_at" not in look.referral(referral)
