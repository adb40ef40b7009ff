"""Store all messages that the local SES accepted, in memory."""

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. `to` includes the cc and bcc recipients."""

    id: str
    time: str
    sender: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    subject: str
    text: str | None
    html: str | None
    headers: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    configuration_set: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "time": self.time,
            "from": self.sender,
            "reply_to": list(self.reply_to),
            "to": list(self.to),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "tags": dict(self.tags),
            "configuration_set": self.configuration_set,
        }


class Mailbox:
    """A thread-safe list of messages. The newest is last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: list[Mail] = []

    def add(self, mail: Mail) -> None:
        with self._lock:
            self._mails.append(mail)

    def all(self) -> list[Mail]:
        with self._lock:
            return list(self._mails)

    def get(self, mail_id: str) -> Mail | None:
        return next((mail for mail in self.all() if mail.id == mail_id), None)

    def clear(self) -> None:
        with self._lock:
            self._mails.clear()

    def recipients_since(self, start: datetime) -> int:
        """Return the number of recipients since a time. SES counts its quota in recipients."""
        since = stamp(start)
        return sum(len(mail.to) for mail in self.all() if mail.time >= since)


def stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """Return an id in the format of SES message ids, which start with the time."""
    return f"0100{int(time.time() * 1000):012x}-{uuid.uuid4()}-000000"
