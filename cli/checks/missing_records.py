"""The DNS records that the sender and the site need, and which of them are missing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import dns.exception

from cli.checks import aws_queries, dns_records, mail

Look = Callable[[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Record:
    """A record to add. It exists if one of the `names`, the first of which is usual, has a record with `mark`."""

    names: tuple[str, ...]
    kind: str
    value: str
    mark: str

    def is_missing(self, look: Look) -> bool:
        return not any(self.mark.lower() in text.lower() for name in self.names for text in look(name, self.kind))

    def __str__(self) -> str:
        return f"  {self.names[0]}  {self.kind}  {self.value}"


def of_sender(identity: Mapping[str, Any], domain: str, region: str) -> Iterator[Record]:
    """Yield the records that the SES identity of the sender's domain needs."""
    dkim = identity.get("DkimAttributes", {})
    for token in dkim.get("Tokens", []):
        value = f"{token}.{dkim.get('SigningHostedZone', 'dkim.amazonses.com')}"
        yield Record((f"{token}._domainkey.{domain}",), "CNAME", value, value)
    if mail_from := identity.get("MailFromAttributes", {}).get("MailFromDomain"):
        host = f"feedback-smtp.{region}.amazonses.com"
        yield Record((mail_from,), "MX", f"10 {host}", host)
        yield Record((mail_from,), "TXT", '"v=spf1 include:amazonses.com ~all"', "include:amazonses.com")
    names = tuple(f"_dmarc.{name}" for name in mail.domains(domain))
    yield Record(names, "TXT", f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"', "v=dmarc1")


def of_site(domain: str, distribution: str) -> Record:
    """Return the record of the site's domain. It can be an alias, so any address counts."""
    return Record((domain,), "CNAME", distribution.removeprefix("https://"), "")


def lines(parameters: Mapping[str, str], distribution: str, look: Look = dns_records.look) -> list[str]:
    """Return lines that list the missing records, or an empty list."""
    sender = parameters.get("SenderAddress", "")
    ses = aws_queries.Ses(sender)
    if ses.identity is None:
        return [f'SES does not know {ses.domain}. In samconfig.toml, add "SenderDomain={ses.domain}", and deploy.']
    region = boto3.Session().region_name or ""
    wanted = [] if ses.is_address_only else list(of_sender(ses.identity, ses.domain, region))
    if domain := parameters.get("SiteDomain"):
        wanted.append(of_site(domain, distribution))
    try:
        missing = [str(one) for one in wanted if one.is_missing(look)]
    except dns.exception.DNSException as error:
        return [f"DNS can't be read: {error}"]
    return ["Missing DNS records. SES usually finds them within an hour:", *missing] if missing else []
