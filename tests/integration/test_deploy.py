"""Upload of the site to its bucket, and deletion of a stack."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cli import changesets, environments, site_alarm, stacks, termination_protection, web_acl
from cli.app import main
from cli.commands import deploy, destroy
from cli.environments import Environment
from cli.errors import CommandError
from cli.site import builder, upload
from samlocal.template import nested_stacks
from tests.support import moto_changesets
from tests.support.deployed import site_outputs

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "site"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENVIRONMENT = Environment("dev", "referral-intake-dev", {})


@pytest.fixture
def s3(cloud: None) -> "S3Client":
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def write(folder: Path, **files: str) -> Path:
    """`en__index` stands for en/index.html, and `assets__a` for assets/a.js."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + (".js" if name.startswith("assets") else ".html"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def put(s3: "S3Client", folder: Path, now: datetime = NOW) -> upload.Uploaded:
    return upload.upload(s3, BUCKET, folder, now, lambda _: None)


def keys(s3: "S3Client") -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def written(s3: "S3Client") -> list[str]:
    order: list[str] = []
    s3.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: order.append(params["Key"]))
    return order


def test_the_site_is_uploaded_with_content_types_and_headers(s3: "S3Client", tmp_path: Path) -> None:
    builder.build(Path("templates"), tmp_path)
    (tmp_path / builder.DASHBOARD_SETTINGS).write_text("{}", "utf-8")
    put(s3, tmp_path)
    kinds = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    kinds |= {"css": "text/css; charset=utf-8", "json": "application/json", "txt": "text/plain; charset=utf-8"}
    paths = set()
    for key in keys(s3):
        found, suffix = s3.head_object(Bucket=BUCKET, Key=key), key.rpartition(".")[2]
        for_ever = key.startswith(("assets/", "dashboard/assets/"))
        assert found["CacheControl"] == ("public, max-age=31536000, immutable" if for_ever else "no-cache"), key
        if suffix in kinds:
            assert found["ContentType"] == kinds[suffix], key
            paths.add(suffix)
    assert paths == set(kinds)
    assert {"index.html", "es/404.html", "robots.txt", "dashboard/config.json", "es/index.html"} <= keys(s3)


def test_assets_are_uploaded_before_pages_and_the_first_page_last(s3: "S3Client", tmp_path: Path) -> None:
    order = written(s3)
    put(s3, write(tmp_path, index="1", en__index="1", assets__a="1", dashboard__index="1"))
    assert order[0] == "assets/a.js"
    assert order[-1] == "index.html"


def test_unchanged_files_are_not_uploaded_again_but_their_pages_are_invalidated(s3: "S3Client", tmp_path: Path) -> None:
    """A run after an interrupted one must still invalidate the pages in CloudFront."""
    first = put(s3, write(tmp_path, index="1", assets__a="1"))
    again = put(s3, tmp_path)
    assert (first.written, again.written, again.there) == (2, 0, 2)
    assert again.pages == first.pages == ["/", "/index.html"]


def test_a_file_with_changed_headers_is_uploaded_again(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, write(tmp_path, index="1"))
    found = s3.head_object(Bucket=BUCKET, Key="index.html")
    s3.put_object(Bucket=BUCKET, Key="index.html", Body=b"1", Metadata=found["Metadata"], CacheControl="max-age=60")
    assert put(s3, tmp_path).written == 1


def test_an_interrupted_upload_leaves_old_pages_intact_and_can_be_continued(
    s3: "S3Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, write(tmp_path / "old", index="old", assets__old="1"))
    order = written(s3)

    def stop(params: dict[str, Any], **_: Any) -> None:
        if params["Key"] == "index.html":
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "stop"}}, "PutObject")

    s3.meta.events.register("provide-client-params.s3.PutObject", stop)
    new = write(tmp_path / "new", index="new", assets__new="1")
    with pytest.raises(ClientError):
        put(s3, new)
    assert s3.get_object(Bucket=BUCKET, Key="index.html")["Body"].read() == b"old"
    assert "assets/old.js" in keys(s3)
    s3.meta.events.unregister("provide-client-params.s3.PutObject", stop)
    order.clear()
    put(s3, new)
    assert order == ["index.html"]


