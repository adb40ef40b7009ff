"""What a stream or a queue gave up on is listed and put back by a command, and nobody is written to twice by it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from cli import stacks
from cli.app import main
from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import Item, to_item, typed
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.decisions import REVIEW_EVERY, queue
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Move, Referral, Stage, closed
from referral_intake.outreach import wiring as outreach_wiring
from tests.integration import aws
from tests.integration.test_outreach_flow import System
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

STACK = "referral-intake-dev"
NOTICE = json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": {"batchSize": 1}})
GIVEN_UP = "given_up"


def now() -> datetime:
    return datetime.now(UTC)


class House:
    """A deployed stack, as the command meets it, and what outreach would do."""

    def __init__(self, client: "DynamoDBClient", table: str, system: System) -> None:
        self.client, self.table, self.system = client, table, system
        self.sqs: SQSClient = boto3.client("sqs")
        self.urls = {queue.logical_id: self._make(queue.name) for queue in aws.template().queues.values()}
        outputs = {"TableName": table} | {f"{name}Url": url for name, url in self.urls.items()}
        self.deploy(STACK, outputs)

    def _make(self, name: str) -> str:
        return self.sqs.create_queue(QueueName=name)["QueueUrl"]

    def deploy(self, name: str, outputs: dict[str, str]) -> None:
        body = {
            "Resources": {"Any": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {output: {"Value": value} for output, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(body))

    def put(self, stage: Stage, reason: str | None = GIVEN_UP, *, days_ago: float = 1, **doctor: Any) -> Referral:
        """A referral that was submitted then, and is like that by now."""
        at = now() - timedelta(days=days_ago)
        due_at = None if stage is Stage.CLOSED else now() + REVIEW_EVERY - timedelta(hours=1)
        made = replace(aws.submitted(at, **doctor), stage=stage, due_at=due_at)
        item = to_item(made) | ({"reason": typed(reason)} if reason else {})
        if due_at is None:
            del item["open_in"]
        self.client.put_item(TableName=self.table, Item=item)
        return made

    def image(self, referral: Referral) -> Item:
        return self.system.look.image(referral)

    def outreach(self, referral: Referral, before: Item) -> None:
        """The stream brings outreach what the command has changed."""
        self.system.clock.time = now()
        after = self.image(referral)
        assert before["stage"] != after["stage"]
        self.system.deliver(self.system.record(referral, before))

    def send(self, queue: str, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body)

    def count(self, queue: str) -> int:
        """Those that are hidden as well."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def bodies(self, queue: str) -> list[str]:
        found: list[str] = []
        while batch := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in batch]
        return sorted(found)


