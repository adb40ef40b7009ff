"""Parsing of the template by the local stack."""

import re
from pathlib import Path

import pytest

from samlocal.runtime import environment
from samlocal.template import cron, reader
from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import Authorizer, QueueSource, Route, Schedule, StreamSource, Template
from samlocal.template.references import Places
from tests.integration.samlocal.sample_project import TEMPLATE

QUEUES = "http://127.0.0.1:5000"


def load(folder: Path, text: str, *, sign_in: str = "", **parameters: str) -> Template:
    file = folder / "infra" / "template.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return reader.load(file, {"SiteUrl": "http://127.0.0.1:1", **parameters}, Places("sample", QUEUES, sign_in))


def edited(old: str, new: str) -> str:
    assert old in TEMPLATE
    return TEMPLATE.replace(old, new)


def test_routes_and_event_sources_match_the_template(tmp_path: Path) -> None:
    found = load(tmp_path, TEMPLATE)

    assert found.routes == (Route("GET", "/api/things/{name}", "Api"), Route("POST", "/api/things", "Api"))
    stream, queue = found.sources
    assert isinstance(stream, StreamSource)
    assert isinstance(queue, QueueSource)
    assert (stream.table, stream.batch_size, stream.max_retries, stream.bisect) == ("Table", 3, 1, True)
    assert (stream.partial_failures, stream.from_start, stream.on_failure) == (True, True, "Lost")
    assert stream.filters == ('{"dynamodb": {"NewImage": {"stage": {"S": ["queued"]}}}}',)
    assert (queue.queue, queue.batch_size, queue.partial_failures) == ("Jobs", 5, True)
    assert found.queues["Jobs"].dead_letters == "DeadJobs"


