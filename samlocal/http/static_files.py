"""Serve the files of the built site as CloudFront does."""

import gzip
from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Request, Response

# Assets may be cached forever, because their paths contain a digest of the content.
_FOREVER = 365 * 24 * 3600
_ASSETS = ("assets/", "dashboard/assets/")
# CloudFront compresses files of at least this size in bytes and of these types.
_MINIMUM_COMPRESSED_BYTES = 1000
_TEXT = ("text/", "image/svg+xml", "application/javascript", "application/json")


def serve(folder: Path, request: Request) -> Response:
    response = _file(folder, request)
    # Read the file completely, so that it is closed even if the browser disconnects.
    response.direct_passthrough = False
    response.make_sequence()
    response.close()
    return _compressed(response, request)


def _file(folder: Path, request: Request) -> Response:
    path = request.path.lstrip("/")
    if path == "" and (language := _preferred_language(folder, request)) != _languages(folder)[0]:
        return redirect(f"/{language}/")
    if path and "/" not in path and (folder / path / "index.html").is_file():
        return redirect(f"/{path}/")
    if _is_a_view(path):
        path = "dashboard/"
    if path == "" or path.endswith("/"):
        path += "index.html"
    try:
        response = send_from_directory(folder, path, request.environ, max_age=_max_age(path))
    except NotFound:
        return _not_found(folder, request)
    return _cached(response, path)


def _is_a_view(path: str) -> bool:
    """Return whether the path is a view of the dashboard, which is a single page with routing in the browser.

    Same rule as in the CloudFront function of the template.
    """
    folder, _, rest = path.partition("/")
    return folder == "dashboard" and "." not in rest and not rest.startswith("assets/")


def _preferred_language(folder: Path, request: Request) -> str:
    """Return the language of the site that the browser prefers.

    Same rule as in the CloudFront function of the template.
    """
    offered = _languages(folder)
    return request.accept_languages.best_match(offered, default=offered[0])


def _languages(folder: Path) -> list[str]:
    """Return the languages of the site. The first is that of the page at `/`, or empty if the site has no languages."""
    pages = {page.parent.name: page.read_bytes() for page in sorted(folder.glob("*/index.html"))}
    pages.pop("dashboard", None)
    return sorted(pages, key=lambda name: pages[name] != (folder / "index.html").read_bytes()) or [""]


def _not_found(folder: Path, request: Request) -> Response:
    start = request.path.split("/")[1]
    language = start if start in _languages(folder) else _preferred_language(folder, request)
    try:
        response = send_from_directory(folder, f"{language}/404.html".lstrip("/"), request.environ, conditional=False)
    except NotFound:
        response = Response("This page does not exist.\n", content_type="text/plain; charset=utf-8")
    response.status_code = 404
    response.headers["Cache-Control"] = "no-cache"
    return response


def _max_age(path: str) -> int | None:
    return _FOREVER if path.startswith(_ASSETS) else None


def _cached(response: Response, path: str) -> Response:
    if path.startswith(_ASSETS):
        response.headers["Cache-Control"] = f"public, max-age={_FOREVER}, immutable"
    return response


def _compressed(response: Response, request: Request) -> Response:
    """Compress the response with gzip. CloudFront prefers Brotli, which is slightly smaller."""
    is_text = (response.mimetype or "").startswith(_TEXT)
    if (
        response.status_code not in {200, 404}
        or not is_text
        or (response.content_length or 0) < _MINIMUM_COMPRESSED_BYTES
    ):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.data = gzip.compress(response.get_data(), mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        if (etag := response.get_etag()[0]) is not None:
            response.set_etag(etag, weak=True)
    return response
