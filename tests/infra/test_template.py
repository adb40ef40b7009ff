"""The template deploys exactly what the code needs."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import cfnlint
import pytest
from moto.events.models import EventPattern

from cli.site.builder import SIGN_IN
from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import Item, doctor_key, referral_key
from referral_intake.aws.origin_secret import OriginSettings
from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.aws.sent_messages import message_key
from referral_intake.aws.signed_links import Links
from referral_intake.core import settings
from referral_intake.core.referral import LEASE, Stage
from referral_intake.core.search_filter import FILTERS
from referral_intake.core.weekly_summary import is_due
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard.wiring import DashboardSettings
from referral_intake.feedback import announcements
from referral_intake.feedback.wiring import FeedbackSettings
from referral_intake.intake import submissions as intake
from referral_intake.intake.wiring import IntakeSettings
from referral_intake.links import responses as links
from referral_intake.links.wiring import LinkParts, LinksSettings
from referral_intake.lookup import doctors as lookup
from referral_intake.lookup.doctors import TIME_LIMIT_SECONDS
from referral_intake.lookup.wiring import LookupParts, LookupSettings
from referral_intake.outreach.wiring import OutreachSettings
from referral_intake.reports.jobs import RUN_MARGIN
from referral_intake.reports.wiring import ReportsSettings
from referral_intake.stats.wiring import StatsSettings
from referral_intake.wake.wiring import WakeSettings
from referral_intake.web import http
from referral_intake.web.pages import Site
from samlocal.template import nested_stacks
from samlocal.template.model import Function, QueueSource, Route, Schedule, StreamSource, Template
from samlocal.template.reader import load
from samlocal.template.references import Places
from tests.support import events, proofs, samples
from tests.support.dashboard import FakeDashboard
from tests.support.fakes import FakeLetterCodes, FakeTable, ring
from tests.support.lookups import FakeMatchCache, FakeRegistry

FILE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"
PARAMETERS: Final = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
PLACES: Final = Places("referral-intake", "https://sqs.example")
DATA: Final = nested_stacks.read(FILE)
TEMPLATE: Final[Template] = load(FILE, PARAMETERS, PLACES)
RESOURCES: Final[dict[str, dict[str, Any]]] = DATA["Resources"]
SETTINGS: Final[dict[str, type[settings.Settings]]] = {
    "intake": IntakeSettings,
    "outreach": OutreachSettings,
    "wake": WakeSettings,
    "links": LinksSettings,
    "feedback": FeedbackSettings,
    "lookup": LookupSettings,
    "stats": StatsSettings,
    "dashboard": DashboardSettings,
    "reports": ReportsSettings,
}
RECEIPT: Final = "AAAA-AAAA-AAAA-AAAA"
# Powertools reads these.
OF_POWERTOOLS: Final = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}

# The types of resources that each region has.
SCHEMAS: Final = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
SITE: Final = "AWS::CloudFront::Distribution"

every_function = pytest.mark.parametrize(
    "function", TEMPLATE.functions.values(), ids=[function.short_name for function in TEMPLATE.functions.values()]
)


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def properties(function: Function) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[function.logical_id]["Properties"]
    return found


def statements(function: Function) -> list[dict[str, Any]]:
    return [statement for policy in properties(function)["Policies"] for statement in policy["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---- Functions -------------------------------------------------------------------------------------------------------


def test_the_template_has_exactly_the_functions_with_known_settings() -> None:
    assert {function.short_name for function in TEMPLATE.functions.values()} == set(SETTINGS)


@every_function
def test_the_handler_of_a_function_exists(function: Function) -> None:
    module, _, name = function.handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert (function.code / module.replace(".", "/")).with_suffix(".py").is_file()


@every_function
def test_a_function_has_all_variables_that_it_needs(function: Function) -> None:
    chosen = SETTINGS[function.short_name]
    values = chosen.read(function.environment)
    assert {field.name.upper() for field in fields(values)} <= set(function.environment)


@every_function
def test_a_function_has_no_variables_that_it_does_not_need(function: Function) -> None:
    expected = {field.name.upper() for field in fields(SETTINGS[function.short_name])}
    answers = any(route.function == function.logical_id for route in TEMPLATE.routes)
    expected |= {field.name.upper() for field in fields(OriginSettings) if answers}
    # The Globals of the template give every function the names of the table and the templates.
    assert set(function.environment) - expected - OF_POWERTOOLS <= {"TABLE_NAME", "TEMPLATES_DIR"}


@every_function
def test_a_function_reports_missing_variables_by_name(function: Function) -> None:
    chosen = SETTINGS[function.short_name]
    with pytest.raises(settings.MissingSettings) as missing:
        chosen.read({})
    assert not [field.name for field in fields(chosen) if field.name.upper() not in str(missing.value)]


@every_function
def test_a_function_runs_on_arm_and_a_current_python(function: Function) -> None:
    merged = {**DATA["Globals"]["Function"], **properties(function)}
    assert merged["Runtime"] == "python3.13"
    assert merged["Architectures"] == ["arm64"]


def test_the_templates_layer_has_the_runtime_of_the_functions() -> None:
    layer = RESOURCES["TemplatesLayer"]
    assert DATA["Globals"]["Function"]["Runtime"] in layer["Properties"]["CompatibleRuntimes"]
    assert (FILE.parent / layer["Properties"]["ContentUri"]).resolve() == samples.ROOT / "templates"


def test_a_run_of_outreach_ends_long_before_the_lease_of_its_claims() -> None:
    (outreach,) = [function for function in TEMPLATE.functions.values() if function.short_name == "outreach"]
    assert timedelta(seconds=outreach.timeout) < LEASE


def test_a_run_of_wake_ends_before_its_next_schedule() -> None:
    (wake,) = [function for function in TEMPLATE.functions.values() if function.short_name == "wake"]
    (schedule,) = [source for source in TEMPLATE.sources if source.function == wake.logical_id]
    assert wake.timeout <= getattr(schedule, "period", 0)


@every_function
def test_a_functions_log_is_kept_for_a_limited_time(function: Function) -> None:
    own = properties(function).get("LoggingConfig", DATA["Globals"]["Function"]["LoggingConfig"])
    group = own["LogGroup"]["Ref"]
    assert of_type("AWS::Logs::LogGroup")[group]["Properties"]["RetentionInDays"]


# ---- Rights ----------------------------------------------------------------------------------------------------------

# tests/infra/test_least_privilege.py compares rights with calls. This section checks how they are written.


@every_function
def test_policies_use_no_not_action_and_use_not_resource_only_to_deny(function: Function) -> None:
    for statement in statements(function):
        assert not {"NotAction", "NotPrincipal"} & statement.keys()
        assert ("NotResource" in statement) == (statement["Effect"] == "Deny")


@every_function
def test_every_function_has_its_own_role(function: Function) -> None:
    assert "Role" not in properties(function)
    assert "Policies" not in DATA["Globals"]["Function"]


@every_function
def test_a_function_may_read_exactly_the_secrets_in_its_variables(function: Function) -> None:
    secret_names = {json.dumps(value) for name, value in variables(function).items() if name.endswith("_SECRET")}
    reads = [statement for statement in statements(function) if "secretsmanager:GetSecretValue" in statement["Action"]]
    assert {json.dumps(resource) for statement in reads for resource in listed(statement["Resource"])} == secret_names


def variables(function: Function) -> dict[str, Any]:
    own = properties(function).get("Environment", {}).get("Variables", {})
    return {**DATA["Globals"]["Function"]["Environment"]["Variables"], **own}


@every_function
def test_mail_may_be_sent_only_from_the_senders_address(function: Function) -> None:
    for send in (one for one in statements(function) if "ses:SendEmail" in listed(one["Action"])):
        assert send["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "SenderAddress"}}}


def test_feedback_publishes_only_the_event_of_a_tripped_breaker() -> None:
    (feedback,) = [function for function in TEMPLATE.functions.values() if function.short_name == "feedback"]
    (announce,) = [statement for statement in statements(feedback) if statement["Action"] == "events:PutEvents"]
    assert announce["Resource"]["Fn::Sub"].endswith(":event-bus/default")
    assert announce["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": announcements.SOURCE},
        "StringEquals": {"events:detail-type": announcements.BREAKER_TRIPPED},
    }


def test_the_lookup_may_access_its_cache_and_no_referrals() -> None:
    (finds,) = [function for function in TEMPLATE.functions.values() if function.short_name == "lookup"]
    keeps, *others = statements(finds)
    assert [one["Action"] for one in others] == ["secretsmanager:GetSecretValue"] * 2
    assert keeps["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["lookup#*"]}}


OF_REPORTS: Final = {"report#*", "reports#*", "subscriptions#*"}


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        # A referral is updated under a condition and never put again. An audit record is put and never updated.
        ("dynamodb:PutItem", {"audit#*", *OF_REPORTS}),
        ("dynamodb:UpdateItem", {"referral#*", "doctor#*", "breaker#*", "hospital#*", "report#*"}),
        ("dynamodb:DeleteItem", {"subscriptions#*"}),
    ],
)
def test_the_dashboard_may_write_only_the_items_that_it_needs(action: str, keys: set[str]) -> None:
    may = [one for one in statements(TEMPLATE.functions["DashboardFunction"]) if action in listed(one["Action"])]
    assert {key for one in may for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]} == keys


def test_reports_may_write_only_their_own_items() -> None:
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    written = [one for one in statements(TEMPLATE.functions["ReportsFunction"]) if writes & {*listed(one["Action"])}]
    keys = {key for one in written for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]}
    assert keys == {"report#*", "subscriptions#*", "summary#*", "audit#*", "letter_code#*"}


@pytest.mark.parametrize("name", ["DashboardFunction", "ReportsFunction"])
def test_audit_records_can_be_neither_changed_nor_deleted(name: str) -> None:
    for one in statements(TEMPLATE.functions[name]):
        if {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} & {*listed(one["Action"])}:
            assert "audit#*" not in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


def test_the_timeout_of_the_lookup_covers_its_budget_and_little_more() -> None:
    (finds,) = [function for function in TEMPLATE.functions.values() if function.short_name == "lookup"]
    assert TIME_LIMIT_SECONDS + 1 < finds.timeout <= 5


def test_the_default_registry_is_the_public_one() -> None:
    (finds,) = [function for function in TEMPLATE.functions.values() if function.short_name == "lookup"]
    # Without the trailing slash, the registry responds with a redirect.
    assert finds.environment["REGISTRY_URL"] == "https://npiregistry.cms.hhs.gov/api/"


# ---- The stream ------------------------------------------------------------------------------------------------------


def streams() -> list[StreamSource]:
    return [source for source in TEMPLATE.sources if isinstance(source, StreamSource)]


def passes(record: Any, source: StreamSource) -> bool:
    return any(EventPattern.load(pattern).matches_event(record) for pattern in source.filters)


def change(name: str, new: str | None, old: str | None) -> dict[str, Any]:
    images = {"NewImage": new, "OldImage": old}
    return {
        "eventName": name,
        "dynamodb": {image: {"stage": {"S": stage}} for image, stage in images.items() if stage is not None},
    }


OTHER_STAGES: Final = [stage.value for stage in Stage if stage is not Stage.QUEUED]


def changes() -> Iterator[tuple[dict[str, Any], bool]]:
    yield change("INSERT", "queued", None), True
    yield change("MODIFY", "queued", "queued"), False
    yield change("REMOVE", None, "queued"), False
    for other in OTHER_STAGES:
        yield change("MODIFY", "queued", other), True
        yield change("MODIFY", other, "queued"), False
        yield change("MODIFY", other, other), False
        yield change("INSERT", other, None), False


def test_outreach_is_invoked_only_when_a_referral_becomes_queued() -> None:
    (outreach,) = [source for source in streams() if source.function == "OutreachFunction"]
    wrong = [record for record, expected in changes() if passes(record, outreach) is not expected]
    assert wrong == []


@pytest.mark.parametrize("name", ["INSERT", "MODIFY"])
def test_a_change_to_a_doctor_does_not_invoke_outreach(name: str) -> None:
    (outreach,) = [source for source in streams() if source.function == "OutreachFunction"]
    note = {"pk": {"S": "doctor#email#k1#00"}, "version": {"N": "1"}, "doctors": {"M": {"its id": {"M": {}}}}}
    assert not passes({"eventName": name, "dynamodb": {"NewImage": note, "OldImage": note}}, outreach)


@pytest.mark.parametrize(
    ("name", "key", "is_counted"),
    [
        ("INSERT", referral_key(RECEIPT), True),
        ("MODIFY", referral_key(RECEIPT), True),
        ("REMOVE", referral_key(RECEIPT), False),
        ("INSERT", message_key(RECEIPT, "introduction"), False),
        ("MODIFY", doctor_key("email#k1#00"), False),
        ("MODIFY", breaker_key("lumen"), False),
        ("INSERT", {"pk": {"S": "audit#2026-11-22"}, "sk": {"S": "2026-11-22T09:30:00.000Z#00"}}, False),
    ],
)
def test_every_change_of_a_referral_is_counted_and_no_other_change(name: str, key: Item, *, is_counted: bool) -> None:
    (stats,) = [source for source in streams() if source.function == "StatsFunction"]
    assert passes({"eventName": name, "dynamodb": {"Keys": key}}, stats) is is_counted


def test_the_counters_of_a_batch_are_read_with_one_request() -> None:
    (stats,) = [source for source in streams() if source.function == "StatsFunction"]
    assert stats.batch_size <= 100


def test_stats_may_access_counters_and_no_referrals() -> None:
    (count, _) = statements(TEMPLATE.functions["StatsFunction"])
    assert count["Resource"] == {"Fn::GetAtt": "StatsTable.Arn"}


def test_failed_stream_records_are_kept_for_the_maximum_time_of_a_queue() -> None:
    for source in streams():
        assert source.partial_failures
        assert source.bisect
        assert source.from_start
        assert source.max_retries is not None
        assert 1 <= source.max_retries <= 20
        assert source.on_failure is not None
        assert TEMPLATE.queues[source.on_failure].attributes["MessageRetentionPeriod"] == str(14 * 86400)


def test_the_stream_has_old_and_new_images() -> None:
    table = TEMPLATE.tables["Table"]
    assert table.definition["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_the_index_of_the_list_has_all_attributes_that_filters_read() -> None:
    indexes = TEMPLATE.tables["Table"].definition["GlobalSecondaryIndexes"]
    [listed] = [index for index in indexes if index["IndexName"] == "listed"]
    read = {one.indexed[0] if one.indexed else name for name, one in FILTERS.items()}
    assert set(listed["Projection"]["NonKeyAttributes"]) == {*read, "search_name"}


def test_no_more_than_two_functions_read_the_stream() -> None:
    assert len(streams()) <= 2


# ---- Retention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"])
def test_the_data_of_opt_outs_are_retained_when_the_stack_is_deleted(kind: str) -> None:
    kept = of_type(kind)
    kept.pop("SourceKeys", None)
    assert kept
    for resource in kept.values():
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_a_key_for_addresses_is_gone_when_it_is_replaced() -> None:
    """A backup or a stream would keep it, and with it the addresses of submitters."""
    table = of_type("AWS::DynamoDB::Table")["SourceKeys"]
    assert table.get("DeletionPolicy", "Delete") == "Delete"
    kept_by = {"PointInTimeRecoverySpecification", "StreamSpecification", "KinesisStreamSpecification"}
    assert not kept_by & table["Properties"].keys()
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["Properties"]["SSESpecification"]["SSEEnabled"]


def test_the_table_has_point_in_time_recovery_and_encryption() -> None:
    tables = of_type("AWS::DynamoDB::Table")
    del tables["SourceKeys"]
    for table in tables.values():
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        key = {"Fn::If": ["HasKey", {"Ref": "KeyArn"}, {"Ref": "AWS::NoValue"}]}
        sse = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        assert table["Properties"]["SSESpecification"] == sse
        assert table["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}


def test_a_secret_is_generated_as_a_set_of_keys() -> None:
    for secret in (TEMPLATE.secrets[name] for name in ("HashingKeys", "SigningKeys")):
        assert secret.generate is not None
        assert json.loads(secret.generate["SecretStringTemplate"]) == {"current": secret.generate["GenerateStringKey"]}
        assert int(secret.generate["PasswordLength"]) >= 32


# ---- Routes ----------------------------------------------------------------------------------------------------------


def answer(route: Route) -> int:
    """The function's response to an empty request of the route."""
    event = events.request(route.key, path=route.path.replace("{receipt}", "AAAA-AAAA-AAAA-AAAA"))
    site = Site(samples.TEMPLATES, "https://spine.example", samples.CAMPAIGNS)
    table = FakeTable()
    match TEMPLATE.functions[route.function].short_name:
        case "intake":
            response = intake.respond(event, proofs.intake(table, site), samples.NOW)
        case "links":
            signed = Links(ring, "https://spine.example")
            response = links.respond(event, LinkParts(signed, FakeLetterCodes(), table, table, site), samples.NOW)
        case "lookup":
            response = lookup.respond(
                event, LookupParts(FakeRegistry(), FakeMatchCache(), RegistrySignatures(ring)), samples.NOW
            )
        case "dashboard":
            response = dashboard.respond(event, FakeDashboard(), samples.NOW)
        case other:
            raise AssertionError(f"{other} does not handle requests")
    return int(response["statusCode"])


