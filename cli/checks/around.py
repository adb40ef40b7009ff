"""What is around the stack: the account, who is told of alarms, who may sign in, and whether opt-out links work."""

from collections.abc import Collection, Mapping, Sequence

from cli.checks.said import Said, failure, ok, warning

# What Lambda wants to keep unreserved in an account.
_UNRESERVED = 100


def credentials(identity: Mapping[str, str]) -> Said:
    return ok(f"account {identity['Account']}, as {identity['Arn'].partition(':')[2].rpartition(':')[2]}")


def region(name: str | None, with_ses: Collection[str]) -> Said:
    if not name:
        return failure("No region is chosen", "Set AWS_REGION, or `region` in samconfig.toml.")
    if name not in with_ses:
        return failure(f"SES is not in {name}, as far as this boto3 knows", "Choose another region.")
    return ok(name)


def concurrency(limit: Mapping[str, int], reserved: int) -> Said:
    """`reserved` is what the stack's parameter ReservedConcurrency keeps for each of two functions."""
    every, left = limit.get("ConcurrentExecutions", 0), limit.get("UnreservedConcurrentExecutions", 0)
    text = f"{left} of {every} runs at once are unreserved"
    if reserved and left < _UNRESERVED:
        todo = "Set ReservedConcurrency to 0, or ask for more under Service Quotas (Lambda)."
        return failure(text, todo)
    if left < _UNRESERVED:
        return warning(text, "Enough to try. Ask for 1,000 under Service Quotas (Lambda) before many come.")
    return ok(text)


def versions(behind: Mapping[str, Sequence[str]]) -> Said:
    """`behind` names, by function, in what the version that answers differs from what was deployed last."""
    older = [f"{name} ({', '.join(parts)})" for name, parts in behind.items() if parts]
    if older:
        todo = 'See docs/deploy.md, "When an alarm takes it back". If a deployment is under way, wait for its end.'
        return failure(f"An older version answers: {'; '.join(older)}", todo)
    return ok(f"{len(behind)} functions answer as they were deployed")


def alarms(subscriptions: Sequence[Mapping[str, str]]) -> Said:
    waiting = [one for one in subscriptions if not one["SubscriptionArn"].startswith("arn:")]
    if not subscriptions:
        return failure("Nobody is told of alarms", "Set AlarmsAddress in samconfig.toml, and deploy.")
    if len(waiting) == len(subscriptions):
        todo = 'Follow the link in the mail "AWS Notification - Subscription Confirmation".'
        return failure("Nobody who is to be told of alarms has confirmed", todo)
    if waiting:
        return warning(f"{len(waiting)} of {len(subscriptions)} have not confirmed", "They find a link in their mail.")
    return ok(f"{len(subscriptions)} confirmed")


def team(members: Mapping[str, int]) -> Said:
    """How many there are in each group."""
    text = ", ".join(f"{count} {group}{'' if count == 1 else 's'}" for group, count in members.items())
    if not members.get("manager"):
        return warning(text, 'Nobody can approve what is held. docs/operate.md, "Who may sign in".')
    return ok(text)


def opt_out(status: int, body: str, forged: int) -> Said:
    """The answers to a link that we signed, and to the same with its signature spoiled."""
    if status != 200:
        todo = "Open the site's /api/opt-out in a browser, and see the log of the function links."
        return failure(f"The opt-out page answers {status}", todo)
    # The whole of it: the page asks, and does nothing by itself.
    if '<form method="post" action="/api/opt-out' not in body:
        return failure("The opt-out page has no button", "See what answers at SiteUrl: is it this stack?")
    if forged < 400:
        return failure("A forged opt-out link is taken", "Is SiteUrl this stack's address?")
    return ok("a signed link shows the page; a forged one does not")


def table(settings: Mapping[str, bool], *, protected: bool) -> Said:
    """`settings` says what is set; `protected` whether deletion protection is to be."""
    wanted = [name for name in settings if protected or name != "deletion protection"]
    if lacking := [name for name in wanted if not settings[name]]:
        todo = "A restored table has none of these by itself: docs/deploy.md, Restoring a table."
        return failure(f"The table lacks: {', '.join(lacking)}", todo)
    return ok(", ".join(wanted))
