"""Choose the route for a request as API Gateway does: the most specific one."""

from collections.abc import Iterable

from samlocal.http.payload import Match
from samlocal.template.model import Route


def find(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """Return the route and its path parameters, or None. The parameters are URL-decoded, because `path` is."""
    found = [
        (_generality(route), Match(route, parameters))
        for route in routes
        if route.method in {method, "ANY"} and (parameters := _parameters(route.path, path)) is not None
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _parameters(pattern: str, path: str) -> dict[str, str] | None:
    if pattern == "$default":
        return {}
    parameters: dict[str, str] = {}
    wanted, given = pattern.split("/"), path.split("/")
    for index, segment in enumerate(wanted):
        rest = given[index:]
        if segment.endswith("+}"):
            return {**parameters, segment[1:-2]: "/".join(rest)} if any(rest) else None
        if not rest or not (rest[0] == segment or (segment.startswith("{") and rest[0])):
            return None
        if segment.startswith("{"):
            parameters[segment[1:-1]] = rest[0]
    return parameters if len(wanted) == len(given) else None


def _generality(route: Route) -> tuple[bool, list[int], bool]:
    """Return a sort key. More specific routes have smaller keys.

    The order is: literals, parameters, `{proxy+}`, `$default`; for the same path, a method before ANY.
    """
    kinds = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in route.path.split("/")]
    return route.path == "$default", kinds, route.method == "ANY"
