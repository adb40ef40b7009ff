"""A message to a doctor, and what can become of it. The words are a campaign's; this is only their shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One email, whole. `headers` are those beyond sender, recipient and subject; `tags` hold no personal data.

    `version` and `content_hash` say which wording it was made from.
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


class Unapproved(Exception):
    """The wording is not the one that was approved."""


class NotSent(Exception):
    """The mail service said clearly that it did not take the message. `reason` is a word for logs and the referral."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(NotSent):
    """It will never take this message."""


class Deferred(NotSent):
    """It may take it later."""


class Unclear(Exception):
    """Nobody knows whether it took the message: there was no answer, or none that says so."""


class Mailer(Protocol):
    def send(self, message: Message) -> str:
        """The mail service's id of the message; raises Refused, Deferred or Unclear."""
