"""Tokens at the local gateway, verified as by API Gateway's JWT authorizer."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.wrappers import Request, Response

from samlocal.http.jwt_authorizer import as_text
from samlocal.http.server import Server, listen
from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import TEMPLATE, project
from tests.integration.sign_in import bearer
from tests.support.http_client import Answer, fetch

KEY = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
OTHER = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
NOT_THERE = "http://127.0.0.1:9/nobody"

AUTH = """\
Globals:
  HttpApi:
    Auth:
      Authorizers:
        SignedIn:
          IdentitySource: $request.header.Authorization
          JwtConfiguration: {{ issuer: "{issuer}", audience: [page, other-page] }}
        Unreachable:
          IdentitySource: $request.header.Authorization
          JwtConfiguration: {{ issuer: "{nobody}", audience: [page] }}
"""
ROUTES = """\
        Get: { Type: HttpApi, Properties: { Method: GET, Path: "/api/things/{name}", Auth: { Authorizer: SignedIn } } }
        Lost: { Type: HttpApi, Properties: { Method: GET, Path: /api/lost, Auth: { Authorizer: Unreachable } } }
        Scoped:
          Type: HttpApi
          Properties:
            { Method: GET, Path: /api/scoped, Auth: { Authorizer: SignedIn, AuthorizationScopes: [read, things/read] } }
