"""`preflight`: check that the stack is ready to mail doctors, before and after a deployment."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path

from cli import environments, options, output, stacks
from cli.checks import account, aws_queries, content, deployment, dns_records, mail, opt_out_page, smoke_test
from cli.checks.result import Level, Result, failure, skipped
from cli.stacks import NoStack, Stack
from referral_intake.aws import content_digests
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign

TEMPLATES = Path("templates")
# Environments that mail no doctors, but only verified addresses or the team's own.
_TRIALS = {"dev", "staging"}
_LOCAL = skipped("local")
_NOT_DEPLOYED = skipped("not deployed yet")
_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "red", Level.SKIPPED: "dim"}
# Checks that need no AWS credentials.
_WITHOUT_AWS = {"region", "SPF", "DMARC", "sender and site", "postal address", "approval"}

Check = Callable[[], Result]


def command(stack: options.Stack = None, as_json: options.AsJson = False) -> int:
    """Check that the stack is ready to mail doctors.

    Prints the result of each check, and the action to take. Changes nothing, except that it submits a test referral to
    a mailbox of SES, which is in no list or number, and deletes it. Before the first deployment, reads the
    sender from samconfig.toml, and skips the checks that need a deployed stack.

    Exits with 0 if no check failed, otherwise with 1. Warnings and skipped checks are not failures.
    """
    results = run(checks(Target.of(stacks.name_or_default(stack))))
    if as_json:
        found = list(results)
        output.print_json([{"check": name, **asdict(result)} for name, result in found])
        return int(any(result.level is Level.FAILURE for _, result in found))
    return int(show(results))


def show(results: Iterable[tuple[str, Result]]) -> bool:
    """Print the results, and return whether a check failed."""
    failed = False
    for name, result in results:
        todo = f"\n{'':9}-> {result.todo}" if result.todo else ""
        output.styled(f"{result.level:8} {name}: {result.text}{todo}", _STYLES[result.level])
        failed = failed or result.level is Level.FAILURE
    return failed


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed or local stack, or one that is configured in samconfig.toml but not deployed yet.

    `real` says whether it mails doctors. `problem` is why the stack can't be read.
    """

    name: str
    stack: Stack | None
    parameters: Mapping[str, str]
    real: bool
    problem: str = ""

    @classmethod
    def of(cls, name: str) -> "Target":
        """Return the target with that name. Raise NoStack if it is a local stack that is not running."""
        environment = environments.of_stack(name)
        os.environ.update(environment.aws() if environment else {})
        real = not name.startswith("http://") and (environment is None or environment.name not in _TRIALS)
        planned = environment.parameters if environment else {}
        try:
            stack = stacks.find(name)
        except NoStack as error:
            if name.startswith("http://"):
                raise
            return cls(name, None, planned, real, str(error))
        return cls(name, stack, {**planned, **stack.parameters}, real)

    @property
    def is_local(self) -> bool:
        return self.stack is not None and self.stack.is_local

    @property
    def site_url(self) -> str:
        if self.stack:
            return self.stack.output("SiteUrl")
        domain = self.parameters.get("SiteDomain")
        return f"https://{domain}" if domain else self.parameters.get("SiteUrl", "")


def run(wanted: Iterable[tuple[str, Check]]) -> Iterator[tuple[str, Result]]:
    """Run the checks, and yield their names and results, in the order in which problems should be fixed.

    An error in a check is a failure. Without credentials, checks that need AWS are skipped.
    """
    without = None
    for name, check in wanted:
        result = _result(check) if without is None or name in _WITHOUT_AWS else without
        if name == "credentials" and result.level is Level.FAILURE:
            without = skipped("no credentials")
        yield name, result


def _result(check: Check) -> Result:
    try:
        return check()
    except NoStack as error:
        return failure(str(error), "")
    except Exception as error:  # noqa: BLE001  (no error of one check stops the others)
        return failure(f"can't check: {type(error).__name__}: {error}", "Fix the cause, and run preflight again.")


def checks(target: Target) -> Iterator[tuple[str, Check]]:
    yield "credentials", _aws(target, lambda: account.credentials(aws_queries.caller()))
    yield "region", _aws(target, lambda: account.region(*aws_queries.regions()))
    yield "stack", partial(_stack, target)
    yield from ((name, _aws(target, check)) for name, check in _mail(target))
    yield from _content(target)
    yield from _deployment(target)


def _aws(target: Target, check: Check) -> Check:
    """Return a check that needs AWS or the network, and is skipped for a local stack."""
    return (lambda: _LOCAL) if target.is_local else check


def _deployed(target: Target, check: Callable[[Stack], Result]) -> Check:
    stack = target.stack
    return (lambda: check(stack)) if stack else lambda: _NOT_DEPLOYED


