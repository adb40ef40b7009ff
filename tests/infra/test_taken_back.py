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
from tests.infra.breaking import Data, merged, of_type, properties, template_data
from tests.support.samples import ROOT

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FUNCTIONS = of_type(template_data(), "AWS::Serverless::Function")
TRIPPED = "the breaker stopped the campaign"
PATTERNS = {"FeedbackLogs": f'{{ ($.level = "ERROR") && ($.message != "{TRIPPED}") }}'}


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """The resources as CloudFormation gets them."""
    found: Mapping[str, Any] = transformed(template_data(), PARAMETERS)["Resources"]
    return found


def unwatched(data: Data) -> list[str]:
    """Functions that are not rolled back on their own errors, and on logged errors of any function."""
    wrong = []
    for name in FUNCTIONS:
        match merged(data, name)["DeploymentPreference"].get("Alarms"):
            case {"Fn::If": ["InSteps", [{"Ref": str(own)}, {"Ref": "LoggedErrorsAlarm"}], [{"Ref": "AWS::NoValue"}]]}:
                missing = [metric for metric in ("Errors", "Throttles") if not sums(data, own, metric, name)]
                wrong += [f"{name}: {metric}" for metric in missing]
            case other:
                wrong.append(f"{name}: {json.dumps(other)}")
    return wrong


def sums(data: Data, alarm: str, metric: str, function: str) -> bool:
    """Whether the alarm includes the metric of the function."""
    queries = properties(data, alarm)["Metrics"]
    itself = {"Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}]}
    wanted = {"Namespace": "AWS/Lambda", "MetricName": metric, **itself}
    (summed,) = [query["Expression"] for query in queries if "Expression" in query]
    found = [query["Id"] for query in queries if query.get("MetricStat", {}).get("Metric") == wanted]
    return any(f"FILL({one}, 0)" in summed for one in found)


def test_errors_and_throttles_of_every_function_roll_it_back() -> None:
    assert unwatched(template_data()) == []


def test_a_function_without_an_alarm_for_rollback_is_detected() -> None:
    data = template_data()
    del properties(data, "IntakeFunction")["DeploymentPreference"]
    logged, none = {"Ref": "LoggedErrorsAlarm"}, [{"Ref": "AWS::NoValue"}]
    of_another = {"Fn::If": ["InSteps", [{"Ref": "WakeErrorsAlarm"}, logged], none]}
    properties(data, "LinksFunction")["DeploymentPreference"] = {"Alarms": of_another}
    properties(data, "WakeFunction")["DeploymentPreference"] = {"Alarms": None}
    properties(data, "StatsErrorsAlarm")["Metrics"][0]["Expression"] = "FILL(errors, 0)"
    assert unwatched(data) == [
        "IntakeFunction: null",
        "StatsFunction: Throttles",
        "WakeFunction: null",
        "LinksFunction: Errors",
        "LinksFunction: Throttles",
    ]


def uncounted(data: Data) -> list[str]:
    """Functions whose logged errors the alarm does not count."""
    alarm = properties(data, "LoggedErrorsAlarm")
    told = {"MetricNamespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "MetricValue": "1"}
    counted = {
        one["LogGroupName"]["Ref"]
        for one in of_type(data, "AWS::Logs::MetricFilter").values()
        if one["MetricTransformations"] == [told]
        and one["FilterPattern"] == PATTERNS.get(one["LogGroupName"]["Ref"], '{ $.level = "ERROR" }')
    }
    return [name for name in FUNCTIONS if merged(data, name)["LoggingConfig"]["LogGroup"]["Ref"] not in counted]


def test_errors_that_any_function_catches_and_logs_are_counted() -> None:
    assert uncounted(template_data()) == []
    # Per stack: stacks in one account must not roll back each other.
    assert properties(template_data(), "LoggedErrorsAlarm")["MetricName"] == {"Ref": "AWS::StackName"}


def test_a_function_whose_log_is_not_counted_is_detected() -> None:
    data = template_data()
    del data["Resources"]["LookupLoggedErrors"]
    properties(data, "StatsLoggedErrors")["LogGroupName"] = {"Ref": "WakeLogs"}
    properties(data, "LinksLoggedErrors")["FilterPattern"] = '{ $.level = "WARNING" }'
    properties(data, "ReportsLoggedErrors")["MetricTransformations"][0]["MetricName"] = "other"
    assert uncounted(data) == ["LookupFunction", "StatsFunction", "LinksFunction", "ReportsFunction"]


def test_the_log_line_of_an_error_has_the_level_error(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, out = logs.logger(), StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", out)
    logger.error("something failed")
    assert json.loads(out.getvalue())["level"] == "ERROR"


def test_the_filter_excludes_only_the_message_that_feedback_logs() -> None:
    assert f'logger.error("{TRIPPED}"' in getsource(feedback)


def test_gradual_deployments_use_the_alarm_and_immediate_ones_do_not(resources: Mapping[str, Any]) -> None:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(groups) == len(FUNCTIONS)
    for group in groups:
        condition, steps, at_once = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, steps["Enabled"], len(steps["Alarms"]), at_once) == ("InSteps", True, 2, {})
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert template_data()["Conditions"]["InSteps"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rollout"}, "AllAtOnce"]}]}


def test_a_parameter_selects_the_deployment_strategy(resources: Mapping[str, Any]) -> None:
    linear = transformed(template_data(), PARAMETERS | {"Rollout": "Linear10PercentEvery1Minute"})["Resources"]
    assert ways(resources) == {"AllAtOnce"}
    assert ways(linear) == {"Linear10PercentEvery1Minute"}


def ways(resources: Mapping[str, Any]) -> set[str]:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    return {group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"] for group in groups}


def test_staging_and_prod_deploy_gradually_and_dev_deploys_at_once() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    told = {name: config[name]["deploy"]["parameters"]["parameter_overrides"] for name in ("dev", "staging", "prod")}
    rollouts = {name: [one for one in given if one.startswith("Rollout=")] for name, given in told.items()}
    in_steps = ["Rollout=Linear10PercentEvery1Minute"]
    assert rollouts == {"dev": [], "staging": in_steps, "prod": in_steps}


def test_codedeploy_uses_the_managed_policy_of_aws(resources: Mapping[str, Any]) -> None:
    role = resources["CodeDeployServiceRole"]["Properties"]
    assert "Policies" not in role
    assert role["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
