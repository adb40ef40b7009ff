"""Which DNS records a deployment reports as missing."""

from typing import Any

import pytest

from cli.checks import aws_queries, missing_records
from cli.checks.missing_records import Look, of_sender, of_site

IDENTITY: dict[str, Any] = {
    "DkimAttributes": {"Tokens": ["one", "two", "three"]},
    "MailFromAttributes": {"MailFromDomain": "mail.spine.example"},
}
COMPLETE = {
    ("one._domainkey.spine.example", "CNAME"): ["one.dkim.amazonses.com."],
    ("two._domainkey.spine.example", "CNAME"): ["two.dkim.amazonses.com."],
    ("three._domainkey.spine.example", "CNAME"): ["THREE.dkim.amazonses.com."],
    ("mail.spine.example", "MX"): ["10 feedback-smtp.eu-west-1.amazonses.com."],
    ("mail.spine.example", "TXT"): ["v=spf1 include:amazonses.com ~all"],
    ("_dmarc.spine.example", "TXT"): ["v=DMARC1; p=reject"],
}


def looking(records: dict[tuple[str, str], list[str]]) -> Look:
    return lambda name, kind: records.get((name, kind), [])


def missing(records: dict[tuple[str, str], list[str]], domain: str = "spine.example") -> list[str]:
    found = [one for one in of_sender(IDENTITY, domain, "eu-west-1") if one.is_missing(looking(records))]
    return [f"{one.names[0]} {one.kind}" for one in found]


def test_without_records_each_is_named_once_with_its_value() -> None:
    assert len(missing({})) == 6
    lines = [str(one) for one in of_sender(IDENTITY, "spine.example", "eu-west-1")]
    assert lines[0] == "  one._domainkey.spine.example  CNAME  one.dkim.amazonses.com"
    assert lines[3] == "  mail.spine.example  MX  10 feedback-smtp.eu-west-1.amazonses.com"
    assert lines[4] == '  mail.spine.example  TXT  "v=spf1 include:amazonses.com ~all"'
    assert lines[5].startswith('  _dmarc.spine.example  TXT  "v=DMARC1; p=none;')


@pytest.mark.parametrize("lacking", COMPLETE)
def test_only_a_record_that_is_absent_or_wrong_is_missing(lacking: tuple[str, str]) -> None:
    assert missing(COMPLETE) == []
    assert missing({**COMPLETE, lacking: []}) == [" ".join(lacking)]
    assert missing({**COMPLETE, lacking: ["10 mx.other.example.", "v=spf1 -all"]}) == [" ".join(lacking)]


def test_a_dmarc_record_of_a_parent_domain_applies() -> None:
    records = COMPLETE | {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none"]}
    assert "_dmarc.sub.example.org TXT" not in missing(records, "sub.example.org")


def test_the_identity_may_be_in_another_zone_of_ses() -> None:
    dkim = {"Tokens": ["one"], "SigningHostedZone": "dkim.eu-west-1.amazonses.com"}
    [record, *_] = of_sender({"DkimAttributes": dkim}, "spine.example", "eu-west-1")
    assert record.value == "one.dkim.eu-west-1.amazonses.com"


def test_any_address_of_the_sites_domain_counts_because_it_can_be_an_alias() -> None:
    record = of_site("spine.example", "https://d1.cloudfront.net")
    assert str(record) == "  spine.example  CNAME  d1.cloudfront.net"
    assert record.is_missing(looking({}))
    assert not record.is_missing(looking({("spine.example", "CNAME"): ["192.0.2.1"]}))


class Ses:
    """Replaces the answers of SES."""

    identity: Any = IDENTITY
    is_address_only = False
    domain = "spine.example"

    def __init__(self, _: str) -> None: ...


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> type[Ses]:
    class OwnSes(Ses):
        pass

    monkeypatch.setattr(aws_queries, "Ses", OwnSes)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return OwnSes


SENDER = {"SenderAddress": "us@spine.example"}


def test_a_deployment_lists_what_is_missing_for_the_sender_and_the_site(ses: type[Ses]) -> None:
    site = {"SiteDomain": "www.spine.example"}
    lines = missing_records.lines(SENDER | site, "https://d1.cloudfront.net", looking(COMPLETE))
    assert lines[1:] == ["  www.spine.example  CNAME  d1.cloudfront.net"]
    assert missing_records.lines(SENDER, "", looking(COMPLETE)) == []


def test_a_sender_that_ses_does_not_know_gets_the_parameter_to_add(ses: type[Ses]) -> None:
    ses.identity = None
    [line] = missing_records.lines(SENDER, "", looking({}))
    assert "SenderDomain=spine.example" in line


def test_a_verified_address_needs_no_records(ses: type[Ses]) -> None:
    ses.is_address_only = True
    assert missing_records.lines(SENDER, "", looking({})) == []
