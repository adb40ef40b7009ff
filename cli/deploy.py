"""`deploy`: the stack by SAM, then the site into its bucket."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from cli import environments, site, stacks, upload
from cli.environments import Environment
from cli.stacks import Stack

SAM = Path("tools/sam/sam")
BUILT = Path(".aws-sam/build/template.yaml")
_DESCRIPTION = """\
Deploys what `make build` built to an environment of samconfig.toml, then builds the site for it and uploads it. The
same command again goes on where it was stopped, and changes nothing where all is done. `make deploy ENV=dev` builds
first.
"""
_NOT_DEPLOYED = """\
What SAM says above is why. The site was not touched, and where CloudFormation rolled the stack back, what answered
before answers still. Was it an alarm? docs/deploy.md, "When an alarm takes it back", says what to do."""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "deploy",
        help="deploy the stack and the site to an environment",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("environment", help="a section of samconfig.toml: dev, staging or prod")
    command.add_argument("--yes", action="store_true", help="do not ask before the stack is changed")
    command.add_argument("--site-only", action="store_true", help="leave the stack as it is")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    environment = environments.named(arguments.environment)
    os.environ.update(environment.aws())
    if not arguments.site_only:
        print(f"The stack {environment.stack} ...", flush=True)
        done = subprocess.run(sam(environment, ask=not arguments.yes), check=False)  # noqa: S603  (nothing of a stranger's)
        if done.returncode:
            print(_NOT_DEPLOYED, file=sys.stderr)
            return 1
    stack = stacks.find(environment.stack)
    with tempfile.TemporaryDirectory() as fresh:  # Nothing of an earlier build.
        put_site(stack, Path(fresh), datetime.now(UTC))
    for line in addresses(stack, environment):
        print(line)
    return 0


def sam(environment: Environment, *, ask: bool) -> list[str]:
    """What deploys the stack. Nothing to change is no failure, or the site could not be uploaded after a fault."""
    if not BUILT.exists():
        raise SystemExit("Nothing is built. Run: make build")
    # By its whole path: SAM looks for it beside the template else.
    config = [f"--config-file={environments.SAMCONFIG.resolve()}", f"--config-env={environment.name}"]
    asked = "--confirm-changeset" if ask else "--no-confirm-changeset"
    return [str(SAM), "deploy", *config, "--no-fail-on-empty-changeset", asked]


def put_site(stack: Stack, out: Path, now: datetime) -> None:
    bucket, distribution = stack.output("SiteBucketName"), stack.output("DistributionId")
    settings = site.dashboard_settings(stack)
    print(f"The site, into {bucket} ...", flush=True)
    site.build(Path("templates"), out)
    config = out / site.DASHBOARD_SETTINGS
    config.write_text(json.dumps(settings, indent=1), "utf-8")
    done = upload.upload(boto3.client("s3"), bucket, out, now, print)
    print(f"Files written: {done.written}; there already: {done.there}; removed: {done.removed}.")
    made = upload.invalidate(boto3.client("cloudfront"), distribution, done.pages)
    print(f"CloudFront forgets {len(done.pages)} addresses of pages: invalidation {made}. It takes a minute or two.")


def addresses(stack: Stack, environment: Environment) -> list[str]:
    """Where everything is, and what to do next."""
    site_url, given = stack.output("SiteUrl"), stack.output("SiteAddress")
    if site_url.endswith(".invalid"):
        return [
            f"The site is at {given}, but links in messages don't lead there yet. In samconfig.toml, add to",
            f'parameter_overrides of {environment.name}: "SiteUrl={given}"; then deploy once more.',
        ]
    return [
        f"The site:       {site_url}" + ("" if site_url == given else f"  (CloudFront: {given})"),
        f"The dashboard:  {site_url}/dashboard/",
        f"To watch it:    {stack.output('WatchAddress')}",
        f"What is left:   .venv/bin/python -m cli preflight --stack {environment.stack}",
    ]
