"""Every page of the site in every state and language, in a browser without the rest of the system.

A new template, state or built page is included automatically.
"""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Route

from cli.site import builder
from referral_intake.core.validation import FieldError
from referral_intake.web.pages import Pages
from samlocal.template import reader
from samlocal.template.references import Places
from tests.integration.test_site import every_page
from tests.support import samples

ORIGIN = "https://spine.example"
HEADERS = reader.load(
    samples.TEMPLATES.parent / "infra" / "template.yaml",
    {"SenderAddress": "outreach@star.example", "SiteUrl": ORIGIN},
    Places("referral-intake", "http://127.0.0.1:1"),
).site_headers


@dataclass(frozen=True, slots=True)
class SitePage:
    """`file` is in the folder that `build` filled."""

    name: str
    locale: str
    template: str
    file: Path

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.removeprefix(f"{self.locale}: ").lower())


def build(folder: Path) -> list[SitePage]:
    """Builds the site, with the responses of functions as files. Returns the pages without exact duplicates."""
    builder.build(samples.TEMPLATES, folder)
    files = [
        file for file in sorted(folder.rglob("*.html")) if file.parent.name != "dashboard"
    ]  # The dashboard is not a page for patients.
    built = [_built(folder, file) for file in files]
    every = {page.file.read_bytes(): page for page in reversed([*built, *_answers(folder)])}
    return list(reversed(every.values()))


def _built(folder: Path, file: Path) -> SitePage:
    path = file.relative_to(folder).as_posix()
    locale = path.partition("/")[0] if "/" in path else samples.campaign().locales[0]
    return SitePage(path, locale, "", file)


def _answers(folder: Path) -> Iterator[SitePage]:
    for locale in samples.campaign().locales:
        pages = Pages(samples.TEMPLATES, samples.campaign(), locale)
        for number, (name, source, context) in enumerate(every_page()):
            file = folder / "answers" / locale / f"{number}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(pages.render(source, "/{locale}/", **_with_messages(pages, context)), "utf-8")
            yield SitePage(f"{locale}: {name}", locale, source, file)


def _with_messages(pages: Pages, context: dict[str, Any]) -> dict[str, Any]:
    """The context with error messages in the language of the page."""
    if "form" not in context:
        return context
    errors = [{**e, "message": pages.message(FieldError(e["field"], e["code"]))} for e in context["form"]["errors"]]
    return {**context, "form": {**context["form"], "errors": errors}}


def serve(context: BrowserContext, folder: Path) -> None:
    """Answers the requests of this context with the files of `folder` and the headers of the template."""

    def answer(route: Route) -> None:
        file = folder / route.request.url.removeprefix(f"{ORIGIN}/")
        if not file.is_file():
            return route.fulfill(status=503)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return route.fulfill(body=file.read_bytes(), headers={"content-type": f"{kind}; charset=utf-8", **HEADERS})

    context.route(f"{ORIGIN}/**", answer)


def address(page: SitePage, folder: Path) -> str:
    return f"{ORIGIN}/{page.file.relative_to(folder).as_posix()}"
