"""A complete local stack with a small project: streams, queues, edits, start and stop."""

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends

from samlocal.http.server import PortTaken
from samlocal.stack import Stack
from samlocal.template.model import ACCOUNT, REGION
from tests.integration.samlocal.sample_project import API_HANDLER, CONSUMER, post, project
from tests.support.http_client import fetch
from tests.support.waiting import eventually

HANDLER_THAT_FAILS_FOR_POISON = """\
def handler(event, context):
    records = event["Records"]
    print("seen", [record["dynamodb"]["NewImage"]["pk"]["S"] for record in records])
    failed = [r["dynamodb"]["SequenceNumber"] for r in records if "poison" in r["dynamodb"]["NewImage"]["pk"]["S"]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""
HANDLER_WITH_CANCELED_TRANSACTION = """\
import boto3, json, os

def handler(event, context):
    if event["requestContext"]["http"]["method"] == "GET":
        return {}
    client, table = boto3.client("dynamodb"), os.environ["TABLE_NAME"]
    item = {name: {"S": value} for name, value in json.loads(event["body"]).items()}
    put = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    other = {"TableName": table, "Item": {"pk": {"S": "log-" + item["pk"]["S"]}}}
    try:
        client.transact_write_items(TransactItems=[{"Put": other}, {"Put": put}])
    except client.exceptions.TransactionCanceledException as canceled:
        return {"statusCode": 409, "body": json.dumps(canceled.response["CancellationReasons"])}
    return {"statusCode": 201}
