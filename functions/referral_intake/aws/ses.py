"""Amazon SES, API v2."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
)

from referral_intake.core.errors import Unavailable
from referral_intake.core.message import Deferred, Message, Refused, Unclear
from referral_intake.core.quota import Quota
from referral_intake.core.reasons import Reason

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import ContentTypeDef

# SendEmail has no idempotency token: a retry after a timeout can send twice. So the SDK makes exactly one attempt.
_CONFIG = Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 1})

QUOTA_CACHE_TIME = timedelta(seconds=60)

# SES will never accept the message, because of its content or address.
_REFUSED = frozenset({"MessageRejected", "BadRequestException"})
# SES may accept the message later, after a limit resets or a person fixes the account.
_DEFERRED = frozenset(
    {
        Reason.SES_ACCESS_DENIED,
        Reason.SES_ACCOUNT_SUSPENDED,
        Reason.SES_LIMIT_EXCEEDED,
        Reason.SES_MAIL_FROM_NOT_VERIFIED,
        Reason.SES_NOT_FOUND,
        Reason.SES_SENDING_PAUSED,
        Reason.SES_THROTTLED,
        Reason.SES_TOO_MANY_REQUESTS,
    }
)
# No connection was made, so nothing can have been sent.
_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, CredentialRetrievalError, NoCredentialsError)


def client() -> "SESV2Client":
    return boto3.client("sesv2", config=_CONFIG)


def quick_client() -> "SESV2Client":
    """Return a client with short timeouts, for optional reads while a person waits."""
    return boto3.client("sesv2", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}))


class SesMailer:
    """Send email from one address with one configuration set."""

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, message: Message) -> str:
        try:
            return self._send(message)
        except ClientError as error:
            raise _translated(error) from error
        except _NEVER_CONNECTED as error:
            raise Deferred(Reason.SES_UNREACHABLE) from error
        except BotoCoreError as error:
            raise Unclear(type(error).__name__) from error

    def _send(self, message: Message) -> str:
        answer = self._client.send_email(
            # formataddr quotes the name, and encodes it if it is not ASCII.
            FromEmailAddress=formataddr((message.sender_name, self._sender)),
            Destination={"ToAddresses": [message.to]},
            ReplyToAddresses=[message.reply_to],
            Content={
                "Simple": {
                    "Subject": _utf8(message.subject),
                    "Body": {"Text": _utf8(message.text), "Html": _utf8(message.html)},
                    "Headers": [{"Name": name, "Value": value} for name, value in message.headers.items()],
                }
            },
            EmailTags=[{"Name": name, "Value": value} for name, value in message.tags.items()],
            ConfigurationSetName=self._configuration_set,
        )
        return answer["MessageId"]


class SesAccount:
    """The account's sending quota, read at most once per `QUOTA_CACHE_TIME`."""

    def __init__(self, client: "SESV2Client", now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._cached: tuple[datetime, Quota] | None = None

    def quota(self) -> Quota:
        """Return the quota. Raise Unavailable."""
        if self._cached is None or self._now() - self._cached[0] > QUOTA_CACHE_TIME:
            self._cached = self._now(), self._read_quota()
        return self._cached[1]

    def _read_quota(self) -> Quota:
        try:
            granted = self._client.get_account()["SendQuota"]
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(type(error).__name__) from error
        return Quota(granted["MaxSendRate"], granted["Max24HourSend"], granted["SentLast24Hours"])


def _utf8(text: str) -> "ContentTypeDef":
    return {"Data": text, "Charset": "UTF-8"}


def _translated(error: ClientError) -> Exception:
    code = error.response["Error"]["Code"]
    if "not verified" in error.response["Error"].get("Message", ""):
        # The sender is not verified, or the account is in the sandbox. SES answers MessageRejected, but the doctor's
        # address is not the cause.
        return Deferred(Reason.IDENTITY_NOT_VERIFIED)
    if code in _REFUSED:
        return Refused(code)
    # Any other 4xx is also a clear refusal (expired credentials, clock skew). Only after a 5xx is the result unknown.
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return Deferred(code) if code in _DEFERRED or status < 500 else Unclear(code)
