"""Read the fields of an object in a request, and collect all errors."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

# Phones and other programs copy invisible characters along with the text: direction marks, zero-width spaces, soft
# hyphens, byte order marks. The person can't see them, so they are dropped (category Cf, and these marks).
_INVISIBLE = re.compile("[\u034f\u17b4\u17b5\ufe00-\ufe0f]")
# Zero-width joiners and non-joiners are part of the spelling in Persian, Sinhala and others: between such letters.
_JOINERS = "\u200c\u200d"
# Characters that look like a space, though Unicode classifies them as letters or symbols. A tab comes from a table.
_BLANKS = str.maketrans(dict.fromkeys("\t\u115f\u1160\u2800\u3164\uffa0", " "))
_UNFIT = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
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

    def text(self, name: str, limit: int, *, may_have_link: bool = False) -> str | None:
        """Return one line of text in Unicode NFC with white space folded, or None if it is absent or invalid."""
        value = self._data.get(name)
        if value is None:
            return None
        try:
            return one_line(value, limit, may_have_link=may_have_link) or None
        except Invalid as invalid:
            self.error(name, invalid.code, invalid.limit)
            return None

    def has_error(self, name: str) -> bool:
        field = ".".join(filter(None, (self.path, name)))
        return any(error.field == field for error in self._errors)


def shown_name(name: str) -> str:
    """Return the name of an unknown field, or "" if it does not look like a name: it could contain any text."""
    return name if _FIELD_NAME.fullmatch(name) else ""


def one_line(value: object, limit: int, *, may_have_link: bool = False) -> str:
    """Return `value` as one line of at most `limit` characters. Raise Invalid."""
    if not isinstance(value, str):
        raise Invalid("wrong_type")
    visible = _without_invisible(value).strip()
    if any(unicodedata.category(character) in _UNFIT for character in visible):
        raise Invalid("characters")
    folded = " ".join(unicodedata.normalize("NFC", visible).split())
    if len(folded) > limit:
        raise Invalid("too_long", limit)
    if not may_have_link and _LINK.search(folded):
        raise Invalid("link")
    return folded


def _without_invisible(text: str) -> str:
    """Return the text without invisible characters, with spaces for those that only look like one."""
    plain = _INVISIBLE.sub("", text.translate(_BLANKS))
    shown = [c for c in plain if c in _JOINERS or unicodedata.category(c) != "Cf"]
    return "".join(c for place, c in enumerate(shown) if c not in _JOINERS or _joins(shown, place))


def _joins(characters: list[str], place: int) -> bool:
    around = characters[max(place - 1, 0) : place] + characters[place + 1 : place + 2]
    return len(around) == 2 and all(not c.isascii() and unicodedata.category(c)[0] in "LM" for c in around)
