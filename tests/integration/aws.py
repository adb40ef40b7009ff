"""AWS for integration tests: the tables and secrets of the template, on moto in this process."""

import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest

from referral_intake.aws.item_format import Item, plain
from referral_intake.aws.keys import DoctorHashes, Keyring, Ring
from referral_intake.core.claim import Claim
from referral_intake.core.message import Message
from referral_intake.core.referral import Referral, new_referral
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.submission import parse
from referral_intake.web import origin_check
from samlocal.template.model import Secret, Template
from samlocal.template.reader import load
from samlocal.template.references import Places
from tests.support import samples

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SITE_URL = "https://spine.example"
SENDER = "hello@spine.example"
MESSAGE = Message(
    "maria@clinic.example", "STAR", "us@spine.example", "Subject", "Text", "<p>Html", {}, {}, "1", "c0ffee"
)


@cache
def template() -> Template:
    """infra/template.yaml, so that tests use the deployed resources."""
    # All submissions of a test have the same source.
    parameters = {"SenderAddress": SENDER, "SiteUrl": SITE_URL, "ReferralsPerSource": "5000"}
    return load(samples.TEMPLATE_FILE, parameters, Places("referral-intake", "https://sqs.example"))


def make_table(client: "DynamoDBClient", logical_id: str = "Table", name: str | None = None) -> str:
    """A table of the template, optionally under another name."""
    table = template().tables[logical_id]
    client.create_table(TableName=name or table.name, **table.definition)
    return name or table.name


def make_tables(client: "DynamoDBClient", name: str | None = None) -> str:
    """All tables of the template. Returns the name of the table of referrals."""
    table = make_table(client, "Table", name)
    make_table(client, "StatsTable", stats_name(table))
    make_table(client, "SourceKeys", source_keys_name(table))
    return table


def stats_name(table: str) -> str:
    """Name of the table of counters in a test's environment."""
    return f"{table}-stats"


def source_keys_name(table: str) -> str:
    """Name of the table with the key of the day in a test's environment."""
    return f"{table}-source-keys"


