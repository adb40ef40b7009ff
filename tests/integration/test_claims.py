"""Claims: one doctor, one step, one referral, whatever happens at once."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import timestamp
from referral_intake.aws.keys import Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.sent_messages import SentMessages
from referral_intake.core import decisions
from referral_intake.core.claim import Claim, Suppressed, Taken
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, Referral, closed
from tests.integration import aws
from tests.integration.aws import claim_for
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COOLDOWN = timedelta(days=365)
FORBIDDING = [Closing.COMPLAINED, Closing.OPTED_OUT, Closing.BOUNCED]
EVERYTHING = {
    "phone": "217 555 0123",
    "npi": "1234567893",
    "address": {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
}


def take(claims: ClaimTable, claim: Claim, now: Any = NOW) -> Taken | Suppressed | None:
    return claims.claim(claim, aws.MESSAGE, now=now, cooldown=COOLDOWN)


def stored(referrals: ReferralTable, **doctor_details: Any) -> Referral:
    referral = aws.submitted(**doctor_details)
    referrals.add(referral)
    return referral


# ---- Taken together --------------------------------------------------------------------------------------------------


def test_a_claim_takes_the_referral_and_the_doctor_under_every_key_with_one_request(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look, requests: aws.Requests
) -> None:
    referral = stored(referrals, **EVERYTHING)
    requests.by_operation.clear()

    assert take(claims, claim_for(referral)) is None

    assert requests.by_operation == {"TransactWriteItems": 1}
    assert look.referral(referral)["stage"] == "sending"
    assert look.referral(referral)["revision"] == 2
    assert look.referral(referral)["due_at"] == timestamp(NOW + LEASE)
    taken = {pk.split("#")[1]: doctor["lumen/introduction"]["by"] for pk, doctor in look.doctors().items()}
    assert taken == dict.fromkeys(["email", "npi", "phone", "postcode"], referral.receipt)


def test_a_claim_keeps_the_very_message(
    referrals: ReferralTable, claims: ClaimTable, client: "DynamoDBClient", table: str
) -> None:
    referrals.add(referral := aws.submitted())
    messages = SentMessages(client, table)
    assert messages.read(referral.receipt, "introduction") is None
    assert take(claims, aws.claim_for(referral)) is None
    assert messages.read(referral.receipt, "introduction") == aws.MESSAGE


def test_a_doctor_is_not_readable_from_the_table(referrals: ReferralTable, claims: ClaimTable, look: aws.Look) -> None:
    referral = stored(referrals, **EVERYTHING)
    take(claims, claim_for(referral))
    kept = str(look.doctors()).casefold()
    assert not [said for said in ("lopez", "clinic", "1234567893", "5550123", "62701") if said in kept]


def test_a_repeated_request_carries_the_token_that_makes_it_one(
    referrals: ReferralTable, claims: ClaimTable, requests: aws.Requests
) -> None:
    # The SDK may repeat it after a timeout, as adapters.dynamodb says.
    take(claims, claim_for(stored(referrals)))
    assert requests.bodies[-1]["ClientRequestToken"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "maria.lopez@clinic.example"}, {"email": "Maria.LOPEZ@Clinic.Example"}),
        ({"email": "maria.lopez@clinic.example"}, {"email": "maria.lopez+spine@clinic.example"}),
        ({"npi": "1234567893"}, {"npi": "1234567893", "email": "m.lopez@hospital.example", "name": "M. Lopez"}),
        (
            {"name": "Dr. María López, MD", "phone": "(217) 555-0123"},
            {"name": "MARIA A. LOPEZ", "phone": "+1 217.555.0123", "email": "x@y.example"},
        ),
    ],
    ids=["other letter case", "a tag", "the same NPI at another address", "name and phone written otherwise"],
)
def test_a_second_referral_for_the_same_doctor_is_told_who_leads(
    referrals: ReferralTable, claims: ClaimTable, first: dict[str, Any], second: dict[str, Any]
) -> None:
    leader, other = stored(referrals, **first), stored(referrals, **second)
    assert take(claims, claim_for(leader)) is None
    assert take(claims, claim_for(other)) == Taken(leader.receipt)


@pytest.mark.parametrize(
    "second",
    [
        {"email": "maria.lopez@hospital.example"},
        {"email": "j.smith@clinic.example", "name": "John Smith", "phone": "217 555 0123"},
    ],
    ids=["the same name elsewhere", "a colleague at the same phone"],
)
def test_another_doctor_is_not_taken(referrals: ReferralTable, claims: ClaimTable, second: dict[str, Any]) -> None:
    assert take(claims, claim_for(stored(referrals, phone="217 555 0123"))) is None
    assert take(claims, claim_for(stored(referrals, **second))) is None


def test_another_step_of_the_campaign_is_not_taken(referrals: ReferralTable, claims: ClaimTable) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    assert take(claims, claim_for(other, step="reminder")) is None


def test_a_referral_that_is_not_queued_any_more_can_not_be_claimed(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    referral = stored(referrals)
    referrals.move(referral, decisions.wait(Reason.PAUSED, NOW))
    before = look.items()
    with pytest.raises(Stale):
        take(claims, claim_for(referral))
    with pytest.raises(Stale):
        take(claims, claim_for(aws.at_revision(referral, 2)))
    assert look.items() == before


def test_a_redelivered_record_can_not_claim_again(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    assert take(claims, claim) is None
    with pytest.raises(Stale):
        take(claims, claim)


# ---- The doctor said no ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 1, 2, 3])
@pytest.mark.parametrize("reason", FORBIDDING)
def test_a_doctor_who_said_no_under_any_key_is_never_claimed(
    referrals: ReferralTable, claims: ClaimTable, reason: Closing, kind: int
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING))
    claims.suppress(claim.keys[kind], reason, NOW)
    assert take(claims, claim) == Suppressed(reason)
    assert claims.suppression(claim) == Suppressed(reason)


@pytest.mark.parametrize("reason", FORBIDDING)
def test_a_doctor_who_said_no_before_the_hashing_key_changed_is_never_claimed(
    referrals: ReferralTable, claims: ClaimTable, reason: Closing
) -> None:
    earlier, later = stored(referrals), stored(referrals)
    claims.suppress(claim_for(earlier).keys[0], reason, NOW)
    assert take(claims, claim_for(later, aws.ROTATED)) == Suppressed(reason)
    assert claims.suppression(claim_for(later, aws.ROTATED)) == Suppressed(reason)


def test_a_doctor_written_to_before_the_hashing_key_changed_is_taken(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    assert take(claims, claim_for(other, aws.ROTATED)) == Taken(leader.receipt)


def test_a_process_that_still_uses_the_old_hashing_key_and_one_that_uses_the_new_one_see_each_other(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    # Both know both keys: rotation first adds a key, and uses it later.
    not_yet = Keyring("k1", aws.ROTATED.keys)
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader, aws.ROTATED))
    assert take(claims, claim_for(other, not_yet)) == Taken(leader.receipt)


def test_the_strongest_reason_counts(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals, npi="1234567893"))
    claims.suppress(claim.keys[0], Closing.BOUNCED, NOW)
    claims.suppress(claim.keys[1], Closing.COMPLAINED, NOW)
    assert take(claims, claim) == Suppressed(Closing.COMPLAINED)


def test_that_the_doctor_said_no_counts_for_more_than_who_leads(referrals: ReferralTable, claims: ClaimTable) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    claims.suppress(claim_for(leader).keys[0], Closing.OPTED_OUT, NOW)
    assert take(claims, claim_for(other)) == Suppressed(Closing.OPTED_OUT)


def test_an_opt_out_that_was_taken_back_stops_nothing_and_a_later_one_does(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    claim = claim_for(stored(referrals))
    key, day = claim.keys[0], timedelta(days=1)
    claims.suppress(key, Closing.OPTED_OUT, NOW)
    claims.allow_again(key, NOW + day)
    assert claims.suppression(claim) is None
    (doctor,) = look.doctors().values()
    assert doctor["opted_out"] == timestamp(NOW)
    claims.suppress(key, Closing.OPTED_OUT, NOW + 2 * day)
    assert take(claims, claim) == claims.suppression(claim) == Suppressed(Closing.OPTED_OUT)
    claims.allow_again(key, NOW + 3 * day)
    assert take(claims, claim) is None


def test_an_opt_out_of_one_campaign_stops_that_campaign_alone(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    claims.suppress(claim.keys[0], Closing.OPTED_OUT, NOW, "another")
    assert claims.suppression(claim) is None
    claims.suppress(claim.keys[0], Closing.OPTED_OUT, NOW, "lumen")
    assert take(claims, claim) == claims.suppression(claim) == Suppressed(Closing.OPTED_OUT)


@pytest.mark.parametrize("fact", [Closing.COMPLAINED, Closing.BOUNCED])
def test_a_complaint_or_a_bounce_cannot_be_taken_back(
    referrals: ReferralTable, claims: ClaimTable, fact: Closing
) -> None:
    claim = claim_for(stored(referrals))
    claims.suppress(claim.keys[0], fact, NOW)
    claims.allow_again(claim.keys[0], NOW + timedelta(days=1))
    assert take(claims, claim) == claims.suppression(claim) == Suppressed(fact)


def test_a_no_never_ends(referrals: ReferralTable, claims: ClaimTable) -> None:
    claim = claim_for(stored(referrals))
    claims.suppress(claim.keys[0], Closing.OPTED_OUT, NOW)
    assert take(claims, claim, NOW + 40 * COOLDOWN) == Suppressed(Closing.OPTED_OUT)


# ---- The last look ---------------------------------------------------------------------------------------------------


def test_the_last_look_reads_consistently_every_key_at_once(
    referrals: ReferralTable, claims: ClaimTable, requests: aws.Requests
) -> None:
    claim = claim_for(stored(referrals, **EVERYTHING), aws.ROTATED)
    requests.by_operation.clear()
    assert claims.suppression(claim) is None
    assert requests.by_operation == {"BatchGetItem": 1}
    (asked,) = requests.bodies[-1]["RequestItems"].values()
    assert asked["ConsistentRead"] is True
    assert len(asked["Keys"]) == len(claim.keys) + len(claim.retired_keys) == 8


def test_a_doctor_who_opts_out_after_the_claim_is_seen_by_the_last_look(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    claim = claim_for(stored(referrals))
    take(claims, claim)
    claims.suppress(claim.keys[0], Closing.OPTED_OUT, NOW)
    assert claims.suppression(claim) == Suppressed(Closing.OPTED_OUT)


def test_a_last_look_that_was_answered_in_part_only_says_nothing(no_account: None) -> None:
    client = dynamodb.client()
    claim = claim_for(aws.submitted())
    with Stubber(client) as stubber:
        key = {"pk": {"S": f"doctor#{claim.keys[0]}"}, "sk": {"S": "doctor"}}
        answer = {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": [key]}}}
        stubber.add_response("batch_get_item", answer)
        with pytest.raises(Unavailable):
            ClaimTable(client, "t").suppression(claim)


# ---- Cooldown --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "expected"),
    [(timedelta(milliseconds=1), None), (timedelta(0), "taken"), (timedelta(days=-1), "taken")],
    ids=["over", "on its last moment", "running"],
)
def test_a_doctor_may_be_claimed_again_once_the_cooldown_is_over(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look, later: timedelta, expected: str | None
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))

    outcome = take(claims, claim_for(other), NOW + COOLDOWN + later)

    (doctor,) = look.doctors().values()
    if expected:
        assert outcome == Taken(leader.receipt)
        assert doctor["lumen/introduction"]["by"] == leader.receipt
    else:
        assert outcome is None
        assert doctor["lumen/introduction"]["by"] == other.receipt


def test_the_cooldown_counts_under_a_retired_hashing_key_as_well(referrals: ReferralTable, claims: ClaimTable) -> None:
    take(claims, claim_for(stored(referrals)))
    assert take(claims, claim_for(stored(referrals), aws.ROTATED), NOW + COOLDOWN + timedelta(days=1)) is None


# ---- Given back ------------------------------------------------------------------------------------------------------


def test_a_claim_that_is_given_back_frees_the_doctor_and_moves_the_referral_with_one_request(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look, requests: aws.Requests
) -> None:
    leader, other = stored(referrals, **EVERYTHING), stored(referrals)
    take(claims, claim_for(leader))
    requests.by_operation.clear()

    claims.release(claim_for(leader), decisions.wait(Reason.SES_THROTTLED, NOW + timedelta(minutes=5)))

    assert requests.by_operation == {"TransactWriteItems": 1}
    assert (look.referral(leader)["stage"], look.referral(leader)["reason"]) == ("waiting", Reason.SES_THROTTLED)
    assert not [doctor for doctor in look.doctors().values() if "lumen/introduction" in doctor]
    assert take(claims, claim_for(other)) is None


def test_a_claim_given_back_after_the_referral_was_closed_frees_the_doctor_and_leaves_it_closed(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    referrals.close(leader.receipt, Closing.OPTED_OUT, NOW)

    claims.release(claim_for(leader), decisions.wait(Reason.SES_THROTTLED, NOW))

    assert (look.referral(leader)["stage"], look.referral(leader)["reason"]) == ("closed", "opted_out")
    assert look.indexed() == {f"referral#{other.receipt}"}
    assert take(claims, claim_for(other)) is None


def test_giving_back_twice_does_not_take_the_doctor_from_the_next(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    leader, other = stored(referrals), stored(referrals)
    take(claims, claim_for(leader))
    claims.release(claim_for(leader), closed(Closing.REJECTED))
    take(claims, claim_for(other))

    claims.release(claim_for(leader), closed(Closing.REJECTED))

    (doctor,) = look.doctors().values()
    assert doctor["lumen/introduction"]["by"] == other.receipt


def test_giving_back_keeps_that_the_doctor_said_no(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    claim = claim_for(stored(referrals))
    take(claims, claim)
    claims.suppress(claim.keys[0], Closing.OPTED_OUT, NOW)
    claims.release(claim, closed(Closing.OPTED_OUT))
    assert claims.suppression(claim) == Suppressed(Closing.OPTED_OUT)


# ---- A claim that fails writes nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize("obstacle", ["taken", "suppressed", "stale", "suppressed under a retired key"])
def test_a_claim_that_fails_writes_to_no_item(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look, obstacle: str
) -> None:
    leader, other = stored(referrals, npi="1234567893"), stored(referrals, **EVERYTHING)
    if obstacle == "taken":
        take(claims, claim_for(leader))
    elif obstacle == "stale":
        referrals.move(other, decisions.wait(Reason.PAUSED, NOW))
    else:
        claims.suppress(claim_for(leader).keys[0], Closing.OPTED_OUT, NOW)
    ring = aws.ROTATED if "retired" in obstacle else aws.RING
    before = look.items()

    if obstacle == "stale":
        with pytest.raises(Stale):
            take(claims, claim_for(other, ring))
    else:
        assert take(claims, claim_for(other, ring)) is not None

    assert look.items() == before


# ---- What is transient is never an obstacle --------------------------------------------------------------------------


def canceled(client: "DynamoDBClient", *reasons: dict[str, Any]) -> Stubber:
    stubber = Stubber(client)
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        http_status_code=400,
        modeled_fields={"CancellationReasons": list(reasons)},
    )
    return stubber


FAILED: dict[str, Any] = {
    "Code": "ConditionalCheckFailed",
    "Item": {
        "lumen/introduction": {"M": {"by": {"S": "AAAA-AAAA-AAAA-AAAA"}, "at": {"S": "2026-11-23T15:30:00.000Z"}}}
    },
}
PASSED = {"Code": "None"}


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("beside", [FAILED, PASSED], ids=["beside a failed condition", "alone"])
def test_a_conflict_or_a_throttle_is_unavailable_and_never_reads_as_an_obstacle(
    no_account: None, code: str, place: int, beside: dict[str, Any]
) -> None:
    client = dynamodb.client()
    reasons = [beside, beside]
    reasons.insert(place, {"Code": code})
    with canceled(client, *reasons), pytest.raises(Unavailable):
        take(ClaimTable(client, "t"), claim_for(aws.submitted(npi="1234567893")))


def test_a_canceled_transaction_that_names_the_leader_reads_as_taken(no_account: None) -> None:
    # The stub's own proof: the same reasons without a conflict.
    client = dynamodb.client()
    with canceled(client, PASSED, FAILED, PASSED):
        outcome = take(ClaimTable(client, "t"), claim_for(aws.submitted(npi="1234567893")))
    assert outcome == Taken("AAAA-AAAA-AAAA-AAAA")


def test_a_claim_that_failed_without_saying_why_is_never_taken_for_a_claim(no_account: None) -> None:
    # A failed condition without its item: there is no leader to name, but no claim either, and so no mail.
    client = dynamodb.client()
    with canceled(client, PASSED, {"Code": "ConditionalCheckFailed"}), pytest.raises(Unavailable):
        take(ClaimTable(client, "t"), claim_for(aws.submitted()))


@pytest.mark.parametrize(
    "code", ["TransactionInProgressException", "ThrottlingException", "InternalServerError", "RequestLimitExceeded"]
)
def test_a_transaction_that_was_not_answered_is_unavailable(no_account: None, code: str) -> None:
    client = dynamodb.client()
    with Stubber(client) as stubber:
        stubber.add_client_error("transact_write_items", code, http_status_code=400)
        with pytest.raises(Unavailable):
            take(ClaimTable(client, "t"), claim_for(aws.submitted()))


def test_a_claim_names_the_referral_that_took_it_even_if_several_keys_are_taken_by_others(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    by_email, by_npi = stored(referrals), stored(referrals, email="other@clinic.example", npi="1234567893")
    both = stored(referrals, npi="1234567893")
    take(claims, claim_for(by_email))
    take(claims, claim_for(by_npi))
    assert take(claims, claim_for(both)) in (Taken(by_email.receipt), Taken(by_npi.receipt))


def test_a_doctor_known_by_many_retired_keys_still_fits_into_one_transaction(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    # 100 items is DynamoDB's limit: a rotation a year lasts for two decades.
    ring = Keyring("k20", {f"k{number}": bytes([number]) * 32 for number in range(1, 21)})
    claim = claim_for(stored(referrals, **EVERYTHING), ring)
    assert 1 + len(claim.keys) + len(claim.retired_keys) <= 100
    assert take(claims, replace(claim)) is None


# ---- Looking, without taking -----------------------------------------------------------------------------------------


def look_out(claims: ClaimTable, referral: Referral, now: Any = NOW) -> Taken | Suppressed | None:
    return claims.obstacle(claim_for(referral), now=now, cooldown=COOLDOWN)


def test_looking_what_stands_against_a_claim_takes_nobody(
    referrals: ReferralTable, claims: ClaimTable, look: aws.Look
) -> None:
    assert look_out(claims, stored(referrals, **EVERYTHING)) is None
    assert look.doctors() == {}


def test_a_doctor_who_was_written_to_stands_against_it_under_any_key_until_the_cooldown_is_over(
    referrals: ReferralTable, claims: ClaimTable
) -> None:
    leader = stored(referrals, **EVERYTHING)
    take(claims, claim_for(leader))
    by_post = stored(referrals, email=None, phone="217 555 0123")
    assert look_out(claims, by_post) == Taken(leader.receipt)
    assert look_out(claims, by_post, NOW + COOLDOWN + timedelta(seconds=1)) is None
    assert look_out(claims, leader) is None, "its own claim is no obstacle"


@pytest.mark.parametrize("fact", FORBIDDING)
def test_what_forbids_writing_to_a_doctor_stands_against_it(
    referrals: ReferralTable, claims: ClaimTable, fact: Closing
) -> None:
    by_post = stored(referrals, **EVERYTHING | {"email": None})
    claims.suppress(claim_for(by_post).keys[-1], fact, NOW)
    assert look_out(claims, by_post) == Suppressed(fact)
