"""The built dashboard in a browser without the rest of the system: the sign-in page and the API are fakes."""

import base64
import json
import mimetypes
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import BrowserContext, Route

from samlocal.template import reader
from samlocal.template.references import Places
from tests.e2e.dashboard_fixtures import FakeApi
from tests.support import samples

ORIGIN = "https://spine.example"
HEADERS = reader.load(
    samples.TEMPLATES.parent / "infra" / "template.yaml",
    {"SenderAddress": "outreach@star.example", "SiteUrl": ORIGIN},
    Places("referral-intake", "http://127.0.0.1:1"),
).headers_of("/dashboard/")
# The only other origin that the page may contact.
(SIGN_IN,) = re.findall(r"connect-src 'self' (https://[^ ;]+)", HEADERS["Content-Security-Policy"])
_CONFIG = {"authority": "https://issuer.example/pool", "client_id": "dashboard", "sign_in": SIGN_IN}
Query = dict[str, str]


class DashboardSite:
    """Answers the requests of a context. `elsewhere` are requests to other origins. `signed_in` counts tokens."""

    def __init__(self, folder: Path, api: FakeApi) -> None:
        self.api = api
        self.elsewhere: list[str] = []
        self.addresses: list[str] = []
        self.signed_in = 0
        self.lasts = 3600
        self.is_ended = False
        self._folder = folder

    def serve(self, context: BrowserContext) -> None:
        context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        parts = urlsplit(route.request.url)
        origin, query = f"{parts.scheme}://{parts.netloc}", dict(parse_qsl(parts.query))
        self.addresses.append(route.request.url)
        if origin == SIGN_IN:
            self._sign_in(route, parts.path, query)
        elif origin != ORIGIN:
            self.elsewhere.append(route.request.url)
            route.abort()
        elif parts.path.startswith("/api/dashboard/"):
            self._api(route, parts.path.removeprefix("/api/dashboard"), query)
        elif parts.path == "/dashboard/config.json":
            route.fulfill(json=_CONFIG)
        else:
            self._file(route, parts.path)

    def _file(self, route: Route, path: str) -> None:
        name = path.lstrip("/") if "." in path else "dashboard/index.html"
        file = self._folder / name
        if not file.is_file():
            return route.fulfill(status=404)
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        return route.fulfill(body=file.read_bytes(), headers={"content-type": f"{kind}; charset=utf-8", **HEADERS})

    def _api(self, route: Route, path: str, query: Query) -> None:
        if self.is_ended or route.request.headers.get("authorization") != f"Bearer access-{self.signed_in}":
            return route.fulfill(status=401, json={"message": "Unauthorized"})
        body = json.loads(route.request.post_data or "{}")
        status, told = self.api.answer(route.request.method, path, query, body)
        return route.fulfill(status=status, json=told)

    def _sign_in(self, route: Route, path: str, query: Query) -> None:
        match path:
            case "/oauth2/authorize":
                assert query["code_challenge_method"] == "S256"
                back = urlencode({"code": "code", "state": query["state"]})
                page = f'<!doctype html><title>Sign in</title><a href="{query["redirect_uri"]}?{back}">Sign in</a>'
                route.fulfill(body=page, content_type="text/html")
            case "/oauth2/token":
                self._token(route)
            case "/logout":
                route.fulfill(status=302, headers={"location": query["logout_uri"]})
            case _:
                route.fulfill(status=404)

    def _token(self, route: Route) -> None:
        self.signed_in += 1
        told = {
            "access_token": f"access-{self.signed_in}",
            "refresh_token": "refresh",
            "id_token": _unsigned({"sub": "1", "iss": _CONFIG["authority"], "aud": _CONFIG["client_id"]}),
            "token_type": "Bearer",
            "expires_in": self.lasts,
        }
        status = 400 if self.is_ended else 200
        route.fulfill(status=status, json=told, headers={"access-control-allow-origin": ORIGIN})


def _unsigned(claims: dict[str, str]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "RS256"}, claims)
    ]
    return ".".join([*parts, "c2ln"])
