"""Referrals in the table: stored once, found, due, moved, closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import from_item, to_item
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions, tasks
from referral_intake.core.callback import Callback
from referral_intake.core.doctor import Address, Doctor
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage, Transition, close
from referral_intake.core.steps import SendAttempt
from tests.integration import aws
from tests.support import samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def waiting(until: datetime = NOW) -> Transition:
    return decisions.wait(Reason.SES_THROTTLED, until)


# ---- Stored once ---------------------------------------------------------------------------------------------------


def test_a_new_referral_is_stored_with_exactly_one_request(
    referrals: ReferralTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    referral = aws.submitted()
    assert referrals.add(referral) is None
    assert request_counter.by_operation == {"PutItem": 1}
    assert from_item(table_reader.image(referral)) == referral


def test_a_repeated_referral_returns_the_stored_one_with_one_request(
    referrals: ReferralTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.move(referral, waiting())
    before = table_reader.items()
    request_counter.by_operation.clear()

    there = referrals.add(replace(referral, milestones={"submitted": NOW + timedelta(days=1)}))

    assert request_counter.by_operation == {"PutItem": 1}
    assert there is not None
    assert (there.stage, there.milestones, there.content) == (Stage.WAITING, {"submitted": NOW}, referral.content)
    assert table_reader.items() == before


def test_different_content_with_the_same_receipt_is_detected_and_changes_nothing(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    first, other = aws.submitted(), aws.submitted(name="Somebody Else")
    referrals.add(first)
    before = table_reader.items()

    there = referrals.add(replace(other, receipt=first.receipt))

    assert there is not None
    assert there.content != other.content
    assert table_reader.items() == before


def test_a_throttled_table_is_unavailable(fake_credentials: None) -> None:
    client = dynamodb.client()
    with Stubber(client) as stubber:
        stubber.add_client_error("put_item", "ProvisionedThroughputExceededException", http_status_code=400)
        with pytest.raises(Unavailable):
            ReferralTable(client, "t").add(aws.submitted())


def test_an_invalid_request_of_ours_is_not_reported_as_unavailable(fake_credentials: None) -> None:
    client = dynamodb.client()
    with Stubber(client) as stubber:
        stubber.add_client_error("put_item", "ValidationException", http_status_code=400)
        with pytest.raises(client.exceptions.ClientError):
            ReferralTable(client, "t").add(aws.submitted())


# ---- Every field survives a round trip -------------------------------------------------------------------------------

# DynamoDB stores times in milliseconds.
times = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  # the zone is set below
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000, tzinfo=UTC)
)
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
maybe = st.none() | text
addresses = st.builds(Address, line1=maybe, line2=maybe, city=maybe, state=maybe, postal_code=maybe)
doctors = st.builds(
    Doctor,
    name=text,
    practice=maybe,
    specialty=maybe,
    email=maybe,
    phone=maybe,
    npi=maybe,
    address=addresses,
    typed=st.dictionaries(st.sampled_from(["email", "phone", "npi", "state", "postal_code"]), text),
)
open_referrals = st.builds(
    Referral,
    receipt=text,
    content=text,
    campaign=text,
    locale=text,
    submitted_by=text,
    doctor=doctors,
    stage=st.sampled_from([stage for stage in Stage if stage is not Stage.CLOSED]),
    milestones=st.fixed_dictionaries({"submitted": times}, optional={"sent": times, "opened": times}),
    revision=st.integers(1, 10**9),
    due_at=times,
    reason=st.none(),
    leader=st.none(),
).map(lambda referral: replace(referral, waits_since=tasks.waiting_since(referral)))


@given(open_referrals)
def test_every_field_of_a_referral_survives_a_round_trip_through_its_item(referral: Referral) -> None:
    assert from_item(to_item(referral)) == referral


@given(open_referrals)
def test_an_item_has_no_empty_attributes(referral: Referral) -> None:
    assert not [name for name, value in to_item(referral).items() if value in ({"NULL": True}, {"S": ""})]


def test_a_referral_with_all_details_survives_a_round_trip_through_the_table(referrals: ReferralTable) -> None:
    referral = aws.submitted(
        name="Nguyễn Thị Minh Khai",
        practice="St. Mary's",
        specialty="Pain medicine",
        email="Khai+Spine@Clinic.EXAMPLE",
        phone="(217) 555-0123",
        npi="1234567893",
        address={
            "line1": "1 Main St",
            "line2": "Suite 2",
            "city": "Springfield",
            "state": "il",
            "postal_code": "62701",
        },
    )
    referrals.add(referral)
    assert referrals.get(referral.receipt) == referral
    assert referrals.get(referral.receipt, consistent=True) == referral


def test_the_reason_and_the_leader_survive_a_round_trip(referrals: ReferralTable) -> None:
    referral, led = aws.submitted(), aws.submitted()
    referrals.add(referral)
    referrals.add(led)
    referrals.move(referral, waiting(NOW + timedelta(hours=1)))
    referrals.move(led, close(Closing.JOINED, referral.receipt))

    found, joined = referrals.get(referral.receipt), referrals.get(led.receipt)

    assert found is not None
    assert joined is not None
    assert (found.reason, found.due_at) == (Reason.SES_THROTTLED, NOW + timedelta(hours=1))
    assert (joined.reason, joined.leader, joined.due_at) == ("joined", referral.receipt, None)


def test_an_unknown_receipt_returns_none(referrals: ReferralTable) -> None:
    assert referrals.get("AAAA-AAAA-AAAA-AAAA") is None


def test_a_typical_referral_fits_in_one_write_unit(referrals: ReferralTable, table_reader: aws.TableReader) -> None:
    referral = aws.submitted(
        practice="Springfield Spine and Pain Center",
        specialty="Interventional radiology",
        phone="217 555 0123",
        npi="1234567893",
        address={"line1": "1200 East Main Street", "city": "Springfield", "state": "IL", "postal_code": "62701"},
    )
    referrals.add(referral)
    # Names and values in UTF-8. DynamoDB's overhead per map is smaller than the punctuation of JSON.
    assert len(str(table_reader.referral(referral)).encode()) < 1024


# ---- Due -------------------------------------------------------------------------------------------------------------


def test_only_due_referrals_are_returned_most_overdue_first(referrals: ReferralTable) -> None:
    by_minutes = {minutes: aws.submitted() for minutes in (-5, 1, -60, 0, -30)}
    for minutes, referral in by_minutes.items():
        referrals.add(replace(referral, due_at=NOW + timedelta(minutes=minutes)))

    due = referrals.due("lumen", NOW, 10)

    assert due == [by_minutes[minutes].receipt for minutes in (-60, -30, -5, 0)]


def test_the_number_of_due_referrals_is_limited(referrals: ReferralTable, request_counter: aws.RequestCounter) -> None:
    for minutes in range(5):
        referrals.add(replace(aws.submitted(), due_at=NOW - timedelta(minutes=minutes)))
    request_counter.by_operation.clear()
    assert len(referrals.due("lumen", NOW, 3)) == 3
    assert request_counter.by_operation == {"Query": 1}


def test_each_campaign_has_its_own_index_of_due_referrals(referrals: ReferralTable) -> None:
    referrals.add(replace(aws.submitted(), due_at=NOW))
    assert referrals.due("another", NOW, 10) == []


@pytest.mark.parametrize("closing", [closing for closing in Closing if closing is not Closing.JOINED])
def test_a_closed_referral_leaves_the_index(
    referrals: ReferralTable, table_reader: aws.TableReader, closing: Closing
) -> None:
    referral = replace(aws.submitted(), due_at=NOW)
    referrals.add(referral)
    referrals.move(referral, close(closing))
    assert table_reader.indexed() == set()
    assert referrals.due("lumen", NOW + timedelta(days=9999), 10) == []


def test_a_move_to_an_open_stage_sets_the_due_time_in_the_same_write(
    referrals: ReferralTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    request_counter.by_operation.clear()
    referrals.move(referral, waiting(NOW + timedelta(days=2)))
    assert request_counter.by_operation == {"UpdateItem": 1}
    stored = table_reader.referral(referral)
    assert (stored["stage"], stored["due_at"], stored["open_in"]) == ("waiting", "2026-11-25T15:30:00.000Z", "lumen")


# ---- Moved -----------------------------------------------------------------------------------------------------------


def test_a_move_of_a_changed_referral_is_stale_and_changes_nothing(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.move(referral, waiting())
    before = table_reader.items()
    with pytest.raises(Stale):
        referrals.move(referral, close(Closing.EXPIRED))
    assert table_reader.items() == before


def test_a_move_of_a_missing_referral_creates_none(referrals: ReferralTable, table_reader: aws.TableReader) -> None:
    with pytest.raises(Stale):
        referrals.move(aws.submitted(), waiting())
    assert table_reader.items() == {}


def test_each_move_increments_the_revision(referrals: ReferralTable) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    for revision in (1, 2, 3):
        referrals.move(aws.at_revision(referral, revision), waiting())
    found = referrals.get(referral.receipt)
    assert found is not None
    assert found.revision == 4


def test_the_reason_of_an_earlier_wait_is_removed_when_the_referral_is_queued_again(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.move(referral, waiting())
    referrals.move(aws.at_revision(referral, 2), decisions.queue(NOW))
    assert "reason" not in table_reader.referral(referral)


# ---- Closed ----------------------------------------------------------------------------------------------------------


def test_closing_an_open_referral_records_the_milestone_and_closes_it(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.close(referral.receipt, Closing.OPTED_OUT, NOW)
    stored = table_reader.referral(referral)
    assert (stored["stage"], stored["reason"]) == ("closed", "opted_out")
    assert stored["milestones"]["opted_out"] == "2026-11-23T15:30:00.000Z"
    assert table_reader.indexed() == set()


@pytest.mark.parametrize("weaker", list(Closing)[1:])
def test_a_stronger_closing_reason_replaces_a_weaker_one(
    referrals: ReferralTable, table_reader: aws.TableReader, weaker: Closing
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.move(referral, close(weaker))
    referrals.close(referral.receipt, Closing.COMPLAINED, NOW)
    assert table_reader.referral(referral)["reason"] == "complained"


@pytest.mark.parametrize("stronger", list(Closing)[: list(Closing).index(Closing.ANSWERED)])
def test_a_weaker_closing_reason_is_recorded_without_replacing_a_stronger_one(
    referrals: ReferralTable, table_reader: aws.TableReader, stronger: Closing
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.close(referral.receipt, stronger, NOW)
    referrals.close(referral.receipt, Closing.ANSWERED, NOW + timedelta(hours=1))
    stored = table_reader.referral(referral)
    assert stored["reason"] == stronger.value
    assert set(stored["milestones"]) == {"submitted", stronger.value, "answered"}


def test_a_repeated_closing_keeps_the_first_time_and_writes_nothing(
    referrals: ReferralTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    referral = aws.submitted()
    referrals.add(referral)
    referrals.close(referral.receipt, Closing.OPTED_OUT, NOW)
    before = table_reader.items()
    request_counter.by_operation.clear()
    referrals.close(referral.receipt, Closing.OPTED_OUT, NOW + timedelta(days=1))
    assert table_reader.items() == before
    assert "UpdateItem" not in request_counter.by_operation


def test_closing_an_unknown_receipt_creates_no_referral(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    referrals.close("AAAA-AAAA-AAAA-AAAA", Closing.OPTED_OUT, NOW)
    assert table_reader.items() == {}


def test_an_answer_returns_the_referral_as_it_is_stored(referrals: ReferralTable) -> None:
    referrals.add(referral := aws.submitted())
    for answer, callback in (
        (Answer.INFORMATION, None),
        (Answer.CALL, Callback("+12175550123;ext=45", "morning")),
        (Answer.CALL, None),
        (Answer.CALL, Callback(None, "evening")),
        (Answer.CALL, Callback()),
        (Answer.NO, None),
    ):
        after = referrals.answer(referral.receipt, answer, NOW, callback)
        stored = referrals.get(referral.receipt, consistent=True)
        assert stored
        assert after == replace(stored, callback=stored.callback or (callback and Callback()))


def test_the_details_of_a_call_are_stored_until_another_answer(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    referrals.add(referral := aws.submitted())
    referrals.answer(referral.receipt, Answer.CALL, NOW, Callback("+12175550123", "morning"))
    referrals.answer(referral.receipt, Answer.CALL, NOW)
    assert table_reader.referral(referral)["callback"] == {"phone": "+12175550123", "time": "morning"}
    referrals.answer(referral.receipt, Answer.INFORMATION, NOW)
    assert "callback" not in table_reader.referral(referral)


def test_an_answer_about_an_unknown_receipt_creates_no_referral(
    referrals: ReferralTable, table_reader: aws.TableReader
) -> None:
    assert referrals.answer("AAAA-AAAA-AAAA-AAAA", Answer.CALL, NOW) is None
    assert table_reader.items() == {}


def test_a_referral_that_changes_during_the_closing_is_still_closed(
    client: "DynamoDBClient", table: str, table_reader: aws.TableReader
) -> None:
    referral = aws.submitted()
    quiet = ReferralTable(dynamodb.client(), table)

    class MovedAfterTheFirstLook(ReferralTable):
        looks = 0

        def get(self, receipt: str, *, consistent: bool = False) -> Referral | None:
            found = super().get(receipt, consistent=consistent)
            self.looks += 1
            if self.looks == 1:
                quiet.move(referral, waiting())
            return found

    quiet.add(referral)
    MovedAfterTheFirstLook(client, table).close(referral.receipt, Closing.OPTED_OUT, NOW)
    stored = table_reader.referral(referral)
    assert (stored["stage"], stored["reason"], stored["revision"]) == ("closed", "opted_out", 3)


# ---- Sent ------------------------------------------------------------------------------------------------------------


def sent(referrals: ReferralTable, referral: Referral, at: datetime = NOW) -> None:
    claimed = aws.claim_for(referral).claimed_referral
    event = MailEvent(
        referral.receipt, "introduction", "message-1", EventKind.SENT, at, SendAttempt(at, "2026-11", "c0ffee")
    )
    assert apply_event(event, claimed, samples.campaign(), referrals)


def claimed(referrals: ReferralTable, claims: ClaimTable) -> Referral:
    referral = aws.submitted()
    referrals.add(referral)
    assert claims.claim(aws.claim_for(referral), aws.MESSAGE, now=NOW, cooldown=timedelta(days=365)) is None
    return referral


def test_a_sent_message_is_recorded_with_its_content_version(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    referral = claimed(referrals, claims)
    sent(referrals, referral)
    stored = table_reader.referral(referral)
    assert stored["stage"] == "sent"
    assert stored["milestones"]["sent"] == "2026-11-23T15:30:00.000Z"
    (tried,) = stored["messages"]["introduction"]["tries"].values()
    assert tried == {"at": "2026-11-23T15:30:00.000Z", "version": "2026-11", "content_hash": "c0ffee"}
    assert f"referral#{referral.receipt}" in table_reader.indexed()


@pytest.mark.parametrize("closing", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED, Closing.ANSWERED])
def test_a_referral_closed_during_the_send_stays_closed_and_has_the_milestone(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, closing: Closing
) -> None:
    referral = claimed(referrals, claims)
    referrals.close(referral.receipt, closing, NOW)
    sent(referrals, referral, NOW + timedelta(seconds=1))
    stored = table_reader.referral(referral)
    assert (stored["stage"], stored["reason"]) == ("closed", closing.value)
    assert stored["milestones"]["sent"] == "2026-11-23T15:30:01.000Z"
    assert stored["messages"]["introduction"]["tries"].keys() == {"message-1"}
    assert table_reader.indexed() == set()


def test_a_message_recorded_twice_keeps_the_first_time(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    # The SDK does so if the response to its first attempt was lost.
    referral = claimed(referrals, claims)
    sent(referrals, referral)
    sent(referrals, referral, NOW + timedelta(minutes=1))
    stored = table_reader.referral(referral)
    assert (stored["stage"], stored["milestones"]["sent"]) == ("sent", "2026-11-23T15:30:00.000Z")


def test_a_message_for_a_deleted_referral_creates_none(referrals: ReferralTable, table_reader: aws.TableReader) -> None:
    gone = aws.submitted()
    event = MailEvent(gone.receipt, "introduction", "message-1", EventKind.SENT, NOW, SendAttempt(NOW))
    assert apply_event(event, gone, samples.campaign(), referrals) is None
    assert table_reader.items() == {}
