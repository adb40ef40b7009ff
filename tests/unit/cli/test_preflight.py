"""The results that `preflight` reports for given facts."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from cli import environments, stacks
from cli.checks import account, aws_queries, content, deployment, dns_records, mail
from cli.checks.result import Level, Result
from cli.commands import preflight
from cli.stacks import NoStack
from referral_intake.core.campaign import InformationPolicy
from samlocal.template import nested_stacks
from tests.support import samples

OURS = {
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": True},
    "MailFromAttributes": {"MailFromDomain": "mail.spine.org", "MailFromDomainStatus": "SUCCESS"},
}
ACCOUNT = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
TODAY = date(2026, 11, 23)


def level(result: Result) -> str:
    if result.level in {Level.WARNING, Level.FAILURE}:
        assert result.todo, result
    return result.level.value


@pytest.mark.parametrize(("found", "expected"), [(OURS, "ok"), (None, "failure"), ({}, "failure")])
def test_a_sender_must_be_verified_and_signed(found: Any, expected: str) -> None:
    assert level(mail.identity(found, "spine.org")) == expected
    assert level(mail.dkim(found, "spine.org")) == expected


def test_a_disabled_signature_does_not_count() -> None:
    assert (
        level(mail.dkim({"DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": False}}, "spine.org")) == "failure"
    )


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (["v=spf1 include:amazonses.com ~all", "something else"], "ok"),
        ([], "failure"),
        (["v=spf1 include:_spf.google.com ~all"], "failure"),
        (["v=spf1 include:amazonses.com ~all", "v=spf1 -all"], "failure"),
        (["v=spf10 include:amazonses.com"], "failure"),
    ],
)
def test_spf_must_be_one_record_that_names_ses(records: list[str], expected: str) -> None:
    assert level(mail.spf(OURS, records)) == expected


def test_without_a_mail_from_domain_the_spf_record_is_that_of_amazon() -> None:
    assert level(mail.spf({}, [])) == "warning"
    pending = {"MailFromAttributes": {"MailFromDomain": "mail.spine.org", "MailFromDomainStatus": "PENDING"}}
    assert level(mail.spf(pending, ["v=spf1 include:amazonses.com ~all"])) == "failure"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"a.spine.org": [], "spine.org": ["v=DMARC1; p=reject"]}, "ok"),
        ({"spine.org": ["v=DMARC1; p=none; rua=mailto:d@spine.org"]}, "warning"),
        ({"spine.org": ["v=DMARC1; rua=mailto:d@spine.org"]}, "failure"),
        ({"spine.org": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "failure"),
        ({"spine.org": ["v=spf1 -all"]}, "failure"),
    ],
)
def test_dmarc_must_be_one_record_of_the_domain_or_a_parent(records: dict[str, list[str]], expected: str) -> None:
    assert level(mail.dmarc(records)) == expected


def test_dmarc_is_looked_up_from_the_domain_upwards_but_not_at_the_top_level() -> None:
    found = dns_records.dmarc("mail.spine.org", lambda name: [name])
    assert [text for texts in found.values() for text in texts] == ["_dmarc.mail.spine.org", "_dmarc.spine.org"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "ok"),
        ({"ProductionAccessEnabled": False}, "failure"),
        ({"SendingEnabled": False}, "failure"),
        ({"EnforcementStatus": "PROBATION"}, "failure"),
    ],
)
def test_an_account_in_the_sandbox_or_under_review_fails(change: dict[str, Any], expected: str) -> None:
    assert level(mail.sandbox({**ACCOUNT, **change}, real=True)) == expected


def test_a_stack_that_mails_no_doctor_can_stay_in_the_sandbox() -> None:
    assert level(mail.sandbox({**ACCOUNT, "ProductionAccessEnabled": False}, real=False)) == "warning"
    assert level(mail.sandbox({**ACCOUNT, "SendingEnabled": False}, real=False)) == "failure"


@pytest.mark.parametrize(("used", "expected"), [(0, "ok"), (159, "ok"), (160, "warning")])
def test_a_quota_that_would_stop_outreach_is_a_warning(used: int, expected: str) -> None:
    result = {"SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": float(used), "MaxSendRate": 1.0}}
    assert level(mail.quota(result)) == expected


def test_a_configuration_set_must_require_tls_and_publish_all_events() -> None:
    good = {"DeliveryOptions": {"TlsPolicy": "REQUIRE"}, "SendingOptions": {"SendingEnabled": True}}
    assert level(mail.configuration_set(good, "x")) == "ok"
    assert level(mail.configuration_set(None, "x")) == "failure"
    assert level(mail.configuration_set({**good, "DeliveryOptions": {"TlsPolicy": "OPTIONAL"}}, "x")) == "failure"
    tells = {"Enabled": True, "EventBridgeDestination": {}, "MatchingEventTypes": sorted(mail.EVENTS)}
    tells["EventBridgeDestination"] = {"EventBusArn": "arn"}
    assert level(mail.event_destination([tells], "x")) == "ok"
    for broken in ({**tells, "Enabled": False}, {**tells, "MatchingEventTypes": sorted(mail.EVENTS - {"BOUNCE"})}):
        assert level(mail.event_destination([broken], "x")) == "failure"


def test_the_required_events_are_those_of_the_template() -> None:
    resources = nested_stacks.read(samples.TEMPLATE_FILE)["Resources"].values()
    (destination,) = [one for one in resources if one["Type"] == "AWS::SES::ConfigurationSetEventDestination"]
    assert set(destination["Properties"]["EventDestination"]["MatchingEventTypes"]) == mail.EVENTS


def test_placeholders_fail_on_stacks_that_mail_doctors_and_warn_on_others() -> None:
    campaign = samples.campaign()
    assert level(content.sender(campaign, real=True)) == "failure"
    assert level(content.sender(campaign, real=False)) == "warning"
    assert level(content.addresses("a@spine.example", "https://spine.org", real=True)) == "failure"
    assert level(content.addresses("a@spine.org", "https://not-yet.invalid", real=False)) == "failure"
    assert level(content.addresses("a@spine.org", "https://spine.org", real=True)) == "ok"
    # An empty value is wrong as well.
    assert level(content.addresses("", "https://spine.org", real=True)) == "failure"
    assert level(content.addresses("a@spine.org", "", real=True)) == "warning"


def test_a_company_needs_a_postal_address_and_a_real_phone_number() -> None:
    campaign = samples.campaign()
    ours = replace(
        campaign.sender,
        company="Spine Co.",
        reply_to="us@spine.org",
        postal_address="1 Main Street, Peoria, IL 61602",
        phone="309-555-7100",
        product_url="https://spine.org/",
    )
    assert level(content.sender(replace(campaign, sender=ours), real=True)) == "ok"
    made_up = replace(campaign, sender=replace(ours, phone="309-555-0100"))
    assert level(content.sender(made_up, real=True)) == "failure"
    nowhere = replace(campaign, sender=replace(ours, postal_address=" "))
    assert level(content.sender(nowhere, real=True)) == "failure"


def test_information_that_is_sent_at_once_needs_material() -> None:
    campaign = samples.campaign()
    at_once = replace(campaign, policy=replace(campaign.policy, information=InformationPolicy.AUTOMATIC))
    assert level(content.material(at_once)) == "ok"
    assert level(content.material(replace(at_once, has_material=False))) == "failure"
    assert level(content.material(replace(campaign, has_material=False))) == "ok"


@pytest.mark.parametrize(("days", "expected"), [(-1, "failure"), (0, "warning"), (29, "warning"), (30, "ok")])
def test_an_approval_that_ends_soon_is_a_warning_and_an_expired_one_fails(days: int, expected: str) -> None:
    campaign = samples.campaign()
    until = TODAY + timedelta(days=days)
    approval = replace(campaign.approval, approved_by="Legal", approved_on=date(2026, 1, 1), expires_on=until)
    finding = content.approval(replace(campaign, approval=approval), dict(approval.content), TODAY, real=True)
    assert level(finding) == expected


def test_unapproved_content_fails_and_is_named() -> None:
    campaign = samples.campaign()
    files = dict(campaign.approval.content)
    changed = min(files)
    finding = content.approval(campaign, {**files, changed: "other"}, TODAY, real=False)
    assert level(finding) == "failure"
    assert changed in finding.text


def test_alarms_need_a_confirmed_subscription() -> None:
    here, not_yet = {"SubscriptionArn": "arn:aws:sns:1"}, {"SubscriptionArn": "PendingConfirmation"}
    assert [level(deployment.alarms(them)) for them in ([here], [here, not_yet], [not_yet], [])] == [
        "ok",
        "warning",
        "failure",
        "failure",
    ]


def test_a_low_concurrency_limit_fails_only_if_some_of_it_is_reserved() -> None:
    few = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    assert level(account.concurrency(few, 0)) == "warning"
    assert level(account.concurrency(few, 5)) == "failure"
    many = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
    assert level(account.concurrency(many, 50)) == "ok"


def test_every_function_must_run_the_version_that_was_deployed_last() -> None:
    assert level(deployment.versions({"intake": [], "links": []})) == "ok"
    finding = deployment.versions({"intake": [], "links": ["Environment", "Layers"]})
    assert level(finding) == "failure"
    assert "links (Environment, Layers)" in finding.text
    assert "intake" not in finding.text


def test_a_team_without_a_manager_is_a_warning() -> None:
    assert level(deployment.team({"manager": 1, "viewer": 0})) == "ok"
    assert level(deployment.team({"manager": 0, "viewer": 3})) == "warning"


PAGE = '<form method="post" action="/api/opt-out?token=x">'


@pytest.mark.parametrize(
    ("status", "body", "forged", "expected"),
    [(200, PAGE, 400, "ok"), (403, PAGE, 400, "failure"), (200, "Hello", 400, "failure"), (200, PAGE, 200, "failure")],
)
def test_an_opt_out_link_shows_a_button_and_a_forged_link_shows_none(
    status: int, body: str, forged: int, expected: str
) -> None:
    assert level(deployment.opt_out(status, body, forged)) == expected


# ---- All checks ------------------------------------------------------------------------------------------------------


def test_missing_credentials_are_reported_once_and_the_content_is_still_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(aws_queries, "caller", none)
    monkeypatch.setattr(dns_records, "txt", lambda name: [])
    place = preflight.Target("x", None, {"SenderAddress": "us@spine.org"}, real=True, problem="none")
    findings = dict(preflight.run(preflight.checks(place)))
    assert findings["credentials"].level is Level.FAILURE
    assert {findings[name].level for name in ("SES identity", "sandbox", "alarms")} == {Level.SKIPPED}
    assert findings["postal address"].level is Level.FAILURE


def test_a_check_that_raises_is_a_failure_and_the_others_still_run() -> None:
    class Broken:
        def __call__(self) -> Result:
            raise TimeoutError("no answer")

    finding = preflight._result(Broken())
    assert level(finding) == "failure"
    assert "TimeoutError" in finding.text


def test_before_the_first_deployment_the_sender_comes_from_samconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text(
        "version = 0.1\n[prod.deploy.parameters]\nstack_name = 'mine'\nregion = 'us-west-2'\n"
        "parameter_overrides = ['SenderAddress=us@spine.org']\n",
        "utf-8",
    )
    found = environments.of_stack("mine", file)
    assert found
    assert (found.name, found.parameters["SenderAddress"], found.aws()["AWS_REGION"]) == (
        "prod",
        "us@spine.org",
        "us-west-2",
    )
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "before")  # Lets monkeypatch restore it.

    def none(name: str) -> Any:
        raise NoStack("no such stack")

    monkeypatch.setattr(stacks, "find", none)
    monkeypatch.setattr(environments, "of_stack", lambda name: found)
    place = preflight.Target.of("mine")
    assert place.stack is None
    assert place.real
    assert preflight._stack(place).level is Level.WARNING


def test_every_environment_names_its_stack_and_sender() -> None:
    for name in ("default", "prod"):
        environment = environments.named(name)
        assert environment.stack.startswith("referral-intake")
        assert "@" in environment.parameters["SenderAddress"]


@pytest.mark.parametrize(
    ("functions", "lacking"),
    [
        (["arn:x:function:a-OutreachFunction-1:live", "arn:x:function:a-StatsFunction-1:live"], ""),
        (["arn:x:function:a-StatsFunction-1:live"], "outreach"),
        ([], "outreach, stats"),
    ],
)
def test_both_functions_must_read_the_current_stream(functions: list[str], lacking: str) -> None:
    found = deployment.stream_readers(functions)
    assert level(found) == ("failure" if lacking else "ok")
    assert found.text.endswith(f": {lacking}" if lacking else "table")
