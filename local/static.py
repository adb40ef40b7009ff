"""The built site's files, as the web server in front of the API would give them."""

from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Request, Response

# Assets are named by their content.
_FOREVER = 365 * 24 * 3600


def serve(folder: Path, request: Request) -> Response:
    path = request.path.lstrip("/")
    if path == "" and (language := _other_language(folder, request)):
        return redirect(f"/{language}/")
    if path == "" or path.endswith("/"):
        path += "index.html"
    try:
        response = send_from_directory(folder, path, request.environ, max_age=_max_age(path))
    except NotFound:
        return _not_found(folder, request)
    return _cached(response, path)


def _other_language(folder: Path, request: Request) -> str | None:
    """As the distribution's function in the template: who asks for no language gets the one that they read."""
    offered = [page.parent.name for page in folder.glob("*/index.html")]
    best = request.accept_languages.best_match(offered)
    is_first = best and (folder / best / "index.html").read_bytes() == (folder / "index.html").read_bytes()
    return None if is_first else best


def _not_found(folder: Path, request: Request) -> Response:
    try:
        response = send_from_directory(folder, "404.html", request.environ, conditional=False)
    except NotFound:
        response = Response("There is no such page.\n", content_type="text/plain; charset=utf-8")
    response.status_code = 404
    response.headers["Cache-Control"] = "no-cache"
    return response


def _max_age(path: str) -> int | None:
    return _FOREVER if path.startswith("assets/") else None


def _cached(response: Response, path: str) -> Response:
    if path.startswith("assets/"):
        response.headers["Cache-Control"] = f"public, max-age={_FOREVER}, immutable"
    return response
