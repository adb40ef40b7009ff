"""`preflight` reads from AWS and the site, and changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cli.checks import aws_queries, deployment
from local.stack import ROOT, LocalStack
from tests.support.stack import local_stack


@pytest.mark.usefixtures("cloud")
def test_a_verified_sender_address_is_sufficient_without_a_verified_domain() -> None:
    client = boto3.client("sesv2")
    with Stubber(client) as ses:
        ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": "spine.org"})
        answer: Any = {"VerifiedForSendingStatus": True}
        ses.add_response("get_email_identity", answer, {"EmailIdentity": "us@spine.org"})
        assert aws_queries.Ses("us@spine.org", client).identity == {"VerifiedForSendingStatus": True}


@pytest.mark.usefixtures("cloud")
def test_a_missing_configuration_set_is_reported_and_other_errors_are_raised() -> None:
    client = boto3.client("sesv2")
    with Stubber(client) as ses:
        ses.add_client_error("get_configuration_set", "NotFoundException")
        ses.add_client_error("get_configuration_set", "AccessDeniedException")
        account = aws_queries.Ses("us@spine.org", client)
        assert account.configuration_set("x") is None
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            account.configuration_set("x")


# DynamoDB Local has no backups.
@pytest.mark.parametrize("engine", ["moto"], indirect=True)
def test_a_restored_table_lacks_settings_of_the_template(client: Any) -> None:
    named: Any = [{"AttributeName": "pk", "AttributeType": "S"}]
    keys: Any = {"AttributeDefinitions": named, "BillingMode": "PAY_PER_REQUEST"}
    client.create_table(TableName="restored", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], **keys)
    finding = deployment.table(aws_queries.table("restored"), protected=True)
    assert finding.text == "The table lacks: stream, expiry, point-in-time recovery, deletion protection"
    client.update_time_to_live(
        TableName="restored", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    recovers = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName="restored", PointInTimeRecoverySpecification=recovers)
    stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.update_table(TableName="restored", StreamSpecification=stream)
    settings = aws_queries.table("restored")
    assert deployment.table(settings, protected=True).text == "The table lacks: deletion protection"
    assert deployment.table(settings, protected=False).level == "ok"


@pytest.mark.usefixtures("cloud")
def test_subscriptions_and_members_are_counted() -> None:
    sns: Any = boto3.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="us@spine.org")
    [one] = aws_queries.subscriptions(topic)
    assert one["Endpoint"] == "us@spine.org"
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="team")["UserPool"]["Id"]
    for group in ("manager", "viewer"):
        cognito.create_group(UserPoolId=pool, GroupName=group)
    for name in ("ana", "left"):
        cognito.admin_create_user(UserPoolId=pool, Username=name)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="manager")
    cognito.admin_disable_user(UserPoolId=pool, Username="left")
    assert aws_queries.members(pool) == {"manager": 1, "viewer": 0}
    assert aws_queries.caller()["Account"] == "123456789012"


@pytest.mark.usefixtures("cloud")
def test_a_function_whose_alias_has_an_older_version_is_detected() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}}
    code = {"Code": {"ZipFile": "handler = print"}, "Handler": "index.handler", "Runtime": "python3.13"}
    function = {"Type": "AWS::Lambda::Function", "Properties": {**code, "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}
    template = {"Resources": {"Role": role, "Old": function, "New": function}}
    boto3.client("cloudformation").create_stack(StackName="mine", TemplateBody=json.dumps(template))
    lambdas = boto3.client("lambda")
    first, second = (one["FunctionName"] for one in lambdas.list_functions()["Functions"])
    for name in (first, second):
        version = lambdas.publish_version(FunctionName=name)["Version"]
        lambdas.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    assert aws_queries.outdated_versions("mine") == {first: [], second: []}
    lambdas.update_function_configuration(FunctionName=second, Timeout=9, Environment={"Variables": {"A": "b"}})
    assert aws_queries.outdated_versions("mine") == {first: [], second: ["Environment", "Timeout"]}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalStack]:
    with local_stack(tmp_path) as stack:
        yield stack


def test_against_the_local_stack_network_checks_are_skipped_and_no_doctor_is_opted_out(local: LocalStack) -> None:
    # Runs in a separate process, because the command removes AWS credentials from its environment.
    paths = f"{ROOT / 'functions'}:{ROOT}"
    environment = {"PATH": os.environ["PATH"], "AWS_PROFILE": "not-there", "PYTHONPATH": paths}
    command = [sys.executable, "-m", "cli", "preflight", "--stack", local.url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done
    for name in (
        "credentials",
        "SES identity",
        "DKIM",
        "SPF",
        "DMARC",
        "sandbox",
        "quota",
        "alarms",
        "concurrency",
        "table",
        "event sources",
    ):
        assert f"skipped  {name}: local" in lines
    assert "ok       opt-out link: a signed link shows the page; a forged link is rejected" in lines
    assert any(line.startswith("ok       team: 1 manager") for line in lines)
    assert f"ok       site: {local.url}: pages in en, es, an asset, the dashboard and the API answer" in lines
    delivered = "ok       test referral: a message to success@simulator.amazonses.com was delivered after "
    assert any(line.startswith(delivered) for line in lines)
    items = local.cloud.dynamodb.scan(TableName="referral-intake-Table")["Items"]
    assert [item for item in items if item["pk"]["S"].startswith(("email#", "referral#"))] == []
    assert local.cloud.dynamodb.scan(TableName="referral-intake-StatsTable")["Items"] == []
