"""The adapters of SES and DynamoDB against fakes by other authors: what they refuse, AWS may refuse too.

dynalite lacks TransactWriteItems, UpdateTimeToLive, streams and ReturnValuesOnConditionCheckFailure, so tests here call
neither `transact` nor `put_new` with an existing key. The other tests of tables run on DynamoDB Local.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws import ses as ses_adapter
from referral_intake.aws.listing_table import ListingTable
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.ses import SesAccount, SesMailer
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core import decisions
from referral_intake.core.errors import Stale
from referral_intake.core.message import Message
from referral_intake.core.quota import Quota
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Stage, close
from referral_intake.core.search_filter import SearchCriteria
from tests.engines import npm_engines
from tests.engines.npm_engines import QUOTA
from tests.integration import aws
from tests.integration.test_ses import message
from tests.support.http_client import fetch
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "referrals"

# ---- SES -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ses_url() -> Iterator[str]:
    with npm_engines.ses() as url:
        yield url


@pytest.fixture
def ses(ses_url: str, fake_credentials: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses_url)
    fetch(f"{ses_url}/clear-store", "POST")
    return ses_url


def sent(url: str, to_send: Message) -> Any:
    """The message as the fake stored it."""
    message_id = SesMailer(ses_adapter.client(), aws.SENDER, "outreach-mail").send(to_send)
    (stored,) = json.loads(fetch(f"{url}/store").body)["emails"]
    assert stored["messageId"] == message_id
    return stored


def test_ses_accepts_a_message_with_its_headers_and_both_bodies(ses: str) -> None:
    original = message()
    stored = sent(ses, original)
    assert stored["from"] == f"STAR <{aws.SENDER}>"
    assert stored["destination"] == {"to": [original.to], "cc": [], "bcc": []}
    assert stored["replyTo"] == [original.reply_to]
    assert (stored["subject"], stored["body"]) == (original.subject, {"text": original.text, "html": original.html})
    assert {header["name"]: header["value"] for header in stored["headers"]} == original.headers


@pytest.mark.parametrize("name", ["Dr. Ana, M.D.", 'The "STAR" team', "Médica Ñandú"])
def test_ses_accepts_every_sender_name(ses: str, name: str) -> None:
    assert sent(ses, message(name))["from"].endswith(f"<{aws.SENDER}>")


def test_the_quota_is_read_from_the_account(ses: str) -> None:
    quota = SesAccount(ses_adapter.client(), lambda: NOW).quota()
    assert quota == Quota(QUOTA["MaxSendRate"], QUOTA["Max24HourSend"], QUOTA["SentLast24Hours"])


# ---- DynamoDB --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dynalite_url() -> Iterator[str]:
    with npm_engines.dynalite() as url:
        yield url


@pytest.fixture
def dynalite(dynalite_url: str, fake_credentials: None, monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoDBClient]":
    """A client of the functions. The table of the template exists and is empty."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynalite_url)
    client = dynamodb.client()
    aws.make_table(client, name=TABLE)
    client.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
    yield client
    client.delete_table(TableName=TABLE)
    client.get_waiter("table_not_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})


def test_a_referral_is_stored_moved_answered_and_closed(dynalite: "DynamoDBClient") -> None:
    table, referral = ReferralTable(dynalite, TABLE), aws.submitted(email="maria@clinic.example", npi="1234567893")
    assert table.add(referral) is None
    assert table.get(referral.receipt) == referral
    table.move(referral, decisions.wait(Reason.SES_THROTTLED, NOW))
    with pytest.raises(Stale):
        table.move(referral, close(Closing.WITHDRAWN, at=NOW))
    assert table.due(referral.campaign, NOW, 10) == [referral.receipt]
    answered = table.answer(referral.receipt, Answer.NO, NOW)
    assert answered == table.get(referral.receipt, consistent=True)
    table.close(referral.receipt, Closing.OPTED_OUT, NOW)
    found = table.get(referral.receipt, consistent=True)
    assert found
    assert (found.stage, found.reason) == (Stage.CLOSED, Closing.OPTED_OUT)
    assert table.due(referral.campaign, NOW + timedelta(days=999), 10) == []


def test_referrals_are_found_by_every_index_of_the_dashboard(dynalite: "DynamoDBClient") -> None:
    referral = aws.submitted(email="maria@clinic.example", npi="1234567893", name="Maria Lopez")
    ReferralTable(dynalite, TABLE).add(referral)
    campaign, listing = referral.campaign, ListingTable(dynalite, TABLE)
    for criteria in (
        SearchCriteria(campaign),
        SearchCriteria(campaign, words=("lopez",)),
        SearchCriteria(campaign, email="maria@clinic.example"),
        SearchCriteria(campaign, npi="1234567893"),
    ):
        assert [one.receipt for one in listing.search(criteria).referrals] == [referral.receipt], criteria
    assert all(counted.count == 0 for counted in listing.count_tasks(campaign).values())


def test_items_are_updated_counted_and_deleted(dynalite: "DynamoDBClient") -> None:
    gateway, key = Table(dynalite, TABLE), {"pk": {"S": "item"}, "sk": {"S": "item"}}
    assert gateway.put_new(key) is None
    increment = Update(key).add("number", 2)
    assert gateway.update_and_get(increment) == {**key, "number": {"N": "2"}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "item"}}}
    assert gateway.count(**query) == 1
    assert gateway.read_many([key]).units > 0
    gateway.delete(key)
    assert gateway.get(key, consistent=True) is None
