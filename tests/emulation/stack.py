"""The transformed stack on the emulator, created by CloudFormation with the built functions."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.referral import Referral
from samlocal.template.intrinsics import read_yaml
from tests.emulation import differences, emulator
from tests.emulation.differences import Difference, Template
from tests.engines import sam
from tests.support import samples
from tests.support.http_client import Answer, fetch
from tests.support.waiting import eventually
from tools.ship.built import Built

NAME = "referral-intake"
SITE = "https://spine.example"
PARAMETERS = {
    "SenderAddress": "hello@spine.example",
    "SenderDomain": "spine.example",
    "SiteUrl": SITE,
    "IntroductionTiming": "immediate",
    # The least work for the test, which solves challenges in Python.
    "ChallengeTries": "1",
    "FillSeconds": "0",
}
BUCKET = "uploaded"
_NESTED = "AWS::CloudFormation::Stack"


class EmulatedStack:
    def __init__(self, url: str, built: Built) -> None:
        self.url = url
        self._built = built
        self.routes_of_body: int | None = None
        self.left_out: set[str] = set()

    def client(self, service: str) -> Any:
        return emulator.client(service, self.url)

    # ---- Create ------------------------------------------------------------------------------------------------------

    @cached_property
    def transformed(self) -> Template:
        """The root template after SAM's transform. Code and layers are those that `upload` stores."""
        template = sam.transformed(read_yaml(self._built.folder / "template.yaml"), PARAMETERS)
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Lambda::LayerVersion":
                properties["Content"]["S3Key"] = properties["LayerName"]
            if "TEMPLATES_DIR" in (variables := properties.get("Environment", {}).get("Variables", {})):
                variables["TEMPLATES_DIR"] = str(samples.TEMPLATES)
        return template

    def upload(self) -> None:
        """Store the packages as `sam deploy` does. All functions have the same code."""
        storage = self.client("s3")
        storage.create_bucket(Bucket=BUCKET)
        folders = {"code": next(iter(self._built.functions.values()))} | dict(self._built.layers)
        folders["TemplatesLayer"] = samples.TEMPLATES
        for key, folder in folders.items():
            storage.put_object(Bucket=BUCKET, Key=key, Body=emulator.zipped(folder))

    def create(self, name: str, edits: Sequence[Difference]) -> list[str]:
        """Create the stack without what the edits name. Returns the reasons why it failed, if it did."""
        template = json.loads(json.dumps(self.transformed))
        for resource in template["Resources"].values():
            if resource["Type"] == _NESTED:
                properties = resource["Properties"]
                part = read_yaml(self._built.folder / properties["TemplateURL"])
                properties["TemplateURL"] = self._put(f"{name}/{properties['TemplateURL']}", part, edits)
        formation = self.client("cloudformation")
        try:
            formation.create_stack(
                StackName=name,
                TemplateURL=self._put(f"{name}/root", template, edits),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                OnFailure="DO_NOTHING",
            )
        except formation.exceptions.ClientError as error:
            return [error.response["Error"]["Message"]]
        eventually(lambda: not self._status(name).endswith("_IN_PROGRESS"))
        return [] if self._status(name) == "CREATE_COMPLETE" else self._failures(name)

    def _put(self, key: str, template: Template, edits: Sequence[Difference]) -> str:
        self.left_out |= differences.left_out(template, edits)
        body = json.dumps(differences.without(template, edits))
        self.client("s3").put_object(Bucket=BUCKET, Key=f"{key}.json", Body=body)
        return f"{self.url}/{BUCKET}/{key}.json"

    def _status(self, name: str) -> str:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return str(stack["StackStatus"])

    def _failures(self, name: str) -> list[str]:
        events = self.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED")
        ]

    # ---- Use ---------------------------------------------------------------------------------------------------------

    def resources(self) -> list[Any]:
        formation = self.client("cloudformation")
        names = [stack["StackName"] for stack in formation.describe_stacks()["Stacks"]]
        found = [formation.describe_stack_resources(StackName=name)["StackResources"] for name in names]
        return [resource for one in found for resource in one]

    def resource(self, logical_id: str) -> str:
        """The physical id."""
        formation = self.client("cloudformation")
        (found,) = formation.describe_stack_resources(StackName=NAME, LogicalResourceId=logical_id)["StackResources"]
        return str(found["PhysicalResourceId"])

    @cached_property
    def outputs(self) -> dict[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def table(self) -> ReferralTable:
        return ReferralTable(self.client("dynamodb"), self.outputs["TableName"])

    def referral(self, receipt: str) -> Referral:
        found = self.table.get(receipt, consistent=True)
        assert found
        return found

    def mails(self, address: str) -> list[Any]:
        """The messages that SES accepted for this address."""
        messages = fetch(f"{self.url}/_ministack/ses/messages").json()["messages"].get(emulator.ACCOUNT, [])
        return [message for message in messages if address in message["To"]]

    @cached_property
    def origin_secret(self) -> str:
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.resource("OriginSecret"))
        return str(json.loads(secret["SecretString"])["k1"])

    def api(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Answer:
        """Request the HTTP API as CloudFront does."""
        host = f"{self.resource('HttpApi')}.execute-api.127.0.0.1"
        all_headers = {"Host": host, "X-Origin-Secret": self.origin_secret, **headers}
        return fetch(f"{self.url}{path}", method, body, all_headers)

    def site(self, path: str) -> Answer:
        """Request the distribution, as a browser does by HTTPS."""
        host = self.outputs["SiteAddress"].removeprefix("https://")
        return fetch(f"{self.url}{path}", headers={"Host": host, "X-Forwarded-Proto": "https"})
