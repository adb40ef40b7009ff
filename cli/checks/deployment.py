"""Check the deployed stack: function versions, alarms, team, opt-out link, table."""

from collections.abc import Mapping, Sequence

from cli.checks.result import Result, failure, ok, warning


def versions(outdated: Mapping[str, Sequence[str]]) -> Result:
    """Check that the latest versions are live.

    `outdated` maps function names to the settings in which the alias `live` differs from the latest deployment.
    """
    older = [f"{name} ({', '.join(parts)})" for name, parts in outdated.items() if parts]
    if older:
        todo = 'See docs/recovery.md, "After a rollback". If a deployment is in progress, wait until it ends.'
        return failure(f"An older version is live: {'; '.join(older)}", todo)
    return ok(f"the latest version of {len(outdated)} functions is live")


def alarms(subscriptions: Sequence[Mapping[str, str]]) -> Result:
    waiting = [one for one in subscriptions if not one["SubscriptionArn"].startswith("arn:")]
    if not subscriptions:
        return failure("No address receives alarms", "Set AlarmsAddress in samconfig.toml, and deploy.")
    if len(waiting) == len(subscriptions):
        todo = 'Follow the link in the email "AWS Notification - Subscription Confirmation".'
        return failure("No address has confirmed its subscription to alarms", todo)
    if waiting:
        return warning(
            f"{len(waiting)} of {len(subscriptions)} have not confirmed", "They must follow the link in the email."
        )
    return ok(f"{len(subscriptions)} confirmed")


def team(members: Mapping[str, int]) -> Result:
    """Check that the team has a manager. `members` is the number of members by group."""
    text = ", ".join(f"{count} {group}{'' if count == 1 else 's'}" for group, count in members.items())
    if not members.get("manager"):
        return warning(text, 'No manager can approve held referrals. See docs/operate.md, "Dashboard users".')
    return ok(text)


def opt_out(status: int, body: str, forged: int) -> Result:
    """Check the response to a signed opt-out link.

    `status` and `body` are the response to the signed link. `forged` is the status of the response to the same link
    with an invalid signature.
    """
    if status != 200:
        todo = "Open the site's /api/opt-out in a browser, and read the log of the function `links`."
        return failure(f"The opt-out page returns status {status}", todo)
    # The page must ask for confirmation, because mail scanners open links too.
    if '<form method="post" action="/api/opt-out' not in body:
        return failure("The opt-out page has no button", "Check that SiteUrl is the address of this stack.")
    if forged < 400:
        return failure("A forged opt-out link is accepted", "Check that SiteUrl is the address of this stack.")
    return ok("a signed link shows the page; a forged link is rejected")


def stream_readers(functions: Sequence[str]) -> Result:
    """Check that the functions `outreach` and `stats` read the current stream of the table."""
    lacking = [name for name in ("Outreach", "Stats") if not any(name in one for one in functions)]
    if lacking:
        todo = 'If the table was restored, see docs/recovery.md, "A deleted table". Otherwise, enable the event source.'
        return failure(f"No event source reads the stream of the table for: {', '.join(lacking).lower()}", todo)
    return ok("outreach and stats read the stream of the table")


def table(settings: Mapping[str, bool], *, protected: bool) -> Result:
    """Check the settings of the table. `protected` says whether deletion protection is required."""
    wanted = [name for name in settings if protected or name != "deletion protection"]
    if lacking := [name for name in wanted if not settings[name]]:
        todo = 'A restored table lacks them by default. See docs/recovery.md, "A deleted table".'
        return failure(f"The table lacks: {', '.join(lacking)}", todo)
    return ok(", ".join(wanted))
