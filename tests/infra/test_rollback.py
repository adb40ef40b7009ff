"""During a gradual deployment, an alarm on errors of the new version rolls it back."""

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
from tests.infra.template_data import Data, of_type, properties, template_data, with_globals
from tests.support.samples import ROOT

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FUNCTIONS = of_type(template_data(), "AWS::Serverless::Function")
BREAKER_MESSAGE = "the breaker stopped the campaign"
ERROR_FILTER = f'{{ ($.level = "ERROR") && ($.message != "{BREAKER_MESSAGE}") }}'
# Patients, doctors or the team wait for these.
GRADUALLY_DEPLOYED = {"IntakeFunction", "LinksFunction", "DashboardFunction", "OutreachFunction"}


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """The resources as CloudFormation gets them."""
    found: Mapping[str, Any] = transformed(template_data(), PARAMETERS)["Resources"]
    return found


def without_rollback_alarm(data: Data) -> list[str]:
    """Gradually deployed functions without an alarm that rolls back on their errors and throttles."""
    wrong = []
    for name in GRADUALLY_DEPLOYED:
        match with_globals(data, name)["DeploymentPreference"].get("Alarms"):
            case {"Fn::If": ["InSteps", [{"Ref": str(own)}, {"Ref": "LoggedErrorsAlarm"}], [{"Ref": "AWS::NoValue"}]]}:
                missing = [metric for metric in ("Errors", "Throttles") if not includes_metric(data, own, metric, name)]
                wrong += [f"{name}: {metric}" for metric in missing]
            case other:
                wrong.append(f"{name}: {json.dumps(other)}")
    return wrong


def includes_metric(data: Data, alarm: str, metric: str, function: str) -> bool:
    """Whether the alarm includes the metric of the function."""
    queries = properties(data, alarm)["Metrics"]
    itself = {"Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}]}
    wanted = {"Namespace": "AWS/Lambda", "MetricName": metric, **itself}
    (summed,) = [query["Expression"] for query in queries if "Expression" in query]
    found = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    return summed == "SUM(FILL(METRICS(), 0))" and wanted in found


def test_an_alarm_on_errors_and_throttles_rolls_back_every_gradually_deployed_function() -> None:
    assert without_rollback_alarm(template_data()) == []


def test_background_functions_are_deployed_at_once() -> None:
    at_once = {
        name
        for name in FUNCTIONS
        if with_globals(template_data(), name)["DeploymentPreference"].get("Enabled") is False
    }
    assert at_once == set(FUNCTIONS) - GRADUALLY_DEPLOYED


def test_a_function_that_no_alarm_rolls_back_is_detected() -> None:
    data = template_data()
    logged, none = {"Ref": "LoggedErrorsAlarm"}, [{"Ref": "AWS::NoValue"}]
    of_external_functions = {"Fn::If": ["InSteps", [{"Ref": "BackgroundErrorsAlarm"}, logged], none]}
    properties(data, "LinksFunction")["DeploymentPreference"] = {"Alarms": of_external_functions}
    properties(data, "IntakeFunction")["DeploymentPreference"] = {"Alarms": None}
    metrics = properties(data, "ErrorsAlarm")["Metrics"]
    metrics.remove(next(one for one in metrics if one["Id"] == "outreach_throttles"))
    assert sorted(without_rollback_alarm(data)) == [
        "IntakeFunction: null",
        "LinksFunction: Errors",
        "LinksFunction: Throttles",
        "OutreachFunction: Throttles",
    ]


def test_no_alarm_has_more_metrics_than_cloudwatch_allows() -> None:
    alarms = of_type(template_data(), "AWS::CloudWatch::Alarm").values()
    assert max(sum("MetricStat" in one for one in alarm.get("Metrics", [])) for alarm in alarms) <= 10


def uncounted(data: Data) -> list[str]:
    """Functions whose logged errors the alarm does not count."""
    alarm = properties(data, "LoggedErrorsAlarm")
    transformation = {"MetricNamespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "MetricValue": "1"}
    counted = {
        one["LogGroupName"]["Ref"]
        for one in of_type(data, "AWS::Logs::MetricFilter").values()
        if one["MetricTransformations"] == [transformation] and one["FilterPattern"] == ERROR_FILTER
    }
    return [name for name in FUNCTIONS if with_globals(data, name)["LoggingConfig"]["LogGroup"]["Ref"] not in counted]


def test_errors_that_any_function_catches_and_logs_are_counted() -> None:
    assert uncounted(template_data()) == []
    # Per stack: stacks in one account must not roll back each other.
    assert properties(template_data(), "LoggedErrorsAlarm")["MetricName"] == {"Ref": "AWS::StackName"}


def test_a_function_whose_log_is_not_counted_is_detected() -> None:
    data = template_data()
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
def test_a_filter_that_does_not_count_is_detected(part: str, wrong: Any) -> None:
    data = template_data()
    properties(data, "LoggedErrors")[part] = wrong
    assert uncounted(data) == list(FUNCTIONS)


def test_the_log_line_of_an_error_has_the_level_error(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, out = logs.logger(), StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", out)
    logger.error("something failed")
    assert json.loads(out.getvalue())["level"] == "ERROR"


def test_the_filter_excludes_only_the_message_that_feedback_logs() -> None:
    assert f'logger.error("{BREAKER_MESSAGE}"' in getsource(feedback)


def test_gradual_deployments_use_the_alarm_and_immediate_ones_do_not(resources: Mapping[str, Any]) -> None:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(groups) == len(GRADUALLY_DEPLOYED)
    for group in groups:
        condition, steps, at_once = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, steps["Enabled"], len(steps["Alarms"]), at_once) == ("InSteps", True, 2, {})
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    not_at_once = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rollout"}, "AllAtOnce"]}]}
    assert template_data()["Conditions"]["InSteps"] == {"Fn::And": [{"Condition": "IsMonitored"}, not_at_once]}


@pytest.mark.long
def test_a_parameter_selects_the_deployment_strategy(resources: Mapping[str, Any]) -> None:
    linear = transformed(template_data(), PARAMETERS | {"Rollout": "Linear10PercentEvery1Minute"})["Resources"]
    assert deployment_configs(resources) == {"AllAtOnce"}
    assert deployment_configs(linear) == {"Linear10PercentEvery1Minute"}


def deployment_configs(resources: Mapping[str, Any]) -> set[str]:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    return {group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"] for group in groups}


def test_staging_and_prod_deploy_gradually_and_dev_deploys_at_once() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    overrides = {
        name: config[name]["deploy"]["parameters"]["parameter_overrides"] for name in ("dev", "staging", "prod")
    }
    rollouts = {name: [one for one in given if one.startswith("Rollout=")] for name, given in overrides.items()}
    gradual = ["Rollout=Linear10PercentEvery1Minute"]
    assert rollouts == {"dev": [], "staging": gradual, "prod": gradual}


def test_codedeploy_uses_the_managed_policy_of_aws(resources: Mapping[str, Any]) -> None:
    role = resources["CodeDeployServiceRole"]["Properties"]
    assert "Policies" not in role
    assert role["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
