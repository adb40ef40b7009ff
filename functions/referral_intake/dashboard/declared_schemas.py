"""Add the attributes of the declared form fields and filters to models of the API.

A type checker sees only the attributes in the class body.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, Field, create_model

from referral_intake.core.form_fields import FormField
from referral_intake.core.search_filter import FILTERS, FilterField

Model = TypeVar("Model", bound=BaseModel)


class Decorator(Protocol):
    def __call__(self, model: type[Model], /) -> type[Model]: ...


def with_form_fields(fields: Mapping[str, FormField]) -> Decorator:
    types = {name: str if field.is_required else str | None for name, field in fields.items()}
    return _add_attributes({name: (type_, ...) for name, type_ in types.items()})


def with_filters(pattern: str | None = None) -> Decorator:
    """`pattern` is a regular expression that a text value must match."""
    return _add_attributes(
        {name: (_field_type(field, pattern) | None, _field_default(field)) for name, field in FILTERS.items()}
    )


def _field_type(field: FilterField, pattern: str | None) -> Any:
    return field.choices or Annotated[str, Field(max_length=field.limit, pattern=pattern)]


def _field_default(field: FilterField) -> Any:
    return Field(default=None, description=field.description)


def _add_attributes(attributes: Mapping[str, Any]) -> Decorator:
    def extend(model: type[Model], /) -> type[Model]:
        return create_model(
            model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **attributes
        )

    return extend
