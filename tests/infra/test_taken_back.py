"""While a function goes over to a new version in steps, an alarm on what goes wrong in it takes it back."""

import json
import tomllib
from collections.abc import Mapping
from inspect import getsource
from io import StringIO
from typing import Any

import pytest

from referral_intake.feedback import processing as feedback
from referral_intake.observability import logs
from tests.engines.sam import transformed
from tests.infra.breaking import Data, merged, of_type, properties, whole
from tests.support.samples import ROOT

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FUNCTIONS = of_type(whole(), "AWS::Serverless::Function")
TRIPPED = "the breaker stopped the campaign"
PATTERN = f'{{ ($.level = "ERROR") && ($.message != "{TRIPPED}") }}'
# Patients, doctors or the team wait for these.
IN_STEPS = {"IntakeFunction", "LinksFunction", "DashboardFunction", "OutreachFunction"}


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """As CloudFormation meets them."""
    found: Mapping[str, Any] = transformed(whole(), PARAMETERS)["Resources"]
    return found


def unwatched(data: Data) -> list[str]:
    """Functions that go over in steps and that no alarm takes back on what goes wrong in them."""
    wrong = []
    for name in IN_STEPS:
        match merged(data, name)["DeploymentPreference"].get("Alarms"):
            case {"Fn::If": ["InSteps", [{"Ref": str(own)}, {"Ref": "LoggedErrorsAlarm"}], [{"Ref": "AWS::NoValue"}]]}:
                missing = [metric for metric in ("Errors", "Throttles") if not sums(data, own, metric, name)]
                wrong += [f"{name}: {metric}" for metric in missing]
            case other:
                wrong.append(f"{name}: {json.dumps(other)}")
    return wrong


def sums(data: Data, alarm: str, metric: str, function: str) -> bool:
    """Whether an alarm takes a metric of a function into what it looks at."""
    queries = properties(data, alarm)["Metrics"]
    itself = {"Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}]}
    wanted = {"Namespace": "AWS/Lambda", "MetricName": metric, **itself}
    (summed,) = [query["Expression"] for query in queries if "Expression" in query]
    found = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    return summed == "SUM(FILL(METRICS(), 0))" and wanted in found


def test_every_function_that_goes_over_in_steps_is_taken_back_by_an_alarm_on_its_errors_and_throttles() -> None:
    assert unwatched(whole()) == []


def test_background_functions_are_published_at_once() -> None:
    at_once = {name for name in FUNCTIONS if merged(whole(), name)["DeploymentPreference"].get("Enabled") is False}
    assert at_once == set(FUNCTIONS) - IN_STEPS


def test_a_function_that_no_alarm_takes_back_is_noticed() -> None:
    data = whole()
    logged, none = {"Ref": "LoggedErrorsAlarm"}, [{"Ref": "AWS::NoValue"}]
    of_others = {"Fn::If": ["InSteps", [{"Ref": "BackgroundErrorsAlarm"}, logged], none]}
    properties(data, "LinksFunction")["DeploymentPreference"] = {"Alarms": of_others}
    properties(data, "IntakeFunction")["DeploymentPreference"] = {"Alarms": None}
    metrics = properties(data, "ErrorsAlarm")["Metrics"]
    metrics.remove(next(one for one in metrics if one["Id"] == "outreach_throttles"))
    assert sorted(unwatched(data)) == [
        "IntakeFunction: null",
        "LinksFunction: Errors",
        "LinksFunction: Throttles",
        "OutreachFunction: Throttles",
    ]


def test_an_alarm_looks_at_no_more_metrics_than_cloudwatch_takes() -> None:
    alarms = of_type(whole(), "AWS::CloudWatch::Alarm").values()
    assert max(sum("MetricStat" in one for one in alarm.get("Metrics", [])) for alarm in alarms) <= 10


def uncounted(data: Data) -> list[str]:
    """Functions whose logged errors the alarm does not see."""
    alarm = properties(data, "LoggedErrorsAlarm")
    told = {"MetricNamespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "MetricValue": "1"}
    counted = {
        one["LogGroupName"]["Ref"]
        for one in of_type(data, "AWS::Logs::MetricFilter").values()
        if one["MetricTransformations"] == [told] and one["FilterPattern"] == PATTERN
    }
    return [name for name in FUNCTIONS if merged(data, name)["LoggingConfig"]["LogGroup"]["Ref"] not in counted]


def test_what_any_function_catches_and_logs_is_counted() -> None:
    assert uncounted(whole()) == []
    # By stack: those of an account must not take back each other's versions.
    assert properties(whole(), "LoggedErrorsAlarm")["MetricName"] == {"Ref": "AWS::StackName"}


def test_a_function_whose_log_is_not_counted_is_noticed() -> None:
    data = whole()
    properties(data, "StatsFunction")["LoggingConfig"] = {"LogGroup": {"Ref": "ApiLogs"}}
    assert uncounted(data) == ["StatsFunction"]


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("FilterPattern", '{ $.level = "WARNING" }'),
        ("LogGroupName", {"Ref": "ApiLogs"}),
        ("MetricTransformations", [{"MetricNamespace": "x", "MetricName": "other", "MetricValue": "1"}]),
    ],
)
def test_a_filter_that_does_not_count_is_noticed(part: str, wrong: Any) -> None:
    data = whole()
    properties(data, "LoggedErrors")[part] = wrong
    assert uncounted(data) == list(FUNCTIONS)


def test_a_line_that_is_logged_as_an_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, out = logs.logger(), StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", out)
    logger.error("something failed")
    assert json.loads(out.getvalue())["level"] == "ERROR"


def test_what_the_filter_leaves_out_is_what_feedback_logs() -> None:
    assert f'logger.error("{TRIPPED}"' in getsource(feedback)


def test_in_steps_codedeploy_asks_the_alarm_and_at_once_it_asks_none(resources: Mapping[str, Any]) -> None:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(groups) == len(IN_STEPS)
    for group in groups:
        condition, steps, at_once = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, steps["Enabled"], len(steps["Alarms"]), at_once) == ("InSteps", True, 2, {})
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    not_at_once = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rollout"}, "AllAtOnce"]}]}
    assert whole()["Conditions"]["InSteps"] == {"Fn::And": [{"Condition": "IsMonitored"}, not_at_once]}


def test_the_way_of_a_deployment_is_the_parameters(resources: Mapping[str, Any]) -> None:
    linear = transformed(whole(), PARAMETERS | {"Rollout": "Linear10PercentEvery1Minute"})["Resources"]
    assert ways(resources) == {"AllAtOnce"}
    assert ways(linear) == {"Linear10PercentEvery1Minute"}


def ways(resources: Mapping[str, Any]) -> set[str]:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    return {group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"] for group in groups}


def test_staging_and_prod_go_in_steps_and_dev_at_once() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    told = {name: config[name]["deploy"]["parameters"]["parameter_overrides"] for name in ("dev", "staging", "prod")}
    rollouts = {name: [one for one in given if one.startswith("Rollout=")] for name, given in told.items()}
    in_steps = ["Rollout=Linear10PercentEvery1Minute"]
    assert rollouts == {"dev": [], "staging": in_steps, "prod": in_steps}


def test_codedeploy_has_the_role_that_aws_made_for_it(resources: Mapping[str, Any]) -> None:
    role = resources["CodeDeployServiceRole"]["Properties"]
    assert "Policies" not in role
    assert role["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