@pytest.fixture
def house(
    client: "DynamoDBClient",
    table: str,
    referrals: ReferralTable,
    claims: ClaimTable,
    look: aws.Look,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    system = System(referrals, claims, look)
    monkeypatch.setattr(outreach_wiring, "parts", system.outreach)
    # Long polling is for servers that may not all be asked. moto has one.
    monkeypatch.setattr("cli.failure_queues._WAIT_SECONDS", 0)
    return House(client, table, system)


def redrive(*words: str) -> int:
    return main(["redrive", "--stack", STACK, *words])


# ---- Listing ---------------------------------------------------------------------------------------------------------


def test_the_list_names_what_was_given_up_on_by_receipt_and_changes_nothing(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up = house.put(Stage.HELD, name="Maria Lopez")
    unclear = house.put(Stage.HELD, "send_unclear", name="John Smith")
    house.put(Stage.SENT, None)
    lost = house.put(Stage.QUEUED, None)
    house.system.referrals.move(lost, queue(now() - timedelta(hours=2)))
    house.send("OutreachFailures", NOTICE, NOTICE)
    house.send("FeedbackFailures", "maria@clinic.example")
    before = house.system.look.items()

    assert redrive() == 0

    said = capsys.readouterr().out
    submitted = f"submitted {given_up.submitted_at:%Y-%m-%d %H:%M}"
    assert f"--go puts them back: 1\n  {given_up.receipt}  lumen  {submitted}" in said
    assert f"  {lost.receipt}  lumen" in said
    assert f"{now() - timedelta(hours=1):%Y-%m-%d %H}" in said
    assert "  One that is held as send_unclear: the doctor may already have the message" in said
    assert unclear.receipt in said
    assert "--go deletes them: 2\n  oldest since " in said
    assert ", 2 with RetryAttemptsExhausted" in said
    assert "--go puts them back: 1\n  oldest since" in said
    for detail in ("Maria", "Smith", "clinic.example"):
        assert detail not in said
    assert house.system.look.items() == before
    assert [len(house.bodies(queue)) for queue in ("OutreachFailures", "FeedbackFailures")] == [2, 1]


def test_the_list_is_printed_as_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    given_up, unclear = house.put(Stage.HELD), house.put(Stage.HELD, "send_unclear", name="John Smith")
    house.send("OutreachFailures", NOTICE)
    assert redrive("--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["receipt"] for one in said["given_up"]] == [given_up.receipt]
    assert [(one["receipt"], one["reason"]) for one in said["held"]] == [(unclear.receipt, "send_unclear")]
    assert said["overdue"] == []
    assert said["queues"]["OutreachFailures"]["conditions"] == {"RetryAttemptsExhausted": 1}
    assert said["queues"]["FeedbackFailures"] == {"count": 0, "oldest": None, "conditions": {}}

    assert redrive("--json", "--list", given_up.receipt, unclear.receipt) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"receipt": given_up.receipt, "obstacle": None}
    assert second["obstacle"].startswith("is held as send_unclear: ")


def test_where_nothing_was_given_up_on_the_list_says_so(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive() == 0
    assert capsys.readouterr().out.count(": 0\n") == 5
    assert redrive("--go") == 0


# ---- Once ------------------------------------------------------------------------------------------------------------


def test_what_is_put_back_is_mailed_once_however_often_the_command_is_run(house: House) -> None:
    referral = house.put(Stage.HELD)
    before = house.image(referral)

    assert redrive("--go") == 0
    assert house.system.stage(referral) == ("queued", None)
    assert redrive("--go") == 0
    house.outreach(referral, before)
    assert redrive("--go") == 0
    assert redrive(referral.receipt) == 1

    assert len(house.system.mailer.sent) == 1
    assert house.system.stage(referral)[0] == "sent"


def test_it_is_found_by_its_key_long_after_the_stream_has_forgotten_it(house: House) -> None:
    referral = house.put(Stage.HELD, days_ago=30)
    before = house.image(referral)
    assert redrive("--go") == 0
    house.outreach(referral, before)
    assert [message.tags["referral"] for message in house.system.mailer.sent] == [referral.receipt]


def test_records_of_the_stream_that_come_late_after_all_mail_nobody_a_second_time(house: House) -> None:
    referral = house.put(Stage.QUEUED, None)
    lost = house.system.record(referral)
    house.system.referrals.move(referral, Move(Stage.HELD, due_at=now() + REVIEW_EVERY, reason=GIVEN_UP))
    before = house.image(referral)
    assert redrive("--go") == 0
    house.outreach(referral, before)
    assert house.system.deliver(lost) == []
    assert len(house.system.mailer.sent) == 1


def test_a_doctor_who_was_told_meanwhile_through_another_referral_gets_no_second_mail(house: House) -> None:
    referral, other = house.put(Stage.HELD), house.put(Stage.QUEUED, None)
    house.system.clock.time = now()
    house.system.deliver(house.system.record(other))
    before = house.image(referral)
    assert redrive("--go") == 0
    house.outreach(referral, before)
    assert len(house.system.mailer.sent) == 1
    assert house.system.stage(referral) == ("closed", "joined")


def just_before_the_write(house: House, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Lets something happen between the command's look at a referral and its write."""
    made = stacks._deployed

    def deployed(name: str) -> stacks.Stack:
        stack, calls = made(name), []

        def once(**_: object) -> None:
            calls.append(1)
            if len(calls) == 1:
                happens()

        stack.dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", once)
        return stack

    monkeypatch.setattr(stacks, "_deployed", deployed)


def test_a_referral_that_moves_on_while_the_command_runs_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    referral = house.put(Stage.HELD)
    sent = Move(Stage.SENT, due_at=now() + timedelta(days=30))
    just_before_the_write(house, monkeypatch, lambda: house.system.referrals.move(referral, sent))
    assert redrive("--go") == 1
    assert house.system.stage(referral) == ("sent", None)
    assert f"{referral.receipt} was sent." in capsys.readouterr().err


# ---- What is not put back --------------------------------------------------------------------------------------------


def test_without_a_receipt_only_what_was_given_up_on_is_put_back(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    unclear, given_up = house.put(Stage.HELD, "send_unclear"), house.put(Stage.HELD, email="other@clinic.example")
    assert redrive("--go") == 0
    assert house.system.stage(unclear) == ("held", "send_unclear")
    assert house.system.stage(given_up) == ("queued", None)
    assert "Referrals that need a decision: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stage", "reason", "said"),
    [
        (Stage.HELD, "send_unclear", "the doctor may already have the message"),
        (Stage.HELD, "two_addresses", "is held as two_addresses: a person decides."),
        (Stage.HELD, "campaign_unknown", "the deployed templates lack its campaign"),
        (Stage.QUEUED, None, "is queued"),
        (Stage.WAITING, "paused", "is waiting (paused) until "),
        (Stage.SENDING, None, "is being sent."),
        (Stage.SENT, None, "was sent."),
        (Stage.BY_POST, "no_email", "goes by post"),
        (Stage.CLOSED, "opted_out", "is closed (opted_out)."),
    ],
)
def test_a_referral_that_was_not_given_up_on_is_refused_with_the_reason(
    house: House, capsys: pytest.CaptureFixture[str], stage: Stage, reason: str | None, said: str
) -> None:
    referral = house.put(stage, reason)
    before = house.image(referral)
    assert redrive(referral.receipt) == 1
    told = capsys.readouterr()
    assert f"{referral.receipt} {said}" in told.err or said in told.err
    assert "put back: 0" in told.out
    assert house.image(referral) == before


def test_receipts_that_are_named_are_put_back_and_no_others_and_no_queue_is_touched(house: House) -> None:
    named, other = house.put(Stage.HELD), house.put(Stage.HELD, email="other@clinic.example")
    house.send("FeedbackFailures", "event")
    assert redrive(named.receipt.lower().replace("-", " "), named.receipt) == 0
    assert house.system.stage(named) == ("queued", None)
    assert house.system.stage(other) == ("held", GIVEN_UP)
    assert house.bodies("FeedbackFailures") == ["event"]


def test_a_named_receipt_can_be_looked_at_first(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    given_up, sent = house.put(Stage.HELD), house.put(Stage.SENT, None)
    assert redrive("--list", given_up.receipt, sent.receipt) == 0
    said = capsys.readouterr().out
    assert f"{given_up.receipt} failed after all retries, and can be put back." in said
    assert f"{sent.receipt} was sent." in said
    assert house.system.stage(given_up) == ("held", GIVEN_UP)


def test_what_is_no_receipt_or_of_no_referral_is_said_to_be_so(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive("nonsense", "AAAA-AAAA-AAAA-AAAA") == 1
    said = capsys.readouterr().err
    assert "nonsense is not a receipt. Example of a receipt:" in said
    assert "AAAA-AAAA-AAAA-AAAA is not a receipt of a referral in the table." in said


def test_one_that_can_not_be_read_does_not_stand_before_the_others(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, whole = house.put(Stage.HELD), house.put(Stage.HELD, email="other@clinic.example")
    key: Any = {name: house.image(broken)[name] for name in ("pk", "sk")}
    house.client.update_item(TableName=house.table, Key=key, UpdateExpression="REMOVE doctor")
    assert redrive("--go") == 1
    assert f"{broken.receipt} can't be read (KeyError: 'doctor')" in capsys.readouterr().err
    assert house.system.stage(whole) == ("queued", None)


@pytest.mark.long
def test_of_many_none_is_forgotten_and_the_command_says_how_far_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # As in a terminal.
    for number in range(230):
        house.put(Stage.HELD, email=f"d{number}@clinic.example")
    assert redrive("--go") == 0
    told = capsys.readouterr()
    assert "Referrals put back: 230." in told.out
    assert "230/230" in told.err
    stages = [item["stage"] for pk, item in house.system.look.items().items() if pk.startswith("referral#")]
    assert stages == [typed("queued")] * 230


# ---- Queues ----------------------------------------------------------------------------------------------------------


def test_events_go_back_to_feedback_s_queue_and_notices_are_deleted(house: House) -> None:
    events = [f"event {number:02}" for number in range(25)]
    house.send("FeedbackFailures", *events)
    house.send("OutreachFailures", *[NOTICE] * 12)
    assert redrive("--go") == 0
    assert house.bodies("MailEvents") == events
    assert house.bodies("FeedbackFailures") == house.bodies("OutreachFailures") == []


def test_a_notice_that_came_while_the_table_was_gone_through_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put(Stage.HELD)
    house.send("OutreachFailures", "old")
    just_before_the_write(house, monkeypatch, lambda: house.send("OutreachFailures", "new"))
    assert redrive("--go") == 0
    assert house.bodies("OutreachFailures") == ["new"]


def test_no_notice_is_deleted_where_the_table_could_not_be_gone_through(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise KeyboardInterrupt

    house.put(Stage.HELD)
    house.send("OutreachFailures", NOTICE)
    just_before_the_write(house, monkeypatch, fails)
    assert redrive("--go") == 1
    assert house.bodies("OutreachFailures") == [NOTICE]


def test_a_command_that_is_stopped_between_sending_and_deleting_doubles_events_and_loses_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send("FeedbackFailures", "event")
    made = stacks._deployed

    def stops(**_: object) -> None:
        raise KeyboardInterrupt

    def deployed(name: str) -> stacks.Stack:
        stack = made(name)
        stack.sqs.meta.events.register("before-call.sqs.DeleteMessageBatch", stops)
        return stack

    with monkeypatch.context() as patch:
        patch.setattr(stacks, "_deployed", deployed)
        # What the command held when it was stopped is there for others a moment later.
        patch.setattr("cli.failure_queues._HIDDEN_SECONDS", 0)
        assert redrive("--go") == 1
    # It is hidden for a while yet.
    eventually(lambda: redrive("--go") == 0 and not house.count("FeedbackFailures"))
    assert house.bodies("MailEvents") == ["event", "event"]
    assert house.bodies("FeedbackFailures") == []


def test_what_sqs_refuses_stays_where_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house.send("FeedbackFailures", "event")
    house.send("OutreachFailures", NOTICE)
    made = stacks._deployed
    refused = {"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}
    no_headers: Any = {}

    # What a hook before a call returns stands for the answer.
    def refuses(**_: object) -> Any:
        return AWSResponse("", 200, no_headers, None), refused

    def deployed(name: str) -> stacks.Stack:
        stack = made(name)
        stack.sqs.meta.events.register("before-call.sqs.SendMessageBatch", refuses)
        return stack

    monkeypatch.setattr(stacks, "_deployed", deployed)
    assert redrive("--go") == 1
    assert "AWS: SQS took 0 of 1 messages. Completed work is kept" in capsys.readouterr().err
    assert house.bodies("FeedbackFailures") == ["event"]
    assert house.bodies("OutreachFailures") == [NOTICE]


# ---- The stack -------------------------------------------------------------------------------------------------------


def test_a_stack_that_is_not_there_is_one_clear_line(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stack", "not-there"]) == 1
    assert capsys.readouterr().err.startswith("The stack not-there can't be read: ")


def test_a_stack_of_an_earlier_version_is_told_from_one_that_is_not_there(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    referral = house.put(Stage.HELD)
    house.deploy("older", {"TableName": house.table, "OutreachFailuresUrl": "x", "FeedbackFailuresUrl": "y"})
    assert main(["redrive", "--stack", "older", "--go"]) == 1
    assert "has no output MailEventsUrl. Deploy the current version to it" in capsys.readouterr().err
    assert house.system.stage(referral) == ("held", GIVEN_UP)


def test_without_a_region_the_command_says_what_to_set(
    no_account: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert main(["redrive", "--stack", STACK]) == 1
    assert "You must specify a region. Set AWS_PROFILE and AWS_DEFAULT_REGION" in capsys.readouterr().err


def test_a_local_stack_that_does_not_run_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stack", "http://127.0.0.1:1"]) == 1
    assert capsys.readouterr().err.startswith("No local stack is running at http://127.0.0.1:1: ")


def test_a_campaign_is_resumed_by_the_stack_s_name(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "--stack", STACK, "lumen"]) == 1
    assert capsys.readouterr().err == "lumen was not stopped.\n"
    stopped = breaker_key("lumen") | {"paused_at": typed("2026-11-20T12:00:00.000Z"), "paused_for": typed("bounces")}
    house.client.put_item(TableName=house.table, Item=stopped)
    assert main(["resume", "--stack", STACK, "lumen"]) == 0
    assert "lumen sends again" in capsys.readouterr().out


def test_what_was_closed_meanwhile_stays_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    referral = house.put(Stage.HELD)
    opted_out = closed(Closing.OPTED_OUT)
    just_before_the_write(house, monkeypatch, lambda: house.system.referrals.move(referral, opted_out))
    assert redrive("--go") == 1
    assert house.system.stage(referral) == ("closed", "opted_out")
