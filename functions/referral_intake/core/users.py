"""The people who use the dashboard, and what each may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The user directory has a group of the same name for each."""

    VIEWER = "viewer"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in. `sub` is for ever; `username` is what people read."""

    sub: str
    username: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """A manager may all that a viewer may."""
        return role in self.roles or Role.MANAGER in self.roles