@pytest.mark.parametrize("route", TEMPLATE.routes, ids=[route.key for route in TEMPLATE.routes])
def test_every_route_has_a_function_that_handles_it(route: Route) -> None:
    is_page = route.path == "/stop"  # It needs neither a link nor a body.
    assert answer(route) == 200 if is_page else 400 <= answer(route) < 500


def test_the_routes_match_the_design() -> None:
    assert {route.key for route in TEMPLATE.routes} == {
        "POST /api/referrals",
        "GET /api/referrals",
        "GET /api/referrals/{receipt}",
        "POST /api/referrals/{receipt}/withdrawal",
        "GET /api/challenge",
        "GET /api/opt-out",
        "HEAD /api/opt-out",
        "POST /api/opt-out",
        "GET /stop",
        "HEAD /stop",
        "POST /api/stop",
        "GET /api/answer",
        "HEAD /api/answer",
        "POST /api/answer",
        "GET /api/doctors",
        # One route for the whole dashboard API, behind one authorizer.
        "ANY /api/dashboard/{proxy+}",
    }


def test_the_site_and_the_api_have_the_same_content_security_policy() -> None:
    policy = RESOURCES["SecurityHeaders"]["Properties"]
    security = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    of_the_site = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    of_the_api = http.json_response(200, {})["headers"]["content-security-policy"]
    assert of_the_site == of_the_api
    assert "unsafe" not in of_the_site
    assert TEMPLATE.site_headers["Content-Security-Policy"] == of_the_site


