"""Network traffic of a first visit: small, secure, and from one origin."""

import gzip
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, Route

from cli.site import builder
from local.stack import LocalStack
from tests.e2e.conftest import PHONE
from tests.e2e.states import STATES
from tests.support.samples import TEMPLATES, campaign
from tests.support.waiting import CEILING

LOCALES = campaign().locales
SHIFTS = """() => new Promise((done) => new PerformanceObserver((list) =>
  done(list.getEntries().filter((shift) => !shift.hadRecentInput).map((shift) => shift.value))
).observe({ type: "layout-shift", buffered: true }) ?? setTimeout(() => done([]), 500))"""


@pytest.fixture
def fresh(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """A phone on its first visit."""
    context = browser.new_context(base_url=stack.url, viewport=PHONE)
    yield context.new_page()
    context.close()


def served(stack: LocalStack, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    try:
        answer = urlopen(Request(f"{stack.url}{path}", headers=headers), timeout=CEILING)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return int(answer.status), {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def site_paths(stack: LocalStack, folder: Path) -> list[str]:
    return ["/", "/nothing", *(f"/{file.relative_to(folder)}" for file in folder.rglob("*") if file.is_file())]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_first_visit_transfers_less_than_40_kb(fresh: Page, locale: str) -> None:
    """Includes headers. The code for the proof of work loads later, when the form is used."""
    devtools = fresh.context.new_cdp_session(fresh)
    devtools.send("Network.enable")
    sizes: list[float] = []
    devtools.on("Network.loadingFinished", lambda loaded: sizes.append(loaded["encodedDataLength"]))
    fresh.goto(f"/{locale}/", wait_until="networkidle")
    assert len(sizes) >= 4, "the page, its style, its script, its icon"
    assert sum(sizes) < 40_000


@pytest.mark.long
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("page", ["", "take-it-with-you.html"])
def test_the_layout_is_stable_while_a_page_and_a_late_script_load(
    fresh: Page, locale: str, width: int, page: str
) -> None:
    def late(route: Route) -> None:
        fresh.wait_for_timeout(300)  # The patient is already reading the page.
        route.continue_()

    fresh.route("**/assets/*.js", late)
    fresh.set_viewport_size({"width": width, "height": 800})
    fresh.goto(f"/{locale}/{page}", wait_until="networkidle")
    assert fresh.evaluate(SHIFTS) == []


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_no_state_contacts_another_origin_or_violates_the_policy(fresh: Page, stack: LocalStack, state: str) -> None:
    asked: list[str] = []
    refused: list[str] = []
    fresh.on("request", lambda request: asked.append(request.url))
    fresh.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    fresh.goto("/")
    STATES[state](fresh)
    assert [url for url in asked if not url.startswith(f"{stack.url}/")] == []
    assert refused == []
    fresh.unroute_all(behavior="ignoreErrors")


def test_every_file_and_response_has_the_headers_of_the_template(stack: LocalStack, built: Path) -> None:
    answers = ["/api/referrals/K3QF-7ZTA-MM2X-PE5R", "/api/opt-out?token=x", "/api/answer?token=x", "/api/doctors"]
    for path in [*site_paths(stack, built), *answers]:
        expected = {name.lower(): value for name, value in stack.template.headers_of(path).items()}
        assert {"content-security-policy", "permissions-policy", "strict-transport-security"} <= expected.keys()
        _, headers, _ = served(stack, path, accept="text/html")
        expected = {name.lower(): value for name, value in stack.template.headers_of(path.partition("?")[0]).items()}
        assert {"content-security-policy", "permissions-policy", "strict-transport-security"} <= expected.keys()
        assert {name: headers.get(name) for name in expected} == expected, path


def test_text_is_compressed_for_clients_that_support_it(stack: LocalStack, built: Path) -> None:
    texts = [file for file in built.rglob("*") if file.is_file() and file.suffix in {".html", ".css", ".js"}]
    for file in (file for file in texts if file.stat().st_size >= 1000):  # CloudFront skips smaller files, too.
        path = f"/{file.relative_to(built)}"
        _, headers, body = served(stack, path, **{"accept-encoding": "gzip"})
        assert headers["content-encoding"] == "gzip", path
        assert "Accept-Encoding" in headers["vary"]
        assert gzip.decompress(body) == file.read_bytes()
        assert len(body) < 0.7 * file.stat().st_size
        _, headers, body = served(stack, path)
        assert "content-encoding" not in headers
        assert body == file.read_bytes()


def test_unchanged_files_are_not_transferred_again(stack: LocalStack) -> None:
    _, headers, _ = served(stack, "/", **{"accept-encoding": "gzip"})
    status, _, body = served(stack, "/", **{"accept-encoding": "gzip", "if-none-match": headers["etag"]})
    assert (status, body) == (304, b"")


@pytest.fixture(scope="module")
def built(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    builder.build(TEMPLATES, folder)
    return folder
