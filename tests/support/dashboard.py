"""Requests to the dashboard API as API Gateway passes them on, with users who send them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from referral_intake.core.errors import Unavailable
from referral_intake.core.quota import Quota
from referral_intake.core.users import User
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard.wiring import DashboardParts
from tests.support import events, samples

ROUTE = "ANY /api/dashboard/{proxy+}"
VIEWER, MANAGER = "[viewer]", "[manager]"


@dataclass
class FakeAudit:
    """Recorded actions: user, action, receipts. `fails` simulates a table that does not respond."""

    records: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    fails: bool = False

    def record(self, person: User, what: str, receipts: Any, at: datetime) -> None:
        if self.fails:
            raise Unavailable("no table")
        self.records.append((person.username, what, tuple(receipts)))


QUOTA = Quota(per_second=14, per_day=50_000, sent_last_day=12)


@dataclass
class FakeAccount:
    """The quota of SES. None if SES does not respond."""

    granted: Quota | None = QUOTA

    def quota(self) -> Quota:
        if self.granted is None:
            raise Unavailable("no SES")
        return self.granted


class FakeDashboard(DashboardParts):
    """Has only the parts that a test sets."""

    def __init__(self, **parts: Any) -> None:
        # The route for the current user also reads the subscription to the weekly summary.
        no_subscriptions = SimpleNamespace(is_subscribed=lambda campaign, sub: False)
        usual = {"campaigns": samples.CAMPAIGNS, "audit": FakeAudit(), "subscriptions": no_subscriptions}
        self.__dict__ |= usual | parts


def claims(groups: object) -> dict[str, Any]:
    """Claims of an access token. Every value is text: API Gateway formats a list as `[a b]`."""
    defaults = {
        "sub": "9d2c1c9e-0000-4000-8000-000000000001",
        "username": "robin",
        "token_use": "access",
        "cognito:groups": groups,
    }
    return {name: value for name, value in defaults.items() if value is not None}


def request(
    method: str, path: str, data: object = None, *, query: str = "", groups: object = MANAGER, **overrides: str
) -> dict[str, Any]:
    """`path` follows /api/dashboard. `overrides` replaces claims of the token."""
    body = None if data is None else data if isinstance(data, str) else json.dumps(data)
    headers = {} if body is None else {"content_type": "application/json"}
    event = events.request(ROUTE, body, query=query, path=f"{dashboard.PREFIX}{path}", **headers)
    event["requestContext"]["http"]["method"] = method
    event["requestContext"]["authorizer"] = {"jwt": {"claims": claims(groups) | overrides, "scopes": None}}
    event["pathParameters"] = {"proxy": path.removeprefix("/")}
    return event


def ask(
    parts: Any, method: str, path: str, data: object = None, *, at: datetime = samples.NOW, **kwargs: Any
) -> tuple[int, Any]:
    """The status and the body. `parts` is the function's parts, or a fake with the parts that the route needs."""
    response = dashboard.respond(request(method, path, data, **kwargs), parts, at)
    return response["statusCode"], json.loads(response["body"] or "null")
