"""The command `redrive` lists and retries failed referrals and events, and no doctor is mailed twice."""

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
from referral_intake.core.decisions import REVIEW_INTERVAL, queue
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, Transition, close
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


class Deployment:
    """A deployed stack for the command, and the effects of outreach."""

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
        """A referral that was submitted at this time and is now in this state."""
        at = now() - timedelta(days=days_ago)
        due_at = None if stage is Stage.CLOSED else now() + REVIEW_INTERVAL - timedelta(hours=1)
        referral = replace(aws.submitted(at, **doctor), stage=stage, due_at=due_at)
        item = to_item(referral) | ({"reason": typed(reason)} if reason else {})
        if due_at is None:
            del item["open_in"]
        self.client.put_item(TableName=self.table, Item=item)
        return referral

    def image(self, referral: Referral) -> Item:
        return self.system.table_reader.image(referral)

    def outreach(self, referral: Referral, before: Item) -> None:
        """Delivers changes of the command to outreach, as the stream does."""
        self.system.clock.time = now()
        after = self.image(referral)
        assert before["stage"] != after["stage"]
        self.system.deliver(self.system.record(referral, before))

    def send(self, queue: str, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body)

    def count(self, queue: str) -> int:
        """Includes messages in flight."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def bodies(self, queue: str) -> list[str]:
        found: list[str] = []
        while batch := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in batch]
        return sorted(found)


@pytest.fixture
def deployment(
    client: "DynamoDBClient",
    table: str,
    referrals: ReferralTable,
    claims: ClaimTable,
    table_reader: aws.TableReader,
    monkeypatch: pytest.MonkeyPatch,
) -> Deployment:
    system = System(referrals, claims, table_reader)
    monkeypatch.setattr(outreach_wiring, "parts", system.outreach)
    # Long polling is for servers that may not all respond. moto is a single server.
    monkeypatch.setattr("cli.failure_queues._WAIT_SECONDS", 0)
    return Deployment(client, table, system)


def redrive(*words: str) -> int:
    return main(["redrive", "--stack", STACK, *words])


# ---- Listing ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_failed_referrals_by_receipt_and_changes_nothing(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up = deployment.put(Stage.HELD, name="Maria Lopez")
    unclear = deployment.put(Stage.HELD, "send_unclear", name="John Smith")
    deployment.put(Stage.SENT, None)
    lost = deployment.put(Stage.QUEUED, None)
    deployment.system.referrals.move(lost, queue(now() - timedelta(hours=2)))
    deployment.send("OutreachFailures", NOTICE, NOTICE)
    deployment.send("FeedbackFailures", "maria@clinic.example")
    before = deployment.system.table_reader.items()

    assert redrive() == 0

    output = capsys.readouterr().out
    submitted = f"submitted {given_up.submitted_at:%Y-%m-%d %H:%M}"
    assert f"--go retries them: 1\n  {given_up.receipt}  lumen  {submitted}" in output
    assert f"  {lost.receipt}  lumen" in output
    assert f"{now() - timedelta(hours=1):%Y-%m-%d %H}" in output
    assert "  A referral that is held as send_unclear: the doctor may already have the message" in output
    assert unclear.receipt in output
    assert "--go deletes them: 2\n  oldest since " in output
    assert ", 2 with RetryAttemptsExhausted" in output
    assert "--go retries them: 1\n  oldest since" in output
    for detail in ("Maria", "Smith", "clinic.example"):
        assert detail not in output
    assert deployment.system.table_reader.items() == before
    assert [len(deployment.bodies(queue)) for queue in ("OutreachFailures", "FeedbackFailures")] == [2, 1]


def test_the_list_is_printed_as_json(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    given_up, unclear = deployment.put(Stage.HELD), deployment.put(Stage.HELD, "send_unclear", name="John Smith")
    deployment.send("OutreachFailures", NOTICE)
    assert redrive("--json") == 0
    output = json.loads(capsys.readouterr().out)
    assert [one["receipt"] for one in output["given_up"]] == [given_up.receipt]
    assert [(one["receipt"], one["reason"]) for one in output["held"]] == [(unclear.receipt, "send_unclear")]
    assert output["overdue"] == []
    assert output["queues"]["OutreachFailures"]["conditions"] == {"RetryAttemptsExhausted": 1}
    assert output["queues"]["FeedbackFailures"] == {"count": 0, "oldest": None, "conditions": {}}

    assert redrive("--json", "--list", given_up.receipt, unclear.receipt) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"receipt": given_up.receipt, "obstacle": None}
    assert second["obstacle"].startswith("is held as send_unclear: ")


def test_an_empty_list_says_so(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive() == 0
    assert capsys.readouterr().out.count(": 0\n") == 5
    assert redrive("--go") == 0


# ---- Mailed once -----------------------------------------------------------------------------------------------------


def test_a_redriven_referral_is_mailed_once_even_if_the_command_is_repeated(deployment: Deployment) -> None:
    referral = deployment.put(Stage.HELD)
    before = deployment.image(referral)

    assert redrive("--go") == 0
    assert deployment.system.stage(referral) == ("queued", None)
    assert redrive("--go") == 0
    deployment.outreach(referral, before)
    assert redrive("--go") == 0
    assert redrive(referral.receipt) == 1

    assert len(deployment.system.mailer.sent) == 1
    assert deployment.system.stage(referral)[0] == "sent"


def test_a_referral_is_found_by_its_key_after_the_stream_has_dropped_its_record(deployment: Deployment) -> None:
    referral = deployment.put(Stage.HELD, days_ago=30)
    before = deployment.image(referral)
    assert redrive("--go") == 0
    deployment.outreach(referral, before)
    assert [message.tags["referral"] for message in deployment.system.mailer.sent] == [referral.receipt]


def test_late_records_of_the_stream_cause_no_second_message(deployment: Deployment) -> None:
    referral = deployment.put(Stage.QUEUED, None)
    lost = deployment.system.record(referral)
    deployment.system.referrals.move(referral, Transition(Stage.HELD, due_at=now() + REVIEW_INTERVAL, reason=GIVEN_UP))
    before = deployment.image(referral)
    assert redrive("--go") == 0
    deployment.outreach(referral, before)
    assert deployment.system.deliver(lost) == []
    assert len(deployment.system.mailer.sent) == 1


def test_a_doctor_told_meanwhile_through_another_referral_gets_no_second_message(deployment: Deployment) -> None:
    referral, other = deployment.put(Stage.HELD), deployment.put(Stage.QUEUED, None)
    deployment.system.clock.time = now()
    deployment.system.deliver(deployment.system.record(other))
    before = deployment.image(referral)
    assert redrive("--go") == 0
    deployment.outreach(referral, before)
    assert len(deployment.system.mailer.sent) == 1
    assert deployment.system.stage(referral) == ("closed", "joined")


def just_before_the_write(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Runs an action between the command's read of a referral and its write."""
    original = stacks._deployed

    def deployed(name: str) -> stacks.Stack:
        stack, calls = original(name), []

        def once(**_: object) -> None:
            calls.append(1)
            if len(calls) == 1:
                happens()

        stack.dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", once)
        return stack

    monkeypatch.setattr(stacks, "_deployed", deployed)


