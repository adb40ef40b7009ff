"""Serve the API, the site, and the pages under /_local, all at one address."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Request, Response

from samlocal.http import payload, routes, static_files
from samlocal.http.payload import Malformed, Match
from samlocal.runtime.function_code import InvalidCode
from samlocal.runtime.functions import FunctionFailed, Functions
from samlocal.runtime.terminal import Terminal
from samlocal.template.authorizers import Refused
from samlocal.template.model import Route, Template

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from samlocal.http.jwt_authorizer import Tokens

_LOOPBACK = ("127.0.0.1", "localhost", ".localhost")
LARGEST_BODY = 10 * 1024 * 1024
Pages = Callable[[Request], Response]


class Gateway:
    """A WSGI application. `take` replaces the template while it runs."""

    def __init__(self, functions: Functions, folder: Path, own_pages: Pages, terminal: Terminal) -> None:
        self._routes: tuple[Route, ...] = ()
        self._headers_of: Callable[[str], Mapping[str, str]] = lambda _: {}
        self._json_files: Mapping[str, object] = {}
        self._origin_headers: Mapping[str, str] = {}
        self._functions = functions
        self._site = folder
        self._own_pages = own_pages
        self._terminal = terminal

    def take(
        self, template: Template, origin_headers: Mapping[str, str], json_files: Mapping[str, object] | None = None
    ) -> None:
        """Serve this template from now on.

        CloudFront adds `origin_headers` to requests for the API. `json_files` are files of the site, by path.
        """
        self._origin_headers = origin_headers
        self._routes, self._headers_of = template.routes, template.headers_of
        self._json_files = json_files or {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request, started = Request(environ), time.perf_counter()
        response = self._respond(request)
        milliseconds = (time.perf_counter() - started) * 1000
        if not request.path.startswith("/_local") or response.status_code >= 500:
            self._terminal.access(request.method, request.path, response.status_code, milliseconds)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.path == "/_local" or request.path.startswith("/_local/"):
            # A page on the internet can let its own host name resolve to this machine, and then read the answers.
            if not host_is_trusted(request.host, _LOOPBACK):
                return Response("Open these pages at 127.0.0.1 or localhost.\n", 421)
            return self._own_pages(request)
        response = self._answer(request)
        for name, value in self._headers_of(request.path).items():
            response.headers.setdefault(name, value)
        return response

    def _answer(self, request: Request) -> Response:
        match = routes.find(self._routes, request.method, request.path)
        if match:
            return self._invoke(request, match)
        if request.path == "/api" or request.path.startswith("/api/"):
            return _message(404, "Not Found")
        if request.path in self._json_files:
            data = json.dumps(self._json_files[request.path])
            return Response(data, headers={"Cache-Control": "no-cache"}, content_type="application/json")
        if request.method not in {"GET", "HEAD"}:
            return Response("Only GET and HEAD.\n", 405, {"Allow": "GET, HEAD"})
        return static_files.serve(self._site, request)

    def _invoke(self, request: Request, match: Match) -> Response:
        try:
            signed_in = self._signed_in(request, match.route)
        except Refused as refused:
            response = _message(refused.status, "Unauthorized" if refused.status == 401 else "Forbidden")
            response.headers["WWW-Authenticate"] = refused.challenge
            return response
        body = request.stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            return _message(413, "Request Entity Too Large")
        event = payload.event(request, match, body, signed_in)
        event["headers"].update({name.lower(): value for name, value in self._origin_headers.items()})
        try:
            response = payload.response(self._functions.invoke(match.route.function, event))
        except (FunctionFailed, InvalidCode):
            response = _message(500, "Internal Server Error")
        except Malformed as error:
            name = self._functions[match.route.function].short_name
            self._terminal.say(f"API Gateway would reject this response: {error}", "ERROR", name)
            response = _message(500, "Internal Server Error")
        response.headers["Apigw-Requestid"] = event["requestContext"]["requestId"]
        return response

    @cached_property
    def _tokens(self) -> "Tokens":
        from samlocal.http.jwt_authorizer import Tokens

        return Tokens()

    def _signed_in(self, request: Request, route: Route) -> dict[str, Any] | None:
        """Return the context of the authorizer, or None if the route has none. Raise Refused for an invalid token."""
        if route.authorizer is None:
            return None
        return self._tokens.check(request.headers.get(route.authorizer.header), route.authorizer, route.scopes)


def _message(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, content_type="application/json")
