"""The rehearsal: a table is damaged, and what it lost comes back from an older state, while doctors go on clicking."""

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
from referral_intake.dashboard.actions import Action, Order
from tests.integration import aws
from tests.integration.life import Life, living

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "referral-intake-dev"


class House:
    def __init__(self, life: Life, client: "DynamoDBClient", table: str, secrets: dict[str, str]) -> None:
        self.life, self.client, self.table, self.restored = life, client, table, f"{table}-restored"
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
        self.of_doctor[name] = self.life.submit(doctor=doctor)
        return self.of_doctor[name]

    def written_to(self, name: str) -> str:
        receipt = self.submit(name)
        self.life.reach(receipt)
        self.life.tell("Send", receipt)
        self.counted(receipt)
        return receipt

    def counted(self, *receipts: str) -> None:
        """As the stream has `stats` do."""
        found = self.life.look.items()
        records = [self.life.record(found[f"referral#{receipt}"]) for receipt in receipts]
        self.life.invoke("stats", {"Records": records})

    def remember(self) -> None:
        """As a restore to a point in time does: another table."""
        aws.make_table(self.client, "Table", self.restored)
        for item in self.all():
            self.client.put_item(TableName=self.restored, Item=item)

    def all(self) -> list[Any]:
        return self.client.scan(TableName=self.table, ConsistentRead=True)["Items"]

    def lose(self, *starts: str) -> None:
        for item in self.all():
            if item["pk"]["S"].startswith(starts):
                self.client.delete_item(TableName=self.table, Key={name: item[name] for name in ("pk", "sk")})

    def restore(self, *words: str) -> int:
        return main(["restore", "--stack", STACK, "--from", self.restored, *words])

    def state(self, receipt: str) -> tuple[str, str | None]:
        item = self.life.look.items()[f"referral#{receipt}"]
        return item["stage"]["S"], item.get("reason", {}).get("S")

    def go_on(self) -> None:
        """Weeks of clock and stream."""
        for days in (0, 16):
            with time_machine.travel(datetime.now(UTC) + timedelta(days=days)):
                self.life.wake()
                self.life.reach(*(pk.partition("#")[2] for pk in self.life.look.items() if pk.startswith("referral#")))

    def mails(self) -> Counter[tuple[str, str]]:
        """By doctor and subject: each step has its own."""
        return Counter(
            (mail["Destination"]["ToAddresses"][0], mail["Content"]["Simple"]["Subject"]["Data"])
            for mail in self.life.mail.sent
        )


@pytest.fixture
def house(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    monkeypatch.setattr("cli.failure_queues._WAIT_SECONDS", 0)
    with living(client, secret_names, monkeypatch) as life:
        made = House(life, client, table, secret_names)
        yield made
    if made.restored in client.list_tables()["TableNames"]:
        client.delete_table(TableName=made.restored)


def lives(house: House) -> None:
    """Before the moment that is restored, and after it."""
    house.written_to("answers")
    house.life.follow("/api/answer", answer="no")
    house.counted(house.of_doctor["answers"])
    house.written_to("quiet")
    house.submit("later")
    house.written_to("bounces")
    house.written_to("leaves")
    house.remember()
    house.life.follow("/api/opt-out")  # The last message's doctor: `leaves`.
    house.life.tell("Bounce", house.of_doctor["bounces"], 4)
    house.life.reach(house.of_doctor["later"])
    house.counted(*house.of_doctor.values())


def test_what_was_lost_comes_back_and_nobody_is_mailed_twice_or_after_an_opt_out(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    lives(house)
    sent = house.mails()
    house.lose("referral#", "doctor#")
    assert house.restore() == 0
    assert house.life.look.items().keys().isdisjoint(f"referral#{one}" for one in house.of_doctor.values())
    assert house.restore("--go") == 0
    assert f"{house.of_doctor['later']} was counted in a later state: sent." in capsys.readouterr().out
    assert house.state(house.of_doctor["answers"]) == ("closed", "answered")
    for name in ("quiet", "later", "bounces", "leaves"):
        assert house.state(house.of_doctor[name]) == ("held", "restored")
    again = {name: house.submit(name) for name in list(house.of_doctor)}
    house.go_on()
    assert house.mails() == sent
    assert house.state(again["leaves"]) == ("closed", "opted_out")
    assert house.state(again["bounces"]) == ("closed", "bounced")
    assert main(["recount", "--stack", STACK, "--go"]) == 0
    assert main(["recount", "--stack", STACK]) == 0


def test_what_the_table_has_stays_and_a_second_run_finds_nothing(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    lives(house)
    house.lose(f"referral#{house.of_doctor['quiet']}")
    before = {(one["pk"]["S"], one["sk"]["S"]): one for one in house.all()}
    assert house.restore("--go") == 0
    after = {(one["pk"]["S"], one["sk"]["S"]): one for one in house.all()}
    assert {key: after[key] for key in before} == before
    capsys.readouterr()
    assert house.restore("--go") == 0
    assert {(one["pk"]["S"], one["sk"]["S"]): one for one in house.all()} == after
    assert "Nothing is missing." in capsys.readouterr().out


def test_a_person_who_lets_it_go_on_meets_the_opt_out(house: House) -> None:
    lives(house)
    receipt = house.of_doctor["leaves"]
    house.lose("referral#", "doctor#")
    house.restore("--go")
    at, sent = action_runner(stacks.find(STACK)), house.mails()
    found = at.referrals.get(receipt, consistent=True)
    assert found
    at.carry_out(Order(receipt, found.revision, Action.RETRY, operator(), again=True), datetime.now(UTC))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=20)):
        house.life.wake()
        house.life.reach(receipt)
    assert house.mails() == sent


def test_what_can_not_be_read_is_named_and_left(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    lives(house)
    receipt = house.of_doctor["quiet"]
    house.life.change(receipt, stage="garbled")
    assert house.restore("--go") == 1
    assert f"{receipt} can't be read" in capsys.readouterr().err
    assert house.state(receipt)[0] == "garbled"
    house.lose(f"referral#{receipt}")
    assert house.restore("--go", "--except", receipt) == 0
    assert f"referral#{receipt}" not in house.life.look.items()
    assert house.restore("--go") == 0
    assert house.state(receipt) == ("held", "restored")


def test_what_is_missing_is_listed_as_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    lives(house)
    house.lose(f"referral#{house.of_doctor['answers']}")
    capsys.readouterr()  # The functions' logs.
    for words in ([], ["--go"]):
        assert house.restore("--json", *words) == 0
        said = json.loads(capsys.readouterr().out)
        assert {"kind": "referrals, closed, unchanged", "count": 1} in said["items"]
        assert (said["written"], said["unreadable"], said["further"]) == (bool(words), [], [])
    assert house.restore("--json") == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_the_stacks_own_table_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "--stack", STACK, "--from", house.table, "--go"]) == 1
    assert "This is the table of the stack" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("seed", [2])
def test_whatever_is_lost_nobody_is_mailed_twice(house: House, seed: int) -> None:
    lives(house)
    chance, sent = random.Random(seed), house.mails()
    for item in house.all():
        if chance.random() < 0.5 and item["pk"]["S"].startswith(("referral#", "doctor#")):
            house.lose(item["pk"]["S"])
    house.restore("--go")
    house.restore("--go")
    for name in list(house.of_doctor):
        house.life.reach(house.submit(name))
    assert house.mails() == sent
    assert main(["recount", "--stack", STACK, "--go"]) == 0
    assert main(["recount", "--stack", STACK]) == 0
