"""The table gateway: batches, retries, incomplete responses, and AWS errors as exceptions of this product."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.stub import Stubber

from referral_intake.aws import dynamodb
from referral_intake.aws.breaker_table import BreakerTable
from referral_intake.aws.item_format import Item
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.stats_table import StatsTable
from referral_intake.aws.table import BATCH, Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.errors import Conflict, Throttled, Unavailable
from referral_intake.dashboard.wiring import DashboardParts, DashboardSettings
from referral_intake.intake import submissions
from referral_intake.stats.counting_table import CountingTable
from referral_intake.wake import backlog_metrics, due_referrals
from referral_intake.wake.wiring import BacklogMetricSources
from referral_intake.web.pages import Site
from tests.faults.call_interceptor import response
from tests.integration import aws
from tests.support import events, proofs, samples
from tests.support.dashboard import QUOTA, FakeAccount, ask
from tests.support.function_output import recorded_output
from tests.support.samples import CAMPAIGNS, NOW, TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAMPAIGN = samples.campaign().name


def key(number: int) -> Item:
    return {"pk": {"S": f"item#{number:03}"}, "sk": {"S": "item"}}


# ---- Reads -----------------------------------------------------------------------------------------------------------


def test_many_items_are_read_in_batches(
    client: "DynamoDBClient", table: str, request_counter: aws.RequestCounter
) -> None:
    gateway = Table(client, table)
    for number in range(0, 2 * BATCH, 50):
        gateway.put({**key(number), "number": {"N": str(number)}})
    request_counter.by_operation.clear()
    found = gateway.read_many([key(number) for number in range(2 * BATCH + 1)], ["number"])
    assert sorted(item["number"]["N"] for item in found.items) == ["0", "100", "150", "50"]
    assert all(item.keys() == {"number"} for item in found.items)
    assert found.units > 0
    assert request_counter.by_operation == {"BatchGetItem": 3}


def test_no_keys_send_no_request(client: "DynamoDBClient", table: str, request_counter: aws.RequestCounter) -> None:
    assert Table(client, table).read_many([]).items == []
    assert request_counter.by_operation == {}


def test_all_pages_of_a_query_are_read(
    client: "DynamoDBClient", table: str, request_counter: aws.RequestCounter
) -> None:
    gateway = Table(client, table)
    for number in range(3):
        gateway.put({"pk": {"S": "items"}, "sk": {"S": str(number)}})
    request_counter.by_operation.clear()
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "items"}}}
    assert [item["sk"]["S"] for item in gateway.query_all(**query, Limit=2)] == ["0", "1", "2"]
    assert request_counter.by_operation == {"Query": 2}


@pytest.fixture
def stubber(fake_credentials: None) -> Iterator[Stubber]:
    with Stubber(dynamodb.client()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def stubbed(stubber: Stubber, sleep: Callable[[float], None] = time.sleep) -> Table:
    client: Any = stubber.client
    return Table(client, "t", sleep)


def partly(found: list[Item], left: list[Item]) -> dict[str, Any]:
    return {"Responses": {"t": found}, "UnprocessedKeys": {"t": {"Keys": left}} if left else {}}


def asked_for(*keys: Item) -> dict[str, Any]:
    return {"RequestItems": {"t": {"Keys": list(keys), "ConsistentRead": True}}, "ReturnConsumedCapacity": "TOTAL"}


def test_unprocessed_keys_are_retried_after_a_pause_with_the_same_consistency(stubber: Stubber) -> None:
    pauses: list[float] = []
    stubber.add_response("batch_get_item", partly([key(1)], [key(2), key(3)]), asked_for(key(1), key(2), key(3)))
    stubber.add_response("batch_get_item", partly([], [key(2), key(3)]), asked_for(key(2), key(3)))
    stubber.add_response("batch_get_item", partly([key(3), key(2)], []), asked_for(key(2), key(3)))
    found = stubbed(stubber, pauses.append).read_many([key(1), key(2), key(3)], consistent=True)
    assert found.items == [key(1), key(3), key(2)]
    assert pauses == [0.05, 0.1]


def test_keys_that_stay_unprocessed_are_unavailable(stubber: Stubber) -> None:
    pauses: list[float] = []
    for _ in range(6):
        stubber.add_response("batch_get_item", partly([], [key(1)]))
    with pytest.raises(Unavailable, match="UnprocessedKeys"):
        stubbed(stubber, pauses.append).read_many([key(1)])
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8]


# ---- Incomplete responses --------------------------------------------------------------------------------------------

QUERY = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "items"}}}


def test_a_response_without_consumed_capacity_counts_as_zero_units(stubber: Stubber) -> None:
    stubber.add_response("batch_get_item", {"Responses": {"t": [key(1)]}, "UnprocessedKeys": {}})
    stubber.add_response("query", {"Items": [key(1)], "Count": 1})
    stubber.add_response("query", {"Count": 1})
    gateway = stubbed(stubber)
    assert (gateway.read_many([key(1)]).units, gateway.query(**QUERY).units, gateway.count(**QUERY)) == (0, 0, 1)


@pytest.fixture
def no_units(client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not report consumed capacity."""
    client.meta.events.register("after-call.dynamodb", lambda parsed, **_: parsed.pop("ConsumedCapacity", None))
    monkeypatch.setattr(dynamodb, "client", lambda: client)


