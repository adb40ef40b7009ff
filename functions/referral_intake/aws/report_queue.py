"""The queue of report jobs. A message contains only the report's id."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from referral_intake.aws.error_translation import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# A message that arrives twice is harmless: one run claims the report.
_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


def client() -> "SQSClient":
    return boto3.client("sqs", config=_CONFIG)


class ReportQueue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def put(self, report_id: str) -> None:
        with translate_errors():
            self._client.send_message(QueueUrl=self._url, MessageBody=report_id)
