"""Every difference of the list still exists. Runs after the other tests, because it leaves parts of stacks behind."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest

from tests.emulation import differences
from tests.emulation.stack import EmulatedStack

DIFFERENCES = differences.read()
REFUSED = [one for one in DIFFERENCES if one.refusal]
PROBE = "import os\n\ndef handler(event, context):\n    return os.path.exists('/opt/campaigns')\n"


@pytest.mark.parametrize("difference", REFUSED, ids=lambda one: one.name)
def test_the_emulator_still_refuses_what_is_left_out(stack: EmulatedStack, difference: differences.Difference) -> None:
    others = [one for one in DIFFERENCES if one is not difference]
    refused = stack.create(f"probe-{difference.name.replace('_', '-')}", others)
    assert refused, "no longer needed"
    assert all(part in " ".join(refused) for part in (difference.refusal, *difference.types))


def finds_no_layer_in_opt(stack: EmulatedStack) -> bool:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as files:
        files.writestr("probe.py", PROBE)
    functions = stack.client("lambda")
    layers = [layer["LatestMatchingVersion"]["LayerVersionArn"] for layer in functions.list_layers()["Layers"]]
    functions.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Handler="probe.handler",
        Role="arn:aws:iam::123456789012:role/probe",
        Code={"ZipFile": code.getvalue()},
        Layers=[layer for layer in layers if "TemplatesLayer" in layer][:1],
    )
    found: bool = json.load(functions.invoke(FunctionName="probe")["Payload"])
    return not found


def expires_nothing(stack: EmulatedStack) -> bool:
    tables, name = stack.client("dynamodb"), stack.outputs["TableName"]
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    return {expiry, backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]} == {"DISABLED"}


def resolves_no_secret(stack: EmulatedStack) -> bool:
    found = stack.client("cloudfront").get_distribution_config(Id=stack.outputs["DistributionId"])
    return stack.origin_secret not in str(found["DistributionConfig"]["Origins"])


def makes_no_valid_password(stack: EmulatedStack) -> bool:
    directory = stack.client("cognito-idp")
    try:
        directory.admin_create_user(UserPoolId=stack.outputs["TeamId"], Username="ben", MessageAction="SUPPRESS")
    except directory.exceptions.InvalidPasswordException:
        return True
    return False


LACKS: dict[str, Callable[[EmulatedStack], bool]] = {
    "api_body": lambda stack: stack.routes_of_body == 0,
    "layers_in_opt": finds_no_layer_in_opt,
    "cloudfront_to_api": lambda stack: stack.site("/api/challenge?for=x").status >= 500,
    "secret_in_nested_stack": resolves_no_secret,
    "time_to_live": expires_nothing,
    "temporary_password": makes_no_valid_password,
}
CHECKED_IN_FLOW = {"ses_events", "secure_transport"}


@pytest.mark.parametrize("name", LACKS)
def test_the_emulator_still_lacks_what_is_replaced(stack: EmulatedStack, name: str) -> None:
    assert LACKS[name](stack), "no longer needed"


def test_every_difference_has_a_check_and_a_page_of_aws() -> None:
    assert {one.name for one in DIFFERENCES if not one.refusal} == LACKS.keys() | CHECKED_IN_FLOW
    assert all(one.address.startswith("https://docs.aws.amazon.com/") and one.title for one in DIFFERENCES)
