"""Check tokens as the JWT authorizer of API Gateway does, and return their claims as text.

Like API Gateway, it does not check groups; the functions do. The import of this module takes a tenth of a second.
"""

import json
from typing import Any
from urllib.request import ProxyHandler, build_opener

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from samlocal.template.authorizers import Refused
from samlocal.template.model import Authorizer

# Timeout in seconds for requests to an issuer, as in API Gateway.
_FETCH_SECONDS = 1.5


class Tokens:
    """Checks tokens. Caches the keys of each issuer, until a token is signed with an unknown key."""

    def __init__(self) -> None:
        self._keys: dict[str, KeySet] = {}

    def check(self, sent: str | None, authorizer: Authorizer, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return the value of `requestContext.authorizer` for the function.

        Raise Refused if the token is missing, invalid, or lacks the scopes.
        """
        token = (sent or "").strip()
        if token[:7].lower() == "bearer ":
            token = token[7:].strip()
        if not token:
            raise Refused(401, "Bearer")
        try:
            claims = self._claims(token, authorizer)
        except (JoseError, OSError, TypeError, ValueError) as error:
            # Use only the name of the error, because its message may contain characters that are invalid in a header.
            reason = type(error).__name__
            raise Refused(
                401, f'Bearer scope="{" ".join(scopes)}" error="invalid_token" error_description="{reason}"'
            ) from error
        held = _words(claims.get("scope")) | _words(claims.get("scp"))
        if scopes and not held & set(scopes):
            raise Refused(403, f'Bearer scope="{" ".join(scopes)}" error="insufficient_scope"')
        told = [scope for scope in scopes if scope in held] or None
        return {"jwt": {"claims": {name: as_text(value) for name, value in claims.items()}, "scopes": told}}

    def _claims(self, token: str, authorizer: Authorizer) -> dict[str, Any]:
        claims = self._verified(token, authorizer.issuer)
        jwt.JWTClaimsRegistry(iss={"essential": True, "value": authorizer.issuer}, exp={"essential": True}).validate(
            claims
        )
        # Access tokens of Cognito have no audience. As in API Gateway, client_id is used only if `aud` is missing.
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        if not {*(audience if isinstance(audience, list) else [audience])} & {*authorizer.audience}:
            raise ValueError("another audience")
        return claims

    def _verified(self, token: str, issuer: str) -> dict[str, Any]:
        try:
            return _decoded(token, self._keys.get(issuer) or KeySet([]))
        except InvalidKeyIdError:
            self._keys[issuer] = _fetched(issuer)
        return _decoded(token, self._keys[issuer])


def _decoded(token: str, keys: KeySet) -> dict[str, Any]:
    read = jwt.decode(token, keys, algorithms=["RS256"])
    if not read.header.get("kid"):
        raise InvalidKeyIdError("the token does not say with which key it was signed")
    return read.claims


def _fetched(issuer: str) -> KeySet:
    """Fetch the keys of an issuer. Raise OSError or ValueError if that fails."""
    found = _json(f"{issuer}/.well-known/openid-configuration")
    return KeySet.import_key_set(_json(found["jwks_uri"]))


def _json(url: str) -> Any:
    # Bypass any proxy, because the issuer runs on this machine.
    with build_opener(ProxyHandler({})).open(url, timeout=_FETCH_SECONDS) as answer:
        return json.load(answer)


def _words(value: Any) -> set[str]:
    return {str(word) for word in (value if isinstance(value, list) else str(value or "").split())}


def as_text(value: Any) -> str:
    """Return a claim in the text form of HTTP APIs, for example `[a b]` for a list."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case list():
            return f"[{' '.join(as_text(item) for item in value)}]"
        case dict():
            return f"map[{' '.join(f'{name}:{as_text(item)}' for name, item in value.items())}]"
        case _:
            return str(value)
