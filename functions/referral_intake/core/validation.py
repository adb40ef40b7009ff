"""Read the fields of an object in a request, and collect all errors."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

# Zero-width joiners and non-joiners are part of the spelling in Persian, Sinhala and others. Every other format
# character (direction marks, soft hyphens, byte order marks) only obscures the text.
_JOINERS = "\u200c\u200d"
_REJECTED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Unicode classifies these as letters, but they are invisible.
_FILLERS = "\u115f\u1160\u3164\uffa0"
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
# Text that mail programs turn into a link. "Dr.Smith" and "J.R. Smith" must not match.
_DOMAIN = re.compile(
    r"[\w-][.\u3002](?:com|net|org|info|biz|io|co|us|ly|me|gl|to|cc|xyz|top|site|online|shop|store|app|dev|link|click"
    r"|live|club|ru|cn|uk|de)\b",
    re.IGNORECASE,
)
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in one field.

    `field` is its path ("doctor.email"). `code` is the kind of error. `limit` is a number of characters, with the code
    `too_long`.
    """

    field: str
    code: str
    limit: int | None = None


class Invalid(ValueError):
    """A value that a field does not accept. `code` is the code of the resulting FieldError."""

    def __init__(self, code: str, limit: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.limit = limit


class Fields:
    """The fields of the object at `path`. Errors are added to `errors`, and reading continues."""

    def __init__(self, data: object, path: str, known: Collection[str], errors: list[FieldError]) -> None:
        self.path = path
        self._errors = errors
        self._data: dict[str, object] = {}
        if isinstance(data, dict):
            self._data = data
            self._refuse_unknown(known)
        elif data is not None:
            self._errors.append(FieldError(path, "wrong_type"))

    def _refuse_unknown(self, known: Collection[str]) -> None:
        for name in self._data:
            if name not in known:
                self.error(shown_name(name), "unknown_field")

    def error(self, name: str, code: str, limit: int | None = None) -> None:
        self._errors.append(FieldError(".".join(filter(None, (self.path, name))), code, limit))

    def raw(self, name: str) -> object:
        return self._data.get(name)

    def text(self, name: str, limit: int) -> str | None:
        """Return one line of text in Unicode NFC with white space folded, or None if it is absent or invalid."""
        value = self._data.get(name)
        if value is None:
            return None
        try:
            return one_line(value, limit) or None
        except Invalid as invalid:
            self.error(name, invalid.code, invalid.limit)
            return None

    def has_error(self, name: str) -> bool:
        field = ".".join(filter(None, (self.path, name)))
        return any(error.field == field for error in self._errors)


def shown_name(name: str) -> str:
    """Return the name of an unknown field, or "" if it does not look like a name: it could contain any text."""
    return name if _FIELD_NAME.fullmatch(name) else ""


def one_line(value: object, limit: int) -> str:
    """Return `value` as one line of at most `limit` characters. Raise Invalid."""
    if not isinstance(value, str):
        raise Invalid("wrong_type")
    if any(_is_rejected(character) for character in value):
        raise Invalid("characters")
    folded = " ".join(unicodedata.normalize("NFC", value).split())
    if len(folded) > limit:
        raise Invalid("too_long", limit)
    if _LINK.search(folded):
        raise Invalid("link")
    return folded


def has_link(text: str) -> bool:
    """Whether a mail program may show part of the text as a link. Messages must not contain links from submitters."""
    plain = unicodedata.normalize("NFKC", text)
    return bool(_LINK.search(plain) or _DOMAIN.search(plain))


def _is_rejected(character: str) -> bool:
    if character in _JOINERS:
        return False
    return character in _FILLERS or unicodedata.category(character) in _REJECTED_CATEGORIES
