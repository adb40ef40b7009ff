"""Reading what somebody sent: one object's fields, and everything that is wrong with them, all at once."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

# Zero-width joiner and non-joiner are spelling in Persian, Sinhala and others; every other format character
# (direction marks, soft hyphens, byte order marks) only hides what a text says.
_JOINERS = "\u200c\u200d"
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Unicode calls these letters, but nobody sees them.
_FILLERS = "\u115f\u1160\u3164\uffa0"
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
# What mail programs make a link of by themselves. "Dr.Smith" and "J.R. Smith" are none.
_DOMAIN = re.compile(
    r"[\w-][.\u3002](?:com|net|org|info|biz|io|co|us|ly|me|gl|to|cc|xyz|top|site|online|shop|store|app|dev|link|click"
    r"|live|club|ru|cn|uk|de)\b",
    re.IGNORECASE,
)
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field.

    `field` is its path ("doctor.email"), `code` says what, in words that code can compare; `limit` is a number of
    characters, with the code `too_long`.
    """

    field: str
    code: str
    limit: int | None = None


class Invalid(ValueError):
    """A value that a field can't take. `code` is that of the FieldError it becomes."""

    def __init__(self, code: str, limit: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.limit = limit


class Fields:
    """The fields of one object at `path`. What is wrong is added to `errors`, and reading goes on."""

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
        """One line of text as typed, in Unicode's composed form, its white space folded. None where there is none."""
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
    """The name of a field that we don't have, or "" where it is no name: that could say anything."""
    return name if _FIELD_NAME.fullmatch(name) else ""


def one_line(value: object, limit: int) -> str:
    """`value` as one line of at most `limit` characters; raises Invalid."""
    if not isinstance(value, str):
        raise Invalid("wrong_type")
    if any(_is_unfit(character) for character in value):
        raise Invalid("characters")
    folded = " ".join(unicodedata.normalize("NFC", value).split())
    if len(folded) > limit:
        raise Invalid("too_long", limit)
    if _LINK.search(folded):
        raise Invalid("link")
    return folded


def has_link(text: str) -> bool:
    """Whether a mail program may show part of it as a link: a message of ours must not carry a stranger's."""
    plain = unicodedata.normalize("NFKC", text)
    return bool(_LINK.search(plain) or _DOMAIN.search(plain))


def _is_unfit(character: str) -> bool:
    if character in _JOINERS:
        return False
    return character in _FILLERS or unicodedata.category(character) in _UNFIT
