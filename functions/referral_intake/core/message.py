"""A message to a doctor, and the possible results of sending it. The campaign has the wording."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

# The token of a signed link, and the code of a printed letter. A receipt has one group more than a code.
_SECRETS = re.compile(r"(?<=token=)[^\s\"'<>&#]+|(?<![\w-])[A-Z2-7]{4}(?:-[A-Z2-7]{4}){2}(?![\w-])")


@dataclass(frozen=True, slots=True)
class Message:
    """One complete email. `headers` are those besides sender, recipient and subject. `tags` contain no personal data.

    `version` and `content_hash` identify the wording.
    """

    to: str
    sender_name: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    tags: Mapping[str, str]
    version: str
    content_hash: str


def redacted(message: Message) -> Message:
    """Return the message without the secrets by which its reader can answer or opt out as the doctor."""

    def without_secrets(text: str) -> str:
        return _SECRETS.sub("removed", text)

    headers = {name: without_secrets(value) for name, value in message.headers.items()}
    return replace(message, text=without_secrets(message.text), html=without_secrets(message.html), headers=headers)


class Unapproved(Exception):
    """The wording does not match the approved one."""


class NotSent(Exception):
    """The mail service clearly did not accept the message. `reason` is a code for logs and the referral."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(NotSent):
    """The mail service will never accept this message."""


class Deferred(NotSent):
    """The mail service may accept the message later."""


class Unclear(Exception):
    """It is unknown whether the mail service accepted the message: it did not answer, or not clearly."""


class Mailer(Protocol):
    def send(self, message: Message) -> str:
        """Send the message. Return the mail service's message id, or raise Refused, Deferred or Unclear."""
