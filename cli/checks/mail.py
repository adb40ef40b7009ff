"""Check the settings of SES and DNS that email delivery depends on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.checks.result import Result, failure, ok, warning

# Outreach stops sending at 80% of the quota.
_QUOTA_LEFT = 0.8
# The event types that the function `feedback` needs. Without one, a milestone is never set or a complaint is missed.
EVENTS = {"SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "RENDERING_FAILURE", "OPEN", "CLICK"}
_VERIFY = "Create the identity in SES, and add the records that SES shows to DNS. See docs/deploy.md."


def identity(found: Mapping[str, Any] | None, name: str) -> Result:
    if found is None:
        return failure(f"SES has no identity {name}", _VERIFY)
    if not found.get("VerifiedForSendingStatus"):
        return failure(f"{name} is not verified", _VERIFY + " SES checks for the records for 72 hours.")
    return ok(f"{name} is verified")


def dkim(found: Mapping[str, Any] | None, name: str) -> Result:
    settings = (found or {}).get("DkimAttributes", {})
    if settings.get("Status") == "SUCCESS" and settings.get("SigningEnabled"):
        return ok(f"SES signs mail from {name}")
    todo = "Add the identity's three DKIM records (CNAME) to DNS. Gmail, Yahoo and Microsoft require DKIM."
    return failure(f"SES does not sign mail from {name}: {str(settings.get('Status', 'unknown')).lower()}", todo)


def spf(found: Mapping[str, Any] | None, records: Sequence[str]) -> Result:
    """Check SPF. `records` are the TXT records of the MAIL FROM domain, if there is one."""
    settings = (found or {}).get("MailFromAttributes", {})
    domain = settings.get("MailFromDomain")
    if not domain:
        # The default MAIL FROM domain of SES passes SPF but is not aligned, so DMARC depends on DKIM alone.
        todo = "Give the identity a custom MAIL FROM domain, so that DMARC passes even if DKIM breaks in transit."
        return warning("The MAIL FROM domain is Amazon's, so SPF is not aligned with the sender", todo)
    if settings.get("MailFromDomainStatus") != "SUCCESS":
        return failure(f"The MAIL FROM domain {domain} is not set up", "Add its MX and TXT records to DNS.")
    policies = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    if len(policies) != 1:
        todo = f'Keep exactly one SPF record (TXT) at {domain}: "v=spf1 include:amazonses.com ~all"'
        return failure(f"{domain} has {len(policies) or 'no'} SPF records", todo)
    if "include:amazonses.com" not in policies[0].lower().split():
        return failure(f"The SPF record of {domain} does not include SES", "Add include:amazonses.com to it.")
    return ok(f"The SPF record of {domain} includes SES")


def dmarc(records: Mapping[str, Sequence[str]]) -> Result:
    """Check DMARC.

    `records` are the TXT records at `_dmarc.` of the sender's domain and of its parents, the most specific first.
    """
    for domain, texts in records.items():
        policies = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if len(policies) > 1:
            return failure(f"_dmarc.{domain} has several DMARC records, so none applies", "Keep one.")
        if policies:
            return _policy(domain, policies[0])
    nearest = next(iter(records), "the sender's domain")
    todo = f'Add a TXT record at _dmarc.{nearest}. Start with: "v=DMARC1; p=none; rua=mailto:..."'
    return failure("There is no DMARC record", todo)


def _policy(domain: str, text: str) -> Result:
    tags = dict(tag.strip().partition("=")[::2] for tag in text.split(";"))
    policy = tags.get("p", "").strip().lower()
    if policy not in {"none", "quarantine", "reject"}:
        return failure(f"The DMARC record of {domain} has no policy", "Add p=none, p=quarantine or p=reject.")
    if policy == "none":
        todo = "When the reports show that none of your mail fails, change it to p=quarantine."
        return warning(f"The DMARC record of {domain} only requests reports (p=none)", todo)
    return ok(f"DMARC of {domain}: p={policy}")


def domains(domain: str) -> list[str]:
    """Return the domain and its parents, without the top-level domain. A DMARC record of any of them applies."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def sandbox(account: Mapping[str, Any], *, real: bool) -> Result:
    """Check that SES lets the account send. `real` says whether the stack mails doctors, which the sandbox prevents."""
    if not account.get("SendingEnabled", True):
        return failure("SES has paused this account", "Read the message from SES, and reply in the SES console.")
    if account.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        status = str(account["EnforcementStatus"]).lower()
        return failure(f"SES is reviewing this account: {status}", "Reply in the SES console before you send.")
    if not account.get("ProductionAccessEnabled"):
        todo = "Request production access (see docs/deploy.md). Until then, SES sends only to verified addresses."
        return (failure if real else warning)("The account is in the SES sandbox", todo)
    return ok("The account may send to any address")


def quota(account: Mapping[str, Any]) -> Result:
    limits = account.get("SendQuota", {})
    most, used, rate = limits.get("Max24HourSend", 0), limits.get("SentLast24Hours", 0), limits.get("MaxSendRate", 0)
    text = f"{used:,.0f} of {most:,.0f} messages in 24 hours, {rate:g} a second"
    if most == -1:  # In SES, -1 means no limit.
        return ok(f"No limit for 24 hours, {rate:g} a second")
    if most <= 0:
        return failure("The sending quota of this account is zero", "Request a quota in the SES console.")
    if used >= _QUOTA_LEFT * most:
        return warning(text, "Outreach waits until fewer messages count. Request a higher quota in Service Quotas.")
    return ok(text)


def configuration_set(found: Mapping[str, Any] | None, name: str) -> Result:
    deploy = "Deploy again: the template creates it."
    if found is None:
        return failure(f"There is no configuration set {name}", deploy)
    if not found.get("SendingOptions", {}).get("SendingEnabled", True):
        return failure(f"Sending is disabled in {name}", "Find out who disabled it and why, then enable it.")
    if found.get("DeliveryOptions", {}).get("TlsPolicy") != "REQUIRE":
        return failure(f"{name} does not require TLS", deploy)
    return ok(f"{name} requires TLS")


def event_destination(found: Iterable[Mapping[str, Any]], name: str) -> Result:
    deploy = "Deploy again. Without events, bounces, complaints and opens are not recorded."
    enabled = [one for one in found if one.get("Enabled") and one.get("EventBridgeDestination")]
    if not enabled:
        return failure(f"{name} sends no events to EventBridge", deploy)
    if missing := EVENTS - {event for one in enabled for event in one.get("MatchingEventTypes", [])}:
        return failure(f"{name} omits {', '.join(sorted(missing)).lower()}", deploy)
    return ok(f"{name} sends all events that feedback needs to EventBridge")
