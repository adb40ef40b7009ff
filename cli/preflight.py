"""`preflight`: whether mail can reach doctors, before and after a deployment, and what to do where not."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from cli import environments, stacks
from cli.checks import around, asking, content, mail
from cli.checks.said import Level, Said, failure, skipped
from cli.stacks import NoStack, Stack
from referral_intake.aws import content_digests
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign

TEMPLATES = Path("templates")
# Nobody is told of these by mistake: SES's sandbox, or their own people, are all that they write to.
_TRIED_OUT = {"dev", "staging"}
_LOCAL = skipped("local")
_NOT_DEPLOYED = skipped("not deployed yet")
_DESCRIPTION = """\
Checks everything that must be right before mail reaches doctors, line by line, and says what to do. It changes nothing.
Before the first deployment it takes the sender from samconfig.toml, and skips what only a deployed stack has.

Exits with 0 if nothing failed (warnings and what was skipped do not count), else with 1.
"""

Check = Callable[[], Said]


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "preflight",
        help="check what must be right before mail reaches doctors",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stacks.add_option(command)
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    worst = 0
    for name, said in run(Place.of(arguments.stack)):
        print(f"{said.level:8} {name}: {said.text}" + (f"\n{'':9}-> {said.todo}" if said.todo else ""), flush=True)
        worst |= said.level is Level.FAILURE
    return int(worst)


@dataclass(frozen=True, slots=True)
class Place:
    """What is checked: a stack where it is deployed, else only what samconfig.toml says of it."""

    name: str
    stack: Stack | None
    parameters: Mapping[str, str]
    real: bool
    problem: str = ""

    @classmethod
    def of(cls, name: str) -> "Place":
        """Raises NoStack for a local stack that does not run."""
        environment = environments.of_stack(name)
        os.environ.update(environment.aws() if environment else {})
        real = not name.startswith("http://") and (environment is None or environment.name not in _TRIED_OUT)
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
        return self.stack.output("SiteUrl") if self.stack else self.parameters.get("SiteUrl", "")


def run(place: Place) -> Iterator[tuple[str, Said]]:
    """What each check says, in the order in which one would mend things. One that can't be made is a failure."""
    without = None
    for name, check in checks(place):
        said = _said(check) if without is None or name in _WITHOUT_AWS else without
        if name == "credentials" and said.level is Level.FAILURE:
            without = skipped("no credentials")
        yield name, said


_WITHOUT_AWS = {"region", "SPF", "DMARC", "sender and site", "postal address", "approval"}


def _said(check: Check) -> Said:
    try:
        return check()
    except NoStack as error:
        return failure(str(error), "")
    except Exception as error:  # noqa: BLE001  (whatever keeps one check from being made, the others are)
        return failure(f"can't be checked: {type(error).__name__}: {error}", "See to that, and run this again.")


def checks(place: Place) -> Iterator[tuple[str, Check]]:
    yield "credentials", _aws(place, lambda: around.credentials(asking.caller()))
    yield "region", _aws(place, lambda: around.region(*asking.regions()))
    yield "stack", partial(_stack, place)
    yield from ((name, _aws(place, check)) for name, check in _mail(place))
    yield from _content(place)
    yield from _around(place)


def _aws(place: Place, check: Check) -> Check:
    """What only AWS or the network knows, a local stack has not."""
    return (lambda: _LOCAL) if place.is_local else check


def _deployed(place: Place, check: Callable[[Stack], Said]) -> Check:
    stack = place.stack
    return (lambda: check(stack)) if stack else lambda: _NOT_DEPLOYED


def _stack(place: Place) -> Said:
    if place.stack:
        return Said(Level.OK, f"{place.name} is deployed" if not place.is_local else f"a local one, at {place.name}")
    return Said(Level.WARNING, place.problem, "Before the first deployment, this is as it should be.")


def _mail(place: Place) -> Iterator[tuple[str, Check]]:
    address = place.parameters.get("SenderAddress", "")
    if not address and not place.is_local:
        yield "SES identity", lambda: failure("No sender is known", "Set SenderAddress in samconfig.toml.")
        return
    # Not before a check asks for it: without a region there is no client.
    ses = cache(lambda: asking.Ses(address))
    domain = address.rpartition("@")[2]
    yield "SES identity", lambda: mail.identity(ses().identity, domain)
    yield "DKIM", lambda: mail.dkim(ses().identity, domain)
    yield "SPF", lambda: mail.spf(ses().identity, asking.texts(ses().mail_from() or "") if ses().mail_from() else [])
    yield "DMARC", lambda: mail.dmarc(asking.dmarc(domain))
    yield "sandbox", lambda: mail.sandbox(ses().account)
    yield "quota", lambda: mail.quota(ses().account)
    name = "OutreachMailName"
    yield (
        "configuration set",
        _deployed(
            place, lambda stack: mail.configuration_set(ses().configuration_set(stack.output(name)), stack.output(name))
        ),
    )
    yield (
        "SES events",
        _deployed(
            place,
            lambda stack: mail.event_destination(ses().event_destinations(stack.output(name)), stack.output(name)),
        ),
    )


def _content(place: Place) -> Iterator[tuple[str, Check]]:
    sender = place.parameters.get("SenderAddress", "")
    yield "sender and site", _aws(place, lambda: content.addresses(sender, place.site_url, real=place.real))
    known = Campaigns(TEMPLATES)
    for campaign in filter(None, map(known.get, known.names())):
        yield "postal address", partial(content.sender, campaign, real=place.real)
        yield "approval", partial(_approval, place, campaign)


def _approval(place: Place, campaign: Campaign) -> Said:
    files = content_digests.digests(TEMPLATES, content_digests.to_approve(TEMPLATES, campaign.name))
    return content.approval(campaign, files, _today(place), real=place.real)


def _today(place: Place) -> date:
    return (place.stack.now() if place.stack else datetime.now(UTC)).date()


def _around(place: Place) -> Iterator[tuple[str, Check]]:
    yield "opt-out link", _deployed(place, _opt_out)
    yield "versions", _aws(place, _deployed(place, lambda stack: around.versions(asking.behind(stack.name))))
    reserved = int(place.parameters.get("ReservedConcurrency") or 0)
    topic = "AlarmsTopic"
    yield (
        "alarms",
        _aws(place, _deployed(place, lambda stack: around.alarms(asking.subscriptions(stack.output(topic))))),
    )
    yield "concurrency", _aws(place, lambda: around.concurrency(asking.concurrency(), reserved))
    protected = place.parameters.get("DeletionProtection", "true") == "true"
    yield (
        "table",
        _aws(
            place,
            _deployed(place, lambda stack: around.table(asking.table(stack.output("TableName")), protected=protected)),
        ),
    )
    yield "team", _deployed(place, lambda stack: around.team(asking.members(stack.output("TeamId"))))


def _alarms(stack: Stack) -> Said:
    return around.alarms(asking.subscriptions(stack.output("AlarmsTopic")))


def _opt_out(stack: Stack) -> Said:
    campaign = Campaigns(TEMPLATES).names()[0]
    return around.opt_out(*asking.opt_out(stack.output("SiteUrl"), stack.output("SigningKeysArn"), campaign))