"""


def messages(stack: Stack, queue: str) -> list[dict[str, Any]]:
    received = stack.cloud.sqs.receive_message(QueueUrl=stack.cloud.queue_urls[queue], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def all_stream_records(stack: Stack) -> list[Any]:
    streams, arn = stack.cloud.streams, stack.cloud.stream_arns["Table"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    return streams.get_records(ShardIterator=start["ShardIterator"])["Records"]


class TestEventSources:
    def test_the_stream_continues_after_a_failing_record_and_reports_its_position(self, tmp_path: Path) -> None:
        sample = project(tmp_path, consumer=HANDLER_THAT_FAILS_FOR_POISON)
        with sample.running() as stack:
            for name in ("a", "poison", "b"):
                post(stack.url, name)
            (lost,) = eventually(lambda: messages(stack, "Lost"))
            post(stack.url, "later")
            eventually(lambda: "['later']" in sample.out.getvalue())
            arn = stack.cloud.stream_arns["Table"]

        assert lost["requestContext"]["condition"] == "RetryAttemptsExhausted"
        assert lost["requestContext"]["approximateInvokeCount"] == 2
        assert lost["requestContext"]["functionArn"].endswith(":function:sample-Consumer")
        info = lost["DDBStreamBatchInfo"]
        assert (info["batchSize"], info["streamArn"]) == (1, arn)
        assert info["startSequenceNumber"] == info["endSequenceNumber"]
        assert "Skipped 1 record(s)" in sample.out.getvalue()

    def test_records_have_the_format_of_lambda(self, tmp_path: Path) -> None:
        sample = project(tmp_path, consumer="import json\ndef handler(event, _): print('EVENT', json.dumps(event))\n")
        with sample.running() as stack:
            post(stack.url, "ana")
            eventually(lambda: "EVENT" in sample.out.getvalue())
            arn = stack.cloud.stream_arns["Table"]

        (line,) = [line for line in sample.out.getvalue().splitlines() if line.startswith("EVENT")]
        (record,) = json.loads(line.removeprefix("EVENT"))["Records"]
        assert isinstance(record["dynamodb"].pop("ApproximateCreationDateTime"), int)
        assert isinstance(record["dynamodb"].pop("SizeBytes"), int)
        assert record["dynamodb"].pop("SequenceNumber")
        assert record.pop("eventID")
        assert record == {
            "eventName": "INSERT",
            "eventVersion": "1.0",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventSourceARN": arn,
            "dynamodb": {
                "Keys": {"pk": {"S": "ana"}},
                "NewImage": {"pk": {"S": "ana"}, "stage": {"S": "queued"}},
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }

    def test_a_canceled_transaction_adds_no_record_and_the_stream_continues(self, tmp_path: Path) -> None:
        sample = project(tmp_path, api=HANDLER_WITH_CANCELED_TRANSACTION, consumer=HANDLER_THAT_FAILS_FOR_POISON)
        with sample.running() as stack:
            assert [post(stack.url, "a"), post(stack.url, "a"), post(stack.url, "b")] == [201, 409, 201]
            eventually(lambda: "['b']" in sample.out.getvalue())
            items = stack.cloud.dynamodb.scan(TableName="sample-Table")["Items"]
            stream = stack.cloud.streams.describe_stream(StreamArn=stack.cloud.stream_arns["Table"])[
                "StreamDescription"
            ]
            start = stack.cloud.streams.get_shard_iterator(
                StreamArn=stream["StreamArn"], ShardId=stream["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            records = stack.cloud.streams.get_records(ShardIterator=start["ShardIterator"])["Records"]

        assert sorted(item["pk"]["S"] for item in items) == ["a", "b", "log-a", "log-b"]
        assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in records] == ["log-a", "a", "log-b", "b"]

    @pytest.mark.parametrize("trimmed", [0, 100])
    def test_a_stream_continues_after_its_iterator_expired_or_its_position_was_trimmed(
        self, tmp_path: Path, trimmed: int
    ) -> None:
        sample = project(tmp_path)
        with sample.running() as stack:
            post(stack.url, "before")
            eventually(lambda: sample.out.getvalue().count("got  n=1") == 1)
            shard = dynamodb_backends[ACCOUNT][REGION].tables["sample-Table"].stream_shard
            assert shard
            shard.items.clear()
            shard.starting_sequence_number += 1 + trimmed
            dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators.clear()
            post(stack.url, "after")
            eventually(lambda: sample.out.getvalue().count("got  n=1") == 2)

    def test_messages_of_a_queue_are_delivered_and_failed_ones_go_to_the_dead_letter_queue(
        self, tmp_path: Path
    ) -> None:
        consumer = """\
        def handler(event, context):
            failed = [r["messageId"] for r in event["Records"] if r["eventSource"] == "aws:sqs" and "bad" in r["body"]]
            return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
        """
        with project(tmp_path, consumer=consumer).running() as stack:
            jobs = stack.cloud.queue_urls["Jobs"]
            for body in ('"good"', '"bad"'):
                stack.cloud.sqs.send_message(QueueUrl=jobs, MessageBody=body)
            dead = eventually(lambda: messages(stack, "DeadJobs"))
            left = stack.cloud.sqs.get_queue_attributes(QueueUrl=jobs, AttributeNames=["All"])["Attributes"]

        assert dead == ["bad"]
        assert (left["ApproximateNumberOfMessages"], left["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")

    def test_a_function_that_exceeds_its_timeout_has_failed(self, tmp_path: Path) -> None:
        sample = project(tmp_path, api="import time\ndef handler(event, context): time.sleep(1)\n")
        sample.write(
            "infra/template.yaml", (tmp_path / "infra/template.yaml").read_text().replace("out: 5", "out: 0.2")
        )
        with sample.running() as stack:
            answer = fetch(f"{stack.url}/api/things/slow")

        assert answer.status == 500
        assert "Task timed out after 0.20 seconds" in sample.out.getvalue()


class TestEdits:
    def test_an_edit_of_the_code_takes_effect(self, tmp_path: Path) -> None:
        sample = project(tmp_path)
        with sample.running(watch=True) as stack:
            assert fetch(f"{stack.url}/api/things/x").json()["answer"] == 1
            sample.write("functions/scratch/api.py", API_HANDLER.replace('"answer": 1', '"answer": 2'))
            eventually(lambda: fetch(f"{stack.url}/api/things/x").json()["answer"] == 2)

    def test_a_syntax_error_gives_a_500_and_pauses_the_stream_until_it_is_fixed(self, tmp_path: Path) -> None:
        sample = project(tmp_path, consumer=HANDLER_THAT_FAILS_FOR_POISON)
        with sample.running(watch=True) as stack:
            sample.write("functions/scratch/consumer.py", "def handler(:\n")
            sample.write("functions/scratch/api.py", API_HANDLER + "\n)")
            eventually(lambda: fetch(f"{stack.url}/api/things/x").status == 500)
            eventually(lambda: "SyntaxError" in sample.out.getvalue())
            sample.write("functions/scratch/api.py", API_HANDLER)
            eventually(lambda: fetch(f"{stack.url}/api/things/x").status == 200)
            post(stack.url, "patient")
            eventually(lambda: "scratch.consumer.handler can't be imported" in sample.out.getvalue())
            sample.write("functions/scratch/consumer.py", HANDLER_THAT_FAILS_FOR_POISON)
            eventually(lambda: "seen ['patient']" in sample.out.getvalue())
            assert messages(stack, "Lost") == []

    def test_an_edit_of_the_texts_rebuilds_the_site_and_an_invalid_one_keeps_it(self, tmp_path: Path) -> None:
        sample = project(tmp_path)
        with sample.running(watch=True) as stack:
            sample.write("templates/hello.txt", "Good morning")
            eventually(lambda: fetch(f"{stack.url}/").body == b"<p>Good morning")
            sample.write("templates/hello.txt", "broken")
            eventually(lambda: "this text can't be rendered" in sample.out.getvalue())
            assert fetch(f"{stack.url}/").body == b"<p>Good morning"

    def test_an_edit_of_the_template_takes_effect_and_an_invalid_one_does_not(self, tmp_path: Path) -> None:
        sample = project(tmp_path, consumer=HANDLER_THAT_FAILS_FOR_POISON)
        template = (tmp_path / "infra/template.yaml").read_text()
        with sample.running(watch=True) as stack:
            post(stack.url, "before")
            eventually(lambda: "seen ['before']" in sample.out.getvalue())
            sample.write("infra/template.yaml", template.replace("/api/things/{name}", "/api/others/{name}"))
            eventually(lambda: fetch(f"{stack.url}/api/others/x").status == 200)
            assert fetch(f"{stack.url}/api/things/x").status == 404
            sample.write("infra/template.yaml", template.replace("Type: SQS\n", "Type: Unheard\n"))
            eventually(lambda: "was not reloaded: Consumer.Jobs" in sample.out.getvalue())
            assert fetch(f"{stack.url}/api/others/x").status == 200
            sample.write("infra/template.yaml", template.replace("BatchSize: 3", "BatchSize: 2"))
            eventually(
                lambda: stack.template.sources != () and getattr(stack.template.sources[0], "batch_size", 0) == 2
            )
            post(stack.url, "after")
            eventually(lambda: "seen ['after']" in sample.out.getvalue())
            # The new poller continued at the position of the previous one.
            assert sample.out.getvalue().count("seen ['before']") == 1


class TestStartAndStop:
    def test_stopping_the_stack_leaves_nothing_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "my-own")
        monkeypatch.setenv("TABLE_NAME", "my-own")
        sample = project(tmp_path)
        before = (dict(os.environ), list(sys.path), sys.stdout, boto3.DEFAULT_SESSION, threading.enumerate())

        for _ in range(2):
            with sample.running(watch=True) as stack:
                assert "AWS_PROFILE" not in os.environ
                assert os.environ["TABLE_NAME"] == "sample-Table"
                # Each stack starts empty.
                assert stack.cloud.dynamodb.scan(TableName="sample-Table")["Items"] == []
                assert post(stack.url, "ana") == 201
            port = int(stack.url.rpartition(":")[2])
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0

        assert (dict(os.environ), list(sys.path), sys.stdout, boto3.DEFAULT_SESSION, threading.enumerate()) == before
        assert not [name for name in sys.modules if name.partition(".")[0] == "scratch"]

    def test_only_one_stack_runs_at_a_time(self, tmp_path: Path) -> None:
        sample = project(tmp_path)
        with sample.running(), pytest.raises(RuntimeError, match="already running"):
            sample.stack().start()

    def test_a_custom_dynamodb_endpoint_is_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from samlocal.aws.moto_server import MotoServer

        other = MotoServer({})
        other.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", other.url)
        try:
            with project(tmp_path).running() as stack:
                assert stack.cloud.sqs.meta.endpoint_url == other.url
                assert stack.cloud.dynamodb.meta.endpoint_url != other.url
                assert os.environ["JOBS_URL"].startswith(other.url)
        finally:
            other.stop()


def test_a_port_in_use_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        stack = project(tmp_path, consumer=CONSUMER).stack(port=port)
        with pytest.raises(PortTaken, match=f"Port {port} is in use"):
            stack.start()

    assert not (tmp_path / "logs").exists()