def test_the_dashboard_works_without_reported_capacity(
    no_units: None, client: "DynamoDBClient", table: str, stats_table: str, secret_names: dict[str, str]
) -> None:
    parts = DashboardParts(DashboardSettings.read(aws.environment(table, secret_names, "DashboardFunction")))
    parts.__dict__["ses_account"] = FakeAccount()
    ReferralTable(client, table).add(referral := aws.submitted())
    CountingTable(client, stats_table).count([referral])
    days = f"campaign={CAMPAIGN}&from={NOW.date()}&to={NOW.date()}"
    status, overview = ask(parts, "GET", "/overview", query=days)
    assert (status, overview["period"]["facts"], overview["read_units"]) == (200, {"submitted": 1}, 0)
    status, breakdown = ask(parts, "GET", "/breakdowns/source", query=days)
    assert (status, breakdown["values"][0]["facts"], breakdown["read_units"]) == (200, {"submitted": 1}, 0)
    for chosen in ({}, {"stage": "queued"}):
        status, page = ask(parts, "POST", "/referrals/search", {"campaign": CAMPAIGN, **chosen})
        assert (status, [one["receipt"] for one in page["referrals"]]) == (200, [referral.receipt])


def test_wake_works_without_reported_capacity(
    no_units: None, client: "DynamoDBClient", table: str, stats_table: str
) -> None:
    CountingTable(client, stats_table).count([aws.submitted()])
    campaigns = CAMPAIGNS
    parts = BacklogMetricSources(campaigns, BreakerTable(client, table), StatsTable(client, stats_table), lambda: QUOTA)
    with recorded_output() as output:
        backlog_metrics.emit_all(parts, NOW, due_referrals.logger)
    emitted = [line for line in output.emitted if line.get("campaign") == CAMPAIGN and "OpenReferrals" in line]
    assert {line["reason"]: line["OpenReferrals"] for line in emitted}["queued"] == [1]


CALLS: dict[str, Callable[[Table], object]] = {
    "get": lambda table: table.get(key(1)),
    "read_many": lambda table: table.read_many([key(1)]),
    "query": lambda table: table.query(**QUERY),
    "query_all": lambda table: list(table.query_all(**QUERY)),
    "count": lambda table: table.count(**QUERY),
    "put": lambda table: table.put(key(1)),
    "put_new": lambda table: table.put_new(key(1)),
    "update": lambda table: table.update(Update(key(1)).set("number", 1)),
    "update_and_get": lambda table: table.update_and_get(Update(key(1)).set("number", 1)),
    "delete": lambda table: table.delete(key(1)),
    "transact": lambda table: table.transact(puts=[key(1)]),
}


def answering(status: int, body: bytes) -> "DynamoDBClient":
    """A client that gets this response to each request."""
    client = dynamodb.client()

    # The return value of this handler replaces the response, which its type does not state.
    def answer(request: AWSPreparedRequest, **_: object) -> Any:
        return response(request, status, body)

    client.meta.events.register("before-send", answer)
    return client


def test_a_truncated_response_is_never_read_as_empty(fake_credentials: None) -> None:
    gateway = Table(answering(200, b'{"Responses": {'), "t")
    for name in ("read_many", "query", "query_all", "count", "update_and_get"):
        with pytest.raises(Unavailable):
            CALLS[name](gateway)


# ---- Errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"), [(400, b"<html>Bad Request</html>"), (403, b""), (400, b'{"__type": "com.amaz')]
)
def test_an_unreadable_error_is_unavailable(fake_credentials: None, status: int, body: bytes) -> None:
    gateway = Table(answering(status, body), "t")
    for call in CALLS.values():
        with pytest.raises(Unavailable, match=str(status)):
            call(gateway)


def test_a_patient_is_asked_to_retry_after_an_unreadable_error(fake_credentials: None) -> None:
    site = Site(TEMPLATES, aws.SITE_URL, CAMPAIGNS)
    intake = proofs.intake(ReferralTable(answering(400, b"<html>Bad Request</html>"), "t"), site)
    submission = events.post_json(samples.payload())
    assert submissions.respond(submission, intake, NOW)["statusCode"] == 503


def test_an_invalid_request_stays_an_error(fake_credentials: None) -> None:
    client = answering(400, b'{"__type": "com.amazon.coral.validate#ValidationException", "message": "no"}')
    for call in CALLS.values():
        with pytest.raises(client.exceptions.ClientError, match="ValidationException"):
            call(Table(client, "t"))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["ConditionalCheckFailed", "TransactionConflict"], Conflict),
        (["ThrottlingError", "None"], Throttled),
        (["None", "ProvisionedThroughputExceeded"], Throttled),
        (["ValidationError", "None"], Unavailable),
    ],
)
def test_a_canceled_transaction_says_how_to_retry(
    stubber: Stubber, codes: list[str], expected: type[Unavailable]
) -> None:
    reasons = [{"Code": code} for code in codes]
    stubber.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": reasons}
    )
    with pytest.raises(Unavailable) as raised:
        stubbed(stubber).transact(puts=[key(1), key(2)])
    assert raised.type is expected


def test_a_transaction_with_a_failed_condition_writes_nothing_and_returns_the_found_item(
    client: "DynamoDBClient", table: str
) -> None:
    gateway = Table(client, table)
    gateway.put({**key(1), "number": {"N": "1"}})
    failures = gateway.transact(
        updates=[Update(key(2)).set("number", 2)],
        checks=[Update(key(1)).when_equal("number", 3)],
        puts=[key(3)],
        deletes=[key(4)],
    )
    assert [failure["Code"] for failure in failures] == ["None", "ConditionalCheckFailed", "None", "None"]
    assert failures[1]["Item"] == {**key(1), "number": {"N": "1"}}
    assert gateway.read_many([key(2), key(3)]).items == []
