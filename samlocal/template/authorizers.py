"""Read the SAM property `Auth` of HTTP APIs and of their routes: which token a route requires."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import Authorizer
from samlocal.template.properties import Properties

_HEADER = "$request.header."


class Refused(Exception):
    """A request lacks a valid token. `challenge` is the value of the header www-authenticate."""

    def __init__(self, status: int, challenge: str) -> None:
        super().__init__(challenge)
        self.status = status
        self.challenge = challenge


@dataclass(frozen=True, slots=True)
class Authorizers:
    """The authorizers of one API. `default` applies to routes that name none."""

    by_name: Mapping[str, Authorizer] = field(default_factory=dict)
    default: str = "NONE"

    def of_route(self, auth: Mapping[str, Any], where: str) -> tuple[Authorizer | None, tuple[str, ...]]:
        """Return the authorizer and the scopes of a route with this `Auth`. Raise TemplateError if it is invalid."""
        _only({"Authorizer", "AuthorizationScopes"}, auth, where)
        name = auth.get("Authorizer", self.default)
        if name == "NONE":
            return None, ()
        if name not in self.by_name:
            raise TemplateError(f"{where}: the API has no authorizer {name}")
        authorizer = self.by_name[name]
        return authorizer, tuple(auth.get("AuthorizationScopes", authorizer.scopes))


def read(api: Properties) -> Authorizers:
    """Read the authorizers of an API. Raise TemplateError for properties that are invalid or not supported."""
    auth = api.take("Auth", default={})
    _only({"Authorizers", "DefaultAuthorizer"}, auth, api.where)
    by_name = {name: _authorizer(one, f"{api.where}.{name}") for name, one in auth.get("Authorizers", {}).items()}
    return Authorizers(by_name, auth.get("DefaultAuthorizer", "NONE"))


def _authorizer(given: Mapping[str, Any], where: str) -> Authorizer:
    _only({"JwtConfiguration", "IdentitySource", "AuthorizationScopes"}, given, where)
    source, jwt = str(given.get("IdentitySource", "")), given.get("JwtConfiguration", {})
    if not source.startswith(_HEADER):
        raise TemplateError(f"{where}: the local stack reads tokens only from a header, not from {source!r}")
    if not (jwt.get("issuer") and jwt.get("audience")):
        raise TemplateError(f"{where}: JwtConfiguration needs issuer and audience")
    scopes = tuple(given.get("AuthorizationScopes", ()))
    return Authorizer(jwt["issuer"], tuple(jwt["audience"]), source.removeprefix(_HEADER), scopes)


def _only(known: set[str], given: Mapping[str, Any], where: str) -> None:
    if unknown := given.keys() - known:
        raise TemplateError(f"{where}: the local stack does not support {', '.join(sorted(unknown))}")
