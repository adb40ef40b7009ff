"""Sign-in at the local stack: the tokens and errors of Cognito's managed login."""

import json
from collections.abc import Iterator

import pytest

from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import TEMPLATE, project
from tests.integration.sign_in import VERIFIER, Page, bearer, challenge, claims, sent_back
from tests.support.http_client import fetch

AUTH = """\
Globals:
  HttpApi:
    Auth:
      Authorizers:
        SignedIn:
          IdentitySource: $request.header.Authorization
          JwtConfiguration: { issuer: !GetAtt People.ProviderURL, audience: [!Ref Browser] }
"""
PEOPLE = """\
  People: { Type: AWS::Cognito::UserPool, Properties: { AliasAttributes: [email] } }
  Readers: { Type: AWS::Cognito::UserPoolGroup, Properties: { UserPoolId: !Ref People, GroupName: reader } }
  Writers: { Type: AWS::Cognito::UserPoolGroup, Properties: { UserPoolId: !Ref People, GroupName: writer } }
  Browser:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref People
      CallbackURLs: [!Sub "${SiteUrl}/board/", !Sub "${SiteUrl}/other/"]
      LogoutURLs: [!Sub "${SiteUrl}/board/"]
      AllowedOAuthScopes: [openid, email]
      RefreshTokenRotation: { Feature: ENABLED, RetryGracePeriodSeconds: 20 }
      AccessTokenValidity: 10
      RefreshTokenValidity: 2
      TokenValidityUnits: { AccessToken: minutes, RefreshToken: hours }
  Strange:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref People
      CallbackURLs: [!Sub "${SiteUrl}/board/"]
      AllowedOAuthScopes: [openid]
"""
READER, WRITER, NEWCOMER = "reader", "writer", "newcomer"
OF_COGNITO = {
    *("auth_time", "client_id", "cognito:groups", "exp", "iat", "iss", "jti", "origin_jti"),
    *("scope", "sub", "token_use", "username", "version"),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    text = TEMPLATE.replace("Globals:\n", AUTH).replace("Method: GET,", "Method: GET, Auth: { Authorizer: SignedIn },")
    with project(tmp_path_factory.mktemp("sign-in"), template=text + PEOPLE).running() as running:
        yield running


@pytest.fixture
def page(stack: Stack) -> Page:
    return Page(stack, f"{stack.url}/board/", "Browser")


def error(answer_body: bytes) -> str:
    return str(json.loads(answer_body)["error"])


class TestTokens:
    def test_an_access_token_has_the_claims_of_cognito_and_no_audience(self, page: Page) -> None:
        token = claims(page.sign_in(READER)["access_token"])

        assert set(token) == OF_COGNITO
        assert (token["token_use"], token["client_id"], token["scope"]) == ("access", "Browser", "openid email")
        assert token["cognito:groups"] == ["reader"]
        assert token["iss"] == f"{page.domain}/us-east-1_People"
        assert token["username"] == READER != token["sub"]
        assert token["exp"] - token["iat"] == 600
        assert token["auth_time"] <= token["iat"]

    def test_an_id_token_identifies_the_user(self, page: Page) -> None:
        token = claims(page.sign_in(WRITER)["id_token"])

        assert (token["token_use"], token["aud"], token["nonce"]) == ("id", "Browser", "n1")
        assert (token["email"], token["email_verified"]) == ("writer@team.example", True)
        assert token["cognito:username"] == WRITER
        assert token["cognito:groups"] == ["writer"]

    def test_a_user_without_groups_has_no_groups_claim(self, page: Page) -> None:
        assert "cognito:groups" not in claims(page.sign_in(NEWCOMER)["access_token"])

    def test_the_gateway_accepts_a_token_until_it_expires(self, stack: Stack, page: Page) -> None:
        tokens = page.sign_in(READER)
        things = f"{stack.url}/api/things/a"
        context = fetch(things, headers=bearer(tokens["access_token"])).json()["event"]["requestContext"]
        assert context["authorizer"]["jwt"]["claims"]["cognito:groups"] == "[reader]"

        stack.clock.advance(601)

        assert fetch(things, headers=bearer(tokens["access_token"])).status == 401

    def test_a_token_is_signed_with_the_published_key_of_the_issuer(self, stack: Stack, page: Page) -> None:
        about = fetch(f"{page.pool.issuer}/.well-known/openid-configuration").json()
        keys = fetch(about["jwks_uri"]).json()["keys"]
        assert about["issuer"] == page.pool.issuer
        assert [key["alg"] for key in keys] == ["RS256"]
        assert not [key for key in keys if "d" in key], "the private part"
        tampered = page.sign_in(READER)["access_token"][:-8] + "AAAAAAAA"
        assert fetch(f"{stack.url}/api/things/a", headers=bearer(tampered)).status == 401


class TestCodes:
    def test_a_code_without_its_verifier_is_refused(self, page: Page) -> None:
        for wrong in ("w" * 43, VERIFIER[:-1], challenge(), ""):
            answer = page.exchange(page.code(READER), code_verifier=wrong)
            assert answer.status == 400, wrong
            assert error(answer.body) in {"invalid_grant", "invalid_request"}

    def test_a_code_is_accepted_once(self, page: Page) -> None:
        code = page.code(READER)
        assert page.exchange(code).status == 200
        again = page.exchange(code)
        assert (again.status, error(again.body)) == (400, "invalid_grant")

    def test_a_code_is_valid_only_for_its_redirect_address(self, stack: Stack, page: Page) -> None:
        answer = page.exchange(page.code(READER), redirect_uri=f"{stack.url}/other/")
        assert (answer.status, error(answer.body)) == (400, "invalid_grant")

    def test_a_code_is_valid_only_for_its_client(self, page: Page) -> None:
        answer = page.exchange(page.code(READER), client_id="Strange")
        assert (answer.status, error(answer.body)) == (400, "invalid_grant")

    def test_a_code_is_valid_for_five_minutes(self, stack: Stack, page: Page) -> None:
        code = page.code(READER)
        stack.clock.advance(301)
        answer = page.exchange(code)
        assert (answer.status, error(answer.body)) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        "parameters",
        [
            {"code_challenge": None, "code_challenge_method": None},
            {"code_challenge_method": None},
            {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
            {"code_challenge": "short"},
        ],
        ids=["no challenge", "no method", "plain", "no hash"],
    )
    def test_without_an_s256_challenge_there_is_no_code(self, page: Page, parameters: dict[str, str | None]) -> None:
        back = sent_back(page.choose(READER, **parameters))
        assert (back["error"], back["state"]) == ("invalid_request", "s1")
        assert "code" not in back

    @pytest.mark.parametrize(
        ("parameters", "error"),
        [
            ({"scope": "openid aws.cognito.signin.user.admin"}, "invalid_scope"),
            ({"response_type": "token"}, "unsupported_response_type"),
        ],
    )
    def test_an_authorization_request_beyond_the_clients_settings_is_refused(
        self, page: Page, parameters: dict[str, str], error: str
    ) -> None:
        back = sent_back(page.choose(READER, **parameters))
        assert back["error"] == error
        assert not back.keys() & {"code", "access_token"}

    @pytest.mark.parametrize(
        "parameters",
        [
            {"redirect_uri": "http://elsewhere.example/board/"},
            {"redirect_uri": None},
            {"client_id": "Nobody"},
            {"client_id": None},
        ],
    )
    def test_an_unknown_redirect_address_is_never_followed(self, page: Page, parameters: dict[str, str | None]) -> None:
        for answer in (page.visit(page.address(**parameters)), page.choose(READER, **parameters)):
            assert (answer.status, answer.headers.get("location")) == (400, None)

    def test_another_grant_type_is_refused(self, page: Page) -> None:
        for grant in ("password", "client_credentials", "implicit"):
            answer = page.tokens(grant_type=grant, username=READER, password="x")
            assert (answer.status, error(answer.body)) == (400, "unsupported_grant_type")


class TestRenewal:
    def test_a_refresh_token_gives_new_tokens_for_the_same_sign_in(self, stack: Stack, page: Page) -> None:
        first = page.sign_in(READER)
        stack.clock.advance(601)
        renewed = page.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

        assert renewed["refresh_token"] != first["refresh_token"]
        assert fetch(f"{stack.url}/api/things/a", headers=bearer(renewed["access_token"])).status == 200
        before, after = claims(first["access_token"]), claims(renewed["access_token"])
        for same in ("auth_time", "origin_jti", "sub"):
            assert before[same] == after[same]
        assert claims(renewed["id_token"])["auth_time"] == before["auth_time"]

    def test_a_rotated_refresh_token_is_valid_only_for_the_grace_period(self, stack: Stack, page: Page) -> None:
        first = page.sign_in(READER)["refresh_token"]
        assert page.tokens(grant_type="refresh_token", refresh_token=first).status == 200
        assert page.tokens(grant_type="refresh_token", refresh_token=first).status == 200
        stack.clock.advance(21)
        answer = page.tokens(grant_type="refresh_token", refresh_token=first)
        assert (answer.status, error(answer.body)) == (400, "invalid_grant")

    def test_refreshing_ends_after_a_limited_time(self, stack: Stack, page: Page) -> None:
        token = page.sign_in(READER)["refresh_token"]
        stack.clock.advance(3600)
        token = page.tokens(grant_type="refresh_token", refresh_token=token).json()["refresh_token"]
        stack.clock.advance(3601)
        assert page.tokens(grant_type="refresh_token", refresh_token=token).status == 400

    def test_changed_groups_are_in_the_next_token(self, stack: Stack, page: Page) -> None:
        tokens = page.sign_in(READER)
        cognito, pool = stack.cloud.cognito, page.pool.id
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=READER, GroupName="writer")
        try:
            renewed = page.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
            assert sorted(claims(renewed["access_token"])["cognito:groups"]) == ["reader", "writer"]
        finally:
            cognito.admin_remove_user_from_group(UserPoolId=pool, Username=READER, GroupName="writer")

    def test_a_revoked_token_and_its_successors_are_refused(self, page: Page) -> None:
        first = page.sign_in(READER)["refresh_token"]
        second = page.tokens(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
        other = page.sign_in(READER)["refresh_token"]

        gone = page.visit(f"{page.domain}/oauth2/revoke", "POST", {"token": first, "client_id": "Browser"})

        assert gone.status == 200
        for token in (first, second):
            assert page.tokens(grant_type="refresh_token", refresh_token=token).status == 400
        assert page.tokens(grant_type="refresh_token", refresh_token=other).status == 200

    def test_a_refresh_token_is_valid_only_for_its_client(self, page: Page) -> None:
        token = page.sign_in(READER)["refresh_token"]
        assert page.tokens(grant_type="refresh_token", refresh_token=token, client_id="Strange").status == 400


class TestSignInPage:
    def test_the_page_is_marked_as_local_and_lists_all_users(self, page: Page) -> None:
        response = page.visit(page.address())
        text = response.body.decode()
        assert response.status == 200
        assert "Local sign-in" in text
        assert all(f"<b>{name}</b>" in text for name in (READER, WRITER, NEWCOMER))

    def test_a_new_user_of_the_pool_may_sign_in(self, stack: Stack, page: Page) -> None:
        name = "ana.lopez"
        stack.cloud.cognito.admin_create_user(UserPoolId=page.pool.id, Username=name)
        try:
            assert name in page.visit(page.address()).body.decode()
            assert page.sign_in(name)["access_token"]
        finally:
            stack.cloud.cognito.admin_delete_user(UserPoolId=page.pool.id, Username=name)

    def test_a_disabled_user_may_not_sign_in_and_gets_no_new_token(self, stack: Stack, page: Page) -> None:
        tokens = page.sign_in(WRITER)
        stack.cloud.cognito.admin_disable_user(UserPoolId=page.pool.id, Username=WRITER)
        try:
            assert f"<b>{WRITER}</b>" not in page.visit(page.address(prompt="login")).body.decode()
            assert page.visit(page.address()).status == 200, "it asks again who it is"
            assert page.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 400
        finally:
            stack.cloud.cognito.admin_enable_user(UserPoolId=page.pool.id, Username=WRITER)

    def test_an_unknown_user_may_not_sign_in(self, page: Page) -> None:
        assert page.visit(page.address(), "POST", {"username": "nobody"}).status == 400

    def test_the_page_remembers_the_user_until_they_sign_out(self, stack: Stack, page: Page) -> None:
        page.choose(READER)
        again = page.exchange(sent_back(page.visit(page.address()))["code"]).json()
        assert claims(again["id_token"])["cognito:username"] == READER
        assert page.visit(page.address(prompt="login")).status == 200

        out = page.visit(f"{page.domain}/logout?client_id=Browser&logout_uri={stack.url}/board/")

        assert (out.status, out.headers["location"]) == (302, f"{stack.url}/board/")
        assert page.visit(page.address()).status == 200

    def test_the_page_remembers_the_user_for_an_hour(self, stack: Stack, page: Page) -> None:
        page.choose(READER)
        stack.clock.advance(3601)
        assert page.visit(page.address()).status == 200

    @pytest.mark.parametrize("query", ["logout_uri={}/other/&client_id=Browser", "client_id=Browser", "logout_uri={}/"])
    def test_signing_out_redirects_only_to_known_addresses(self, stack: Stack, page: Page, query: str) -> None:
        answer = page.visit(f"{page.domain}/logout?{query.format(stack.url)}")
        assert (answer.status, answer.headers.get("location")) == (400, None)

    def test_other_paths_are_not_found(self, page: Page) -> None:
        for path in ("oauth2/other", "oauth2/token", "us-east-1_Other/.well-known/jwks.json"):
            assert page.visit(f"{page.domain}/{path}").status == 404

    def test_a_page_reads_the_sign_in_address_from_a_file_that_is_not_cached(self, stack: Stack, page: Page) -> None:
        settings = fetch(f"{stack.url}/settings.json")
        assert settings.json() == {"issuers": [page.pool.issuer]}
        assert settings.headers["cache-control"] == "no-cache"
