"""`deploy`: deploy the stack with SAM, then upload the site."""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import boto3

from cli import environments, options, output, stacks
from cli.environments import Environment
from cli.errors import CommandError
from cli.site import builder, upload
from cli.stacks import Stack

SAM = Path("tools/sam/sam")
BUILT = Path(".aws-sam/build/template.yaml")
_NOT_DEPLOYED = """\
SAM's output above says why. The site was not changed. If CloudFormation rolled the stack back, the version from before
still answers. If an alarm caused it, see docs/deploy.md, "When an alarm takes it back"."""


def command(
    environment: options.EnvironmentName,
    yes: Annotated[bool, options.flag("--yes", "Do not ask before the stack is changed.")] = False,
    site_only: Annotated[bool, options.flag("--site-only", "Leave the stack as it is.")] = False,
) -> int:
    """Deploy the stack and the site to an environment.

    Deploys what `make build` built, then builds the site for the stack and uploads it. Run the same command again to
    continue after a failure; it changes nothing that is up to date. `make deploy ENV=dev` builds first.
    """
    target = environments.named(environment)
    os.environ.update(target.aws())
    if not site_only:
        print(f"Deploying the stack {target.stack} ...", flush=True)
        done = subprocess.run(sam(target, ask=not yes), check=False)  # noqa: S603  (no input from outside)
        if done.returncode:
            output.problem(_NOT_DEPLOYED)
            return 1
    stack = stacks.find(target.stack)
    with tempfile.TemporaryDirectory() as fresh:  # No files of an earlier build.
        put_site(stack, Path(fresh), datetime.now(UTC))
    for line in addresses(stack, target):
        print(line)
    return 0


def sam(environment: Environment, *, ask: bool) -> list[str]:
    """The command that deploys the stack. An empty changeset is no failure: the site may still have to be uploaded."""
    if not BUILT.exists():
        raise CommandError("There is no build. Run: make build")
    # An absolute path: SAM looks for a relative one beside the template.
    config = [f"--config-file={environments.SAMCONFIG.resolve()}", f"--config-env={environment.name}"]
    confirm = "--confirm-changeset" if ask else "--no-confirm-changeset"
    return [str(SAM), "deploy", *config, "--no-fail-on-empty-changeset", confirm]


def put_site(stack: Stack, out: Path, now: datetime) -> None:
    """Build the site into `out`, upload it, and have CloudFront fetch its pages again."""
    bucket, distribution = stack.output("SiteBucketName"), stack.output("DistributionId")
    settings = builder.dashboard_settings(stack.output)
    print(f"Uploading the site to {bucket} ...", flush=True)
    builder.build(Path("templates"), out)
    builder.write_dashboard_settings(out, settings)
    done = upload.upload(boto3.client("s3"), bucket, out, now, print)
    print(f"Files written: {done.written}; unchanged: {done.there}; removed: {done.removed}.")
    made = upload.invalidate(boto3.client("cloudfront"), distribution, done.pages)
    print(f"CloudFront fetches {len(done.pages)} pages again within a minute or two: invalidation {made}.")


def addresses(stack: Stack, environment: Environment) -> list[str]:
    """Where the site and the dashboard are, and what to do next."""
    site_url, given = stack.output("SiteUrl"), stack.output("SiteAddress")
    if site_url.endswith(".invalid"):
        return [
            f"The site is at {given}, but links in messages don't lead there yet. In samconfig.toml, add to",
            f'parameter_overrides of {environment.name}: "SiteUrl={given}". Then deploy again.',
        ]
    return [
        f"Site:        {site_url}" + ("" if site_url == given else f"  (CloudFront: {given})"),
        f"Dashboard:   {site_url}/dashboard/",
        f"Monitoring:  {stack.output('WatchAddress')}",
        f"Next:        referrals preflight --stack {environment.stack}",
    ]
