"""Claims: one referral per doctor and step, even with concurrent requests."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.doctor_table import MAX_ATTEMPTS
from referral_intake.aws.item_format import timestamp
from referral_intake.aws.keys import Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.sent_messages import SentMessages
from referral_intake.core import decisions
from referral_intake.core.claim import AlreadyClaimed, Claim, MailboxSuppressed, MustHold, Obstacle, Suppressed
from referral_intake.core.errors import Conflict, NothingToTakeBack, Stale, Unavailable
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, Referral, close
from tests.integration import aws
from tests.integration.aws import claim_for
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COOLDOWN = timedelta(days=365)
DECLINED = [Closing.COMPLAINED, Closing.OPTED_OUT]
OTHER = "AAAA-AAAA-AAAA-AAAA"
EVERYTHING = {
    "phone": "217 555 0123",
    "npi": "1234567893",
    "address": {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
}


def take(claims: ClaimTable, claim: Claim, now: Any = NOW) -> Obstacle | None:
    return claims.claim(claim, aws.MESSAGE, now=now, cooldown=COOLDOWN)


def suppress(
    claims: ClaimTable, key: str, fact: Closing, now: Any, campaign: str | None = None, *, is_personal: bool = False
) -> None:
    claims.suppress([key], fact, OTHER, now, campaign, is_personal=is_personal)


def claimed_by(doctor: dict[str, Any]) -> str | None:
    """The referral that claimed the introduction for the only doctor under this key."""
    (record,) = doctor["doctors"].values()
    claim = record.get("claims", {}).get("lumen/introduction")
    return claim and str(claim["by"])


def last_check(claims: ClaimTable, claim: Claim, now: Any = NOW) -> Obstacle | None:
    return claims.last_check(claim, now=now, cooldown=COOLDOWN)


def stored(referrals: ReferralTable, **doctor_details: Any) -> Referral:
    referral = aws.submitted(**doctor_details)
    referrals.add(referral)
    return referral


# ---- Claiming --------------------------------------------------------------------------------------------------------


def test_a_claim_covers_the_referral_and_every_key_of_the_doctor_in_one_request(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    referral = stored(referrals, **EVERYTHING)
    request_counter.by_operation.clear()

    assert take(claims, claim_for(referral)) is None

    assert request_counter.by_operation == {"BatchGetItem": 1, "TransactWriteItems": 1}
    assert table_reader.referral(referral)["stage"] == "sending"
    assert table_reader.referral(referral)["revision"] == 2
    assert table_reader.referral(referral)["due_at"] == timestamp(NOW + LEASE)
    taken = {pk.split("#")[1]: claimed_by(doctor) for pk, doctor in table_reader.doctors().items()}
    assert taken == dict.fromkeys(["email", "npi", "phone", "postcode"], referral.receipt)


def test_a_claim_archives_the_exact_message(
    referrals: ReferralTable, claims: ClaimTable, client: "DynamoDBClient", table: str
) -> None:
    referrals.add(referral := aws.submitted())
    messages = SentMessages(client, table)
    assert messages.read(referral.receipt, "introduction") is None
    assert take(claims, aws.claim_for(referral)) is None
    assert messages.read(referral.receipt, "introduction") == aws.MESSAGE


def test_the_table_does_not_reveal_a_doctor(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    referral = stored(referrals, **EVERYTHING)
    take(claims, claim_for(referral))
    text = str(table_reader.doctors()).casefold()
    assert not [detail for detail in ("lopez", "clinic", "1234567893", "5550123", "62701") if detail in text]


def test_a_retry_of_the_sdk_has_the_same_token(
    referrals: ReferralTable, claims: ClaimTable, request_counter: aws.RequestCounter
) -> None:
    # The SDK may retry after a timeout, see adapters.dynamodb.
    take(claims, claim_for(stored(referrals)))
    assert request_counter.bodies[-1]["ClientRequestToken"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "maria.lopez@clinic.example"}, {"email": "Maria.LOPEZ@Clinic.Example"}),
        ({"email": "maria.lopez@clinic.example"}, {"email": "maria.lopez+spine@clinic.example"}),
        ({"npi": "1234567893"}, {"npi": "1234567893", "email": "m.lopez@hospital.example", "name": "M. Lopez"}),
        (
            {"name": "Dr. María López, MD", "phone": "(217) 555-0123", "email": None},
            {"name": "LOPEZ, MARIA", "phone": "+1 217.555.0123", "email": None},
        ),
    ],
    ids=["other letter case", "a tag", "the same NPI at another address", "name and phone written otherwise"],
)
def test_a_second_referral_for_the_same_doctor_learns_its_leader(
    referrals: ReferralTable, claims: ClaimTable, first: dict[str, Any], second: dict[str, Any]
) -> None:
    leader, other = stored(referrals, **first), stored(referrals, **second)
    assert take(claims, claim_for(leader)) is None
    assert take(claims, claim_for(other)) == AlreadyClaimed(leader.receipt)


@pytest.mark.parametrize(
    "second",
    [
        {"email": "maria.lopez@hospital.example"},
        {"email": "j.smith@clinic.example", "name": "John Smith", "phone": "217 555 0123"},
    ],
    ids=["the same name elsewhere", "a colleague at the same phone"],
)
def test_a_different_doctor_is_not_claimed(
    referrals: ReferralTable, claims: ClaimTable, second: dict[str, Any]
) -> None:
    assert take(claims, claim_for(stored(referrals, phone="217 555 0123"))) is None
    assert take(claims, claim_for(stored(referrals, **second))) is None


def test_another_step_of_the_campaign_is_not_claimed(referrals: ReferralTable, claims: ClaimTable) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    assert take(claims, claim_for(other, step="reminder")) is None


def test_a_referral_that_is_no_longer_queued_cannot_be_claimed(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    referral = stored(referrals)
    referrals.move(referral, decisions.wait(Reason.PAUSED, NOW))
    before = table_reader.items()
    with pytest.raises(Stale):
        take(claims, claim_for(referral))
    with pytest.raises(Stale):
        take(claims, claim_for(aws.at_revision(referral, 2)))
    assert table_reader.items() == before


def test_a_redelivered_record_cannot_claim_again(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    assert take(claims, claim) is None
    with pytest.raises(Stale):
        take(claims, claim)


# ---- Doctors who declined --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("reason", DECLINED)
def test_a_doctor_who_declined_under_a_strong_key_is_never_claimed(
    referrals: ReferralTable, claims: ClaimTable, reason: Closing, kind: int
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING))
    suppress(claims, claim.keys[kind], reason, NOW)
    assert take(claims, claim) == last_check(claims, claim) == Suppressed(reason)


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("reason", DECLINED)
def test_a_doctor_of_the_same_name_and_phone_or_zip_code_who_declined_is_a_question_for_a_person(
    referrals: ReferralTable, claims: ClaimTable, reason: Closing, kind: int
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING))
    suppress(claims, claim.keys[kind], reason, NOW)
    assert take(claims, claim) == last_check(claims, claim) == MustHold(Reason.MAY_HAVE_OPTED_OUT, OTHER)


@pytest.mark.parametrize("kind", [2, 3])
def test_an_opt_out_at_the_doctors_word_is_certain_for_the_name_with_phone_or_zip_code(
    referrals: ReferralTable, claims: ClaimTable, kind: int
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING))
    suppress(claims, claim.keys[kind], Closing.OPTED_OUT, NOW, is_personal=True)
    assert take(claims, claim) == last_check(claims, claim) == Suppressed(Closing.OPTED_OUT)


def test_a_bounced_mailbox_gets_no_message_and_the_doctor_may_get_a_letter(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING))
    claims.suppress(claim.keys, Closing.BOUNCED, OTHER, NOW)
    assert take(claims, claim) == last_check(claims, claim) == MailboxSuppressed(Reason.EMAIL_BOUNCED)
    assert claims.obstacle(claim, now=NOW, cooldown=COOLDOWN) is None
    elsewhere = claim_for(stored(referrals, **EVERYTHING | {"email": "other@clinic.example"}))
    assert take(claims, elsewhere) is None


@pytest.mark.parametrize("reason", DECLINED)
def test_a_doctor_who_declined_before_a_key_rotation_is_never_claimed(
    referrals: ReferralTable, claims: ClaimTable, reason: Closing
) -> None:
    earlier, later = stored(referrals), stored(referrals)
    suppress(claims, claim_for(earlier).keys[0], reason, NOW)
    assert take(claims, claim_for(later, aws.ROTATED)) == Suppressed(reason)
    assert last_check(claims, claim_for(later, aws.ROTATED)) == Suppressed(reason)


def test_a_doctor_mailed_before_a_key_rotation_is_already_claimed(referrals: ReferralTable, claims: ClaimTable) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    assert take(claims, claim_for(other, aws.ROTATED)) == AlreadyClaimed(leader.receipt)


def test_processes_with_the_old_and_the_new_hashing_key_respect_each_others_claims(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    # Both know both keys: a rotation adds a key first and uses it later.
    not_yet = Keyring("k1", aws.ROTATED.keys)
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader, aws.ROTATED))
    assert take(claims, claim_for(other, not_yet)) == AlreadyClaimed(leader.receipt)


def test_the_strongest_reason_is_returned(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals, npi="1234567893"))
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW)
    suppress(claims, claim.keys[1], Closing.COMPLAINED, NOW)
    assert take(claims, claim) == Suppressed(Closing.COMPLAINED)


def test_a_suppression_outranks_a_leader(referrals: ReferralTable, claims: ClaimTable) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    suppress(claims, claim_for(leader).keys[0], Closing.OPTED_OUT, NOW)
    assert take(claims, claim_for(other)) == Suppressed(Closing.OPTED_OUT)


def test_a_withdrawn_opt_out_stops_nothing_and_a_later_one_does(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    claim = claim_for(stored(referrals))
    key, day = claim.keys[0], timedelta(days=1)
    suppress(claims, key, Closing.OPTED_OUT, NOW)
    claims.undo_opt_out([key], OptOut("opted_out", OTHER, NOW), NOW + day)
    assert last_check(claims, claim) is None
    (doctor,) = table_reader.doctors().values()
    (record,) = doctor["doctors"].values()
    assert record["facts"]["opted_out"]["at"] == timestamp(NOW)
    suppress(claims, key, Closing.OPTED_OUT, NOW + 2 * day)
    assert take(claims, claim) == last_check(claims, claim) == Suppressed(Closing.OPTED_OUT)
    claims.undo_opt_out([key], OptOut("opted_out", OTHER, NOW + 2 * day), NOW + 3 * day)
    assert take(claims, claim) is None


def test_an_opt_out_of_one_campaign_affects_only_that_campaign(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW, "another")
    assert last_check(claims, claim) is None
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW, "lumen")
    assert take(claims, claim) == last_check(claims, claim) == Suppressed(Closing.OPTED_OUT)


@pytest.mark.parametrize(
    ("fact", "obstacle"),
    [
        (Closing.COMPLAINED, Suppressed(Closing.COMPLAINED)),
        (Closing.BOUNCED, MailboxSuppressed(Reason.EMAIL_BOUNCED)),
    ],
)
def test_a_complaint_or_a_bounce_cannot_be_undone_as_an_opt_out(
    referrals: ReferralTable, claims: ClaimTable, fact: Closing, obstacle: Obstacle
) -> None:
    claim = claim_for(stored(referrals))
    suppress(claims, claim.keys[0], fact, NOW)
    with pytest.raises(NothingToTakeBack):
        claims.undo_opt_out([claim.keys[0]], OptOut(fact.value, OTHER, NOW), NOW + timedelta(days=1))
    assert take(claims, claim) == last_check(claims, claim) == obstacle


def test_a_suppression_never_expires(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW)
    assert take(claims, claim, NOW + 40 * COOLDOWN) == Suppressed(Closing.OPTED_OUT)


# ---- Last check before sending ---------------------------------------------------------------------------------------


def test_the_last_check_reads_every_key_consistently_in_one_request(
    referrals: ReferralTable, claims: ClaimTable, request_counter: aws.RequestCounter
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING), aws.ROTATED)
    request_counter.by_operation.clear()
    assert last_check(claims, claim) is None
    assert request_counter.by_operation == {"BatchGetItem": 1}
    (requests,) = request_counter.bodies[-1]["RequestItems"].values()
    assert requests["ConsistentRead"] is True
    assert len(requests["Keys"]) == len(claim.keys) + len(claim.retired_keys) == 8


def test_the_last_check_sees_an_opt_out_after_the_claim(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    take(claims, claim)
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW)
    assert last_check(claims, claim) == Suppressed(Closing.OPTED_OUT)


def test_a_partial_response_to_the_last_check_is_not_a_result(fake_credentials: None) -> None:
    client = dynamodb.client()
    claim = claim_for(aws.submitted())
    with Stubber(client) as stubber:
        key = {"pk": {"S": f"doctor#{claim.keys[0]}"}, "sk": {"S": "doctor"}}
        answer = {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": [key]}}}
        stubber.add_response("batch_get_item", answer)
        with pytest.raises(Unavailable):
            last_check(ClaimTable(client, "t"), claim)


# ---- Cooldown --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "expected"),
    [(timedelta(milliseconds=1), None), (timedelta(0), "taken"), (timedelta(days=-1), "taken")],
    ids=["over", "on its last moment", "running"],
)
def test_a_doctor_may_be_claimed_again_after_the_cooldown(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, later: timedelta, expected: str | None
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))

    outcome = take(claims, claim_for(other), NOW + COOLDOWN + later)

    (doctor,) = table_reader.doctors().values()
    if expected:
        assert outcome == AlreadyClaimed(leader.receipt)
        assert claimed_by(doctor) == leader.receipt
    else:
        assert outcome is None
        assert claimed_by(doctor) == other.receipt


def test_the_cooldown_also_applies_under_a_retired_hashing_key(referrals: ReferralTable, claims: ClaimTable) -> None:
    take(claims, claim_for(stored(referrals)))
    assert take(claims, claim_for(stored(referrals), aws.ROTATED), NOW + COOLDOWN + timedelta(days=1)) is None


# ---- Releasing a claim -----------------------------------------------------------------------------------------------


def test_a_release_frees_the_doctor_and_moves_the_referral_in_one_request(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, request_counter: aws.RequestCounter
) -> None:
    leader, other = stored(referrals, **EVERYTHING), stored(referrals)
    take(claims, claim_for(leader))
    request_counter.by_operation.clear()

    claims.release(claim_for(leader), decisions.wait(Reason.SES_THROTTLED, NOW + timedelta(minutes=5)))

    assert request_counter.by_operation == {"TransactWriteItems": 1}
    assert (table_reader.referral(leader)["stage"], table_reader.referral(leader)["reason"]) == (
        "waiting",
        Reason.SES_THROTTLED,
    )
    assert not [doctor for doctor in table_reader.doctors().values() if claimed_by(doctor)]
    assert take(claims, claim_for(other)) is None


def test_a_release_after_the_referral_was_closed_frees_the_doctor_and_keeps_it_closed(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    referrals.close(leader.receipt, Closing.OPTED_OUT, NOW)

    claims.release(claim_for(leader), decisions.wait(Reason.SES_THROTTLED, NOW))

    assert (table_reader.referral(leader)["stage"], table_reader.referral(leader)["reason"]) == ("closed", "opted_out")
    assert table_reader.indexed() == {f"referral#{other.receipt}"}
    assert take(claims, claim_for(other)) is None


def test_a_second_release_does_not_free_the_doctor_from_the_next_claim(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    claims.release(claim_for(leader), close(Closing.REJECTED))
    take(claims, claim_for(other))

    claims.release(claim_for(leader), close(Closing.REJECTED))

    (doctor,) = table_reader.doctors().values()
    assert claimed_by(doctor) == other.receipt


def test_a_release_keeps_a_suppression(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    claim = claim_for(stored(referrals))
    take(claims, claim)
    suppress(claims, claim.keys[0], Closing.OPTED_OUT, NOW)
    claims.release(claim, close(Closing.OPTED_OUT))
    assert last_check(claims, claim) == Suppressed(Closing.OPTED_OUT)


# ---- A failed claim writes nothing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("obstacle", ["taken", "suppressed", "stale", "suppressed under a retired key"])
def test_a_failed_claim_writes_no_item(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader, obstacle: str
) -> None:
    leader, other = stored(referrals, npi="1234567893"), stored(referrals, **EVERYTHING)
    if obstacle == "taken":
        take(claims, claim_for(leader))
    elif obstacle == "stale":
        referrals.move(other, decisions.wait(Reason.PAUSED, NOW))
    else:
        suppress(claims, claim_for(leader).keys[0], Closing.OPTED_OUT, NOW)
    ring = aws.ROTATED if "retired" in obstacle else aws.RING
    before = table_reader.items()

    if obstacle == "stale":
        with pytest.raises(Stale):
            take(claims, claim_for(other, ring))
    else:
        assert take(claims, claim_for(other, ring)) is not None

    assert table_reader.items() == before


# ---- Transient errors are not obstacles ------------------------------------------------------------------------------


def canceled(client: "DynamoDBClient", *reasons: dict[str, Any]) -> Stubber:
    stubber = Stubber(client)
    stubber.add_response("batch_get_item", {"Responses": {"t": []}, "UnprocessedKeys": {}})
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        http_status_code=400,
        modeled_fields={"CancellationReasons": list(reasons)},
    )
    return stubber


FAILED: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Item": {"version": {"N": "2"}}}
PASSED = {"Code": "None"}


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("beside", [FAILED, PASSED], ids=["beside a failed condition", "alone"])
def test_a_conflict_or_a_throttle_is_unavailable_and_never_an_obstacle(
    fake_credentials: None, code: str, place: int, beside: dict[str, Any]
) -> None:
    client = dynamodb.client()
    reasons = [beside, beside]
    reasons.insert(place, {"Code": code})
    with canceled(client, *reasons), pytest.raises(Unavailable):
        take(ClaimTable(client, "t"), claim_for(aws.submitted(npi="1234567893")))


def test_a_claim_is_decided_again_if_a_record_changed_meanwhile(fake_credentials: None) -> None:
    # Proves the stub, too: the same reasons without a conflict.
    client = dynamodb.client()
    stubber = canceled(client, PASSED, FAILED, PASSED)
    claim = claim_for(aws.submitted(npi="1234567893"))
    claimed = {"M": {"by": {"S": OTHER}, "at": {"S": "2026-11-23T15:30:00.000Z"}}}
    record = {"M": {"mailbox": {"S": claim.keys[0]}, "claims": {"M": {"lumen/introduction": claimed}}}}
    item = {"pk": {"S": f"doctor#{claim.keys[0]}"}, "version": {"N": "2"}, "doctors": {"M": {"its id": record}}}
    stubber.add_response("batch_get_item", {"Responses": {"t": [item]}, "UnprocessedKeys": {}})
    with stubber:
        assert take(ClaimTable(client, "t"), claim) == AlreadyClaimed(OTHER)
    stubber.assert_no_pending_responses()


def test_a_claim_whose_records_change_again_and_again_is_never_read_as_a_success(fake_credentials: None) -> None:
    client = dynamodb.client()
    stubber = Stubber(client)
    for _ in range(MAX_ATTEMPTS):
        stubber.add_response("batch_get_item", {"Responses": {"t": []}, "UnprocessedKeys": {}})
        stubber.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields={"CancellationReasons": [PASSED, {"Code": "ConditionalCheckFailed"}]},
        )
    with stubber, pytest.raises(Conflict):
        take(ClaimTable(client, "t"), claim_for(aws.submitted()))


@pytest.mark.parametrize(
    "code", ["TransactionInProgressException", "ThrottlingException", "InternalServerError", "RequestLimitExceeded"]
)
def test_a_transaction_without_a_response_is_unavailable(fake_credentials: None, code: str) -> None:
    client = dynamodb.client()
    with Stubber(client) as stubber:
        stubber.add_response("batch_get_item", {"Responses": {"t": []}, "UnprocessedKeys": {}})
        stubber.add_client_error("transact_write_items", code, http_status_code=400)
        with pytest.raises(Unavailable):
            take(ClaimTable(client, "t"), claim_for(aws.submitted()))


def test_a_failed_claim_names_the_leader_even_if_other_keys_are_claimed_by_others(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    by_email, by_npi = stored(referrals), stored(referrals, email="other@clinic.example", npi="1234567893")
    both = stored(referrals, npi="1234567893")
    take(claims, claim_for(by_email))
    take(claims, claim_for(by_npi))
    assert take(claims, claim_for(both)) in (AlreadyClaimed(by_email.receipt), AlreadyClaimed(by_npi.receipt))


def test_a_doctor_with_many_retired_keys_fits_in_one_transaction(referrals: ReferralTable, claims: ClaimTable) -> None:
    # DynamoDB's limit of 100 items lasts two decades with one rotation a year.
    ring = Keyring("k20", {f"k{number}": bytes([number]) * 32 for number in range(1, 21)})
    claim = claim_for(stored(referrals, **EVERYTHING), ring)
    assert 1 + len(claim.keys) + len(claim.retired_keys) <= 100
    assert take(claims, replace(claim)) is None


# ---- Checking without claiming ---------------------------------------------------------------------------------------


def check_only(claims: ClaimTable, referral: Referral, now: Any = NOW) -> Obstacle | None:
    return claims.obstacle(claim_for(referral), now=now, cooldown=COOLDOWN)


def test_a_check_for_obstacles_claims_no_doctor(
    referrals: ReferralTable, claims: ClaimTable, table_reader: aws.TableReader
) -> None:
    assert check_only(claims, stored(referrals, **EVERYTHING)) is None
    assert table_reader.doctors() == {}


def test_an_earlier_message_to_the_same_doctor_is_an_obstacle_until_the_cooldown_ends(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    leader = stored(referrals, **EVERYTHING)
    take(claims, claim_for(leader))
    by_post = stored(referrals, email=None, npi="1234567893", phone="217 555 0123")
    assert check_only(claims, by_post) == AlreadyClaimed(leader.receipt)
    assert check_only(claims, by_post, NOW + COOLDOWN + timedelta(seconds=1)) is None
    assert check_only(claims, leader) is None, "its own claim is no obstacle"


@pytest.mark.parametrize("fact", DECLINED)
def test_a_suppression_is_an_obstacle(referrals: ReferralTable, claims: ClaimTable, fact: Closing) -> None:
    by_post = stored(referrals, **EVERYTHING | {"email": None})
    suppress(claims, claim_for(by_post).keys[0], fact, NOW)
    assert check_only(claims, by_post) == Suppressed(fact)