def test_a_referral_that_changes_during_the_command_is_not_changed(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    referral = deployment.put(Stage.HELD)
    sent = Transition(Stage.SENT, due_at=now() + timedelta(days=30))
    just_before_the_write(deployment, monkeypatch, lambda: deployment.system.referrals.move(referral, sent))
    assert redrive("--go") == 1
    assert deployment.system.stage(referral) == ("sent", None)
    assert f"{referral.receipt} was sent." in capsys.readouterr().err


# ---- Not redriven ----------------------------------------------------------------------------------------------------


def test_without_a_receipt_only_failed_referrals_are_redriven(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    unclear, given_up = (
        deployment.put(Stage.HELD, "send_unclear"),
        deployment.put(Stage.HELD, email="other@clinic.example"),
    )
    assert redrive("--go") == 0
    assert deployment.system.stage(unclear) == ("held", "send_unclear")
    assert deployment.system.stage(given_up) == ("queued", None)
    assert "Referrals that need a decision: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stage", "reason", "explanation"),
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
def test_a_referral_that_has_not_failed_is_refused_with_the_reason(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], stage: Stage, reason: str | None, explanation: str
) -> None:
    referral = deployment.put(stage, reason)
    before = deployment.image(referral)
    assert redrive(referral.receipt) == 1
    captured = capsys.readouterr()
    assert f"{referral.receipt} {explanation}" in captured.err or explanation in captured.err
    assert "queued again: 0" in captured.out
    assert deployment.image(referral) == before


