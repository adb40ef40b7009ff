"""Security of the stack, and logs without personal data. Each check must fail on a deliberately broken template."""

import json
import re
from typing import Any

import pytest

from samlocal.template.intrinsics import read_yaml
from tests.infra.template_data import FILE, Data, of_type, properties, template_data

# API Gateway variables that reveal the client or the content of a request.
REVEALING_VARIABLES = re.compile(
    r"sourceIp|userAgent|identity|path|query|authorizer|error\.message|integrationErrorMessage", re.I
)


def access_log(data: Data) -> list[str]:
    """Errors in the access log of the API."""
    api = properties(data, "HttpApi")
    settings = api.get("AccessLogSettings") or {}
    if not settings:
        return ["there is no access log"]
    line = json.loads(settings["Format"])
    wrong = [f"it reveals {value}" for value in line.values() if REVEALING_VARIABLES.search(value)]
    group = properties(data, settings["DestinationArn"]["Fn::GetAtt"].partition(".")[0])
    return wrong + ([] if group.get("RetentionInDays") else ["it has no retention period"])


def streams_that_lose_records(data: Data) -> list[str]:
    """Event sources of the table's stream that would lose records, or invoke a function for records of others."""
    wrong = []
    for name, function in of_type(data, "AWS::Serverless::Function").items():
        for event in function["Events"].values():
            if event["Type"] == "DynamoDB":
                settings = event["Properties"]
                wrong += [f"{name}: no {one}" for one in ("DestinationConfig", "FilterCriteria") if one not in settings]
    return wrong


def queues_that_lose_messages(data: Data) -> list[str]:
    """Queues with a function as consumer that drop failed messages."""
    functions = of_type(data, "AWS::Serverless::Function").values()
    events = [event for function in functions for event in function["Events"].values() if event["Type"] == "SQS"]
    read = [event["Properties"]["Queue"]["Fn::GetAtt"].partition(".")[0] for event in events]
    return [name for name in read if "RedrivePolicy" not in properties(data, name)]


