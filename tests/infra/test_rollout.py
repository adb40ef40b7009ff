"""All triggers invoke the alias of a function, and each deployment with a change publishes a version for the alias."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from samlocal.template import references
from samlocal.template.intrinsics import Resolver
from tests.engines.sam import transformed
from tests.infra.template_data import Data, of_type, properties, referenced_names, template_data, with_globals

PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FUNCTIONS = of_type(template_data(), "AWS::Serverless::Function")
every_function = pytest.mark.parametrize("name", FUNCTIONS)
# Not part of a version: applies to all of them. Lambda refuses a new version that differs only in these.
NOT_VERSIONED = {"Policies", "Events", "ReservedConcurrentExecutions", "LoggingConfig", "DeploymentPreference"}
NOT_VERSIONED |= {"VersionDescription"}
# These may name the function itself. Alarms and the dashboard count all versions.
MAY_NAME_FUNCTIONS = {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
MAY_NAME_FUNCTIONS |= {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """The resources as CloudFormation gets them."""
    found: Mapping[str, Any] = transformed(template_data(), PARAMETERS)["Resources"]
    return found


# ---- Triggers invoke the alias ---------------------------------------------------------------------------------------


def alias_bypasses(resources: Mapping[str, Any]) -> list[str]:
    """References to the function itself, which would invoke the latest code before it is tested."""
    functions = {name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"}
    assert functions == set(FUNCTIONS)
    return [
        f"{name}: {function}"
        for name, one in resources.items()
        if one["Type"] not in MAY_NAME_FUNCTIONS
        for function in sorted(functions & set(referenced_names(one, {})))
    ]


def test_all_triggers_of_a_function_invoke_its_alias(resources: Mapping[str, Any]) -> None:
    assert alias_bypasses(resources) == []
    aliases = {name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Alias"}
    names = {name for one in resources.values() for name in referenced_names(one, {}) if name in aliases}
    assert names == aliases == {f"{name}Aliaslive" for name in FUNCTIONS}


def test_an_event_source_that_bypasses_the_alias_is_detected(resources: Mapping[str, Any]) -> None:
    source = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "StatsFunction"}}}
    allowed = {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Fn::GetAtt": "LinksFunction.Arn"}}}
    broken = {**resources, "Source": source, "Allowed": allowed}
    assert alias_bypasses(broken) == ["Source: StatsFunction", "Allowed: LinksFunction"]


@pytest.mark.long
def test_an_event_of_a_function_without_an_alias_is_detected() -> None:
    data = template_data()
    del data["Globals"]["Function"]["AutoPublishAlias"], data["Globals"]["Function"]["DeploymentPreference"]
    for name in FUNCTIONS:
        properties(data, name).pop("DeploymentPreference", None)
        if name != "WakeFunction":
            properties(data, name)["AutoPublishAlias"] = "live"
    assert alias_bypasses(transformed(data, PARAMETERS)["Resources"]) == [
        "WakeFunctionEveryMinute: WakeFunction",
        "WakeFunctionEveryMinuteRole: WakeFunction",
    ]


# ---- A version covers all changes ------------------------------------------------------------------------------------


Versions = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def before() -> Versions:
    return versions(template_data())


def versions(data: Data, **changed: str) -> Versions:
    """By function, the properties whose change publishes a version: the logical id and the description."""
    parameters = PARAMETERS | changed
    values = references.pseudo_parameters("referral-intake") | references.parameters(data["Parameters"], parameters)
    resolver = Resolver(values)
    return {
        one["Properties"]["FunctionName"]["Ref"]: (
            name,
            resolver.resolve(one["Properties"].get("Description", ""), name),
        )
        for name, one in transformed(data, parameters)["Resources"].items()
        if one["Type"] == "AWS::Lambda::Version"
    }


def parameters_of(data: Data, name: str) -> set[str]:
    """Parameters that affect a version of the function."""
    within = {key: value for key, value in with_globals(data, name).items() if key not in NOT_VERSIONED}
    return set(referenced_names(within, data)) & set(data["Parameters"])


def wrong_descriptions(data: Data) -> list[str]:
    """SAM compares templates and not parameter values, so the description of a version must contain them."""
    return [
        f"{name}: {parameter}"
        for name in FUNCTIONS
        for parameter in sorted(
            parameters_of(data, name) ^ set(referenced_names(with_globals(data, name).get("VersionDescription"), data))
        )
    ]


def test_the_description_of_a_version_has_exactly_the_parameters_that_affect_it() -> None:
    assert wrong_descriptions(template_data()) == []


def test_a_missing_or_superfluous_parameter_is_detected() -> None:
    data = template_data()
    properties(data, "LinksFunction")["VersionDescription"] = {"Fn::Sub": "${LogLevel} ${SnapStart} ${OriginKey}"}
    properties(data, "IntakeFunction")["ReservedConcurrentExecutions"] = {"Ref": "FillSeconds"}
    properties(data, "WakeFunction")["Timeout"] = {"Fn::If": ["HasKey", 60, 61]}
    assert wrong_descriptions(data) == ["WakeFunction: KeyArn", "LinksFunction: OriginKey", "LinksFunction: SiteUrl"]


def test_a_changed_parameter_publishes_versions_of_exactly_the_affected_functions(before: Versions) -> None:
    assert set(before) == set(FUNCTIONS)
    after = versions(template_data(), SiteUrl="https://other.example", OriginKey="k2", ReservedConcurrency="5")
    assert {name for name in FUNCTIONS if before[name] != after[name]} == {
        name for name in FUNCTIONS if "SiteUrl" in parameters_of(template_data(), name)
    }


def properties_requiring_replacement(kind: str) -> set[str]:
    """Properties whose change replaces a resource, by the CloudFormation schema."""
    # Imported here, because it takes seconds, and every process of pytest-xdist imports this module.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]}


def test_a_changed_description_publishes_a_version_and_keeps_event_sources() -> None:
    assert "Description" in properties_requiring_replacement("AWS::Lambda::Version")
    # An event source that changes to an alias continues at its position in the stream.
    assert "FunctionName" not in properties_requiring_replacement("AWS::Lambda::EventSourceMapping")


@pytest.mark.parametrize("layer", ["TemplatesLayer", pytest.param("ReportsLayer", marks=pytest.mark.long)])
def test_a_new_layer_publishes_versions_of_the_functions_that_use_it(layer: str, before: Versions) -> None:
    data = template_data()
    properties(data, layer)["Description"] = "another"
    with_it = {name for name in FUNCTIONS if {"Ref": layer} in merged_layers(data, name)}
    after = versions(data)
    assert {name for name in FUNCTIONS if before[name] != after[name]} == with_it != set()


def merged_layers(data: Data, name: str) -> list[Any]:
    return [*data["Globals"]["Function"]["Layers"], *properties(data, name).get("Layers", [])]


def test_any_change_of_a_function_in_the_template_publishes_a_new_version(before: Versions) -> None:
    data = template_data()
    properties(data, "OutreachFunction")["Timeout"] = 119
    data["Globals"]["Function"]["Environment"]["Variables"]["TEMPLATES_DIR"] = "/opt/other"
    after = versions(data)
    assert all(before[name] != after[name] for name in FUNCTIONS)
    assert [name for name in FUNCTIONS if not properties(data, name).get("AutoPublishAliasAllProperties")] == []


@every_function
def test_no_description_exceeds_the_limit_of_lambda(name: str) -> None:
    data = template_data()
    (description,) = [with_globals(data, name)["VersionDescription"]]
    text = description["Fn::Sub"] if "Fn::Sub" in description else f"${{{description['Ref']}}}"
    longest = {
        parameter: longest_value(data["Parameters"][parameter]) for parameter in referenced_names(description, data)
    }
    assert len(re.sub(r"\$\{(\w+)\}", lambda it: "x" * longest[it[1]], text)) <= 256


def longest_value(parameter: Mapping[str, Any]) -> int:
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    return int(parameter["MaxLength"]) if "MaxLength" in parameter else len(str(parameter["MaxValue"]))


def test_unused_versions_are_deleted(resources: Mapping[str, Any]) -> None:
    found = [one for one in resources.values() if one["Type"] == "AWS::Lambda::Version"]
    assert len(found) == len(FUNCTIONS)
    assert {one["DeletionPolicy"] for one in found} == {"Delete"}


# ---- Snapshots -------------------------------------------------------------------------------------------------------


def test_functions_with_waiting_users_can_start_from_a_snapshot() -> None:
    data = template_data()
    waited_for = {
        name
        for name, one in FUNCTIONS.items()
        if any(event["Type"] == "HttpApi" and "Auth" not in event["Properties"] for event in one["Events"].values())
    }
    snapped = {name for name in FUNCTIONS if "SnapStart" in with_globals(data, name)}
    assert snapped == waited_for == {"IntakeFunction", "LookupFunction", "LinksFunction"}
    for name in snapped:
        assert properties(data, name)["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}
        # Features that Lambda does not combine with SnapStart.
        assert (
            not {"EphemeralStorage", "ProvisionedConcurrencyConfig", "FileSystemConfigs"}
            & with_globals(data, name).keys()
        )
    parameter = data["Parameters"]["SnapStart"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("None", ["None", "PublishedVersions"])


# ---- The whole stack -------------------------------------------------------------------------------------------------


def test_schedules_of_two_stacks_in_one_account_have_different_names(resources: Mapping[str, Any]) -> None:
    schedules = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Scheduler::Schedule"]
    assert schedules
    assert [one["Name"] for one in schedules if "Name" in one] == []


def test_the_stack_is_well_below_the_limit_of_500_resources(resources: Mapping[str, Any]) -> None:
    assert len(resources) < 300
