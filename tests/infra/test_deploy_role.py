"""The role of a workflow: it can deploy the stack, and reaches no data and no other stack."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import cfnlint
import pytest

from cli import environments
from samlocal.template.intrinsics import Resolver, read_yaml
from samlocal.template.model import ACCOUNT, REGION
from samlocal.template.references import pseudo_parameters
from tests.infra.template_data import FILE
from tests.permissions import session_recorder
from tests.permissions.policies import Statement, allowing, request, statements

DATA = read_yaml(FILE.with_name("deploy-role.yaml"))
STACK = "referral-intake"
CHOSEN = {"Repository": "owner/name", "GitHubEnvironment": "prod", "StackName": STACK}
KNOWN = pseudo_parameters("role") | CHOSEN | {"ExecutionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/execution"}
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
# What CloudFormation's schemas name for features that the templates do not use.
UNUSED_FEATURES = {
    "ec2:*, elasticfilesystem:*, s3files:*": "functions in a VPC or with a file system",
    "kinesis:*, firehose:*, dynamodb:*Kinesis*": "streams to Kinesis",
    "dynamodb:*Import*, dynamodb:*Item, dynamodb:Query, dynamodb:Scan": "tables from a file",
    "dynamodb:*TableReplica, dynamodb:PutResourcePolicy, dynamodb:DeleteResourcePolicy": "tables in several regions",
    "s3:*Metadata*, s3tables:*, s3:REST.PUT.OBJECT, s3:*ObjectAcl, s3:*etObject, s3:DeleteObject": "metadata tables",
    "s3:*Replication*, s3:*Website, s3:*Intelligent*, s3:PutObjectLock*, s3:Put[AIM]*, s3:GetObjectVersion": "buckets",
    "s3:DeleteBucket[ACELM]*": "changes of buckets",
    "kms:*": "other keys",
    "secretsmanager:*Region*": "secrets in several regions",
    "lambda:PassCapacityProvider, lambda:AssociateRuntimeAlias": "managed instances and pinned runtimes",
    "iam:*PermissionsBoundary": "permissions boundaries",
    "logs:*IndexPolic*, logs:Put[BD]*, logs:PutLog*, logs:Delete[D]*, logs:*KmsKey, logs:CreateLogStream": "log groups",
    "logs:DeleteResourcePolicy": "access logs that end",
    "payments:*, cloudfront:*ConnectionGroup, cloudfront:GetVpcOrigin": "distributions",
    "codedeploy:*OnPremises*": "servers",
}
# What CloudFormation does for the caller although no schema names it.
NOT_IN_SCHEMAS = {
    "cloudformation:*": "change sets of nested stacks",
    "logs:*LogDelivery, logs:ListLogDeliveries": "the access log of the API",
}


def role(name: str) -> list[Statement]:
    written = DATA["Resources"][name]["Properties"]["Policies"]
    documents = [Resolver(KNOWN).resolve(one["PolicyDocument"], name) for one in written]
    return [statement for document in documents for statement in statements(document, name)]


@pytest.mark.parametrize("name", ["DeployRole", "ExecutionRole"])
def test_the_policies_of_a_role_have_the_size_that_iam_accepts(name: str) -> None:
    policies = DATA["Resources"][name]["Properties"]["Policies"]
    texts = [json.dumps(Resolver(KNOWN).resolve(one["PolicyDocument"], name)) for one in policies]
    assert sum(len("".join(text.split())) for text in texts) < 10_240 - 500, "a stack's name can be longer"


def test_the_names_of_resources_start_with_the_name_of_the_stack() -> None:
    """CloudFormation shortens names of roles, functions and schedules to 64 characters, also the part of the stack."""
    limited = {"AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Scheduler::Schedule"}
    longest = max(len(name) for name, one in session_recorder.resources().items() if one["Type"] in limited)
    pattern = DATA["Parameters"]["StackName"]["AllowedPattern"]
    assert re.fullmatch(pattern, "a" * (64 - longest - len("-") - len("-ABCDEFGHIJKL")))
    assert not re.fullmatch(pattern, "a" * (64 - longest - len("-") - len("-ABCDEFGHIJKL") + 2))


def test_every_environment_can_have_the_role() -> None:
    pattern = DATA["Parameters"]["StackName"]["AllowedPattern"]
    assert [one.stack for one in environments.every().values() if not re.fullmatch(pattern, one.stack)] == []


def test_only_one_environment_of_one_repository_gets_the_role() -> None:
    (trust,) = DATA["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (operator,) = trust["Condition"]
    issuer = "token.actions.githubusercontent.com"
    assert operator == "StringEquals", "no wildcard"
    assert Resolver(KNOWN).resolve(trust["Condition"][operator], "DeployRole") == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": "repo:owner/name:environment:prod",
    }


@pytest.fixture(scope="module")
def needed() -> set[str]:
    """The actions that CloudFormation's schemas require for the types of the stack's resources."""
    names = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text("utf-8"))
    kinds = {one["Type"] for one in session_recorder.resources().values()} | {"AWS::CloudFormation::Stack"}
    kinds |= {one["Type"] for one in read_yaml(FILE.with_name("waf.yaml"))["Resources"].values()}
    texts = [(SCHEMAS / "resources" / f"{names[kind]}.json").read_text("utf-8") for kind in kinds]
    handlers = [(part, one["permissions"]) for text in texts for part, one in json.loads(text)["handlers"].items()]
    return {action for part, permissions in handlers for action in permissions if part != "list"}


def is_listed(action: str, reasons: Mapping[str, str]) -> bool:
    return any(fnmatchcase(action, one) for patterns in reasons for one in patterns.split(", "))


def test_cloudformation_may_do_what_the_resources_of_the_stack_need(needed: set[str]) -> None:
    allowed = [action.lower() for statement in role("ExecutionRole") for action in statement.actions]
    missing = [one for one in needed if not any(fnmatchcase(one.lower(), pattern) for pattern in allowed)]
    assert sorted(one for one in missing if not is_listed(one, UNUSED_FEATURES)) == []


def test_cloudformation_may_do_nothing_that_no_resource_needs(needed: set[str]) -> None:
    actions = {action for statement in role("ExecutionRole") for action in statement.actions}
    unused = [one for one in actions if not any(fnmatchcase(action.lower(), one.lower()) for action in needed)]
    assert sorted(one for one in unused if not is_listed(one, NOT_IN_SCHEMAS)) == []


def arn(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


SIGNING_KEYS = arn("secretsmanager", "secret:SigningKeys-1-2")
TABLE = arn("dynamodb", f"table/{STACK}-Table-1")
REPORT = f"arn:aws:s3:::{STACK}-reportfiles-1/report/1.csv"


@pytest.mark.parametrize("name", ["DeployRole", "ExecutionRole"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *((f"dynamodb:{one}", TABLE) for one in ("GetItem", "Query", "Scan", "PutItem", "DeleteItem", "PartiQLSelect")),
        *(("dynamodb:" + one, TABLE) for one in ("ExportTableToPointInTime", "RestoreTableToPointInTime")),
        ("secretsmanager:GetSecretValue", SIGNING_KEYS),
        ("secretsmanager:PutSecretValue", SIGNING_KEYS),
        ("s3:GetObject", REPORT),
        ("sqs:ReceiveMessage", arn("sqs", f"{STACK}-MailEvents-1")),
        ("ses:SendEmail", arn("ses", "identity/spine.example")),
        ("lambda:InvokeFunction", arn("lambda", f"function:{STACK}-WakeFunction-1")),
        ("cognito-idp:AdminCreateUser", arn("cognito-idp", "userpool/1")),
        ("cognito-idp:AdminAddUserToGroup", arn("cognito-idp", "userpool/1")),
        ("cognito-idp:ListUsers", arn("cognito-idp", "userpool/1")),
        ("logs:FilterLogEvents", arn("logs", f"log-group:/aws/lambda/{STACK}/functions")),
        ("iam:CreateUser", arn("iam", "user/new", region="")),
        ("iam:CreateAccessKey", arn("iam", "user/new", region="")),
        ("iam:UpdateAssumeRolePolicy", arn("iam", "role/Admin", region="")),
        ("iam:PassRole", arn("iam", "role/Admin", region="")),
        ("dynamodb:DeleteTable", arn("dynamodb", "table/other")),
        ("lambda:UpdateFunctionCode", arn("lambda", "function:other")),
        ("cloudformation:DeleteStack", arn("cloudformation", f"stack/{STACK}/1")),
        ("sts:AssumeRole", arn("iam", "role/Admin", region="")),
    ],
)
def test_a_deployment_reaches_no_doctor_no_person_and_no_other_resource(name: str, action: str, resource: str) -> None:
    assert allowing(role(name), request(action, resource, dynamodb__LeadingKeys=["doctor#"])) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:HashingKeys-1-2")),
        *((f"dynamodb:{one}", TABLE) for one in ("GetItem", "Query", "DeleteItem")),
    ],
)
def test_only_the_workflow_can_sign_and_follow_a_test_referral(action: str, resource: str) -> None:
    of_referral = request(action, resource, dynamodb__LeadingKeys=["referral#"])
    assert allowing(role("DeployRole"), of_referral)
    assert allowing(role("ExecutionRole"), of_referral) == []


# The calls of `make deploy`, with the stack's own resources.
CALLS = [
    *((f"cloudformation:{one}ChangeSet", arn("cloudformation", f"stack/{STACK}/1")) for one in ("Create", "Execute")),
    ("cloudformation:DescribeStackEvents", arn("cloudformation", f"stack/{STACK}/1")),
    ("cloudformation:UpdateTerminationProtection", arn("cloudformation", f"stack/{STACK}/1")),
    ("cloudformation:CreateChangeSet", arn("cloudformation", f"stack/{STACK}-web-acl/1", "us-east-1")),
    ("ses:GetEmailIdentity", arn("ses", "identity/spine.example")),
    ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"),
    ("cloudformation:DescribeStacks", arn("cloudformation", "stack/aws-sam-cli-managed-default/1")),
    ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1/code"),
    *((f"s3:{one}", f"arn:aws:s3:::{STACK}-sitebucket-1/index.html") for one in ("GetObject", "PutObject")),
    *((f"s3:{one}ObjectTagging", f"arn:aws:s3:::{STACK}-sitebucket-1/a.js") for one in ("Get", "Put", "Delete")),
    ("s3:DeleteObject", f"arn:aws:s3:::{STACK}-sitebucket-1/index.html"),
    ("s3:ListBucket", f"arn:aws:s3:::{STACK}-sitebucket-1"),
    ("cloudfront:CreateInvalidation", arn("cloudfront", "distribution/1", region="")),
]


@pytest.mark.parametrize(("action", "resource"), CALLS)
def test_a_workflow_can_deploy_the_stack_and_upload_the_site(action: str, resource: str) -> None:
    assert allowing(role("DeployRole"), request(action, resource))
    other = resource.replace(STACK, "other")
    if other != resource:
        assert not allowing(role("DeployRole"), request(action, other))


@pytest.mark.parametrize("service", ["cloudformation.amazonaws.com", "ec2.amazonaws.com"])
def test_a_workflow_passes_the_role_only_to_cloudformation(service: str) -> None:
    passed = request("iam:PassRole", KNOWN["ExecutionRole.Arn"], iam__PassedToService=[service])
    assert bool(allowing(role("DeployRole"), passed)) == service.startswith("cloudformation")