def rules_that_lose_events(data: Data) -> list[str]:
    """Targets of rules without a dead-letter queue, and queues that a rule may not send to."""
    wrong = []
    for name, rule in of_type(data, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            if "DeadLetterConfig" not in target:
                wrong.append(f"{name}: no DeadLetterConfig")
            queues = [one["Fn::GetAtt"].partition(".")[0] for one in (target["Arn"], *_dead_letters(target))]
            wrong += [f"{name} may not send to {queue}" for queue in queues if queue not in _senders(data, name)]
    return wrong


def _dead_letters(target: Data) -> list[Any]:
    return [target["DeadLetterConfig"]["Arn"]] if "DeadLetterConfig" in target else []


def _senders(data: Data, rule: str) -> set[str]:
    """The queues whose policies allow the rule to send."""
    is_source = {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": f"{rule}.Arn"}}}
    return {
        queue["Ref"]
        for policy in of_type(data, "AWS::SQS::QueuePolicy").values()
        for one in policy["PolicyDocument"]["Statement"]
        if (one["Action"], one["Resource"], one["Condition"]) == ("sqs:SendMessage", "*", is_source)
        for queue in policy["Queues"]
    }


def test_the_access_log_describes_the_request_and_not_the_client() -> None:
    assert access_log(template_data()) == []


@pytest.mark.parametrize("variable", ["identity.sourceIp", "identity.userAgent", "path", "authorizer.claims.email"])
def test_an_access_log_that_reveals_the_client_is_detected(variable: str) -> None:
    data = template_data()
    settings = properties(data, "HttpApi")["AccessLogSettings"]
    settings["Format"] = json.dumps({**json.loads(settings["Format"]), "more": f"$context.{variable}"})
    assert access_log(data) == [f"it reveals $context.{variable}"]


def test_an_access_log_without_retention_or_none_at_all_is_detected() -> None:
    data = template_data()
    del properties(data, "ApiLogs")["RetentionInDays"]
    assert access_log(data) == ["it has no retention period"]
    del properties(data, "HttpApi")["AccessLogSettings"]
    assert access_log(data) == ["there is no access log"]


def test_no_stream_queue_or_rule_loses_messages() -> None:
    data = template_data()
    assert streams_that_lose_records(data) + queues_that_lose_messages(data) + rules_that_lose_events(data) == []


def test_a_rule_that_loses_events_is_detected() -> None:
    data = template_data()
    properties(data, "MailEventsPolicy")["Queues"].pop()
    assert rules_that_lose_events(data) == ["MailEventsRule may not send to FeedbackFailures"]
    del properties(data, "MailEventsRule")["Targets"][0]["DeadLetterConfig"]
    assert rules_that_lose_events(data) == ["MailEventsRule: no DeadLetterConfig"]


@pytest.mark.parametrize("missing", ["DestinationConfig", "FilterCriteria"])
def test_a_stream_without_a_filter_or_a_failure_destination_is_detected(missing: str) -> None:
    data = template_data()
    del properties(data, "OutreachFunction")["Events"]["Queued"]["Properties"][missing]
    assert streams_that_lose_records(data) == [f"OutreachFunction: no {missing}"]


def test_a_queue_without_a_dead_letter_queue_is_detected() -> None:
    data = template_data()
    del properties(data, "MailEvents")["RedrivePolicy"]
    assert queues_that_lose_messages(data) == ["MailEvents"]


def test_every_function_is_traced() -> None:
    assert template_data()["Globals"]["Function"]["Tracing"] == "Active"


def test_a_default_deployment_reserves_no_concurrency_and_has_no_firewall_domain_or_key() -> None:
    parameters: dict[str, Any] = template_data()["Parameters"]
    off = {"ReservedConcurrency": 0, "WebAclArn": "", "SiteDomain": "", "CertificateArn": "", "KeyArn": ""}
    assert {name: parameters[name]["Default"] for name in off} == off


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("CertificateArn", "arn:aws:acm:eu-west-1:123456789012:certificate/x"),
        ("WebAclArn", "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/x"),
        ("SiteDomain", "https://spine.example"),
        ("KeyArn", "alias/ours"),
        ("OriginKey", "current"),
    ],
)
def test_an_invalid_parameter_is_refused_before_any_resource_is_created(name: str, refused: str) -> None:
    parameter = template_data()["Parameters"][name]
    assert not re.fullmatch(parameter["AllowedPattern"], refused)
    assert parameter["ConstraintDescription"]


def test_every_parameter_is_in_a_group() -> None:
    groups = template_data()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template_data()["Parameters"])


def test_the_firewall_stores_no_samples_of_requests() -> None:
    (acl,) = of_type(read_yaml(FILE.with_name("waf.yaml")), "AWS::WAFv2::WebACL").values()
    for visibility in (acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])):
        assert visibility["SampledRequestsEnabled"] is False


def deletable_identities(data: Data) -> list[str]:
    """Errors in the identity that SES verifies."""
    identity = data["Resources"]["SenderIdentity"]
    settings = identity["Properties"]
    wrong = [] if identity.get("Condition") else ["a second stack would fail at it"]
    wrong += [name for name in ("DeletionPolicy", "UpdateReplacePolicy") if identity.get(name) != "Retain"]
    wrong += [] if settings.get("FeedbackAttributes") == {"EmailForwardingEnabled": False} else ["bounces come as mail"]
    wrong += [] if "MailFromAttributes" in settings else ["SPF is not aligned"]
    records = [value for name, value in data["Outputs"].items() if name.startswith("Dkim")]
    return wrong + ([] if len(records) == 3 else ["DNS lacks a key"])


def test_the_stack_can_verify_the_senders_domain_and_retains_the_identity() -> None:
    assert deletable_identities(template_data()) == []


@pytest.mark.parametrize("missing", ["Condition", "DeletionPolicy", "UpdateReplacePolicy", "Properties"])
def test_an_identity_that_would_be_deleted_or_duplicated_is_detected(missing: str) -> None:
    data = template_data()
    data["Resources"]["SenderIdentity"][missing] = {}
    assert deletable_identities(data) != []
