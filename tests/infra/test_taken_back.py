"""While a function goes over to a new version in steps, an alarm on what goes wrong in it takes it back."""

import json
import tomllib
from collections.abc import Mapping
from inspect import getsource
from io import StringIO
from typing import Any

import pytest

from referral_intake.handlers import feedback, logs
from tests.engines.sam import transformed
from tests.infra.breaking import Data, merged, of_type, properties, whole
from tests.support.samples import ROOT

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FUNCTIONS = of_type(whole(), "AWS::Serverless::Function")
LOGGED = "ReferralIntake/LoggedErrors"
TRIPPED = "the breaker stopped the campaign"
PATTERNS = {"FeedbackLogs": f'{{ ($.level = "ERROR") && ($.message != "{TRIPPED}") }}'}


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """As CloudFormation meets them."""
    found: Mapping[str, Any] = transformed(whole(), PARAMETERS)["Resources"]
    return found


def unwatched(data: Data) -> list[str]:
    """Functions that no alarm of their own takes back."""
    wrong = []
    for name in FUNCTIONS:
        match merged(data, name)["DeploymentPreference"].get("Alarms"):
            case {"Fn::If": ["InSteps", [{"Ref": str(alarm)}], [{"Ref": "AWS::NoValue"}]]}:
                wrong += [f"{name}: {missing}" for missing in missing_in(data, name, alarm)]
            case other:
                wrong.append(f"{name}: {json.dumps(other)}")
    return wrong


def missing_in(data: Data, function: str, alarm: str) -> list[str]:
    queries = properties(data, alarm)["Metrics"]
    watched = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    (summed,) = [query["Expression"] for query in queries if "Expression" in query]
    ids = [query["Id"] for query in queries if "MetricStat" in query]
    itself = [{"Name": "FunctionName", "Value": {"Ref": function}}]
    told: list[dict[str, Any]] = [
        {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": itself} for name in ("Errors", "Throttles")
    ]
    logged = {"Namespace": LOGGED, "MetricName": {"Ref": function}}
    missing = [one["Namespace"] for one in (*told, logged) if one not in watched]
    return [*missing, *(f"{one} is not in the sum" for one in ids if f"FILL({one}, 0)" not in summed)]


def test_every_function_is_taken_back_by_an_alarm_on_all_that_goes_wrong_in_it() -> None:
    assert unwatched(whole()) == []


def test_a_function_that_no_alarm_of_its_own_takes_back_is_noticed() -> None:
    data = whole()
    del properties(data, "IntakeFunction")["DeploymentPreference"]
    of_another = {"Fn::If": ["InSteps", [{"Ref": "WakeErrorsAlarm"}], [{"Ref": "AWS::NoValue"}]]}
    properties(data, "LinksFunction")["DeploymentPreference"] = {"Alarms": of_another}
    properties(data, "StatsErrorsAlarm")["Metrics"][0]["Expression"] = "FILL(errors, 0) + FILL(throttles, 0)"
    assert unwatched(data) == [
        "IntakeFunction: null",
        "StatsFunction: logged is not in the sum",
        "LinksFunction: AWS/Lambda",
        "LinksFunction: AWS/Lambda",
        "LinksFunction: ReferralIntake/LoggedErrors",
    ]


def uncounted(data: Data) -> list[str]:
    """Functions of which nobody counts what they log as an error."""
    filters = of_type(data, "AWS::Logs::MetricFilter").values()
    return [name for name in FUNCTIONS if not any(counts(one, merged(data, name), name) for one in filters)]


def counts(one: Any, function: Any, name: str) -> bool:
    (told,) = one["MetricTransformations"]
    group = function["LoggingConfig"]["LogGroup"]
    return (one["LogGroupName"], told["MetricNamespace"], told["MetricName"], told["MetricValue"]) == (
        group,
        LOGGED,
        {"Ref": name},
        "1",
    ) and one["FilterPattern"] == PATTERNS.get(group["Ref"], '{ $.level = "ERROR" }')


def test_what_a_function_catches_and_logs_is_counted_from_its_own_log() -> None:
    assert uncounted(whole()) == []


def test_a_function_whose_log_nobody_counts_is_noticed() -> None:
    data = whole()
    del data["Resources"]["LookupLoggedErrors"]
    properties(data, "StatsLoggedErrors")["LogGroupName"] = {"Ref": "WakeLogs"}
    properties(data, "LinksLoggedErrors")["FilterPattern"] = '{ $.level = "WARNING" }'
    assert uncounted(data) == ["LookupFunction", "StatsFunction", "LinksFunction"]


def test_a_line_that_is_logged_as_an_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, out = logs.logger(), StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", out)
    logger.error("something failed")
    assert json.loads(out.getvalue())["level"] == "ERROR"


def test_what_the_filter_leaves_out_is_what_feedback_logs() -> None:
    assert f'logger.error("{TRIPPED}"' in getsource(feedback)


def test_in_steps_codedeploy_asks_the_alarm_and_at_once_it_asks_none(resources: Mapping[str, Any]) -> None:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert len(groups) == len(FUNCTIONS)
    for group in groups:
        condition, steps, at_once = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, steps["Enabled"], len(steps["Alarms"]), at_once) == ("InSteps", True, 1, {})
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert whole()["Conditions"]["InSteps"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rollout"}, "AllAtOnce"]}]}


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