def test_globals_are_merged_and_the_layer_replaces_opt(tmp_path: Path) -> None:
    consumer = load(tmp_path, TEMPLATE).functions["Consumer"]

    assert consumer.timeout == 5
    assert consumer.environment["TEMPLATES_DIR"] == str(tmp_path / "templates")
    assert consumer.environment["TABLE_NAME"] == "sample-Table"
    assert consumer.environment["CONFIGURATION_SET"] == "sample-Mail"
    assert consumer.environment["JOBS_URL"] == f"{QUEUES}/123456789012/sample-Jobs"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!Sub '${AWS::Region}/${Table}/${Table.Arn}'", "us-east-1/sample-Table/arn:aws:dynamodb:.*Table"),
        (
            "!Sub ['${Host}/${!literal}', { Host: !Select [2, !Split ['/', !Ref SiteUrl]] }]",
            r"site.example/\$\{literal\}",
        ),
        ("!Join ['-', [a, !Ref 'AWS::AccountId']]", "a-123456789012"),
        ("{ 'Fn::GetAtt': [Jobs, QueueName] }", "sample-Jobs"),
    ],
)
def test_intrinsic_functions_are_resolved_as_by_cloudformation(tmp_path: Path, written: str, meant: str) -> None:
    text = edited("SITE_URL: !Ref SiteUrl", f"SITE_URL: {written}")

    value = load(tmp_path, text, SiteUrl="https://site.example").functions["Api"].environment["SITE_URL"]

    assert re.fullmatch(meant, value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("CONFIGURATION_SET: !Ref Mail", "CONFIGURATION_SET: !FindInMap [A, B, C]", "Consumer: .*Fn::FindInMap"),
        ("CONFIGURATION_SET: !Ref Mail", "CONFIGURATION_SET: !Ref Bucket", "Consumer: .*no value for Bucket"),
        ("Type: SQS\n", "Type: Kinesis\n", "Consumer.Jobs: .*Kinesis"),
        ("BatchSize: 3", "BatchSize: 3\n            TumblingWindowInSeconds: 5", "Consumer.Stream: .*TumblingWindow"),
        ("Method: GET,", "Method: GET, TimeoutInMillis: 9,", "Api.Get: .*TimeoutInMillis"),
        ("Method: GET,", "Method: GET, Auth: { Authorizer: Guest },", "Api.Get: .*no authorizer Guest"),
        ("Method: GET,", "Method: GET, Auth: { InvokeRole: x },", "Api.Get: .*InvokeRole"),
        ("Handler: scratch.api.handler", "Timeout: 3", "Api: Handler is missing"),
        ("  SiteUrl: { Type: String }", "  Other: { Type: String }", "Other: .*no default"),
    ],
)
def test_an_unsupported_element_is_an_error_that_names_the_resource(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(TemplateError, match=said):
        load(tmp_path, edited(old, new))


def test_resources_without_a_local_equivalent_are_ignored(tmp_path: Path) -> None:
    text = edited("  Mail:", "  Logs: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Foo bar } }\n  Mail:")

    assert load(tmp_path, text).functions


AUTH = """\
Globals:
  HttpApi:
    Auth:
      Authorizers:
        SignedIn:
          IdentitySource: $request.header.Authorization
          JwtConfiguration: { issuer: !GetAtt People.ProviderURL, audience: [!Ref Browser] }
          AuthorizationScopes: [openid]
      DefaultAuthorizer: SignedIn
"""
PEOPLE = """\
  People: { Type: AWS::Cognito::UserPool, Properties: { UserPoolName: people } }
  Readers: { Type: AWS::Cognito::UserPoolGroup, Properties: { UserPoolId: !Ref People, GroupName: reader } }
  Browser:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref People
      CallbackURLs: [!Sub "${SiteUrl}/"]
      RefreshTokenRotation: { Feature: ENABLED, RetryGracePeriodSeconds: 5 }
      AccessTokenValidity: 10
      TokenValidityUnits: { AccessToken: minutes }
"""
SIGNED_IN = Authorizer("http://x/sign-in/us-east-1_People", ("Browser",), "Authorization", ("openid",))


@pytest.mark.parametrize(
    ("auth", "authorizer", "scopes"),
    [
        ("", SIGNED_IN, ("openid",)),
        ("Auth: { AuthorizationScopes: [email, a/b] },", SIGNED_IN, ("email", "a/b")),
        ("Auth: { Authorizer: NONE },", None, ()),
    ],
)
def test_a_route_requires_the_token_that_the_template_states(
    tmp_path: Path, auth: str, authorizer: Authorizer | None, scopes: tuple[str, ...]
) -> None:
    text = edited("Globals:\n", AUTH).replace("Method: GET,", f"Method: GET, {auth}") + PEOPLE

    route = load(tmp_path, text, sign_in="http://x/sign-in").routes[0]

    assert (route.authorizer, route.scopes) == (authorizer, scopes)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("$request.header.Authorization", "$request.querystring.token", "Globals.HttpApi.SignedIn: .*from a header"),
        (", audience: [!Ref Browser]", "", "Globals.HttpApi.SignedIn: .*audience"),
        ("UserPoolName: people", "UsernameAttributes: [email]", "People: .*UsernameAttributes"),
        ("AuthorizationScopes:", "EnableSimpleResponses:", "Globals.HttpApi.SignedIn: .*EnableSimpleResponses"),
    ],
)
def test_an_unsupported_sign_in_setting_is_an_error(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (edited("Globals:\n", AUTH) + PEOPLE).replace(old, new)

    with pytest.raises(TemplateError, match=said):
        load(tmp_path, text)


def test_a_user_pool_is_read_with_its_groups_and_clients(tmp_path: Path) -> None:
    (people,) = load(tmp_path, TEMPLATE + PEOPLE, sign_in="http://x/sign-in").pools

    assert (people.id, people.issuer) == ("us-east-1_People", "http://x/sign-in/us-east-1_People")
    assert (people.groups, people.name) == (("reader",), "people")
    (browser,) = people.clients
    assert (browser.id, browser.callbacks) == ("Browser", ("http://127.0.0.1:1/",))
    assert (browser.access_lifetime, browser.id_lifetime, browser.refresh_lifetime) == (600, 3600, 30 * 86400)
    assert (browser.rotates, browser.grace) == (True, 5)


HEADERS = """\
  Plain: { Type: AWS::CloudFront::ResponseHeadersPolicy, Properties: { ResponseHeadersPolicyConfig: {
    SecurityHeadersConfig: { FrameOptions: { FrameOption: DENY } } } } }
  Other: { Type: AWS::CloudFront::ResponseHeadersPolicy, Properties: { ResponseHeadersPolicyConfig: {
    SecurityHeadersConfig: { FrameOptions: { FrameOption: SAMEORIGIN } } } } }
  Front:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{ DomainName: !GetAtt Bucket.RegionalDomainName }]
        DefaultCacheBehavior: { ResponseHeadersPolicyId: !Ref Plain }
        CacheBehaviors:
          - { PathPattern: "/other/*", ResponseHeadersPolicyId: !Ref Other }
          - { PathPattern: "/o*", ResponseHeadersPolicyId: 67f7725c-6f97-4210-82d7-5512b31e9d03 }
"""


@pytest.mark.parametrize(
    ("path", "said"), [("/", "DENY"), ("/other", None), ("/other/", "SAMEORIGIN"), ("/other/a/b.js", "SAMEORIGIN")]
)
def test_a_path_has_the_headers_of_the_first_matching_behavior(tmp_path: Path, path: str, said: str | None) -> None:
    assert load(tmp_path, TEMPLATE + HEADERS).headers_of(path).get("X-Frame-Options") == said


def test_only_schedules_by_rate_or_by_weekday_and_hour_are_supported(tmp_path: Path) -> None:
    event = "        Jobs:\n          Type: SQS"
    schedule = "        Tick: {{ Type: ScheduleV2, Properties: {{ ScheduleExpression: {} }} }}\n" + event

    found = load(tmp_path, edited(event, schedule.format("rate(2 minutes)")))
    with pytest.raises(TemplateError, match=r"Consumer.Tick: .*cron"):
        load(tmp_path, edited(event, schedule.format('"cron(0 8 1 * ? *)"')))
    daily = load(tmp_path, edited(event, schedule.format('"cron(0 8 * * ? *)"')))

    assert Schedule("Consumer.Tick", "Consumer", 120.0, None) in found.sources
    assert Schedule("Consumer.Tick", "Consumer", 60.0, None, cron.read("cron(0 8 * * ? *)", "UTC")) in daily.sources


LAYER = """\
  Packages:
    Type: AWS::Serverless::LayerVersion
    Metadata: { BuildMethod: python3.13 }
    Properties: { ContentUri: packages/ }
"""


def test_a_layer_of_packages_is_not_used_as_a_layer_of_files(tmp_path: Path) -> None:
    found = load(tmp_path, TEMPLATE + LAYER)

    assert "packages" not in [folder.name for folder in found.layers]


def test_a_bucket_is_created_under_its_name(tmp_path: Path) -> None:
    found = load(tmp_path, TEMPLATE + "  Files: { Type: AWS::S3::Bucket }\n")

    assert found.buckets == {"sample-files"}


def test_a_variable_with_two_values_is_an_error_because_functions_share_a_process(tmp_path: Path) -> None:
    text = edited("CONFIGURATION_SET: !Ref Mail", "TABLE_NAME: another")

    with pytest.raises(TemplateError, match=r"TABLE_NAME .*Api.*another.*Consumer"):
        environment.of_functions(load(tmp_path, text).functions)


def test_outputs_without_a_local_equivalent_are_omitted(tmp_path: Path) -> None:
    outputs = """\
Outputs:
  TableName: { Value: !Ref Table }
  JobsUrl: { Description: Where jobs wait., Value: !Ref Jobs }
  Site: { Value: !GetAtt Distribution.DomainName }
"""
    assert load(tmp_path, TEMPLATE + outputs).outputs == {
        "TableName": "sample-Table",
        "JobsUrl": f"{QUEUES}/123456789012/sample-Jobs",
    }


def test_the_template_of_this_project_is_parsed_completely() -> None:
    root = Path(__file__).resolve().parents[3]

    found = reader.load(
        root / "infra" / "template.yaml",
        {"SiteUrl": "http://x", "SenderAddress": "a@b.example"},
        Places("sample", QUEUES),
    )

    assert environment.of_functions(found.functions)["TEMPLATES_DIR"] == str(root / "templates")
