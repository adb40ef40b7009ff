"""Who asks, and whether they may: the dashboard's routes state the role they need by the type of a parameter.

    @router.get("/work")
    def work(person: Viewer, parts: Parts, now: Now) -> Work: ...

API Gateway has verified the token (its issuer, audience, signature and times) before a function is woken. It does not
look at groups: that is done here.
"""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, get_type_hints

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from referral_intake.core.users import Person, Role
from referral_intake.dashboard.wiring import Dashboard
from referral_intake.web.http import Event, Problem

# API Gateway writes a claim that is a list as `[a b]`. A group's name has no spaces; one with a bracket would make that
# ambiguous, and then nobody is given anything.
_GROUPS = re.compile(r"\[[^\s\[\]]+(?: [^\s\[\]]+)*\]")


def person_of(event: Event) -> Person:
    """Who is signed in; raises Problem for whoever has no role here."""
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    sub, username = claims.get("sub"), claims.get("username")
    roles = _roles(claims.get("cognito:groups"))
    # An ID token is for the page that asked for it, and never for us.
    if not (sub and username and roles and claims.get("token_use") == "access"):
        raise _forbidden()
    return Person(str(sub), str(username), roles)


def _roles(groups: object) -> frozenset[Role]:
    if isinstance(groups, str):
        groups = groups[1:-1].split(" ") if _GROUPS.fullmatch(groups) else []
    return frozenset(role for role in Role if role.value in groups) if isinstance(groups, list) else frozenset()


def _forbidden() -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", "Your account may not do this. Ask whoever manages the team.")


def _with(role: Role) -> Callable[[Request], Person]:
    def dependency(request: Request) -> Person:
        person: Person = request.context["person"]
        check(person, role)
        return person

    return dependency


def check(person: Person, role: Role) -> None:
    """Raises Problem for whoever may not."""
    if not person.may(role):
        raise _forbidden()


_NEEDED = {_with(role): role for role in Role}
_AS = {role: dependency for dependency, role in _NEEDED.items()}


def _parts(request: Request) -> Dashboard:
    parts: Dashboard = request.context["parts"]
    return parts


def _now(request: Request) -> datetime:
    now: datetime = request.context["now"]
    return now


Viewer = Annotated[Person, Depends(_AS[Role.VIEWER])]
Manager = Annotated[Person, Depends(_AS[Role.MANAGER])]
Parts = Annotated[Dashboard, Depends(_parts)]
Now = Annotated[datetime, Depends(_now)]


def needed_by(route: Callable[..., Any]) -> Role | None:
    """The role that a route states. None where it states none, which no route may."""
    hints = get_type_hints(route, include_extras=True).values()
    marks = [mark for hint in hints for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Depends)]
    return next((_NEEDED[mark.dependency] for mark in marks if mark.dependency in _NEEDED), None)
