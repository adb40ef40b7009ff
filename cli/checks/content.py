"""Check campaigns and samconfig.toml for placeholders, and campaigns for a valid approval."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from cli.checks.result import Result, failure, ok, warning
from referral_intake.core.campaign import Campaign, InformationPolicy

# Warn this long before an approval ends: sending stops at its end, and the next approval takes time.
_SOON = timedelta(days=30)
# The placeholders of the repository, the reserved domains of RFC 2606, and phone numbers that are never assigned.
_PLACEHOLDER = re.compile(
    r"placeholder|example medical|\.(?:example|invalid|test|localhost)\b|\bexample\.(?:com|net|org)\b|\b555-01\d\d\b",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    return bool(_PLACEHOLDER.search(text))


def sender(campaign: Campaign, *, real: bool) -> Result:
    """Check the sender's details: CAN-SPAM requires the true name and postal address.

    `real` says whether the stack mails doctors. Only then are placeholders a failure.
    """
    given = campaign.sender
    fields = ("company", "reply_to", "postal_address", "phone", "product_url")
    made_up = [name for name in fields if is_placeholder(getattr(given, name))]
    todo = f"Fill them in, in templates/campaigns/{campaign.name}/campaign.toml. Then have the campaign approved again."
    if empty := [name for name in fields if not getattr(given, name).strip()]:
        return failure(f"{campaign.name}: empty: {', '.join(empty)}", todo)
    if made_up:
        return _placeholder_result(f"{campaign.name}: {', '.join(made_up)}", todo, real=real)
    return ok(f"{campaign.name}: {given.company}, {given.postal_address}")


def approval(campaign: Campaign, files: Mapping[str, str], today: date, *, real: bool) -> Result:
    """Check that the approval covers the current files and the date. `files` maps paths to current digests."""
    given, name = campaign.approval, campaign.name
    todo = f"Have the campaign reviewed, then run: referrals approve {name} --by ..."
    changed = sorted({path for path, _ in given.content ^ frozenset(files.items())})
    if changed:
        return failure(
            f"{name}: changed since its approval: {', '.join(changed[:3])}{' ...' if len(changed) > 3 else ''}", todo
        )
    if not given.covers(today):
        return failure(f"{name}: approved only from {given.approved_on} to {given.expires_on}", todo)
    if is_placeholder(given.approved_by):
        return _placeholder_result(f"{name}: approved by {given.approved_by!r}", todo, real=real)
    if given.expires_on - today < _SOON:
        return warning(f"{name}: the approval ends on {given.expires_on}", todo)
    return ok(f"{name}: version {given.version} is approved by {given.approved_by} until {given.expires_on}")


def material(campaign: Campaign) -> Result:
    """Check that a campaign that sends information at once has the message for it."""
    if campaign.policy.information is InformationPolicy.AUTOMATIC and not campaign.has_material:
        folder = f"templates/campaigns/{campaign.name}/messages/{campaign.mail_locale}"
        todo = f'Add information.subject.txt, .txt and .html to {folder}, or set: information = "by_hand"'
        return failure(f"{campaign.name}: information is sent at once, but there is no material", todo)
    how = campaign.policy.information.value if campaign.has_material else "without material"
    return ok(f"{campaign.name}: {how}")


def addresses(sender_address: str, site_url: str, *, real: bool) -> Result:
    """Check the sender's address, and the URL of the site that links in messages open."""
    todo = "Set SenderAddress and SiteDomain in samconfig.toml, and deploy."
    if not sender_address:
        return failure("There is no sender address", todo)
    if not site_url:
        return warning("SiteUrl is not set yet", "The first deployment prints the address of the site.")
    if site_url.endswith(".invalid"):
        return failure("SiteUrl is not set, so links in messages do not work", "Run make deploy: it sets the address.")
    made_up = [text for text in (sender_address, site_url) if is_placeholder(text)]
    return _placeholder_result(", ".join(made_up), todo, real=real) if made_up else ok(f"{sender_address}, {site_url}")


def _placeholder_result(what: str, todo: str, *, real: bool) -> Result:
    text = f"{what}: placeholders"
    return failure(text, todo) if real else warning(text + ", allowed in a stack that mails no doctor", todo)