def test_an_unused_asset_is_kept_for_a_month(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, write(tmp_path / "old", index="old", assets__old="1"), NOW - timedelta(days=300))
    new = write(tmp_path / "new", index="new", assets__new="1")
    put(s3, new)
    put(s3, new, NOW + timedelta(days=30))
    assert "assets/old.js" in keys(s3)
    done = put(s3, new, NOW + timedelta(days=31))
    assert "assets/old.js" not in keys(s3)
    assert done.removed == 1
    assert done.pages == ["/", "/index.html"]


def test_an_asset_that_is_used_again_is_no_longer_marked_for_deletion(s3: "S3Client", tmp_path: Path) -> None:
    old = write(tmp_path / "old", index="old", assets__old="1")
    new = write(tmp_path / "new", index="new", assets__new="1")
    put(s3, old)
    put(s3, new)
    put(s3, old, NOW + timedelta(days=20))
    put(s3, new, NOW + timedelta(days=40))
    put(s3, new, NOW + timedelta(days=60))
    assert "assets/old.js" in keys(s3)


def test_a_removed_page_is_deleted_and_invalidated(s3: "S3Client", tmp_path: Path) -> None:
    put(s3, write(tmp_path / "old", index="1", fr__index="1"))
    done = put(s3, write(tmp_path / "new", index="1"))
    assert keys(s3) == {"index.html"}
    assert done.pages == ["/", "/fr/", "/fr/index.html", "/index.html"]


def test_a_file_of_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="Add it"):
        upload.content_type("assets/thing.qqq")


# ---- Deployment ------------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(s3: "S3Client") -> stacks.Stack:
    return stacks.Stack("referral-intake-dev", site_outputs(BUCKET))


def test_only_pages_are_invalidated_in_cloudfront(stack: stacks.Stack, tmp_path: Path, s3: "S3Client") -> None:
    deploy.put_site(stack, tmp_path, NOW)
    cloudfront: Any = boto3.client("cloudfront")
    which = stack.output("DistributionId")
    [invalidation] = cloudfront.list_invalidations(DistributionId=which)["InvalidationList"]["Items"]
    batch = cloudfront.get_invalidation(DistributionId=which, Id=invalidation["Id"])["Invalidation"][
        "InvalidationBatch"
    ]
    forgotten = batch["Paths"]["Items"]
    assert {"/", "/es/", "/dashboard/", "/dashboard/index.html", "/dashboard/config.json"} <= set(forgotten)
    assert not [path for path in forgotten if "assets" in path]
    content = s3.get_object(Bucket=BUCKET, Key="dashboard/config.json")["Body"].read()
    assert b'"client_id": "client"' in content


def test_the_addresses_are_printed(stack: stacks.Stack) -> None:
    assert "https://spine.example/dashboard/" in " ".join(deploy.addresses(stack, ENVIRONMENT))


def test_sam_gets_the_environment_and_may_find_no_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "BUILT", tmp_path / "template.yaml")
    with pytest.raises(CommandError, match="make build"):
        deploy.sam(ENVIRONMENT)
    (tmp_path / "template.yaml").touch()
    command = deploy.sam(ENVIRONMENT)
    assert "--config-env=dev" in command
    assert f"--config-file={environments.SAMCONFIG.resolve()}" in command
    assert "--no-fail-on-empty-changeset" in command


