"""Signs in at the local stack, as the dashboard's page does in a browser."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from samlocal.stack import Stack
from tests.support.http_client import Answer, fetch

VERIFIER = "v" * 43
FORM = {"content-type": "application/x-www-form-urlencoded"}


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Page:
    """The page, with the cookies of its browser. `parameters` come last, so they override others."""

    stack: Stack
    redirect_uri: str
    client_id: str
    cookies: dict[str, str] = field(default_factory=dict)

    def address(self, **parameters: str | None) -> str:
        usual = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        query = {name: value for name, value in {**usual, **parameters}.items() if value is not None}
        return f"{self.domain}/oauth2/authorize?{urlencode(query)}"

    @property
    def domain(self) -> str:
        return f"{self.stack.url}/_local/sign-in"

    def visit(self, address: str, method: str = "GET", form: Mapping[str, str] | None = None) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = urlencode(form).encode() if form is not None else None
        answer = fetch(address, method, body, {**FORM, "Cookie": cookies})
        name, _, value = answer.headers.get("set-cookie", "").partition(";")[0].partition("=")
        if name:
            self.cookies[name] = value
        return answer

    def choose(self, username: str, **parameters: str | None) -> Answer:
        """Clicks the button of this user on the sign-in page."""
        return self.visit(self.address(**parameters), "POST", {"username": username})

    @property
    def pool(self) -> Any:
        return self.stack.template.pools[0]

    def code(self, username: str, **parameters: str | None) -> str:
        return sent_back(self.choose(username, **parameters))["code"]

    def tokens(self, **parameters: str) -> Answer:
        form = {"client_id": self.client_id, **parameters}
        return self.visit(f"{self.domain}/oauth2/token", "POST", form)

    def exchange(self, code: str, **parameters: str) -> Answer:
        usual = {"redirect_uri": self.redirect_uri, "code_verifier": VERIFIER}
        return self.tokens(**{"grant_type": "authorization_code", "code": code, **usual, **parameters})

    def sign_in(self, username: str) -> dict[str, Any]:
        """The tokens: access_token, id_token, refresh_token."""
        answer = self.exchange(self.code(username))
        assert answer.status == 200, answer.body
        tokens: dict[str, Any] = answer.json()
        return tokens


def sent_back(answer: Answer) -> dict[str, str]:
    """The query parameters of the redirect address."""
    assert answer.status == 302, answer.body
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def claims(token: str) -> dict[str, Any]:
    """The claims of the token, unverified."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
