"""Define the records of the provider: sessions, authorization codes, refresh tokens, and clients."""

import secrets
import time
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import ClientMixin

from samlocal.template.model import UserPoolClient


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a user, who signed in at the Unix time `at`.

    `secret` is the value of the browser's cookie. `origin` is in all tokens of the session (`origin_jti`).
    """

    username: str
    sub: str
    at: int = field(default_factory=lambda: int(time.time()))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    origin: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, with the attributes and methods that Authlib requires."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    session: Session
    ends: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.session.at

    def get_acr(self) -> None:
        """Return None, because Cognito does not issue this claim."""

    def get_amr(self) -> None:
        """Return None, because Cognito does not issue this claim."""


@dataclass(frozen=True, slots=True)
class Refresh:
    token: str
    client_id: str
    scope: str
    session: Session
    ends: float

    def check_client(self, client: "Client") -> bool:
        return client.get_client_id() == self.client_id

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class SignInState:
    """All records, each by its secret."""

    sessions: dict[str, Session] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)


class Client(ClientMixin):
    """A client of the template, with the methods that Authlib requires. It is public: it has no client secret."""

    def __init__(self, known: UserPoolClient) -> None:
        self.known = known

    def get_client_id(self) -> str:
        return self.known.id

    def get_default_redirect_uri(self) -> None:
        """Return None, because requests must name the redirect URI."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        wanted = scope.split() if scope else list(self.known.scopes)
        return " ".join(wanted) if {*wanted} <= {*self.known.scopes} else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.known.callbacks

    def check_endpoint_auth_method(self, method: str, _: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}
