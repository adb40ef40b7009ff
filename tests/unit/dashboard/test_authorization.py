"""Who asks, and what they may: read from the token, strictly, and looked at for every route."""

from typing import Any

import pytest

from referral_intake.core.users import Role
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard import authorization
from referral_intake.web.http import Problem
from tests.support.dashboard import MANAGER, VIEWER, FakeDashboard, ask, request


def routes() -> list[Any]:
    return [*dashboard.app._static_routes, *dashboard.app._dynamic_routes]


def path_of(route: Any) -> str:
    """With something in the place of each parameter."""
    concrete = route.openapi_path.removeprefix(dashboard.PREFIX)
    return "/".join("x" if part.startswith("{") else part for part in concrete.split("/"))


every_route = pytest.mark.parametrize("route", routes(), ids=[f"{one.method} {one.openapi_path}" for one in routes()])


@every_route
def test_a_route_states_the_role_that_it_needs(route: Any) -> None:
    assert authorization.needed_by(route.func) in set(Role)


@every_route
@pytest.mark.parametrize("groups", [None, "[]", "[others]"])
def test_without_a_role_every_route_is_forbidden(route: Any, groups: str | None) -> None:
    status, problem = ask(FakeDashboard(), route.method, path_of(route), groups=groups)
    assert (status, problem["code"]) == (403, "forbidden")


@every_route
def test_a_managers_route_is_forbidden_to_a_viewer_whatever_they_send(route: Any) -> None:
    if authorization.needed_by(route.func) is Role.MANAGER:
        for data in (None, {}, {"action": "approve", "campaign": "lumen"}):
            status, problem = ask(FakeDashboard(), route.method, path_of(route), data, groups=VIEWER)
            assert (status, problem["code"]) == (403, "forbidden")


def test_nobody_without_a_role_learns_which_routes_there_are() -> None:
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
def test_roles_are_the_groups_that_the_token_names(groups: object, roles: set[Role]) -> None:
    assert authorization.person_of(request("GET", "/me", groups=groups)).roles == roles


@pytest.mark.parametrize(
    "groups",
    [
        "manager",
        "[manager",
        "manager]",
        # A group named "x manager]", as far as it could be, and its like.
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
def test_what_is_no_plain_list_of_groups_gives_no_role(groups: object) -> None:
    with pytest.raises(Problem):
        authorization.person_of(request("GET", "/me", groups=groups))


@pytest.mark.parametrize("said", [{"token_use": "id"}, {"sub": ""}, {"username": ""}])
def test_only_an_access_token_that_names_a_person_is_taken(said: dict[str, str]) -> None:
    with pytest.raises(Problem):
        authorization.person_of(request("GET", "/me", groups=MANAGER, **said))


def test_without_an_authorizer_nobody_is_signed_in() -> None:
    event = request("GET", "/me")
    del event["requestContext"]["authorizer"]
    with pytest.raises(Problem):
        authorization.person_of(event)


def test_a_manager_may_all_that_a_viewer_may_and_not_the_other_way_round() -> None:
    manager, viewer = (authorization.person_of(request("GET", "/me", groups=groups)) for groups in (MANAGER, VIEWER))
    assert manager.may(Role.VIEWER)
    assert manager.may(Role.MANAGER)
    assert viewer.may(Role.VIEWER)
    assert not viewer.may(Role.MANAGER)