def test_after_a_failed_deployment_the_site_is_not_uploaded_and_the_reason_is_printed(
    cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = tmp_path / "sam"
    failing.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    failing.chmod(0o755)
    monkeypatch.setattr(deploy, "SAM", failing)
    monkeypatch.setattr(deploy, "BUILT", failing)
    assert main(["deploy", "dev", "--yes"]) == 1
    errors = capsys.readouterr().err
    assert "The site was not changed" in errors
    [(file, title)] = re.findall(r'(docs/\w+.md),\s"(.+?)"', errors)
    assert re.search(f"^##+ {title}$", Path(file).read_text("utf-8"), re.MULTILINE)
    assert boto3.client("s3").list_buckets()["Buckets"] == []


# A distribution, whose address is an output, and a topic that changes with each parameter.
TEMPLATE: dict[str, Any] = {
    "Parameters": {name: {"Type": "String", "Default": ""} for name in ("SiteUrl", "DeletionProtection", "WebAclArn")},
    "Resources": {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": {"Fn::Sub": "${SiteUrl} ${DeletionProtection} ${WebAclArn}"}},
        }
    },
    "Outputs": {
        "SiteAddress": {"Value": "https://d1.cloudfront.net"},
        "SiteUrl": {"Value": {"Ref": "SiteUrl"}},
        "DistributionId": {"Value": "E1"},
        # moto can't create a web ACL.
        "WebAclArn": {"Value": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/1"},
    },
}
OWN = {"SiteDomain": "spine.example", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}
PROD = Environment("prod", "referral-intake", {"SenderAddress": "a@spine.example", **OWN})


@dataclass
class Sam:
    """Stands in for SAM: creates a changeset from the parameters of the command."""

    calls: list[list[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answer: str = "y"
    protected: list[Environment] = field(default_factory=list)

    def run(self, command: list[str]) -> bool:
        self.calls.append(command)
        assert "--no-execute-changeset" in command
        name, region = "referral-intake", None
        if "--stack-name" in command:
            name, region = (command[command.index(option) + 1] for option in ("--stack-name", "--region"))
        client: Any = boto3.client("cloudformation", region_name=region)
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters(-1).items()]
        body = {**TEMPLATE, "Parameters": {one["ParameterKey"]: {"Type": "String"} for one in given}}
        body["Parameters"] |= TEMPLATE["Parameters"]
        kind = "CREATE" if changesets.Stack(client, name).status is None else "UPDATE"
        client.create_change_set(
            StackName=name,
            ChangeSetName=f"samcli-deploy{len(self.calls)}",
            ChangeSetType=kind,
            TemplateBody=json.dumps(body),
            Parameters=given,
        )
        return True

    def parameters(self, call: int) -> dict[str, str]:
        command = self.calls[call]
        if "--parameter-overrides" not in command:
            return {}
        given = command[command.index("--parameter-overrides") + 1 : -1]
        return dict(one.split("=", 1) for one in given)

    def input(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


@pytest.fixture
def sam(cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sam:
    monkeypatch.setattr(deploy, "BUILT", tmp_path)
    monkeypatch.setattr(changesets, "run", (found := Sam()).run)
    monkeypatch.setattr("builtins.input", found.input)
    monkeypatch.setattr(termination_protection, "protect", found.protected.append)  # moto does not have it.
    moto_changesets.keep_outputs(monkeypatch)
    return found


def deployed_parameters(name: str = "referral-intake") -> dict[str, str]:
    return dict(stacks.find(name).parameters)


def test_prod_gets_a_web_acl_in_us_east_1_and_keeps_its_other_parameters(sam: Sam) -> None:
    assert deploy.deploy_stacks(PROD, ask=False, with_web_acl=web_acl.is_wanted(PROD))
    acl, *_ = sam.calls
    assert acl[5:9] == ["--stack-name", "referral-intake-web-acl", "--region", "us-east-1"]
    assert str(web_acl.TEMPLATE.resolve()) in acl
    assert deployed_parameters().items() >= PROD.parameters.items()
    assert re.match(r"arn:aws:wafv2:us-east-1:\d+:global/webacl/", deployed_parameters()["WebAclArn"])


def test_the_first_deployment_is_not_protected_so_that_it_can_be_repeated_and_the_second_is(sam: Sam) -> None:
    assert deploy.deploy_stacks(PROD, ask=True, with_web_acl=False)
    assert [sam.parameters(call)["DeletionProtection"] for call in (0, 1)] == ["false", "true"]
    assert len(sam.asked) == 1
    assert deploy.deploy_stacks(PROD, ask=True, with_web_acl=False)
    assert len(sam.calls) == 3
    assert deployed_parameters()["DeletionProtection"] == "true"


def test_prod_is_protected_from_termination(sam: Sam) -> None:
    deploy.deploy_stacks(PROD, ask=False, with_web_acl=False)
    assert sam.protected == [PROD]


def test_with_an_address_for_alarms_errors_of_the_site_are_watched_in_us_east_1(sam: Sam) -> None:
    watched = Environment("prod", "referral-intake", {**PROD.parameters, "AlarmsAddress": "us@spine.example"})
    deploy.deploy_stacks(watched, ask=False, with_web_acl=False)
    command = sam.calls[-1]
    assert command[5:9] == ["--stack-name", "referral-intake-site-errors", "--region", "us-east-1"]
    assert sam.parameters(-1) == {"DistributionId": "E1", "AlarmsAddress": "us@spine.example"}
    calls = len(sam.calls)
    unwatched = Environment("prod", "referral-intake", {**watched.parameters, "Monitoring": "false"})
    deploy.deploy_stacks(unwatched, ask=False, with_web_acl=False)
    assert len(sam.calls) == calls + 1


def test_the_alarm_for_the_site_reads_the_metric_of_cloudfront() -> None:
    """CloudFront sends it with two dimensions, one of which is always Global."""
    template = nested_stacks.read(site_alarm.TEMPLATE)
    alarm = template["Resources"]["SiteErrorsAlarm"]["Properties"]
    assert {one["Name"] for one in alarm["Dimensions"]} == {"DistributionId", "Region"}
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/CloudFront", "5xxErrorRate")
    assert set(template["Parameters"]) == {"DistributionId", "AlarmsAddress"}


def test_an_environment_may_stay_unprotected(sam: Sam) -> None:
    trial = Environment("dev", "referral-intake", {"DeletionProtection": "false"})
    assert deploy.deploy_stacks(trial, ask=False, with_web_acl=False)
    assert deployed_parameters()["DeletionProtection"] == "false"


def test_without_a_domain_the_second_deployment_sets_the_address_at_cloudfront(
    sam: Sam, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Environment("dev", "referral-intake", {})
    assert deploy.deploy_stacks(trial, ask=False, with_web_acl=False)
    addresses = [sam.parameters(call)["SiteUrl"] for call in range(len(sam.calls))]
    assert addresses == ["https://not-yet.invalid", "https://d1.cloudfront.net"]
    assert "the stack is deployed twice" in capsys.readouterr().out


def test_with_a_domain_the_first_deployment_sets_its_address(sam: Sam) -> None:
    assert deploy.deploy_stacks(PROD, ask=False, with_web_acl=False)
    assert sam.parameters(0)["SiteUrl"] == "https://spine.example"


def test_an_address_that_does_not_open_the_site_is_refused_before_anything_changes(sam: Sam) -> None:
    other = Environment("prod", "referral-intake", {"SiteUrl": "https://other.example"})
    with pytest.raises(CommandError, match="does not open this site"):
        deploy.deploy_stacks(other, ask=False, with_web_acl=True)
    assert sam.calls == []


@pytest.mark.parametrize("answer", ["n", "", "no", "yess"])
def test_without_a_yes_nothing_is_deployed_or_published(sam: Sam, answer: str, s3: "S3Client") -> None:
    sam.answer = answer
    assert main(["deploy", "prod", "--no-web-acl"]) == 1
    assert len(sam.calls) == len(sam.asked) == 1
    assert keys(s3) == set()
    with pytest.raises(stacks.NoStack):
        stacks.find("referral-intake")


def test_a_declined_update_keeps_the_stack_and_leaves_no_changeset(sam: Sam) -> None:
    deploy.deploy_stacks(PROD, ask=False, with_web_acl=False)
    sam.answer = "n"
    changed = Environment("prod", "referral-intake", {**PROD.parameters, "DeletionProtection": "false"})
    with pytest.raises(CommandError, match="Nothing was changed"):
        deploy.deploy_stacks(changed, ask=True, with_web_acl=False)
    assert deployed_parameters()["DeletionProtection"] == "true"
    found = boto3.client("cloudformation").list_change_sets(StackName="referral-intake")["Summaries"]
    assert [one for one in found if one["ExecutionStatus"] == "AVAILABLE"] == []


class CloudFormation:
    """Answers with prepared events: moto executes a changeset at once, and never fails."""

    def __init__(self, status: str, *steps: list[tuple[str, str]]) -> None:
        self.status, self.steps, self.events, self.calls = status, list(steps), list[Any](), list[tuple[str, Any]]()

    def describe_stacks(self, **_: Any) -> Any:
        if not self.status:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "x does not exist"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status}]}

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: getattr(self, name)())

    def list_change_sets(self) -> Any:
        made = [{"ChangeSetId": "1", "ExecutionStatus": "AVAILABLE", "CreationTime": NOW}]
        return [{"Summaries": made if self.steps and self.has_run else []}]

    def describe_change_set(self) -> Any:
        return [{"Changes": []}]

    def describe_stack_events(self) -> Any:
        for resource, status in self.steps.pop(0) if self.is_executed and self.steps else []:
            event = {"EventId": str(len(self.events)), "LogicalResourceId": resource, "ResourceStatus": status}
            ids = {"StackId": "stack", "PhysicalResourceId": resource}
            self.events.insert(0, {**event, **ids, "Timestamp": NOW, "ResourceStatusReason": "the reason"})
        return [{"StackEvents": self.events[:1]}, {"StackEvents": self.events[1:]}]

    has_run = is_executed = False

    def execute_change_set(self, **given: Any) -> None:
        self.is_executed = True
        self.calls.append(("execute", given))

    def delete_stack(self, **given: Any) -> None:
        self.calls.append(("delete", given))
        self.status = ""

    def get_waiter(self, name: str) -> Any:
        return SimpleNamespace(wait=lambda **_: self.calls.append(("wait", name)))

    def deploy(self, monkeypatch: pytest.MonkeyPatch) -> bool:
        def run(command: list[str]) -> bool:
            self.has_run, self.status = True, self.status or "REVIEW_IN_PROGRESS"
            return True

        monkeypatch.setattr(changesets, "run", run)
        client: Any = self
        return changesets.Stack(client, "x", sleep=lambda _: None).deploy([], ask=False)


def test_progress_is_printed_until_the_stack_itself_is_updated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [("stack", "UPDATE_IN_PROGRESS"), ("Table", "UPDATE_COMPLETE")]
    client = CloudFormation("UPDATE_COMPLETE", first, [("stack", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")], [],
                            [("stack", "UPDATE_COMPLETE")])  # fmt: skip
    assert client.deploy(monkeypatch)
    lines = [line.split()[1:] for line in capsys.readouterr().out.splitlines() if line.startswith("12:")]
    assert lines == [["UPDATE_COMPLETE", "Table"], ["UPDATE_COMPLETE", "stack"]]


def test_the_reason_of_a_failure_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = [("Team", "CREATE_FAILED"), ("stack", "ROLLBACK_IN_PROGRESS"), ("stack", "ROLLBACK_COMPLETE")]
    assert not CloudFormation("", failed).deploy(monkeypatch)
    assert "CREATE_FAILED" in (errors := capsys.readouterr().err)
    assert "Team: the reason" in errors


def test_a_failed_first_deployment_leaves_no_retained_resource_and_is_deleted_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = CloudFormation("ROLLBACK_COMPLETE", [("stack", "CREATE_COMPLETE")])
    assert client.deploy(monkeypatch)
    (deleted, _), (waited, _), (executed, given) = client.calls
    assert (deleted, waited, executed) == ("delete", "wait", "execute")
    assert given["RetainExceptOnCreate"] is True


def test_a_deployment_in_progress_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="UPDATE_IN_PROGRESS"):
        CloudFormation("UPDATE_IN_PROGRESS").deploy(monkeypatch)


def test_a_summary_names_what_is_removed_or_replaced() -> None:
    def change(action: str, name: str, replacement: str = "False") -> dict[str, str]:
        kind = "AWS::SQS::Queue"
        return {"Action": action, "LogicalResourceId": name, "ResourceType": kind, "Replacement": replacement}

    changes = [change("Add", "A"), change("Modify", "B"), change("Modify", "C", "True"), change("Remove", "D")]
    assert changesets.summary(changes) == [
        "Resources: 1 to add, 2 to change, 1 to remove.",
        "  C (AWS::SQS::Queue) is replaced",
        "  D (AWS::SQS::Queue) is removed",
    ]
    assert changesets.summary([]) == ["Resources: no change."]


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        (PROD, True),
        (Environment("prod", "x", {"WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/own/1"}), False),
        (ENVIRONMENT, False),
    ],
)
def test_only_prod_without_a_web_acl_of_its_own_gets_one(environment: Environment, is_wanted: bool) -> None:
    assert web_acl.is_wanted(environment) is is_wanted


