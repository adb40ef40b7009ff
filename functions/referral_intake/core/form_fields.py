"""Declarations of the form's fields. Each is beside the attribute that has its value, in core/doctor.py.

The parser, the page, the table, the export, the dashboard and its OpenAPI description all read these declarations.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import Enum, auto

FORM = "form"
"""The key of a declaration in the metadata of a dataclass field."""


class Mask(Enum):
    """How much of a value a viewer sees. A manager sees all of it."""

    SHOWN = auto()
    PRESENCE = auto()
    ABSENT = auto()
    NAME = auto()
    EMAIL = auto()
    LAST_DIGITS = auto()


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form. `name` and `path` ("doctor.phone") come from the attribute.

    In the site's texts, `name` is the key of the label and the hint (`<name>_hint`), `path` is the key of the error
    messages, and `suggestions` is the key of a list of common values. `path` is also the name in the API.

    `parse` returns the normal form of a value or raises Invalid. `inputmode` is the HTML attribute. `column` is the
    column in an export. `may_have_link` says that a person looks at a link in the field before anything is sent.
    """

    limit: int
    parse: Callable[[str], str] = str
    is_required: bool = False
    may_have_link: bool = False
    inputmode: str = ""
    suggestions: str = ""
    column: str = ""
    mask: Mask = Mask.PRESENCE
    name: str = ""
    path: str = ""


def declared_in(model: type, path: str) -> dict[str, FormField]:
    """Return the form fields that a dataclass declares, by name."""
    declarations = {one.name: one.metadata[FORM] for one in fields(model) if FORM in one.metadata}
    return {
        name: replace(declared, name=name, path=f"{path}.{name}", column=declared.column or name)
        for name, declared in declarations.items()
    }