def test_the_api_is_throttled() -> None:
    (api,) = of_type("AWS::Serverless::HttpApi").values()
    default = api["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"]
    assert default > 0
    # Many look-ups must not keep a patient from submitting.
    assert 0 < api["Properties"]["RouteSettings"]["GET /api/doctors"]["ThrottlingRateLimit"] < default


# ---- Sign-in ---------------------------------------------------------------------------------------------------------

(TEAM,) = TEMPLATE.pools
(CLIENT,) = TEAM.clients
COGNITO: Final = "https://referral-intake-local.auth.us-east-1.amazoncognito.com"


def test_only_administrators_can_create_accounts() -> None:
    team = properties_of("Team")
    assert team["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert team["AliasAttributes"] == team["AutoVerifiedAttributes"] == ["email"]
    assert team["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]
    assert team["DeletionProtection"] == {"Fn::If": ["IsProtected", "ACTIVE", "INACTIVE"]}
    assert RESOURCES["Team"]["DeletionPolicy"] == RESOURCES["Team"]["UpdateReplacePolicy"] == "Retain"


def test_a_password_is_strong() -> None:
    policy = properties_of("Team")["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))


def test_the_groups_are_the_roles() -> None:
    assert sorted(TEAM.groups) == ["manager", "viewer"]


def test_the_dashboard_signs_in_with_an_authorization_code_and_no_client_secret() -> None:
    client = properties_of("TeamClient")
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    # Cognito refuses this flow, one of its defaults, in combination with rotation of refresh tokens.
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]


def test_a_token_cannot_change_the_account_and_expires_within_an_hour() -> None:
    assert "aws.cognito.signin.user.admin" not in CLIENT.scopes
    assert CLIENT.access_lifetime <= 3600
    assert properties_of("TeamClient")["EnableTokenRevocation"] is True


def test_the_authorization_code_is_sent_only_to_the_dashboard() -> None:
    assert CLIENT.callbacks == CLIENT.logouts == ("https://spine.example/dashboard/",)


def test_the_sign_in_pages_have_the_branding_that_they_require() -> None:
    (style,) = of_type("AWS::Cognito::ManagedLoginBranding").values()
    assert properties_of("TeamDomain")["ManagedLoginVersion"] == 2
    assert style["Properties"]["ClientId"] == {"Ref": "TeamClient"}


def test_the_authorizer_accepts_only_tokens_of_this_pool_and_client() -> None:
    auth = properties_of("HttpApi")["Auth"]
    assert auth["Authorizers"]["SignedIn"]["JwtConfiguration"] == {
        "issuer": {"Fn::GetAtt": "Team.ProviderURL"},
        "audience": [{"Ref": "TeamClient"}],
    }
    # Patients and doctors do not sign in.
    assert "DefaultAuthorizer" not in auth


def test_only_dashboard_routes_require_a_token() -> None:
    for route in TEMPLATE.routes:
        assert (route.authorizer is not None) is route.path.startswith("/api/dashboard/"), route.key


def test_the_dashboard_page_may_connect_only_to_cognito_for_tokens() -> None:
    own, site = (policy_of(path) for path in ("/dashboard/index.html", "/"))
    assert own.pop("connect-src") == f"'self' {COGNITO}"
    assert set(own.values()) <= {"'self'", "'none'"}, "no unsafe-*, no other origin, no data:"
    assert own.items() <= site.items()
    assert policy_of("/api/dashboard/me") == site
    assert TEMPLATE.outputs["SignInUrl"] == COGNITO


def test_the_stack_outputs_the_settings_of_the_dashboard() -> None:
    assert set(SIGN_IN.values()) <= set(TEMPLATE.outputs)


def policy_of(path: str) -> dict[str, str]:
    parts = TEMPLATE.headers_of(path)["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def test_the_dashboard_page_otherwise_has_the_headers_of_all_pages() -> None:
    own, site = (dict(TEMPLATE.headers_of(path)) for path in ("/dashboard/index.html", "/"))
    assert own.pop("Content-Security-Policy") != site.pop("Content-Security-Policy")
    assert own == site


def test_cloudfront_forwards_the_token_to_the_api_and_does_not_cache() -> None:
    behaviors = properties_of("Distribution")["DistributionConfig"]["CacheBehaviors"]
    found = next(one for one in behaviors if fnmatchcase("/api/dashboard/me", one["PathPattern"]))
    assert found["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"
    # Only managed policies of AWS forward the Authorization header, and API Gateway must not get the site's Host.
    assert found["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"
    assert found["TargetOriginId"] == "api"


def properties_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


# ---- Mail ------------------------------------------------------------------------------------------------------------


def test_ses_suppresses_mail_to_addresses_that_bounced_or_complained() -> None:
    for configuration in of_type("AWS::SES::ConfigurationSet").values():
        assert set(configuration["Properties"]["SuppressionOptions"]["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}
        assert configuration["Properties"]["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"


def test_mail_to_the_team_is_not_counted_as_mail_to_doctors() -> None:
    environments = {name: function.environment for name, function in TEMPLATE.functions.items()}
    assert (
        environments["ReportsFunction"]["SUMMARY_CONFIGURATION_SET"]
        != environments["OutreachFunction"]["CONFIGURATION_SET"]
    )
    (events,) = of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert events["Properties"]["ConfigurationSetName"] == {"Ref": "OutreachMail"}


# ---- Names -----------------------------------------------------------------------------------------------------------


def names_of(resource: dict[str, Any], stack: str, region: str) -> Iterator[str]:
    """Every `Name`, `LogGroupName` and so on of a resource, in this stack and region."""
    for key, value in resource.items():
        if isinstance(value, dict) and key.endswith("Name") and "Fn::Sub" in value:
            yield value["Fn::Sub"].replace("${AWS::StackName}", stack).replace("${AWS::Region}", region)
        elif isinstance(value, dict):
            yield from names_of(value, stack, region)


def names(kinds: str, stack: str = "referral-intake", region: str = "us-east-1") -> set[str]:
    """The names of resources whose types start with this text."""
    found = [one["Properties"] for one in RESOURCES.values() if one["Type"].startswith(kinds)]
    return {name for one in found for name in names_of(one, stack, region)}


def test_stacks_in_two_regions_have_different_names_in_cloudfront() -> None:
    assert len(names("AWS::CloudFront::")) == 6
    for other in ({"region": "eu-west-1"}, {"stack": "referral-intake-dev"}):
        assert names("AWS::CloudFront::") & names("AWS::CloudFront::", **other) == set()


def test_the_prefix_of_the_logs_of_a_stack_does_not_match_those_of_another_one() -> None:
    others = names("AWS::Logs::LogGroup", stack="referral-intake-dev")
    assert len(others) == 2
    for name in names("AWS::Logs::LogGroup"):
        prefix = name[: name.index("referral-intake") + len("referral-intake/")]
        assert [other for other in others if other.startswith(prefix)] == []


def test_a_region_with_ses_and_cloudfront_has_every_type_of_resource() -> None:
    """CloudFormation refuses a template with a type that the region lacks, even if a condition excludes it."""
    regions = {file.stem: set(json.loads(file.read_text("utf-8"))) for file in SCHEMAS.glob("*-*-*.json")}
    wanted = {one["Type"] for one in RESOURCES.values() if not one["Type"].startswith("AWS::Serverless::")}
    usual = {name: types for name, types in regions.items() if {"AWS::SES::EmailIdentity", SITE} <= types}
    assert {"us-east-1", "us-west-2", "eu-west-1", "eu-south-1"} <= usual.keys()
    assert {name: wanted - types for name, types in usual.items() if not wanted <= types} == {}


def test_the_site_has_ipv6() -> None:
    assert properties_of("Distribution")["DistributionConfig"]["IPV6Enabled"] is True


# ---- Reports ---------------------------------------------------------------------------------------------------------


def test_report_files_are_private_encrypted_and_deleted_after_a_day() -> None:
    files = RESOURCES["ReportFiles"]["Properties"]
    assert set(files["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = files["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    own_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KeyArn"}}
    default = {"Fn::If": ["HasKey", own_key, {"SSEAlgorithm": "AES256"}]}
    assert encryption["ServerSideEncryptionByDefault"] == default
    (rule,) = files["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 1
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    (denied,) = RESOURCES["ReportFilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_running_report_is_not_delivered_again_and_repeated_failures_are_kept() -> None:
    jobs = TEMPLATE.queues["ReportJobs"]
    reports = TEMPLATE.functions["ReportsFunction"]
    assert int(jobs.attributes["VisibilityTimeout"]) >= 6 * reports.timeout
    assert jobs.dead_letters == "ReportFailures"
    (source,) = [one for one in TEMPLATE.sources if isinstance(one, QueueSource) and one.function == "ReportsFunction"]
    assert source.batch_size == 1
    assert RUN_MARGIN.total_seconds() < reports.timeout / 2


def test_the_summary_schedule_covers_monday_morning_in_every_time_zone() -> None:
    (weekly,) = [one for one in TEMPLATE.sources if isinstance(one, Schedule) and one.cron]
    assert weekly.cron is not None
    for zone in ("America/New_York", "America/Chicago", "America/Los_Angeles"):
        monday = datetime(2026, 11, 23, tzinfo=ZoneInfo(zone))
        hours = [monday + timedelta(hours=hour) for hour in range(24)]
        struck = [hour for hour in hours if weekly.cron.is_between(hour - timedelta(minutes=1), hour)]
        assert len([hour for hour in struck if is_due(hour.astimezone(UTC), ZoneInfo(zone))]) >= 4


def test_additional_packages_for_reports_are_in_a_separate_layer() -> None:
    assert DATA["Globals"]["Function"]["Layers"] == [{"Ref": "TemplatesLayer"}]
    assert [
        name for name, function in of_type("AWS::Serverless::Function").items() if function["Properties"].get("Layers")
    ] == ["ReportsFunction"]
    layer = RESOURCES["ReportsLayer"]
    assert layer["Metadata"] == {"BuildMethod": "python3.13", "BuildArchitecture": "arm64"}
    requirements = (FILE.parent / layer["Properties"]["ContentUri"] / "requirements.txt").read_text()
    common = (FILE.parents[1] / "functions" / "requirements.txt").read_text()
    for package in ("typst", "segno", "xlsxwriter", "fontpkg-source-sans-3"):
        assert f"\n{package}==" in f"\n{requirements}"
        assert f"\n{package}==" not in f"\n{common}"
