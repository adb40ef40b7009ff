"""`deploy`: deploy the stack with SAM, then upload the site."""

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import boto3

from cli import (
    changesets,
    environments,
    options,
    output,
    site_address,
    site_alarm,
    stacks,
    termination_protection,
    web_acl,
)
from cli.checks import missing_records
from cli.commands import preflight
from cli.environments import Environment
from cli.errors import CommandError
from cli.site import builder, upload
from cli.stacks import Stack

SAM = Path("tools/sam/sam")
_PROTECTION = "DeletionProtection"
BUILT = Path(".aws-sam/build/template.yaml")
_NOT_DEPLOYED = """\
The deployment failed. The reason is above. The site was not changed. If CloudFormation rolled the stack back, the
previous version is still live. If an alarm caused the rollback, see docs/recovery.md, "After a rollback"."""
_TWICE = """\
This is the first deployment, so the stack is deployed twice: the second deployment sets the site's address and protects
the data from deletion. Together they take about 15 minutes."""


def command(
    environment: options.EnvironmentName,
    yes: Annotated[bool, options.flag("--yes", "Change the stack without asking for confirmation.")] = False,
    site_only: Annotated[bool, options.flag("--site-only", "Upload the site, and do not change the stack.")] = False,
    no_web_acl: Annotated[
        bool, options.flag("--no-web-acl", "Deploy prod without limits per network address.")
    ] = False,
) -> int:
    """Deploy the stack and the site to an environment.

    Deploys the output of `make build`, then builds the site for the stack and uploads it. To continue after a failure,
    run the same command again; it skips everything that is up to date. `make deploy ENV=dev` builds first.

    At the end, prints the DNS records that are missing, opens the site as a visitor does, and follows a test referral,
    which is in no list or number, to a mailbox of SES. Exits with 1 if you decline, or if a part fails.
    """
    target = environments.named(environment)
    os.environ.update(target.aws())
    with_web_acl = web_acl.is_wanted(target) and not no_web_acl
    if not (site_only or deploy_stacks(target, ask=not yes, with_web_acl=with_web_acl)):
        output.problem(_NOT_DEPLOYED)
        return 1
    stack = stacks.find(target.stack)
    with tempfile.TemporaryDirectory() as fresh:  # An empty folder, without files of an earlier build.
        put_site(stack, Path(fresh), datetime.now(UTC))
    for line in addresses(stack, target):
        print(line)
    for line in missing_records.lines(stack.parameters, stack.output("SiteAddress")):
        print(line)
    return int(preflight.show(preflight.run(preflight.smoke_tests(preflight.Target.of(target.stack)))))


def deploy_stacks(environment: Environment, *, ask: bool, with_web_acl: bool) -> bool:
    """Deploy the stack, after its web ACL and before its alarm in us-east-1. Return whether this succeeded."""
    command, parameters = sam(environment), dict(environment.parameters)
    site_address.site_url(parameters, _distribution(environment))  # Before anything changes.
    if with_web_acl:
        if not _deploy_separately(command, web_acl.stack_name(environment), web_acl.TEMPLATE, {}, ask=ask):
            return False
        parameters[web_acl.PARAMETER] = web_acl.arn(environment)
    elif web_acl.PARAMETER not in parameters:
        print(web_acl.WITHOUT)
    if not _deploy(environment, command, parameters, ask=ask):
        return False
    termination_protection.protect(environment)
    if not site_alarm.is_wanted(environment):
        return True
    given = site_alarm.parameters(environment, stacks.find(environment.stack).output("DistributionId"))
    return _deploy_separately(command, site_alarm.stack_name(environment), site_alarm.TEMPLATE, given, ask=ask)


def _deploy_separately(
    command: list[str], name: str, template: Path, parameters: Mapping[str, str], *, ask: bool
) -> bool:
    """Deploy a stack of its own in us-east-1, the region of CloudFront. Return whether this succeeded."""
    print(f"Deploying the stack {name} in {web_acl.REGION} ...", flush=True)
    where = ["--stack-name", name, "--region", web_acl.REGION, "--template-file", str(template.resolve())]
    stack = changesets.Stack(boto3.client("cloudformation", region_name=web_acl.REGION), name)
    return stack.deploy(_with([*command, *where], parameters), ask=ask)


def _deploy(environment: Environment, command: list[str], parameters: dict[str, str], *, ask: bool) -> bool:
    """Deploy the stack, the first time twice: protected data would remain if the first deployment failed."""
    stack = changesets.Stack(boto3.client("cloudformation"), environment.stack)
    if stack.is_new:
        print(_TWICE)
        first = {**parameters, "SiteUrl": site_address.site_url(parameters, None), _PROTECTION: "false"}
        print(f"Deploying the stack {stack.name}, 1 of 2 ...", flush=True)
        if not stack.deploy(_with(command, first), ask=ask):
            return False
        ask = False
    later = {_PROTECTION: "true", **parameters}
    later["SiteUrl"] = site_address.site_url(parameters, _distribution(environment))
    print(f"Deploying the stack {stack.name} ...", flush=True)
    return stack.deploy(_with(command, later), ask=ask)


def _with(command: list[str], parameters: Mapping[str, str]) -> list[str]:
    if not parameters:
        return command
    # On the command line, the option replaces the parameters of samconfig.toml. SAM keeps the previous value of a
    # parameter that is in neither.
    return [*command, "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]


def _distribution(environment: Environment) -> str | None:
    """Return the address of the site at CloudFront, or None before the first deployment."""
    stack = changesets.Stack(boto3.client("cloudformation"), environment.stack)
    return None if stack.is_new else stacks.find(environment.stack).output("SiteAddress")


def sam(environment: Environment) -> list[str]:
    """Return the command line that deploys the stack. Raise CommandError if there is no build.

    An empty changeset must not fail, because the site may still need an upload.
    """
    if not BUILT.exists():
        raise CommandError("There is no build. Run: make build")
    # SAM resolves a relative path against the folder of the template, so the path must be absolute.
    config = [f"--config-file={environments.SAMCONFIG.resolve()}", f"--config-env={environment.name}"]
    return [str(SAM), "deploy", *config, "--no-fail-on-empty-changeset"]


def put_site(stack: Stack, out: Path, now: datetime) -> None:
    """Build the site into `out`, upload it, and invalidate its pages in CloudFront."""
    bucket, distribution = stack.output("SiteBucketName"), stack.output("DistributionId")
    settings = builder.dashboard_settings(stack.output)
    print(f"Uploading the site to {bucket} ...", flush=True)
    builder.build(Path("templates"), out)
    builder.write_dashboard_settings(out, settings)
    done = upload.upload(boto3.client("s3"), bucket, out, now, print)
    print(f"Files written: {done.written}; unchanged: {done.there}; removed: {done.removed}.")
    made = upload.invalidate(boto3.client("cloudfront"), distribution, done.pages)
    print(f"Invalidation {made} of {len(done.pages)} paths started in CloudFront. It takes a minute or two.")


def addresses(stack: Stack, environment: Environment) -> list[str]:
    """Return the lines to print: addresses of the site and the dashboard, and the next command."""
    site_url, given = stack.output("SiteUrl"), stack.output("SiteAddress")
    return [
        f"Site:        {site_url}" + ("" if site_url == given else f"  (CloudFront: {given})"),
        f"Dashboard:   {site_url}/dashboard/",
        f"Monitoring:  {stack.output('WatchAddress')}",
        f"Next:        referrals preflight --stack {environment.stack}",
    ]