def test_without_a_web_acl_the_command_says_what_stays_open(sam: Sam, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.deploy_stacks(PROD, ask=False, with_web_acl=False)
    assert "one network address can use up the request rate" in capsys.readouterr().out
    assert not deployed_parameters().get("WebAclArn")


# ---- Deletion --------------------------------------------------------------------------------------------------------


@pytest.fixture
def deployed(s3: "S3Client") -> stacks.Stack:
    """A bucket of the stack with old object versions. Neither can be deleted before the bucket is empty."""
    body = '{"Resources": {"SiteBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "owned"}}}}'
    boto3.client("cloudformation").create_stack(StackName="referral-intake-dev", TemplateBody=body)
    s3.put_bucket_versioning(Bucket="owned", VersioningConfiguration={"Status": "Enabled"})
    for text in ("1", "2"):
        s3.put_object(Bucket="owned", Key="index.html", Body=text.encode())
    s3.delete_object(Bucket="owned", Key="index.html")
    return stacks.find("referral-intake-dev")


def test_a_stack_is_deleted_after_its_buckets_were_emptied(deployed: stacks.Stack, s3: "S3Client") -> None:
    destroy.destroy(deployed)
    left = s3.list_object_versions(Bucket="owned")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    with pytest.raises(stacks.NoStack):
        stacks.find("referral-intake-dev")


def test_nothing_is_deleted_unless_the_name_of_the_stack_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed, expected in (("y", False), ("", False), ("referral-intake", False), ("referral-intake-dev", True)):
        monkeypatch.setattr("builtins.input", lambda _, typed=typed: typed)
        assert destroy.is_confirmed(ENVIRONMENT, None) is expected


def test_retained_resources_are_listed_with_commands_to_delete_them() -> None:
    resources = [
        {"LogicalResourceId": one, "ResourceType": kind, "ResourceStatus": status, "PhysicalResourceId": f"{one}-1"}
        for one, kind, status in (
            ("Table", "AWS::DynamoDB::Table", "DELETE_SKIPPED"),
            ("HashingKeys", "AWS::SecretsManager::Secret", "DELETE_SKIPPED"),
            ("SiteBucket", "AWS::S3::Bucket", "DELETE_COMPLETE"),
        )
    ]
    text = "\n".join(destroy.retained_resources(resources))
    assert "delete-table --table-name Table-1" in text
    assert "--secret-id HashingKeys-1" in text
    assert "SiteBucket" not in text


def test_stacks_in_us_east_1_that_cost_money_are_named_with_the_command_that_deletes_them(
    deployed: stacks.Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment("prod", deployed.name, {"AlarmsAddress": "us@spine.example"})
    monkeypatch.setattr(environments, "named", lambda _: environment)
    assert destroy.command("prod", yes=deployed.name) == 0
    output = capsys.readouterr().out
    for name in ("web-acl", "site-errors"):
        assert f"delete-stack --region us-east-1 --stack-name {deployed.name}-{name}" in output


def test_every_retained_resource_type_has_a_command_to_delete_it() -> None:
    template = nested_stacks.read(Path("infra/template.yaml"))
    kept = {one["Type"] for one in template["Resources"].values() if one.get("DeletionPolicy") == "Retain"}
    assert kept
    assert kept <= destroy._REMOVE.keys()
