"""Upload of the site to its bucket, and deletion of a stack."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cli import environments, stacks, web_acl
from cli.app import main
from cli.commands import deploy, destroy
from cli.environments import Environment
from cli.errors import CommandError
from cli.site import builder, upload
from samlocal.template import nested_stacks
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


def test_a_stack_without_a_site_address_gets_instructions(stack: stacks.Stack) -> None:
    unsettled = stacks.Stack(stack.name, {**stack.outputs, "SiteUrl": "https://not-yet.invalid"})
    text = " ".join(deploy.addresses(unsettled, ENVIRONMENT))
    assert '"SiteUrl=https://d1.cloudfront.net"' in text
    assert "https://spine.example/dashboard/" in " ".join(deploy.addresses(stack, ENVIRONMENT))


def test_sam_gets_the_environment_and_may_find_no_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "BUILT", tmp_path / "template.yaml")
    with pytest.raises(CommandError, match="make build"):
        deploy.sam(ENVIRONMENT, ask=True)
    (tmp_path / "template.yaml").touch()
    command = deploy.sam(ENVIRONMENT, ask=False)
    assert "--config-env=dev" in command
    assert f"--config-file={environments.SAMCONFIG.resolve()}" in command
    assert {"--no-fail-on-empty-changeset", "--no-confirm-changeset"} <= set(command)


def test_after_a_failed_deployment_the_site_is_not_uploaded_and_the_reason_is_printed(
    cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken_back = tmp_path / "sam"
    taken_back.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    taken_back.chmod(0o755)
    monkeypatch.setattr(deploy, "SAM", taken_back)
    monkeypatch.setattr(deploy, "BUILT", taken_back)
    assert main(["deploy", "dev", "--yes"]) == 1
    errors = capsys.readouterr().err
    assert "The site was not changed" in errors
    title = re.findall(r'docs/deploy.md,\s"(.+?)"', errors)
    assert [f"### {one}" in Path("docs/deploy.md").read_text("utf-8").split("\n") for one in title] == [True]
    assert boto3.client("s3").list_buckets()["Buckets"] == []


# moto can't create a web ACL.
WEB_ACL_STACK = {
    "Resources": {"Other": {"Type": "AWS::SQS::Queue"}},
    "Outputs": {"WebAclArn": {"Value": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/1"}},
}
PROD = Environment("prod", "referral-intake", {"SiteUrl": "https://spine.example", "SenderAddress": "a@spine.example"})


@pytest.fixture
def sam_calls(cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the arguments of each call of SAM, one line per call. The web ACL is deployed already."""
    script, calls = tmp_path / "sam", tmp_path / "calls"
    script.write_text(f"""#!/bin/sh\necho "$@" >> {calls}\n""", "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(deploy, "SAM", script)
    monkeypatch.setattr(deploy, "BUILT", script)
    boto3.client("cloudformation", region_name="us-east-1").create_stack(
        StackName="referral-intake-web-acl", TemplateBody=json.dumps(WEB_ACL_STACK)
    )
    return calls


def test_prod_gets_a_web_acl_in_us_east_1_and_keeps_its_other_parameters(sam_calls: Path) -> None:
    assert deploy.deploy_stacks(PROD, ask=False, with_web_acl=web_acl.is_wanted(PROD))
    acl, main_stack = sam_calls.read_text("utf-8").splitlines()
    assert "--stack-name referral-intake-web-acl --region us-east-1" in acl
    assert f"--template-file {web_acl.TEMPLATE.resolve()}" in acl
    assert "--parameter-overrides SiteUrl=https://spine.example SenderAddress=a@spine.example" in main_stack
    assert re.search(r" WebAclArn=arn:aws:wafv2:us-east-1:\d+:global/webacl/", main_stack)


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


def test_without_a_web_acl_the_command_says_what_stays_open(
    sam_calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.deploy_stacks(PROD, ask=False, with_web_acl=False)
    assert "one network address can use up the request rate" in capsys.readouterr().out
    assert "WebAclArn" not in sam_calls.read_text("utf-8")


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


def test_every_retained_resource_type_has_a_command_to_delete_it() -> None:
    template = nested_stacks.read(Path("infra/template.yaml"))
    kept = {one["Type"] for one in template["Resources"].values() if one.get("DeletionPolicy") == "Retain"}
    assert kept
    assert kept <= destroy._REMOVE.keys()
