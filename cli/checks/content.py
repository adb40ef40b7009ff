"""What people put into campaigns and into samconfig.toml: real names, and a wording that is approved."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from cli.checks.said import Said, failure, ok, warning
from referral_intake.core.campaign import Campaign

# An approval that ends stops the mail; people need time to read.
_SOON = timedelta(days=30)
# What the repository ships with, and domains that nobody can own (RFC 2606).
_PLACEHOLDER = re.compile(
    r"placeholder|example medical|\.(?:example|invalid|test|localhost)\b|\bexample\.(?:com|net|org)\b", re.IGNORECASE
)


def is_placeholder(text: str) -> bool:
    return bool(_PLACEHOLDER.search(text))


def sender(campaign: Campaign, *, real: bool) -> Said:
    """`real` says whether doctors hear from this stack. The law asks for the company's true name and postal address."""
    said = campaign.sender
    fields = ("company", "reply_to", "postal_address", "product_url")
    made_up = [name for name in fields if is_placeholder(getattr(said, name))]
    todo = f"Fill them in in templates/campaigns/{campaign.name}/campaign.toml, and have it approved again."
    if empty := [name for name in fields if not getattr(said, name).strip()]:
        return failure(f"{campaign.name}: nothing in {', '.join(empty)}", todo)
    if made_up:
        return _made_up(f"{campaign.name}: {', '.join(made_up)}", todo, real=real)
    return ok(f"{campaign.name}: {said.company}, {said.postal_address}")


def approval(campaign: Campaign, files: Mapping[str, str], today: date, *, real: bool) -> Said:
    """`files` are the digests of the campaign's files as they are now."""
    given, name = campaign.approval, campaign.name
    todo = f"Have it read, then: python -m cli approve {name} --by ..."
    changed = sorted({path for path, _ in given.content ^ frozenset(files.items())})
    if changed:
        return failure(f"{name}: not as approved: {', '.join(changed[:3])}{' ...' if len(changed) > 3 else ''}", todo)
    if not given.covers(today):
        return failure(f"{name}: approved for {given.approved_on} to {given.expires_on} only", todo)
    if is_placeholder(given.approved_by):
        return _made_up(f"{name}: approved by {given.approved_by!r}", todo, real=real)
    if given.expires_on - today < _SOON:
        return warning(f"{name}: the approval ends on {given.expires_on}", todo)
    return ok(f"{name}: version {given.version} is approved by {given.approved_by} until {given.expires_on}")


def addresses(sender_address: str, site_url: str, *, real: bool) -> Said:
    """Who writes, and where links lead."""
    todo = "Set SenderAddress and SiteUrl in samconfig.toml, and deploy."
    if not sender_address:
        return failure("No sender is known", todo)
    if not site_url:
        return warning("SiteUrl is not set yet", "The first deployment says which address the site has.")
    if site_url.endswith(".invalid"):
        return failure(
            "SiteUrl is not set: links in messages lead nowhere", "Set it to the output SiteAddress, and deploy."
        )
    made_up = [text for text in (sender_address, site_url) if is_placeholder(text)]
    return _made_up(", ".join(made_up), todo, real=real) if made_up else ok(f"{sender_address}, {site_url}")


def _made_up(what: str, todo: str, *, real: bool) -> Said:
    text = f"{what}: placeholders"
    return failure(text, todo) if real else warning(text + ", as a stack may have that no doctor hears from", todo)