def _stack(target: Target) -> Result:
    if target.stack:
        return Result(
            Level.OK, f"{target.name} is deployed" if not target.is_local else f"local stack at {target.name}"
        )
    return Result(Level.WARNING, target.problem, "Before the first deployment, no action is needed.")


def _mail(target: Target) -> Iterator[tuple[str, Check]]:
    address = target.parameters.get("SenderAddress", "")
    if not address and not target.is_local:
        yield "SES identity", lambda: failure("There is no sender address", "Set SenderAddress in samconfig.toml.")
        return
    # Created in the first check that needs it, because boto3 can't create a client without a region.
    ses = cache(lambda: aws_queries.Ses(address))
    domain = address.rpartition("@")[2]
    yield "SES identity", lambda: mail.identity(ses().identity, domain)
    yield "DKIM", lambda: mail.dkim(ses().identity, domain)
    yield "SPF", lambda: mail.spf(ses().identity, dns_records.txt(ses().mail_from() or "") if ses().mail_from() else [])
    yield "DMARC", lambda: mail.dmarc(dns_records.dmarc(domain))
    yield "sandbox", lambda: mail.sandbox(ses().account, real=target.real)
    yield "quota", lambda: mail.quota(ses().account)
    name = "OutreachMailName"
    yield (
        "configuration set",
        _deployed(
            target,
            lambda stack: mail.configuration_set(ses().configuration_set(stack.output(name)), stack.output(name)),
        ),
    )
    yield (
        "SES events",
        _deployed(
            target,
            lambda stack: mail.event_destination(ses().event_destinations(stack.output(name)), stack.output(name)),
        ),
    )


def _content(target: Target) -> Iterator[tuple[str, Check]]:
    sender = target.parameters.get("SenderAddress", "")
    yield "sender and site", _aws(target, lambda: content.addresses(sender, target.site_url, real=target.real))
    known = Campaigns(TEMPLATES)
    for campaign in filter(None, map(known.get, known.names())):
        yield "postal address", partial(content.sender, campaign, real=target.real)
        yield "approval", partial(_approval, target, campaign)
        yield "information", partial(content.material, campaign)


def _approval(target: Target, campaign: Campaign) -> Result:
    files = content_digests.digests(TEMPLATES, content_digests.files_requiring_approval(TEMPLATES, campaign.name))
    return content.approval(campaign, files, _today(target), real=target.real)


def _today(target: Target) -> date:
    return (target.stack.now() if target.stack else datetime.now(UTC)).date()


def _deployment(target: Target) -> Iterator[tuple[str, Check]]:
    yield "opt-out link", _deployed(target, _opt_out)
    yield from smoke_tests(target)

    def on_aws(check: Callable[[Stack], Result]) -> Check:
        return _aws(target, _deployed(target, check))

    yield "versions", on_aws(lambda stack: deployment.versions(aws_queries.outdated_versions(stack.name)))
    yield "alarms", on_aws(lambda stack: deployment.alarms(aws_queries.subscriptions(stack.output("AlarmsTopic"))))
    reserved = int(target.parameters.get("ReservedConcurrency") or 0)
    yield "concurrency", _aws(target, lambda: account.concurrency(aws_queries.concurrency(), reserved))
    protected = target.parameters.get("DeletionProtection", "true") == "true"
    name = "TableName"
    yield "table", on_aws(lambda stack: deployment.table(aws_queries.table(stack.output(name)), protected=protected))
    yield (
        "event sources",
        on_aws(lambda stack: deployment.stream_readers(aws_queries.stream_readers(stack.output(name)))),
    )
    yield "team", _deployed(target, lambda stack: deployment.team(aws_queries.members(stack.output("TeamId"))))


def smoke_tests(target: Target) -> Iterator[tuple[str, Check]]:
    """The checks that also end a deployment."""
    yield "site", _deployed(target, lambda stack: smoke_test.site(stack.output("SiteUrl"), _campaign().locales))
    yield "test referral", _deployed(target, lambda stack: _test_referral(target, stack))


def _test_referral(target: Target, stack: Stack) -> Result:
    if not target.is_local:
        identity = aws_queries.Ses(target.parameters.get("SenderAddress", "")).identity
        if not (identity and identity.get("VerifiedForSendingStatus")):
            return skipped("SES has not verified the sender yet")
    return smoke_test.referral(stack, _campaign())


def _campaign() -> Campaign:
    known = Campaigns(TEMPLATES)
    [campaign, *_] = filter(None, map(known.get, known.names()))
    return campaign


def _opt_out(stack: Stack) -> Result:
    return deployment.opt_out(
        *opt_out_page.open_page(stack.output("SiteUrl"), stack.output("SigningKeysArn"), _campaign().name)
    )
