"""Read the properties of a resource, and detect properties that were not read."""

from collections.abc import Mapping
from typing import Any

from samlocal.template.intrinsics import Resolver, TemplateError

_REQUIRED: Any = object()


class Properties:
    """Properties of a resource. `where` names it in errors. Values are resolved when they are taken."""

    def __init__(self, values: Mapping[str, Any] | None, resolver: Resolver, where: str) -> None:
        self._values = dict(values or {})
        self._resolver = resolver
        self.where = where

    def take(self, name: str, *, default: Any = _REQUIRED) -> Any:
        """Return the resolved value, or the default. Raise TemplateError if a required property is missing."""
        if name not in self._values:
            if default is _REQUIRED:
                raise TemplateError(f"{self.where}: {name} is missing")
            return default
        return self._resolver.resolve(self._values.pop(name), self.where)

    def drop(self, *names: str) -> None:
        """Ignore properties that have no effect locally."""
        for name in names:
            self._values.pop(name, None)

    def expect_nothing_more(self) -> None:
        """Raise TemplateError if properties are left, because they are not supported."""
        if self._values:
            raise TemplateError(f"{self.where}: the local stack does not support {', '.join(sorted(self._values))}")