def secret_text(secret: Secret) -> str:
    """A secret as CloudFormation generates it: a random string in a JSON template."""
    assert secret.generate is not None
    content = json.loads(secret.generate["SecretStringTemplate"])
    content[secret.generate["GenerateStringKey"]] = secrets.token_hex(int(secret.generate["PasswordLength"]) // 2)
    return json.dumps(content)


def make_secrets() -> dict[str, str]:
    """Names of the secrets, by logical id."""
    client = boto3.client("secretsmanager")
    for secret in template().secrets.values():
        client.create_secret(Name=secret.name, SecretString=secret_text(secret))
    return {logical_id: secret.name for logical_id, secret in template().secrets.items()}


class RequestCounter:
    """Counts the requests of a client by operation, including retries of the SDK."""

    def __init__(self, client: Any) -> None:
        self.by_operation: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        client.meta.events.register("before-send.dynamodb", self._count)

    def _count(self, request: AWSPreparedRequest, **_: object) -> None:
        target = request.headers["X-Amz-Target"]
        self.by_operation[(target.decode() if isinstance(target, bytes) else target).partition(".")[2]] += 1
        body = request.body
        self.bodies.append(json.loads(body if isinstance(body, (str, bytes)) else b"{}"))


class TableReader:
    """Reads the table without the code under test."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def items(self) -> dict[str, Item]:
        """All items in DynamoDB JSON, by partition key, without archived messages."""
        found: list[Any] = self._client.scan(TableName=self._table, ConsistentRead=True)["Items"]
        return {item["pk"]["S"]: item for item in found if not item["sk"]["S"].startswith("message#")}

    def image(self, referral: Referral) -> Item:
        return self.items()[f"referral#{referral.receipt}"]

    def referral(self, referral: Referral) -> dict[str, Any]:
        return plain(self.image(referral))

    def doctors(self) -> dict[str, dict[str, Any]]:
        return {pk: plain(item) for pk, item in self.items().items() if pk.startswith("doctor#")}

    def claims(self, step: str = "lumen/introduction") -> dict[str, set[str]]:
        """The receipts of the referrals that claimed this step, by the doctor's key."""
        found = {
            pk.partition("#")[2]: {
                record["claims"][step]["by"] for record in item["doctors"].values() if step in record.get("claims", {})
            }
            for pk, item in self.doctors().items()
        }
        return {key: receipts for key, receipts in found.items() if receipts}

    def facts(self) -> set[str]:
        """The names of all facts about doctors."""
        records = [record for item in self.doctors().values() for record in item["doctors"].values()]
        return {name for record in records for name in record.get("facts", {})}

    def indexed(self) -> set[str]:
        """Partition keys of all entries of the index `due`."""
        found = self._client.scan(TableName=self._table, IndexName="due")["Items"]
        return {item["pk"]["S"] for item in found}


RING = Keyring("k1", {"k1": b"the first key of these tests"})
ROTATED = Keyring("k2", {**RING.keys, "k2": b"the key that came after it"})


def claim_for(referral: Referral, ring: Keyring = RING, step: str = INTRODUCTION) -> Claim:
    return Claim(referral, step, *DoctorHashes(lambda: ring).of(referral))


def ring_of(ring: Keyring) -> Ring:
    return lambda: ring


def submitted(at: datetime = samples.NOW, *, by: str = "patient", **doctor_details: Any) -> Referral:
    """A new referral with this time of submission."""
    sent = samples.payload(doctor=samples.doctor(**doctor_details), submitted_by=by)
    return new_referral(parse(sent, samples.CAMPAIGNS.get), at)


@dataclass
class Clock:
    """A clock that stands still unless a test moves it."""

    time: datetime = samples.NOW

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class LambdaContext:
    """The attributes of Lambda's context that Powertools and the functions read."""

    function_name: str = "outreach"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:outreach"
    aws_request_id: str = "5d6f4a0e-0000-4000-8000-000000000000"
    tenant_id: str | None = None
    remaining_millis: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_millis


@dataclass
class Stream:
    """Records of the table's stream, as Lambda delivers them."""

    made: int = field(default=0)

    def record(self, image: Item, old: Item | None = None) -> dict[str, Any]:
        self.made += 1
        images = {"NewImage": image} | ({"OldImage": old} if old else {})
        return {
            "eventID": f"{self.made:032x}",
            "eventName": "MODIFY" if old else "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1795447800,
                "Keys": {name: image[name] for name in ("pk", "sk") if name in image},
                **images,
                "SequenceNumber": f"{self.made:021d}",
                "SizeBytes": 700,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-11-23T00:00:00.000",
        }


def environment(table: str, secret_names: Mapping[str, str], function: str) -> dict[str, str]:
    """The function's environment of the template, with the names of resources in this test."""
    values = dict(template().functions[function].environment)
    named = {
        "HASHING_KEYS_SECRET": "HashingKeys",
        "SIGNING_KEYS_SECRET": "SigningKeys",
        "ORIGIN_SECRET": "OriginSecret",
    }
    values |= {variable: secret_names[secret] for variable, secret in named.items() if variable in values}
    tables = {
        "TABLE_NAME": table,
        "STATS_TABLE_NAME": stats_name(table),
        "SOURCE_KEYS_TABLE_NAME": source_keys_name(table),
    }
    return values | {variable: name for variable, name in tables.items() if variable in values}


def through_cloudfront(event: dict[str, Any], secret_text: str) -> dict[str, Any]:
    """The event with the header that CloudFront adds."""
    return {**event, "headers": {**event["headers"], origin_check.HEADER: json.loads(secret_text)["k1"]}}


def at_revision(referral: Referral, revision: int) -> Referral:
    return replace(referral, revision=revision)
