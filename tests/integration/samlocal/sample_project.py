"""A small project that samlocal can run: a template, handlers and texts in a folder."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3

from samlocal.stack import Stack
from samlocal.template.model import Template
from tests.support.http_client import fetch
from tests.support.waiting import eventually

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  SiteUrl: { Type: String }
Globals:
  Function:
    CodeUri: ../functions/
    Timeout: 5
    Layers: [!Ref Words]
    Environment:
      Variables: { TABLE_NAME: !Ref Table, SITE_URL: !Ref SiteUrl, TEMPLATES_DIR: /opt, JOBS_URL: !Ref Jobs }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
  Lost: { Type: AWS::SQS::Queue }
  DeadJobs: { Type: AWS::SQS::Queue }
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadJobs.Arn, maxReceiveCount: 2 }
  Mail: { Type: AWS::SES::ConfigurationSet }
  Words:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: ../templates/ }
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Handler: scratch.api.handler
      Events:
        Get: { Type: HttpApi, Properties: { Method: GET, Path: "/api/things/{name}" } }
        Post: { Type: HttpApi, Properties: { Method: POST, Path: /api/things } }
  Consumer:
    Type: AWS::Serverless::Function
    Properties:
      Handler: scratch.consumer.handler
      Environment:
        Variables: { CONFIGURATION_SET: !Ref Mail }
      Events:
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 3
            MaximumRetryAttempts: 1
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt Lost.Arn } }
            FilterCriteria:
              Filters: [{ Pattern: '{"dynamodb": {"NewImage": {"stage": {"S": ["queued"]}}}}' }]
        Jobs:
          Type: SQS
          Properties: { Queue: !GetAtt Jobs.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures] }
"""
# With a queue that receives the events of messages.
TEMPLATE_WITH_MAIL_EVENTS = (
    TEMPLATE
    + """\
  EventQueue: { Type: AWS::SQS::Queue }
  MailEventsRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [aws.ses], detail: { mail: { tags: { "ses:configuration-set": [!Ref Mail] } } } }
      Targets: [{ Id: news, Arn: !GetAtt EventQueue.Arn }]
  MailEvents:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Mail
      EventDestination:
        Enabled: true
        MatchingEventTypes: [SEND, BOUNCE, COMPLAINT, DELIVERY, OPEN, CLICK]
        EventBridgeDestination:
          EventBusArn: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default
  WithoutEvents: { Type: AWS::SES::ConfigurationSet }
  Deliveries: { Type: AWS::SES::ConfigurationSet }
  DeliveriesEvents:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Deliveries
      EventDestination:
        MatchingEventTypes: [DELIVERY]
        EventBridgeDestination:
          EventBusArn: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default
  OtherMailEventsRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [aws.ses], detail: { mail: { tags: { "ses:configuration-set": [!Ref Deliveries] } } } }
      Targets: [{ Id: news, Arn: !GetAtt EventQueue.Arn }]
"""
)

API_HANDLER = """\
import json, os, boto3

def handler(event, context):
    name = event.get("pathParameters", {}).get("name")
    if name == "crash":
        raise ValueError("the handler failed")
    if name == "odd":
        return {"statusCode": "many"}
    if event["requestContext"]["http"]["method"] == "POST":
        item = {name: {"S": value} for name, value in json.loads(event["body"]).items()}
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE_NAME"], Item=item)
        return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": "{}"}
    return {"answer": 1, "event": event}
"""

CONSUMER = """\
import json

def handler(event, context):
    print(json.dumps({"level": "INFO", "message": "got", "n": len(event["Records"])}))
    return {"batchItemFailures": []}
"""


class SampleStack(Stack):
    """A stack with a site that is built from the texts, and with the settings of a page that signs in."""

    def parameters(self) -> Mapping[str, str]:
        return {"SiteUrl": self.url}

    def build_site(self) -> None:
        text = (self.template.layers[0] / "hello.txt").read_text()
        if "broken" in text:
            raise ValueError("this text can't be rendered")
        (self.site / "assets").mkdir(exist_ok=True)
        (self.site / "assets" / "site.0123456789ab.css").write_text("p { color: red }")
        (self.site / "index.html").write_text(f"<p>{text}")
        (self.site / "404.html").write_text("<p>nothing here")

    def json_files(self, template: Template) -> Mapping[str, object]:
        return {"/settings.json": {"issuers": [pool.issuer for pool in template.pools]}}


@dataclass
class Project:
    """The folder and, while it runs, the stack."""

    folder: Path
    out: StringIO = field(default_factory=StringIO)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), "utf-8")

    def stack(self, *, watch: bool = False, port: int = 0) -> Stack:
        return SampleStack(
            self.folder / "infra" / "template.yaml",
            self.folder,
            name="sample",
            port=port,
            log_file=self.folder / "logs" / "all.jsonl",
            watch=watch,
            out=self.out,
        )

    @contextmanager
    def running(self, *, watch: bool = False) -> Iterator[Stack]:
        with self.stack(watch=watch) as stack:
            yield stack


def project(folder: Path, *, api: str = API_HANDLER, consumer: str = CONSUMER, template: str = TEMPLATE) -> Project:
    sample = Project(folder)
    sample.write("infra/template.yaml", template)
    sample.write("functions/scratch/__init__.py", "")
    sample.write("functions/scratch/api.py", api)
    sample.write("functions/scratch/consumer.py", consumer)
    sample.write("templates/hello.txt", "Hello\n")
    return sample


def post(url: str, name: str, stage: str = "queued") -> int:
    return fetch(f"{url}/api/things", "POST", {"pk": name, "stage": stage}).status


def send(stack: Stack, to: str, *, html: str = "<p>Dear doctor", kind: str = "Mail", **more: Any) -> str:
    """Sends through the local SES with this configuration set, and returns the message id."""
    sent = boto3.client("sesv2", endpoint_url=f"{stack.url}/_local/ses").send_email(
        FromEmailAddress="Star <outreach@star.example>",
        ReplyToAddresses=["info@star.example"],
        Destination={"ToAddresses": [to]},
        Content={
            "Simple": {
                "Subject": {"Data": "News"},
                "Body": {"Text": {"Data": "See https://star.example/"}, "Html": {"Data": html}},
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://star.example/stop>"}],
            }
        },
        EmailTags=[{"Name": "referral", "Value": "R1"}],
        ConfigurationSetName=f"sample-{kind}",
        **more,
    )
    return sent["MessageId"]


class PublishedEvents:
    """Events in the queue. Reading removes them."""

    def __init__(self, stack: Stack) -> None:
        self._sqs = stack.cloud.sqs
        self._url = stack.cloud.queue_urls["EventQueue"]
        self._received: list[dict[str, Any]] = []

    def of(self, message_id: str) -> list[dict[str, Any]]:
        """The events of a message so far."""
        while found := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._received.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in self._received if event["detail"]["mail"]["messageId"] == message_id]

    def wait_for(self, message_id: str, kind: str) -> dict[str, Any]:
        """The details of the first event of this kind."""
        member = kind.lower()
        found: dict[str, Any] = eventually(lambda: next(self._details(message_id, member), None))
        return found

    def _details(self, message_id: str, member: str) -> Iterator[dict[str, Any]]:
        return (event["detail"][member] for event in self.of(message_id) if member in event["detail"])
