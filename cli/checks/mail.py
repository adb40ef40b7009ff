"""What SES and DNS must say before mail reaches doctors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.checks.said import Said, failure, ok, warning

# Outreach stops at 80 % of the quota.
_QUOTA_LEFT = 0.8
# Feedback lives on these: without one of them, a milestone is never set, or a complaint never heard of.
EVENTS = {"SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "RENDERING_FAILURE", "OPEN", "CLICK"}
_VERIFY = "In SES, create the identity, and put the records that it shows into DNS: docs/deploy.md."


def identity(found: Mapping[str, Any] | None, name: str) -> Said:
    if found is None:
        return failure(f"SES knows no identity {name}", _VERIFY)
    if not found.get("VerifiedForSendingStatus"):
        return failure(f"{name} is not verified", _VERIFY + " SES looks for them for 72 hours.")
    return ok(f"{name} is verified")


def dkim(found: Mapping[str, Any] | None, name: str) -> Said:
    said = (found or {}).get("DkimAttributes", {})
    if said.get("Status") == "SUCCESS" and said.get("SigningEnabled"):
        return ok(f"SES signs mail from {name}")
    todo = "Put the three CNAME records of the identity's DKIM into DNS. Gmail, Yahoo and Microsoft ask for it."
    return failure(f"SES does not sign mail from {name}: {str(said.get('Status', 'unknown')).lower()}", todo)


def spf(found: Mapping[str, Any] | None, records: Sequence[str]) -> Said:
    """`records` are the TXT records of the MAIL FROM domain, where there is one."""
    said = (found or {}).get("MailFromAttributes", {})
    domain = said.get("MailFromDomain")
    if not domain:
        # SES's own domain passes SPF, but is not ours: DMARC then rests on DKIM alone.
        todo = "Give the identity a custom MAIL FROM domain, so that DMARC holds where DKIM breaks on the way."
        return warning("SPF is Amazon's, not aligned with the sender", todo)
    if said.get("MailFromDomainStatus") != "SUCCESS":
        return failure(f"The MAIL FROM domain {domain} is not set up", "Put its MX and TXT records into DNS.")
    policies = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    if len(policies) != 1:
        todo = f'One TXT record at {domain}: "v=spf1 include:amazonses.com ~all"'
        return failure(f"{domain} has {len(policies) or 'no'} SPF records", todo)
    if "include:amazonses.com" not in policies[0].lower().split():
        return failure(f"SPF of {domain} does not name SES", "Add include:amazonses.com to it.")
    return ok(f"SPF of {domain} names SES")


def dmarc(records: Mapping[str, Sequence[str]]) -> Said:
    """`records` are the TXT records at `_dmarc.` of the sender's domain and those above it, the nearest first."""
    for domain, texts in records.items():
        policies = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if len(policies) > 1:
            return failure(f"_dmarc.{domain} has several DMARC records, so none counts", "Leave one.")
        if policies:
            return _policy(domain, policies[0])
    nearest = next(iter(records), "the sender's domain")
    todo = f'A TXT record at _dmarc.{nearest}: "v=DMARC1; p=none; rua=mailto:..." to begin with'
    return failure("There is no DMARC record", todo)


def _policy(domain: str, text: str) -> Said:
    tags = dict(tag.strip().partition("=")[::2] for tag in text.split(";"))
    policy = tags.get("p", "").strip().lower()
    if policy not in {"none", "quarantine", "reject"}:
        return failure(f"DMARC of {domain} has no policy", "Give it p=none, p=quarantine or p=reject.")
    if policy == "none":
        todo = "Once the reports show that nothing of yours fails, raise it to p=quarantine."
        return warning(f"DMARC of {domain} watches only (p=none)", todo)
    return ok(f"DMARC of {domain}: p={policy}")


def domains(domain: str) -> list[str]:
    """The domain and those above it, without the top level: a DMARC record of any of them holds."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def sandbox(account: Mapping[str, Any]) -> Said:
    if not account.get("SendingEnabled", True):
        return failure("SES has paused this account", "Read what SES wrote, and answer in its console.")
    if account.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        status = str(account["EnforcementStatus"]).lower()
        return failure(f"SES has this account under review: {status}", "Answer in SES's console before you send.")
    if not account.get("ProductionAccessEnabled"):
        todo = "Ask for production access: docs/deploy.md. Until then, only verified addresses get mail."
        return failure("The account is in SES's sandbox", todo)
    return ok("The account may write to anybody")


def quota(account: Mapping[str, Any]) -> Said:
    said = account.get("SendQuota", {})
    most, used, rate = said.get("Max24HourSend", 0), said.get("SentLast24Hours", 0), said.get("MaxSendRate", 0)
    text = f"{used:,.0f} of {most:,.0f} messages in 24 hours, {rate:g} a second"
    if most == -1:  # What SES says for no limit.
        return ok(f"No limit in 24 hours, {rate:g} a second")
    if most <= 0:
        return failure("SES lets this account send nothing", "Ask for a quota in the console.")
    if used >= _QUOTA_LEFT * most:
        return warning(text, "Outreach waits until less was sent. Ask for more under Service Quotas.")
    return ok(text)


def configuration_set(found: Mapping[str, Any] | None, name: str) -> Said:
    deploy = "Deploy once more: the template makes it."
    if found is None:
        return failure(f"There is no configuration set {name}", deploy)
    if not found.get("SendingOptions", {}).get("SendingEnabled", True):
        return failure(f"{name} is switched off", "Switch its sending on again, once you know who stopped it.")
    if found.get("DeliveryOptions", {}).get("TlsPolicy") != "REQUIRE":
        return failure(f"{name} sends without TLS where the other side has none", deploy)
    return ok(f"{name} asks for TLS")


def event_destination(found: Iterable[Mapping[str, Any]], name: str) -> Said:
    deploy = "Deploy once more. Without events, no bounce, complaint or opening is ever known."
    to_us = [one for one in found if one.get("Enabled") and one.get("EventBridgeDestination")]
    if not to_us:
        return failure(f"{name} tells EventBridge nothing", deploy)
    if missing := EVENTS - {event for one in to_us for event in one.get("MatchingEventTypes", [])}:
        return failure(f"{name} leaves out {', '.join(sorted(missing)).lower()}", deploy)
    return ok(f"{name} tells EventBridge all that feedback needs")
