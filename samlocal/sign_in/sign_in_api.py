"""Serve the endpoints of Cognito's managed login and of the token issuer, under /_local/sign-in."""

import json
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from authlib.oauth2 import OAuth2Error
from joserfc.jwk import KeySet, RSAKey
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from samlocal.aws.user_pool_members import Users
from samlocal.sign_in.provider import Provider
from samlocal.sign_in.records import Session, SignInState
from samlocal.template.model import Template, UserPool

_COOKIE = "cognito"
# The duration of a session of managed login, in seconds.
_SESSION = 3600
_KNOWN = ".well-known/"


class SignIn:
    """The endpoints. `page` renders the page on which the user chooses an account."""

    def __init__(
        self, path: str, template: Callable[[], Template], users: Users, page: Callable[..., Response]
    ) -> None:
        self._path = path
        self._template = template
        self._users = users
        self._page = page
        self._state = SignInState()
        self._lock = threading.Lock()

    def answer(self, request: Request, operation: str) -> Response:
        """Respond to a request. Raise NotFound or BadRequest."""
        # Handle one request at a time, so that a code can be used only once.
        with self._lock:
            match operation:
                case "oauth2/authorize":
                    return self._authorize(request)
                case "oauth2/token" if request.method == "POST":
                    return self._tokens(request)
                case "oauth2/revoke" if request.method == "POST":
                    response: Response = self._provider(request.form).create_endpoint_response("revocation", request)
                    return response
                case "logout":
                    return self._log_out(request)
                case _:
                    return self._known(operation)

    def _authorize(self, request: Request) -> Response:
        provider = self._provider(request.args)
        session = self._session(request, provider)
        try:
            grant = provider.get_consent_grant(request, session)
        except OAuth2Error as error:
            if not error.redirect_uri:
                # Never redirect to a URI that is not verified.
                raise BadRequest(error.description or error.error) from error
            refusal: Response = provider.handle_error_response(request, error)
            return refusal
        if session is None:
            return self._page("sign_in.html", members=self._users.members(provider.pool))
        response: Response = provider.create_authorization_response(request, session, grant)
        response.set_cookie(_COOKIE, session.secret, max_age=_SESSION, path=self._path, httponly=True, samesite="Lax")
        return response

    def _session(self, request: Request, provider: Provider) -> Session | None:
        """Return the session of the chosen account, or the existing session, or None."""
        if request.method == "POST":
            chosen = provider.member(request.form.get("username", ""))
            if chosen is None:
                raise BadRequest("There is no user with this name.")
            session = Session(chosen.username, chosen.sub)
            self._state.sessions[session.secret] = session
            return session
        known = self._state.sessions.get(request.cookies.get(_COOKIE, ""))
        is_good = known and known.at + _SESSION > time.time() and provider.member(known.username)
        return known if is_good and request.args.get("prompt") != "login" else None

    def _tokens(self, request: Request) -> Response:
        response: Response = self._provider(request.form).create_token_response(request)
        return response

    def _log_out(self, request: Request) -> Response:
        """End the session, and redirect to an allowed logout URL of the client. Tokens stay valid."""
        client = self._provider(request.args).query_client(request.args["client_id"])
        target = request.args.get("logout_uri", "")
        if client is None or target not in client.known.logouts:
            raise BadRequest("logout_uri is not a logout URL of the client.")
        self._state.sessions.pop(request.cookies.get(_COOKIE, ""), None)
        response: Response = redirect(target)
        response.delete_cookie(_COOKIE, path=self._path)
        return response

    def _known(self, operation: str) -> Response:
        for pool in self._template().pools:
            if operation == f"{pool.id}/{_KNOWN}openid-configuration":
                return _json(_discovery_document(pool))
            if operation == f"{pool.id}/{_KNOWN}jwks.json":
                return _json(KeySet([self._key]).as_dict(private=False))
        raise NotFound

    def _provider(self, asked: Any) -> Provider:
        wanted = asked.get("client_id")
        for pool in self._template().pools:
            if wanted in {client.id for client in pool.clients}:
                members = {member.username: member for member in self._users.members(pool)}
                return Provider(pool, self._key, self._state, members.get)
        raise BadRequest("There is no such client.")

    @cached_property
    def _key(self) -> RSAKey:
        return RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)


def _discovery_document(pool: UserPool) -> dict[str, Any]:
    domain = pool.issuer.rpartition("/")[0]
    return {
        "issuer": pool.issuer,
        "jwks_uri": f"{pool.issuer}/{_KNOWN}jwks.json",
        "authorization_endpoint": f"{domain}/oauth2/authorize",
        "token_endpoint": f"{domain}/oauth2/token",
        "revocation_endpoint": f"{domain}/oauth2/revoke",
        "end_session_endpoint": f"{domain}/logout",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }


def _json(data: Any) -> Response:
    return Response(json.dumps(data), content_type="application/json")
