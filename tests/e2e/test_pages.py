"""Every page is accessible in every state and language."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import accessibility, site_pages
from tests.e2e.site_pages import SitePage
from tests.e2e.variants import in_every_language, on_phone_and_desktop
from tests.engines import web
from tests.support.samples import TEMPLATES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def every(folder: Path) -> list[SitePage]:
    return site_pages.build(folder)


@pytest.fixture
def plain(browser: Browser, folder: Path) -> Iterator[Page]:
    """A browser with the pages alone: only files of the site are served."""
    context = browser.new_context(reduced_motion="reduce")
    site_pages.serve(context, folder)
    yield context.new_page()
    context.close()


def double_size(page: Page) -> Iterator[str]:
    """Yield errors if text has twice its size, set on a phone or in a browser, without zoom (WCAG 1.4.4)."""
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        yield from (f"text at 200%, {width} pixels: {problem}" for problem in page.evaluate(accessibility.SIDEWAYS))


@in_every_language
@on_phone_and_desktop
def test_every_page_is_accessible(plain: Page, every: list[SitePage], folder: Path, locale: str, axe_at: str) -> None:
    found, structures = {}, set()
    for page in (page for page in every if page.locale == locale):
        plain.goto(site_pages.address(page, folder))
        structure = plain.evaluate(accessibility.STRUCTURE)
        # axe takes most of the time, and many pages differ only in their texts.
        problems = [*accessibility.problems(plain, None if structure in structures else axe_at), *double_size(plain)]
        if problems:
            found[page.name] = problems
        structures.add(structure)
    assert found == {}


def test_every_template_is_among_the_pages(every: list[SitePage]) -> None:
    parts = {"layout.html", "page.html", "404.html"}  # The last two are part of the built site.
    templates = {file.name for file in (TEMPLATES / "site").glob("[!_]*.html")}
    built = {page.name for page in every if not page.template}
    assert {page.template for page in every} >= templates - parts - {Path(name).name for name in built}
    assert {"es/404.html", "en/index.html", "es/index.html"} <= built


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("document.querySelector('h1').style.color = '#bbb'", "400%, light: color-contrast"),
        ("document.querySelector('[for=doctor-name]').remove()", "400%, light: label"),
        ("document.querySelector('h1').style.minWidth = '700px'", "200%: wider than the screen: "),
        (
            "document.querySelector('.call').style.cssText = 'min-height: 0; padding: 0; font-size: 12px'",
            '100%: too small: <a class="call"',
        ),
        ("document.documentElement.lang = ''", "400%, light: html-has-lang"),
    ],
)
def test_an_accessibility_error_is_detected(
    plain: Page, every: list[SitePage], folder: Path, fault: str, told: str
) -> None:
    wrong = next(page for page in every if "every error" in page.name)
    plain.goto(site_pages.address(wrong, folder))
    plain.evaluate(fault)
    assert any(problem.startswith(told) for problem in accessibility.problems(plain, "400%"))


def test_an_error_in_dark_mode_only_is_detected(plain: Page, every: list[SitePage], folder: Path) -> None:
    plain.goto(site_pages.address(every[0], folder))
    plain.evaluate("document.querySelector('h1').style.color = '#18322f'")
    schemes = {problem.split(":")[0].split(", ")[1] for problem in accessibility.problems(plain, "400%")}
    assert schemes == {"dark"}


def html_errors(*files: Path) -> str:
    command = [*web.nu(), "--stdout", "--format", "gnu", "--also-check-css", "--also-check-svg", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr
    assert bool(done.stdout) == bool(done.returncode), "no word of an error: it could not check"
    return done.stdout


def test_every_page_and_the_files_that_it_loads_are_valid_html(every: list[SitePage], folder: Path) -> None:
    loaded = [*folder.glob("assets/*.css"), *folder.glob("assets/*.svg")]
    assert loaded
    assert html_errors(*(page.file for page in every), *loaded) == ""


@pytest.mark.long
def test_invalid_html_is_detected(tmp_path: Path) -> None:
    file = tmp_path / "wrong.html"
    file.write_text("<!doctype html><html lang=en><title>x</title><p><div></p><img>")
    assert "Unclosed element “div”" in html_errors(file)
