"""The users of the dashboard and their permissions."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Each role is a group of the same name in the user directory."""

    VIEWER = "viewer"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in user. `sub` never changes. `username` is for display."""

    sub: str
    username: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether the user has the role. A manager also has the permissions of a viewer."""
        return role in self.roles or Role.MANAGER in self.roles
