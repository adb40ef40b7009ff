"""The evaluator decides as IAM does, and calls map to the requests that AWS evaluates."""

from typing import Any

import pytest

from tests.infra.test_template import TEMPLATE
from tests.permissions.calls import RequestMapper, partition_keys
from tests.permissions.policies import Request, Unsupported, allowing, request, statements

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/referral-intake-Table"


def is_allowed(one: Request, *written: dict[str, Any]) -> bool:
    document = {"Statement": [{"Effect": "Allow", "Action": "a:Do", "Resource": "*", **each} for each in written]}
    return bool(allowing(statements(document, "policy"), one))


@pytest.mark.parametrize(
    ("action", "written", "is_meant"),
    [
        ("a:Do", "a:Do", True),
        ("a:Do", "A:do", True),
        ("a:Do", ["b:Do", "a:Do"], True),
        ("a:Do", "a:D*", True),
        ("a:Do", "a:D?", True),
        ("a:Do", "a:?", False),
        ("a:Do", "a:DoMore", False),
        ("a:DoMore", "a:Do", False),
        ("a:Do", "a:[D]o", False),
    ],
)
def test_an_action_matches_in_any_case_and_by_wildcards(action: str, written: Any, is_meant: bool) -> None:
    assert is_allowed(request(action, "x"), {"Action": written}) == is_meant


@pytest.mark.parametrize(
    ("resource", "is_meant"),
    [("arn:x/1", True), ("arn:x/1/2", True), ("arn:x", False), ("ARN:X/1", False), ("arn:y/1", False)],
)
def test_a_resource_matches_exactly_and_by_wildcards(resource: str, is_meant: bool) -> None:
    assert is_allowed(request("a:Do", resource), {"Resource": ["arn:z", "arn:x/*"]}) == is_meant


def test_the_default_is_deny_and_an_explicit_deny_overrides_any_allow() -> None:
    assert not is_allowed(request("a:Do", "x"))
    assert not is_allowed(request("a:Do", "x"), {}, {"Effect": "Deny"})
    assert not is_allowed(request("a:Do", "x"), {"Effect": "Deny"}, {})


def test_a_deny_with_an_exception_allows_the_exception() -> None:
    deny = {"Effect": "Deny", "Resource": [], "NotResource": "arn:ours"}
    assert is_allowed(request("a:Do", "arn:ours"), {}, deny)
    assert not is_allowed(request("a:Do", "arn:theirs"), {}, deny)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("StringEquals", "a", ("a",), True),
        ("StringEquals", ["b", "a"], ("a",), True),
        ("StringEquals", "a", ("A",), False),
        ("StringEquals", "a*", ("ab",), False),
        ("StringEquals", "a", None, False),
        ("StringLike", "a*", ("ab",), True),
        ("StringLike", "a*", ("ba",), False),
        ("ForAllValues:StringLike", ["a#*", "b#*"], ("a#1", "b#2"), True),
        ("ForAllValues:StringLike", ["a#*", "b#*"], ("a#1", "c#2"), False),
        ("ForAllValues:StringLike", "a#*", None, True),
        ("ForAnyValue:StringEquals", "a", ("a", "c"), True),
        ("ForAnyValue:StringEquals", "a", ("c",), False),
        ("ForAnyValue:StringEquals", "a", None, False),
    ],
)
def test_condition_operators_work_as_in_iam(
    operator: str, wanted: Any, given: tuple[str, ...] | None, holds: bool
) -> None:
    call = Request("a:Do", "x", (("k:key", given),) if given else ())
    assert is_allowed(call, {"Condition": {operator: {"k:key": wanted}}}) == holds


def test_all_conditions_must_hold() -> None:
    condition = {"StringEquals": {"k:a": "1", "k:b": "2"}, "StringLike": {"k:c": "3*"}}
    call = request("a:Do", "x", k__a=["1"], k__b=["2"], k__c=["33"])
    assert is_allowed(call, {"Condition": condition})
    for missing in range(3):
        some = call.context[:missing] + call.context[missing + 1 :]
        assert not is_allowed(Request("a:Do", "x", some), {"Condition": condition})