"""
OPEN = '        Get: { Type: HttpApi, Properties: { Method: GET, Path: "/api/things/{name}" } }\n'


class Issuer:
    """A separate issuer, whose keys the test owns."""

    def __init__(self) -> None:
        self.keys = KeySet([KEY])
        self.requests = 0
        self._server = Server(listen(0), Request.application(self._answer))
        self.url = f"{self._server.url}/pool"
        self.stop = self._server.stop
        self._server.start()

    def _answer(self, request: Request) -> Response:
        self.requests += 1
        if request.path.endswith("/openid-configuration"):
            return _json({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        return _json(self.keys.as_dict(private=False))


def _json(data: Any) -> Response:
    return Response(json.dumps(data), content_type="application/json")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    own_issuer = Issuer()
    yield own_issuer
    own_issuer.stop()


@pytest.fixture(scope="module")
def stack(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    text = TEMPLATE.replace("Globals:\n", AUTH.format(issuer=issuer.url, nobody=NOT_THERE)).replace(OPEN, ROUTES)
    with project(tmp_path_factory.mktemp("tokens"), template=text).running() as running:
        yield running


def signed_token(issuer: Issuer, *, key: RSAKey = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token like an access token of Cognito. Omits a claim that is None."""
    now = int(time.time())
    usual = {
        "iss": issuer.url,
        "client_id": "page",
        "token_use": "access",
        "sub": "u1",
        "username": "u1",
        "cognito:groups": ["viewer", "manager"],
        "scope": "openid email",
        "iat": now,
        "exp": now + 3600,
    }
    claims = {name: value for name, value in {**usual, **changed}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": key.kid, **(header or {})}, claims, key)


def ask(stack: Stack, token: str, path: str = "/api/things/a") -> Answer:
    return fetch(stack.url + path, headers=bearer(token))


def coded(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def body_of(token: str) -> str:
    return token.split(".")[1]


class TestGoodTokens:
    def test_the_function_gets_claims_as_text_with_lists_in_brackets(self, stack: Stack, issuer: Issuer) -> None:
        token = signed_token(issuer, auth_time=1700000000, email_verified=True)

        found = ask(stack, token).json()["event"]["requestContext"]["authorizer"]

        claims = found["jwt"]["claims"]
        assert claims["cognito:groups"] == "[viewer manager]"
        assert (claims["auth_time"], claims["email_verified"], claims["sub"]) == ("1700000000", "true", "u1")
        assert all(isinstance(value, str) for value in claims.values())
        assert found["jwt"]["scopes"] is None

    def test_a_token_for_any_of_the_audiences_is_accepted(self, stack: Stack, issuer: Issuer) -> None:
        assert ask(stack, signed_token(issuer, client_id="other-page")).status == 200
        # An ID token has an audience and no client. The function decides whether to accept it.
        assert ask(stack, signed_token(issuer, client_id=None, aud="page", token_use="id")).status == 200
        assert ask(stack, signed_token(issuer, client_id=None, aud=["x", "page"])).status == 200

    def test_the_word_bearer_is_optional(self, stack: Stack, issuer: Issuer) -> None:
        answer = fetch(f"{stack.url}/api/things/a", headers={"Authorization": signed_token(issuer)})
        assert answer.status == 200

    def test_an_open_route_requires_no_token_and_passes_no_claims(self, stack: Stack) -> None:
        assert fetch(f"{stack.url}/api/things", "POST", {"pk": "a"}).status == 201

    def test_a_key_that_the_issuer_added_later_is_fetched(self, stack: Stack, issuer: Issuer) -> None:
        assert ask(stack, signed_token(issuer)).status == 200
        issuer.keys = KeySet([KEY, OTHER])
        try:
            assert ask(stack, signed_token(issuer, key=OTHER)).status == 200
            before = issuer.requests
            assert ask(stack, signed_token(issuer, key=OTHER)).status == 200
            assert issuer.requests == before, "keys are kept"
        finally:
            issuer.keys = KeySet([KEY])


BAD: dict[str, dict[str, Any]] = {
    "without an end": {"exp": None},
    "ends in no number": {"exp": "tomorrow"},
    "of another issuer": {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"},
    "of no issuer": {"iss": None},
    "of another client": {"client_id": "stranger"},
    "for another audience, though of our client": {"aud": "stranger"},
    "for an audience of nobody": {"aud": []},
    "for nobody": {"client_id": None},
}


class TestRefusedTokens:
    @pytest.mark.parametrize("changed", BAD.values(), ids=BAD)
    def test_a_token_for_another_service_is_refused(
        self, stack: Stack, issuer: Issuer, changed: dict[str, Any]
    ) -> None:
        assert_unauthorized(ask(stack, signed_token(issuer, **changed)))

    @pytest.mark.parametrize(
        ("claim", "seconds"),
        [("exp", -1), ("exp", 0), ("nbf", 600), ("iat", 600)],
        ids=["expired", "expires this second", "not yet valid", "issued in the future"],
    )
    def test_a_token_outside_its_validity_is_refused(
        self, stack: Stack, issuer: Issuer, claim: str, seconds: int
    ) -> None:
        changed: dict[str, Any] = {claim: int(time.time()) + seconds}
        assert_unauthorized(ask(stack, signed_token(issuer, **changed)))

    def test_a_token_signed_with_another_key_is_refused_for_any_key_id(self, stack: Stack, issuer: Issuer) -> None:
        assert_unauthorized(ask(stack, signed_token(issuer, key=OTHER, header={"kid": KEY.kid})))
        unknown = RSAKey.generate_key(2048, auto_kid=True)
        assert_unauthorized(ask(stack, signed_token(issuer, key=unknown)))

    def test_a_token_without_a_key_id_is_refused(self, stack: Stack, issuer: Issuer) -> None:
        header, body = coded({"alg": "RS256"}), body_of(signed_token(issuer))
        assert KEY.private_key
        signature = KEY.private_key.sign(f"{header}.{body}".encode(), *rs256())
        token = f"{header}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert_unauthorized(ask(stack, token))

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
    def test_an_unsigned_token_is_refused(self, stack: Stack, issuer: Issuer, algorithm: str) -> None:
        body = body_of(signed_token(issuer))
        for signature in ("", "x"):
            header = coded({"alg": algorithm, "kid": KEY.kid, "typ": "JWT"})
            assert_unauthorized(ask(stack, f"{header}.{body}.{signature}"))

    def test_the_public_key_is_refused_as_an_hmac_secret(self, stack: Stack, issuer: Issuer) -> None:
        signed = f"{coded({'alg': 'HS256', 'kid': KEY.kid})}.{body_of(signed_token(issuer))}"
        for secret in (KEY.as_pem(private=False), json.dumps(KEY.as_dict(private=False)).encode()):
            signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
            assert_unauthorized(ask(stack, token))

    def test_a_token_with_modified_claims_is_refused(self, stack: Stack, issuer: Issuer) -> None:
        header, _, signature = signed_token(issuer, scope="things/write").split(".")
        assert_unauthorized(ask(stack, f"{header}.{body_of(signed_token(issuer))}.{signature}"))

    @pytest.mark.parametrize(
        "token", ["", "x", "a.b.c", "..", "eyJhbGciOiJSUzI1NiJ9..", "\u00ff", "a b", "e30.e30.e30"]
    )
    def test_a_malformed_token_is_refused(self, stack: Stack, token: str) -> None:
        assert_unauthorized(fetch(f"{stack.url}/api/things/a", headers={"Authorization": f"Bearer {token}"}))

    @pytest.mark.parametrize("header", [{}, {"Authorization": ""}])
    def test_a_missing_or_empty_token_is_refused(self, stack: Stack, header: dict[str, str]) -> None:
        answer = fetch(f"{stack.url}/api/things/a", headers=header)
        assert_unauthorized(answer)
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_without_the_issuers_keys_every_token_is_refused(self, stack: Stack, issuer: Issuer) -> None:
        assert_unauthorized(ask(stack, signed_token(issuer, iss=NOT_THERE), "/api/lost"))


class TestScopes:
    @pytest.mark.parametrize("scope", ["read", "openid things/read", "things/read read"])
    def test_one_of_the_scopes_of_the_route_is_sufficient(self, stack: Stack, issuer: Issuer, scope: str) -> None:
        answer = ask(stack, signed_token(issuer, scope=scope), "/api/scoped")
        scopes = answer.json()["event"]["requestContext"]["authorizer"]["jwt"]["scopes"]
        assert sorted(scopes) == sorted({"read", "things/read"} & set(scope.split()))

    @pytest.mark.parametrize("scope", ["openid", "reads", "", None])
    def test_without_any_of_the_scopes_access_is_forbidden(
        self, stack: Stack, issuer: Issuer, scope: str | None
    ) -> None:
        answer = ask(stack, signed_token(issuer, scope=scope), "/api/scoped")
        assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})
        assert answer.headers["www-authenticate"] == 'Bearer scope="read things/read" error="insufficient_scope"'


def assert_unauthorized(answer: Answer) -> None:
    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "apigw-requestid" not in answer.headers, "the function was not requests"


def rs256() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return PKCS1v15(), SHA256()


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), (1, "1"), (False, "false"), ([], "[]"), (["a", 2], "[a 2]"), ({"a": [1]}, "map[a:[1]]")],
)
def test_a_claim_is_converted_to_text(value: Any, text: str) -> None:
    assert as_text(value) == text
