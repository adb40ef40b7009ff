"""Reject the requests of SendEmail that Amazon SES rejects."""

import re
from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from typing import Any

MOST_HEADERS = 15
MOST_RECIPIENTS = 50
LARGEST_MESSAGE = 10 * 1024 * 1024

_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOCAL_PART = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}")
# SES generates these headers from the other fields of the request.
_STRUCTURED_HEADERS = frozenset(
    {"bcc", "cc", "date", "from", "message-id", "mime-version", "reply-to", "return-path", "sender"}
)
_STRUCTURED_HEADERS |= {"content-disposition", "content-transfer-encoding", "content-type", "subject", "to"}


class Refused(Exception):
    """SES rejects the request. `kind` is the name of the exception in SES, and `status` the HTTP status."""

    def __init__(self, message: str, kind: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


def address(text: object, where: str) -> str:
    """Validate an address such as `jo@example.com` or `Jo <jo@example.com>`, and return it unchanged."""
    if not isinstance(text, str) or not text:
        raise Refused(f"Missing {where}.")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise Refused(f"{where} contains control characters.")
    if not text.isascii():
        # SES removes such letters from a name, and rejects them in an address.
        raise Refused(f"{where} is not 7-bit ASCII: encode a name as an encoded-word, a domain as Punycode.")
    local, at, domain = _bare(text, where).rpartition("@")
    if not at:
        raise Refused("Missing final '@domain'")
    if not _LOCAL_PART.fullmatch(local) or len(local) > 64:
        raise Refused(f"The local part of {where} is not valid.")
    if not _DOMAIN.fullmatch(domain):
        raise Refused(f"Domain of {where} is not valid.")
    return text


def _bare(text: str, where: str) -> str:
    bare = parseaddr(text)[1]
    named = re.fullmatch(r'(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:()\[\]\\]*)\s*<([^<>]*)>', text)
    if bare != text and not (named and named[1] == bare):
        raise Refused(f"Illegal address in {where}: a name with special characters needs quotes.")
    return bare


def recipients(destination: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    found = tuple(address(one, kind) for kind in kinds for one in destination.get(kind) or ())
    if not found:
        raise Refused("Must have at least one recipient.")
    if len(found) > MOST_RECIPIENTS:
        raise Refused(f"Recipient count exceeds {MOST_RECIPIENTS}.")
    return found


def headers(given: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    found = tuple((str(header.get("Name", "")), str(header.get("Value", ""))) for header in given)
    if len(found) > MOST_HEADERS:
        raise Refused(f"At most {MOST_HEADERS} headers are allowed.")
    for name, value in found:
        if not _HEADER_NAME.fullmatch(name):
            raise Refused(f"Invalid header name {name!r}: 1 to 126 printable ASCII characters without a colon.")
        if not _HEADER_VALUE.fullmatch(value) or len(name) + len(value) > 996:
            raise Refused(f"Invalid value of header {name}: 1 to 995 printable ASCII characters.")
        if name.lower() in _STRUCTURED_HEADERS:
            raise Refused(f"Header {name} can't be set.")
    names = [name.lower() for name, _ in found if not name.lower().startswith("x-")]
    if len(set(names)) < len(names):
        raise Refused("A header appears more than once.")
    return found


def tags(given: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    found = tuple((str(tag.get("Name", "")), str(tag.get("Value", ""))) for tag in given)
    for name, value in found:
        for kind, text in (("name", name), ("value", value)):
            if not _TAG.fullmatch(text):
                raise Refused(f"Invalid tag {kind} <{text}>: 1 to 256 letters, digits, underscores and dashes.")
    if len({name for name, _ in found}) < len(found):
        raise Refused("A tag name appears more than once.")
    return found


def content(given: object, where: str) -> str | None:
    """Return the text of a subject or a body. Without a charset, it must be ASCII."""
    if given is None:
        return None
    data = given.get("Data") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(data, str):
        raise Refused(f"{where}.Data is missing.", "ValidationException")
    if not data.isascii() and not given.get("Charset"):
        raise Refused(f"{where} is not ASCII: name a Charset, or other characters are lost.")
    return data


def subject(given: object) -> str:
    text = content(given, "Subject")
    if text is None or re.search(r"[\r\n\x00]", text):
        raise Refused("The subject is missing or contains line breaks.")
    return text