@pytest.mark.parametrize(
    "strange",
    [{"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, {"NotAction": "b:Do"}, {"Principal": "*"}],
)
def test_an_unknown_element_is_an_error_and_no_decision(strange: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        is_allowed(request("a:Do", "x"), strange)


# ---- Calls -----------------------------------------------------------------------------------------------------------


def requests_for(service: str, operation: str, params: dict[str, Any]) -> list[Request]:
    names = {"t": "referral-intake-Table", "me@test.example": "hello@spine.example"}
    return RequestMapper(dict(partition_keys(TEMPLATE)), names).requests_for(service, operation, params)


def key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "s"}}


def test_each_part_of_a_transaction_is_a_separate_request() -> None:
    parts = [
        {"Put": {"TableName": "t", "Item": key("a#1")}},
        {"Update": {"TableName": "t", "Key": key("b#1#2")}},
        {"ConditionCheck": {"TableName": "t", "Key": key("c")}},
        {"Delete": {"TableName": "t", "Key": key("d")}},
    ]
    assert requests_for("dynamodb", "TransactWriteItems", {"TransactItems": parts}) == [
        request("dynamodb:PutItem", TABLE, dynamodb__LeadingKeys=["a#"]),
        request("dynamodb:UpdateItem", TABLE, dynamodb__LeadingKeys=["b#"]),
        request("dynamodb:ConditionCheckItem", TABLE, dynamodb__LeadingKeys=["c"]),
        request("dynamodb:DeleteItem", TABLE, dynamodb__LeadingKeys=["d"]),
    ]


def test_a_batch_is_one_request_per_table_with_all_its_keys() -> None:
    (one,) = requests_for("dynamodb", "BatchGetItem", {"RequestItems": {"t": {"Keys": [key("a"), key("b")]}}})
    assert one == request("dynamodb:BatchGetItem", TABLE, dynamodb__LeadingKeys=["a", "b"])


def test_a_query_of_an_index_requests_the_index_with_its_own_key() -> None:
    query = {
        "TableName": "t",
        "IndexName": "due",
        "KeyConditionExpression": "due_at <= :now AND #o = :open",
        "ExpressionAttributeNames": {"#o": "open_in"},
        "ExpressionAttributeValues": {":now": {"S": "2026"}, ":open": {"S": "lumen"}},
    }
    (one,) = requests_for("dynamodb", "Query", query)
    assert one == request("dynamodb:Query", f"{TABLE}/index/due", dynamodb__LeadingKeys=["lumen"])


def test_a_message_requests_the_identities_of_sender_and_recipient_and_the_configuration_set() -> None:
    params = {
        "FromEmailAddress": "STAR <me@test.example>",
        "Destination": {"ToAddresses": ["doctor@clinic.example"]},
        "ConfigurationSetName": "set",
    }
    found = requests_for("sesv2", "SendEmail", params)
    assert [one.resource.rpartition(":")[2] for one in found] == [
        "identity/hello@spine.example",
        "identity/spine.example",
        "identity/doctor@clinic.example",
        "identity/clinic.example",
        "configuration-set/set",
    ]
    assert {one.context for one in found} == {(("ses:FromAddress", ("hello@spine.example",)),)}


def test_each_event_is_a_request_with_its_source_and_type() -> None:
    (one,) = requests_for("events", "PutEvents", {"Entries": [{"Source": "a", "DetailType": "B", "Detail": "{}"}]})
    assert one.resource.endswith(":event-bus/default")
    assert one.context == (("events:source", ("a",)), ("events:detail-type", ("B",)))


def test_parts_of_a_file_are_requested_like_the_file() -> None:
    for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
        (one,) = requests_for("s3", operation, {"Bucket": "b", "Key": "k/1"})
        assert one == request("s3:PutObject", "arn:aws:s3:::b/k/1")


@pytest.mark.parametrize(("service", "operation"), [("dynamodb", "Scan"), ("s3", "ListObjectsV2"), ("iam", "GetUser")])
def test_an_unknown_call_is_an_error(service: str, operation: str) -> None:
    with pytest.raises(Unsupported):
        requests_for(service, operation, {"TableName": "t"})
