"""The `Auth` of an HTTP API and of its routes, as SAM has it: which token a route asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import Authorizer
from samlocal.template.properties import Properties

_HEADER = "$request.header."


class Refused(Exception):
    """A request without what its route asks for. `challenge` is what the header www-authenticate says."""

    def __init__(self, status: int, challenge: str) -> None:
        super().__init__(challenge)
        self.status = status
        self.challenge = challenge


@dataclass(frozen=True, slots=True)
class Authorizers:
    """Of one API. `default` is for routes that don't say."""

    by_name: Mapping[str, Authorizer] = field(default_factory=dict)
    default: str = "NONE"

    def of_route(self, auth: Mapping[str, Any], where: str) -> tuple[Authorizer | None, tuple[str, ...]]:
        """The authorizer and the scopes of a route with this `Auth`. Raises TemplateError."""
        _only({"Authorizer", "AuthorizationScopes"}, auth, where)
        name = auth.get("Authorizer", self.default)
        if name == "NONE":
            return None, ()
        if name not in self.by_name:
            raise TemplateError(f"{where}: its API has no authorizer {name}")
        authorizer = self.by_name[name]
        return authorizer, tuple(auth.get("AuthorizationScopes", authorizer.scopes))


def read(api: Properties) -> Authorizers:
    """Raises TemplateError."""
    auth = api.take("Auth", default={})
    _only({"Authorizers", "DefaultAuthorizer"}, auth, api.where)
    by_name = {name: _authorizer(one, f"{api.where}.{name}") for name, one in auth.get("Authorizers", {}).items()}
    return Authorizers(by_name, auth.get("DefaultAuthorizer", "NONE"))


def _authorizer(given: Mapping[str, Any], where: str) -> Authorizer:
    _only({"JwtConfiguration", "IdentitySource", "AuthorizationScopes"}, given, where)
    source, jwt = str(given.get("IdentitySource", "")), given.get("JwtConfiguration", {})
    if not source.startswith(_HEADER):
        raise TemplateError(f"{where}: the local stack takes tokens from a header only, not from {source!r}")
    if not (jwt.get("issuer") and jwt.get("audience")):
        raise TemplateError(f"{where}: JwtConfiguration needs issuer and audience")
    scopes = tuple(given.get("AuthorizationScopes", ()))
    return Authorizer(jwt["issuer"], tuple(jwt["audience"]), source.removeprefix(_HEADER), scopes)


def _only(known: set[str], given: Mapping[str, Any], where: str) -> None:
    if unknown := given.keys() - known:
        raise TemplateError(f"{where}: the local stack does not know {', '.join(sorted(unknown))}")