def test_named_receipts_are_redriven_without_others_and_without_queues(deployment: Deployment) -> None:
    named, other = deployment.put(Stage.HELD), deployment.put(Stage.HELD, email="other@clinic.example")
    deployment.send("FeedbackFailures", "event")
    assert redrive(named.receipt.lower().replace("-", " "), named.receipt) == 0
    assert deployment.system.stage(named) == ("queued", None)
    assert deployment.system.stage(other) == ("held", GIVEN_UP)
    assert deployment.bodies("FeedbackFailures") == ["event"]


def test_a_named_receipt_can_be_previewed(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    given_up, sent = deployment.put(Stage.HELD), deployment.put(Stage.SENT, None)
    assert redrive("--list", given_up.receipt, sent.receipt) == 0
    output = capsys.readouterr().out
    assert f"{given_up.receipt} failed after all retries, and can be retried." in output
    assert f"{sent.receipt} was sent." in output
    assert deployment.system.stage(given_up) == ("held", GIVEN_UP)


def test_an_invalid_or_unknown_receipt_is_reported(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive("nonsense", "AAAA-AAAA-AAAA-AAAA") == 1
    errors = capsys.readouterr().err
    assert "nonsense is not a receipt. Example of a receipt:" in errors
    assert "AAAA-AAAA-AAAA-AAAA is not a receipt of a referral in the table." in errors


def test_an_unreadable_referral_does_not_block_the_others(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, whole = deployment.put(Stage.HELD), deployment.put(Stage.HELD, email="other@clinic.example")
    key: Any = {name: deployment.image(broken)[name] for name in ("pk", "sk")}
    deployment.client.update_item(TableName=deployment.table, Key=key, UpdateExpression="REMOVE doctor")
    assert redrive("--go") == 1
    assert f"{broken.receipt} can't be read (KeyError: 'doctor')" in capsys.readouterr().err
    assert deployment.system.stage(whole) == ("queued", None)


@pytest.mark.long
def test_many_referrals_are_all_redriven_with_a_progress_report(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # As in a terminal.
    for number in range(230):
        deployment.put(Stage.HELD, email=f"d{number}@clinic.example")
    assert redrive("--go") == 0
    captured = capsys.readouterr()
    assert "Referrals queued again: 230." in captured.out
    assert "230/230" in captured.err
    stages = [
        item["stage"] for pk, item in deployment.system.table_reader.items().items() if pk.startswith("referral#")
    ]
    assert stages == [typed("queued")] * 230


# ---- Queues ----------------------------------------------------------------------------------------------------------


def test_events_return_to_the_queue_of_feedback_and_failure_notices_are_deleted(deployment: Deployment) -> None:
    events = [f"event {number:02}" for number in range(25)]
    deployment.send("FeedbackFailures", *events)
    deployment.send("OutreachFailures", *[NOTICE] * 12)
    assert redrive("--go") == 0
    assert deployment.bodies("MailEvents") == events
    assert deployment.bodies("FeedbackFailures") == deployment.bodies("OutreachFailures") == []


def test_a_failure_notice_that_arrives_during_the_scan_is_kept(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.put(Stage.HELD)
    deployment.send("OutreachFailures", "old")
    just_before_the_write(deployment, monkeypatch, lambda: deployment.send("OutreachFailures", "new"))
    assert redrive("--go") == 0
    assert deployment.bodies("OutreachFailures") == ["new"]


def test_no_failure_notice_is_deleted_if_the_scan_of_the_table_fails(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise KeyboardInterrupt

    deployment.put(Stage.HELD)
    deployment.send("OutreachFailures", NOTICE)
    just_before_the_write(deployment, monkeypatch, fails)
    assert redrive("--go") == 1
    assert deployment.bodies("OutreachFailures") == [NOTICE]


def test_an_interruption_between_send_and_delete_duplicates_events_and_loses_none(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.send("FeedbackFailures", "event")
    original = stacks._deployed

    def stops(**_: object) -> None:
        raise KeyboardInterrupt

    def deployed(name: str) -> stacks.Stack:
        stack = original(name)
        stack.sqs.meta.events.register("before-call.sqs.DeleteMessageBatch", stops)
        return stack

    # Messages that the stopped command had received are visible again a second later, not a minute.
    monkeypatch.setattr("cli.failure_queues._HIDDEN_SECONDS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(stacks, "_deployed", deployed)
        assert redrive("--go") == 1
    # The message is still in flight.
    eventually(lambda: redrive("--go") == 0 and not deployment.count("FeedbackFailures"))
    assert deployment.bodies("MailEvents") == ["event", "event"]
    assert deployment.bodies("FeedbackFailures") == []


def test_messages_that_sqs_refuses_stay_in_their_queue(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.send("FeedbackFailures", "event")
    deployment.send("OutreachFailures", NOTICE)
    original = stacks._deployed
    refused = {"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}
    no_headers: Any = {}

    # The return value of a hook before a call replaces the response.
    def refuses(**_: object) -> Any:
        return AWSResponse("", 200, no_headers, None), refused

    def deployed(name: str) -> stacks.Stack:
        stack = original(name)
        stack.sqs.meta.events.register("before-call.sqs.SendMessageBatch", refuses)
        return stack

    monkeypatch.setattr(stacks, "_deployed", deployed)
    assert redrive("--go") == 1
    assert "AWS: SQS took 0 of 1 messages. Completed work is kept" in capsys.readouterr().err
    assert deployment.bodies("FeedbackFailures") == ["event"]
    assert deployment.bodies("OutreachFailures") == [NOTICE]


# ---- The stack -------------------------------------------------------------------------------------------------------


def test_an_unknown_stack_gives_one_clear_line(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stack", "not-there"]) == 1
    assert capsys.readouterr().err.startswith("The stack not-there can't be read: ")


def test_a_stack_of_an_earlier_version_is_distinguished_from_an_unknown_one(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    referral = deployment.put(Stage.HELD)
    deployment.deploy("older", {"TableName": deployment.table, "OutreachFailuresUrl": "x", "FeedbackFailuresUrl": "y"})
    assert main(["redrive", "--stack", "older", "--go"]) == 1
    assert "has no output MailEventsUrl. Deploy the current version to it" in capsys.readouterr().err
    assert deployment.system.stage(referral) == ("held", GIVEN_UP)


def test_without_a_region_the_command_says_what_to_set(
    fake_credentials: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert main(["redrive", "--stack", STACK]) == 1
    assert "You must specify a region. Set AWS_PROFILE and AWS_DEFAULT_REGION" in capsys.readouterr().err


def test_a_local_stack_that_is_not_running_gives_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--stack", "http://127.0.0.1:1"]) == 1
    assert capsys.readouterr().err.startswith("No local stack is running at http://127.0.0.1:1: ")


def test_a_campaign_is_resumed_by_the_name_of_the_stack(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", "--stack", STACK, "lumen"]) == 1
    assert capsys.readouterr().err == "lumen was not stopped.\n"
    stopped = breaker_key("lumen") | {"paused_at": typed("2026-11-20T12:00:00.000Z"), "paused_for": typed("bounces")}
    deployment.client.put_item(TableName=deployment.table, Item=stopped)
    assert main(["resume", "--stack", STACK, "lumen"]) == 0
    assert "lumen sends again" in capsys.readouterr().out


def test_a_referral_that_was_closed_meanwhile_stays_closed(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral = deployment.put(Stage.HELD)
    opted_out = close(Closing.OPTED_OUT)
    just_before_the_write(deployment, monkeypatch, lambda: deployment.system.referrals.move(referral, opted_out))
    assert redrive("--go") == 1
    assert deployment.system.stage(referral) == ("closed", "opted_out")
