"""Reads the properties of one thing of the template, and notices what nobody read."""

from collections.abc import Mapping
from typing import Any

from samlocal.template.intrinsics import Resolver, TemplateError

_REQUIRED: Any = object()


class Properties:
    """`where` names the resource in errors. Only what is taken is resolved."""

    def __init__(self, values: Mapping[str, Any] | None, resolver: Resolver, where: str) -> None:
        self._values = dict(values or {})
        self._resolver = resolver
        self.where = where

    def take(self, name: str, *, default: Any = _REQUIRED) -> Any:
        if name not in self._values:
            if default is _REQUIRED:
                raise TemplateError(f"{self.where}: {name} is missing")
            return default
        return self._resolver.resolve(self._values.pop(name), self.where)

    def drop(self, *names: str) -> None:
        """What has no meaning on one machine."""
        for name in names:
            self._values.pop(name, None)

    def expect_nothing_more(self) -> None:
        if self._values:
            raise TemplateError(f"{self.where}: the local stack does not know {', '.join(sorted(self._values))}")
