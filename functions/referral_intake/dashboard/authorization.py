"""Authentication and authorization. A route declares the role that it needs by the type of a parameter:

    @router.get("/work")
    def work(user: Viewer, parts: Parts, now: Now) -> TaskSummary: ...

API Gateway verifies the token (issuer, audience, signature and times) before it invokes the function. It does not check
groups, so this module does.
"""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, get_type_hints

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from referral_intake.core.users import Role, User
from referral_intake.dashboard.wiring import DashboardParts
from referral_intake.web.http import Event, Problem

# API Gateway writes a claim that is a list as `[a b]`. A group's name has no spaces. A name with a bracket would be
# ambiguous, so then no role is granted.
_GROUPS = re.compile(r"\[[^\s\[\]]+(?: [^\s\[\]]+)*\]")


def signed_in_user(event: Event) -> User:
    """Return the signed-in user. Raise Problem if the user has no role."""
    user = caller(event)
    if not (user and user.roles):
        raise _forbidden()
    return user


def caller(event: Event) -> User | None:
    """Return the signed-in user, who may have no role."""
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    sub, username = claims.get("sub"), claims.get("username")
    # Only access tokens are accepted. An ID token is only for the page that requested it.
    if not (sub and username and claims.get("token_use") == "access"):
        return None
    return User(str(sub), str(username), _roles(claims.get("cognito:groups")))


def _roles(groups: object) -> frozenset[Role]:
    if isinstance(groups, str):
        groups = groups[1:-1].split(" ") if _GROUPS.fullmatch(groups) else []
    return frozenset(role for role in Role if role.value in groups) if isinstance(groups, list) else frozenset()


def _forbidden() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN, "forbidden", "Your account has no permission for this. Ask your administrator."
    )


def _dependency_for(role: Role) -> Callable[[Request], User]:
    def dependency(request: Request) -> User:
        user: User = request.context["user"]
        check(user, role)
        return user

    return dependency


def check(user: User, role: Role) -> None:
    """Raise Problem if the user does not have the role."""
    if not user.may(role):
        raise _forbidden()


_ROLE_OF_DEPENDENCY = {_dependency_for(role): role for role in Role}
_DEPENDENCY_OF_ROLE = {role: dependency for dependency, role in _ROLE_OF_DEPENDENCY.items()}


def _parts(request: Request) -> DashboardParts:
    parts: DashboardParts = request.context["parts"]
    return parts


def _now(request: Request) -> datetime:
    now: datetime = request.context["now"]
    return now


Viewer = Annotated[User, Depends(_DEPENDENCY_OF_ROLE[Role.VIEWER])]
Manager = Annotated[User, Depends(_DEPENDENCY_OF_ROLE[Role.MANAGER])]
Parts = Annotated[DashboardParts, Depends(_parts)]
Now = Annotated[datetime, Depends(_now)]


def required_role(route: Callable[..., Any]) -> Role | None:
    """Return the role that a route declares, or None. Every route must declare one."""
    hints = get_type_hints(route, include_extras=True).values()
    marks = [mark for hint in hints for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Depends)]
    return next(
        (_ROLE_OF_DEPENDENCY[mark.dependency] for mark in marks if mark.dependency in _ROLE_OF_DEPENDENCY), None
    )
