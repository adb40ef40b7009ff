"""Implement an OpenID provider with Authlib: codes with PKCE, tokens with Cognito's claims, refresh and revocation.

Unlike Cognito, it requires a code challenge with the method S256.
"""

import json
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError, OAuth2Payload
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Request, Response

from samlocal.aws.user_pool_members import Member
from samlocal.sign_in.records import Client, Code, Refresh, Session, SignInState
from samlocal.template.model import UserPool

_CODE_LIFETIME = 300


class Provider(AuthorizationServer):
    """The provider of one pool. `member` returns the current data of a user by username, or None."""

    def __init__(self, pool: UserPool, key: RSAKey, state: SignInState, member: Callable[[str], Member | None]) -> None:
        super().__init__()
        self.pool, self.key, self.state, self.member = pool, key, state, member
        tokens = BearerTokenGenerator(self._access_token, _refresh_token, _access_lifetime)
        self.register_token_generator("default", tokens)
        self.register_grant(_CodeGrant, [_OnlyS256(required=True), _IdToken(self)])
        self.register_grant(_RefreshGrant, [_IdToken(self)])
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> Client | None:
        return next((Client(client) for client in self.pool.clients if client.id == client_id), None)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Store the refresh token. The other tokens are not stored, because they contain their expiry."""
        if "refresh_token" not in token:
            return
        # After rotation, the new refresh token keeps the expiry of the first one.
        lifetime = request.client.known.refresh_lifetime
        ends = request.refresh_token.ends if request.refresh_token else time.time() + lifetime
        secret = token["refresh_token"]
        client_id = request.client.get_client_id()
        self.state.refreshes[secret] = Refresh(secret, client_id, token["scope"], request.user, ends)

    def claims(self, client: Client, session: Session, use: str, lifetime: int) -> dict[str, Any]:
        """Return the claims that Cognito writes into every token. `lifetime` is in seconds."""
        now = int(time.time())
        member = self.member(session.username)
        groups = {"cognito:groups": list(member.groups)} if member and member.groups else {}
        return {
            "sub": session.sub,
            **groups,
            "iss": self.pool.issuer,
            "origin_jti": session.origin,
            "token_use": use,
            "auth_time": session.at,
            "exp": now + lifetime,
            "iat": now,
            "jti": secrets.token_hex(16),
        }

    def _access_token(self, client: Client, grant_type: str, user: Session, scope: str) -> str:
        claims = self.claims(client, user, "access", client.known.access_lifetime)
        claims |= {"client_id": client.get_client_id(), "scope": scope, "username": user.username, "version": 2}
        return jwt.encode({"kid": self.key.kid, "alg": "RS256"}, claims, self.key, default_type=None)

    def create_oauth2_request(self, request: Request) -> OAuth2Request:
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return Response(json.dumps(body) if isinstance(body, dict) else body, status, dict(headers))

    def send_signal(self, *_: Any, **__: Any) -> None:
        """Do nothing, because no code receives signals of Authlib."""


def _refresh_token(**_: Any) -> str:
    return secrets.token_urlsafe(96)


def _access_lifetime(client: Client, _: str) -> int:
    return client.known.access_lifetime


class _Payload(OAuth2Payload):
    """The parameters of a request: from the query string for `/authorize`, else from the body."""

    def __init__(self, request: Request) -> None:
        self._values = request.args if request.path.endswith("/authorize") else request.form

    @property
    def data(self) -> Mapping[str, str]:
        return self._values

    @property
    def datalist(self) -> dict[str, list[str]]:
        return defaultdict(list, self._values.lists())


class _Request(OAuth2Request):
    def __init__(self, request: Request) -> None:
        # Authlib rejects http URLs, and 127.0.0.1 is not among its exceptions.
        super().__init__(request.method, request.url.replace("http:", "https:", 1), headers=request.headers)
        self.payload = _Payload(request)

    @property
    def args(self) -> Mapping[str, str]:
        return self.payload.data

    @property
    def form(self) -> Mapping[str, str]:
        return self.payload.data


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data
        self.server.state.codes[code] = Code(
            code,
            request.client.get_client_id(),
            asked["redirect_uri"],
            request.scope,
            asked.get("nonce"),
            asked["code_challenge"],
            asked["code_challenge_method"],
            request.user,
            time.time() + _CODE_LIFETIME,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.state.codes.get(code)
        is_good = found and found.client_id == client.get_client_id() and found.ends > time.time()
        return found if is_good else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.state.codes.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code: Code) -> Session | None:
        session = authorization_code.session
        return session if self.server.member(session.username) else None


class _OnlyS256(CodeChallenge):
    """Requires S256. Without a named method, Authlib would accept the plain challenge as the verifier."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        for name in ("code_challenge", "code_challenge_method"):
            if not grant.request.payload.data.get(name):
                raise InvalidRequestError(f"Missing '{name}'")
        super().validate_code_challenge(grant, redirect_uri)


class _RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802  # Authlib's name
        return bool(self.client.known.rotates)

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        found: Refresh | None = self.server.state.refreshes.get(refresh_token)
        return found if found and found.ends > time.time() else None

    def authenticate_user(self, refresh_token: Refresh) -> Session | None:
        session = refresh_token.session
        return session if self.server.member(session.username) else None

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        if self.client.known.rotates:
            ends = min(refresh_token.ends, time.time() + self.client.known.grace)
            self.server.state.refreshes[refresh_token.token] = replace(refresh_token, ends=ends)


class _IdToken(OpenIDCode):
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=False)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        # The page checks the nonce, so the provider does not track used ones.
        return False

    def resolve_client_private_key(self, _: Client) -> RSAKey:
        return self._provider.key

    def get_encode_header(self, _: Client) -> dict[str, str]:
        return {"kid": str(self._provider.key.kid), "alg": "RS256"}

    def get_compatible_claims(self, request: OAuth2Request) -> dict[str, Any]:
        client: Client = request.client
        claims = self._provider.claims(client, request.user, "id", client.known.id_lifetime)
        return claims | {"aud": client.get_client_id(), "cognito:username": request.user.username}

    def generate_user_info(self, user: Session, scope: str) -> dict[str, Any]:
        member = self._provider.member(user.username)
        return {"email": member.email, "email_verified": True} if member and "email" in scope.split() else {}


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ("none",)

    def query_token(self, token: str, _: str | None) -> Refresh | None:
        found: Refresh | None = self.server.state.refreshes.get(token)
        return found

    def revoke_token(self, token: Refresh, _: OAuth2Request) -> None:
        """Revoke all refresh tokens of the same sign-in."""
        tokens: dict[str, Refresh] = self.server.state.refreshes
        for secret in [one.token for one in tokens.values() if one.session.origin == token.session.origin]:
            del tokens[secret]
