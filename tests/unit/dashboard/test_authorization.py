"""Roles: read strictly from the token, and checked for every route."""

from typing import Any

import pytest

from referral_intake.core.users import Role
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard import authorization
from referral_intake.web.http import Problem
from tests.support.dashboard import MANAGER, VIEWER, FakeAudit, FakeDashboard, ask, request


def routes() -> list[Any]:
    return [*dashboard.app._static_routes, *dashboard.app._dynamic_routes]


def path_of(route: Any) -> str:
    """The path with a value for each parameter."""
    concrete = route.openapi_path.removeprefix(dashboard.PREFIX)
    return "/".join("x" if part.startswith("{") else part for part in concrete.split("/"))


every_route = pytest.mark.parametrize("route", routes(), ids=[f"{one.method} {one.openapi_path}" for one in routes()])


@every_route
def test_every_route_states_its_required_role(route: Any) -> None:
    assert authorization.required_role(route.func) in set(Role)


@every_route
@pytest.mark.parametrize("groups", [None, "[]", "[others]"])
def test_without_a_role_every_route_is_forbidden(route: Any, groups: str | None) -> None:
    status, problem = ask(FakeDashboard(), route.method, path_of(route), groups=groups)
    assert (status, problem["code"]) == (403, "forbidden")


@every_route
def test_a_managers_route_is_forbidden_to_viewers_with_any_body(route: Any) -> None:
    if authorization.required_role(route.func) is Role.MANAGER:
        for data in (None, {}, {"action": "approve", "campaign": "lumen"}):
            status, problem = ask(FakeDashboard(), route.method, path_of(route), data, groups=VIEWER)
            assert (status, problem["code"]) == (403, "forbidden")


def test_a_refused_request_leaves_an_audit_record_without_ids() -> None:
    page = FakeDashboard()
    ask(page, "POST", "/referrals/47XR-FWLJ-BTXX-4T3L/actions", {}, groups=VIEWER)
    ask(page, "GET", "/me", groups=None)
    assert [(what, receipts) for _, what, receipts in page.audit.records] == [  # type: ignore[attr-defined]
        ("refused/referrals/<receipt>/actions", ()),
        ("refused", ()),
    ]


def test_a_request_is_refused_even_if_the_audit_record_can_not_be_written() -> None:
    page = FakeDashboard(audit=FakeAudit(fails=True))
    assert ask(page, "GET", "/me", groups=None)[0] == 403


def test_routes_are_not_revealed_to_callers_without_a_role() -> None:
    assert ask(FakeDashboard(), "GET", "/no-such-thing", groups=None)[0] == 403
    assert ask(FakeDashboard(), "GET", "/no-such-thing")[0] == 404


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ("[viewer]", {Role.VIEWER}),
        ("[manager]", {Role.MANAGER}),
        ("[others viewer manager]", {Role.VIEWER, Role.MANAGER}),
        (["viewer", "others"], {Role.VIEWER}),
    ],
)
def test_roles_are_the_groups_in_the_token(groups: object, roles: set[Role]) -> None:
    assert authorization.signed_in_user(request("GET", "/me", groups=groups)).roles == roles


@pytest.mark.parametrize(
    "groups",
    [
        "manager",
        "[manager",
        "manager]",
        # A group named "x manager]" as far as a pool allows it, and similar names.
        "[x manager]]",
        "[[x manager]",
        "[x  manager]",
        "[ manager]",
        "[manager ]",
        "[x\tmanager]",
        "[x\nmanager]",
        "[x\u00a0manager]",
        "[x,manager]",
        "[managers]",
        "[Manager]",
        '["manager"]',
        ["x manager]"],
        [["manager"]],
        [None],
        {"manager": True},
        7,
        "",
    ],
)
def test_a_malformed_list_of_groups_gives_no_role(groups: object) -> None:
    with pytest.raises(Problem):
        authorization.signed_in_user(request("GET", "/me", groups=groups))


@pytest.mark.parametrize("claims", [{"token_use": "id"}, {"sub": ""}, {"username": ""}])
def test_only_an_access_token_of_a_person_is_accepted(claims: dict[str, str]) -> None:
    with pytest.raises(Problem):
        authorization.signed_in_user(request("GET", "/me", groups=MANAGER, **claims))


def test_without_an_authorizer_the_caller_is_not_signed_in() -> None:
    event = request("GET", "/me")
    del event["requestContext"]["authorizer"]
    with pytest.raises(Problem):
        authorization.signed_in_user(event)


def test_a_manager_has_all_rights_of_a_viewer_and_not_the_reverse() -> None:
    manager, viewer = (
        authorization.signed_in_user(request("GET", "/me", groups=groups)) for groups in (MANAGER, VIEWER)
    )
    assert manager.may(Role.VIEWER)
    assert manager.may(Role.MANAGER)
    assert viewer.may(Role.VIEWER)
    assert not viewer.may(Role.MANAGER)
