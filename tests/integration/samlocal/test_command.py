"""samlocal alone, with a template that is unrelated to this product."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samlocal.stack import Stack
from tests.support.http_client import fetch
from tests.support.waiting import CEILING, eventually

ROOT = Path(__file__).parents[3]
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Add:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: notes.add
      Environment: {Variables: {TABLE: !Ref Notes}}
      Events:
        Post: {Type: HttpApi, Properties: {Method: POST, Path: /notes}}
  Count:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: notes.count
      Events:
        Added: {Type: DynamoDB, Properties: {Stream: !GetAtt Notes.StreamArn, StartingPosition: TRIM_HORIZON}}
"""
CODE = """
import os
import boto3

def add(event, context):
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={"id": {"S": event["body"]}})
    return {"statusCode": 201, "body": os.environ["TABLE"]}

def count(event, context):
    print("added", len(event["Records"]))
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "notes.py").write_text(CODE, "utf-8")
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE, "utf-8")
    return file


def test_a_request_reaches_its_function_the_table_and_the_stream(template: Path) -> None:
    out = io.StringIO()
    with Stack(template, template.parent / "files", name="notes", watch=False, out=out) as stack:
        answer = fetch(f"{stack.url}/notes", "POST", "milk", {"content-type": "text/plain"})
        assert (answer.status, answer.body) == (201, b"notes-Notes")
        assert b"milk" in fetch(f"{stack.url}/_local/table").body
        eventually(lambda: "added 1" in out.getvalue())
        assert fetch(f"{stack.url}/_local/").status == 200
        assert json.loads(fetch(f"{stack.url}/_local/mailbox.json").body) == []


def test_the_command_runs_a_template_until_it_is_stopped(template: Path) -> None:
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "samlocal", str(template), "--port", "0"]
    with subprocess.Popen(command, cwd=template.parent, env=own, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = next(line for line in process.stdout if "Ready at" in line)
        url = line.split("Ready at ")[1].split(". ")[0]
        assert fetch(f"{url}/notes", "POST", "milk", {"content-type": "text/plain"}).status == 201
        process.send_signal(signal.SIGINT)
        assert process.wait(CEILING) == 0


def test_an_unreachable_engine_gives_one_clear_line(template: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # Not listening, so connections are refused.
        engine = f"http://127.0.0.1:{unused.getsockname()[1]}"
        own = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL_DYNAMODB": engine}
        command = [sys.executable, "-m", "samlocal", str(template), "--port", "0"]
        ended = subprocess.run(
            command, cwd=template.parent, env=own, capture_output=True, text=True, timeout=CEILING, check=False
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Can't reach the AWS emulator: ")
    assert engine in line
