"""Restore rehearsal: a table loses items, and they are restored from an older state while doctors keep clicking."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine

from cli import stacks
from cli.app import main
from cli.operator_actions import action_runner, operator
from referral_intake.aws.letter_codes import LetterCodes
from referral_intake.aws.signed_links import Link
from referral_intake.dashboard.action_types import Action, ActionRequest
from tests.integration import aws
from tests.integration.handler_harness import HandlerHarness, handler_harness

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "referral-intake-dev"


class Deployment:
    def __init__(self, harness: HandlerHarness, client: "DynamoDBClient", table: str, secrets: dict[str, str]) -> None:
        self.harness, self.client, self.table, self.restored = harness, client, table, f"{table}-restored"
        failures = boto3.client("sqs").create_queue(QueueName="StatsFailures")["QueueUrl"]
        outputs = {"TableName": table, "StatsTableName": aws.stats_name(table), "StatsFailuresUrl": failures}
        outputs["HashingKeysArn"] = secrets["HashingKeys"]
        body = {
            "Resources": {"Any": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(body))
        self.of_doctor: dict[str, str] = {}

    def submit(self, name: str) -> str:
        doctor = {"name": f"Doctor {name}", "email": f"{name}@clinic.example"}
        self.of_doctor[name] = self.harness.submit(doctor=doctor)
        return self.of_doctor[name]

    def submit_and_send(self, name: str) -> str:
        receipt = self.submit(name)
        self.harness.deliver_records(receipt)
        self.harness.deliver_ses_event("Send", receipt)
        self.count(receipt)
        return receipt

    def count(self, *receipts: str) -> None:
        """Counts the referrals with `stats`, as the stream does."""
        found = self.harness.table_reader.items()
        records = [self.harness.record(found[f"referral#{receipt}"]) for receipt in receipts]
        self.harness.invoke("stats", {"Records": records})

    def back_up(self) -> None:
        """Copies the table, as a restore to a point in time does."""
        aws.make_table(self.client, "Table", self.restored)
        for item in self.all_items():
            self.client.put_item(TableName=self.restored, Item=item)

    def all_items(self) -> list[Any]:
        return self.client.scan(TableName=self.table, ConsistentRead=True)["Items"]

    def delete_items(self, *starts: str) -> None:
        for item in self.all_items():
            if item["pk"]["S"].startswith(starts):
                self.client.delete_item(TableName=self.table, Key={name: item[name] for name in ("pk", "sk")})

    def restore(self, *words: str) -> int:
        return main(["restore", "--stack", STACK, "--from", self.restored, *words])

    def state(self, receipt: str) -> tuple[str, str | None]:
        item = self.harness.table_reader.items()[f"referral#{receipt}"]
        return item["stage"]["S"], item.get("reason", {}).get("S")

    def run_for_weeks(self) -> None:
        """Runs the schedule and the stream for several weeks."""
        for days in (0, 16):
            with time_machine.travel(datetime.now(UTC) + timedelta(days=days)):
                self.harness.wake()
                self.harness.deliver_records(
                    *(pk.partition("#")[2] for pk in self.harness.table_reader.items() if pk.startswith("referral#"))
                )

    def mails(self) -> Counter[tuple[str, str]]:
        """By doctor and subject, since each step has its own subject."""
        return Counter(
            (mail["Destination"]["ToAddresses"][0], mail["Content"]["Simple"]["Subject"]["Data"])
            for mail in self.harness.mail.sent
        )


@pytest.fixture
def deployment(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Deployment]:
    monkeypatch.setattr("cli.failure_queues._WAIT_SECONDS", 0)
    with handler_harness(client, secret_names, monkeypatch) as harness:
        new_deployment = Deployment(harness, client, table, secret_names)
        yield new_deployment
    if new_deployment.restored in client.list_tables()["TableNames"]:
        client.delete_table(TableName=new_deployment.restored)


def histories(deployment: Deployment) -> None:
    """Histories before and after the point in time of the restore."""
    deployment.submit_and_send("answers")
    deployment.harness.follow_link("/api/answer", answer="no")
    deployment.count(deployment.of_doctor["answers"])
    deployment.submit_and_send("quiet")
    deployment.submit("later")
    deployment.submit_and_send("bounces")
    deployment.submit_and_send("leaves")
    deployment.back_up()
    deployment.harness.follow_link("/api/opt-out")  # The doctor of the last message: `leaves`.
    deployment.harness.deliver_ses_event("Bounce", deployment.of_doctor["bounces"], 4)
    deployment.harness.deliver_records(deployment.of_doctor["later"])
    deployment.count(*deployment.of_doctor.values())


def test_lost_items_are_restored_and_no_doctor_is_mailed_twice_or_after_an_opt_out(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    histories(deployment)
    sent = deployment.mails()
    deployment.delete_items("referral#", "doctor#")
    assert deployment.restore() == 0
    assert (
        deployment.harness.table_reader.items()
        .keys()
        .isdisjoint(f"referral#{one}" for one in deployment.of_doctor.values())
    )
    assert deployment.restore("--go") == 0
    assert f"{deployment.of_doctor['later']} was counted in a later state: sent." in capsys.readouterr().out
    assert deployment.state(deployment.of_doctor["answers"]) == ("closed", "answered")
    for name in ("quiet", "later", "bounces", "leaves"):
        assert deployment.state(deployment.of_doctor[name]) == ("held", "restored")
    again = {name: deployment.submit(name) for name in list(deployment.of_doctor)}
    deployment.run_for_weeks()
    assert deployment.mails() == sent
    assert deployment.state(again["leaves"]) == ("closed", "opted_out")
    assert deployment.state(again["bounces"]) == ("closed", "joined")
    assert main(["recount", "--stack", STACK, "--go"]) == 0
    assert main(["recount", "--stack", STACK]) == 0


def test_existing_items_are_kept_and_a_second_run_finds_nothing(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    histories(deployment)
    deployment.delete_items(f"referral#{deployment.of_doctor['quiet']}")
    before = {(one["pk"]["S"], one["sk"]["S"]): one for one in deployment.all_items()}
    assert deployment.restore("--go") == 0
    after = {(one["pk"]["S"], one["sk"]["S"]): one for one in deployment.all_items()}
    assert {key: after[key] for key in before} == before
    capsys.readouterr()
    assert deployment.restore("--go") == 0
    assert {(one["pk"]["S"], one["sk"]["S"]): one for one in deployment.all_items()} == after
    assert "Nothing is missing." in capsys.readouterr().out


def test_an_opt_out_still_applies_after_a_person_approved_the_referral(deployment: Deployment) -> None:
    histories(deployment)
    receipt = deployment.of_doctor["leaves"]
    deployment.delete_items("referral#", "doctor#")
    deployment.restore("--go")
    at, sent = action_runner(stacks.find(STACK)), deployment.mails()
    found = at.referrals.get(receipt, consistent=True)
    assert found
    at.run(ActionRequest(receipt, found.revision, Action.RETRY, operator(), again=True), datetime.now(UTC))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=20)):
        deployment.harness.wake()
        deployment.harness.deliver_records(receipt)
    assert deployment.mails() == sent


def test_an_unreadable_item_is_reported_and_not_restored(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    histories(deployment)
    receipt = deployment.of_doctor["quiet"]
    deployment.harness.set_attributes(receipt, stage="garbled")
    assert deployment.restore("--go") == 1
    assert f"{receipt} can't be read" in capsys.readouterr().err
    assert deployment.state(receipt)[0] == "garbled"
    deployment.delete_items(f"referral#{receipt}")
    assert deployment.restore("--go", "--except", receipt) == 0
    assert f"referral#{receipt}" not in deployment.harness.table_reader.items()
    assert deployment.restore("--go") == 0
    assert deployment.state(receipt) == ("held", "restored")


def test_the_codes_of_letters_are_restored(deployment: Deployment) -> None:
    codes = LetterCodes(aws.ring_of(aws.RING), deployment.client, deployment.table)
    link = Link(("npi#k1#2#0",), "lumen", "K3QF-7ZTA-MM2X-PE5R", is_printed=True)
    codes.store([link])
    deployment.back_up()
    deployment.delete_items("letter_code#")
    assert deployment.restore("--go") == 0
    assert codes.find(codes.code_of(link.receipt)) == link


def test_missing_items_are_listed_as_json(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    histories(deployment)
    deployment.delete_items(f"referral#{deployment.of_doctor['answers']}")
    capsys.readouterr()  # Log lines of the functions.
    for words in ([], ["--go"]):
        assert deployment.restore("--json", *words) == 0
        output = json.loads(capsys.readouterr().out)
        assert {"kind": "referrals, closed, unchanged", "count": 1} in output["items"]
        assert (output["written"], output["unreadable"], output["further"]) == (bool(words), [], [])
    assert deployment.restore("--json") == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_the_table_of_the_stack_itself_is_refused(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "--stack", STACK, "--from", deployment.table, "--go"]) == 1
    assert "This is the table of the stack" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("seed", [2])
def test_no_doctor_is_mailed_twice_after_any_loss(deployment: Deployment, seed: int) -> None:
    histories(deployment)
    chance, sent = random.Random(seed), deployment.mails()
    for item in deployment.all_items():
        if chance.random() < 0.5 and item["pk"]["S"].startswith(("referral#", "doctor#")):
            deployment.delete_items(item["pk"]["S"])
    deployment.restore("--go")
    deployment.restore("--go")
    for name in list(deployment.of_doctor):
        deployment.harness.deliver_records(deployment.submit(name))
    assert deployment.mails() == sent
    assert main(["recount", "--stack", STACK, "--go"]) == 0
    assert main(["recount", "--stack", STACK]) == 0
