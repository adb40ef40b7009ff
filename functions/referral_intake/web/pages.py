"""Pages that people read in a browser: `templates/site`, filled with a campaign's texts.

The same templates make the static site at build time and the responses to a form without JavaScript.
"""

import hashlib
import json
import tomllib
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referral_intake.core.callback import CALLBACK_FIELDS
from referral_intake.core.campaign import Campaign, Campaigns
from referral_intake.core.doctor import FORM_FIELDS
from referral_intake.core.validation import FieldError

if TYPE_CHECKING:
    import jinja2


class Pages:
    """Render one language of one campaign. `root` is the templates folder."""

    def __init__(self, root: Path, campaign: Campaign, locale: str) -> None:
        self._root = root
        self._campaign = campaign
        self._locale = locale

    @cached_property
    def text(self) -> dict[str, Any]:
        """The site's texts in this language: `site/text/<locale>.toml`."""
        return _toml(self._root / "site" / "text" / f"{self._locale}.toml")

    @cached_property
    def page(self) -> dict[str, Any]:
        """The campaign's texts in this language: `campaigns/<name>/page.<locale>.toml`."""
        return _toml(self._root / "campaigns" / self._campaign.name / f"page.{self._locale}.toml")

    @cached_property
    def guide(self) -> dict[str, Any]:
        """The texts of the printable page for the patient: `campaigns/<name>/guide.<locale>.toml`."""
        return _toml(self._root / "campaigns" / self._campaign.name / f"guide.{self._locale}.toml")

    @cached_property
    def languages(self) -> dict[str, str]:
        """The name of each language of the campaign, in that language."""
        texts = {locale: Pages(self._root, self._campaign, locale).text for locale in self._campaign.locales}
        return {locale: text["site"]["language"] for locale, text in texts.items()}

    def render(self, template: str, elsewhere: str = "", **context: Any) -> str:
        """Render `template`, a file in `site/`, for instance `page.html`.

        `elsewhere` is the URL of the same page in another language, with a placeholder `{locale}`. It is empty for a
        response to a POST.
        """
        return (
            _environment(self._root)
            .get_template(template)
            .render(
                campaign=self._campaign,
                locale=self._locale,
                text=self.text,
                page=self.page,
                guide=self.guide,
                languages=self.languages,
                elsewhere=elsewhere,
                **context,
            )
        )

    def message(self, error: FieldError) -> str:
        """Return the error message for a field, for patients: what is wrong, and what to do."""
        errors = self.text["errors"]
        words: str = errors["fields"].get(error.field, {}).get(error.code) or errors["default"][error.code]
        return words.format(limit=error.limit)


class Site:
    """The site: its campaigns, languages and URL. `root` is the templates folder."""

    def __init__(self, root: Path, site_url: str, campaigns: Campaigns) -> None:
        self.campaigns = campaigns
        self.url = site_url
        # Bounded by the existing campaigns and locales.
        self._pages = cache(partial(Pages, root))

    def status_url(self, receipt: str) -> str:
        return f"{self.url}{self.status_path(receipt)}"

    def status_path(self, receipt: str, locale: str | None = None) -> str:
        """Return the path of the status page, in the language that the reader chose, if any."""
        chosen = f"?lang={locale}" if locale in self.campaign(None).locales else ""
        return f"/api/referrals/{receipt}{chosen}"

    def pages(self, campaign: str | None, *locales: str | None) -> Pages:
        """Return a campaign's pages in the first of these languages that it has.

        An unknown campaign or language falls back to the first one.
        """
        known = self.campaign(campaign)
        return self._pages(known, next((locale for locale in locales if locale in known.locales), known.locales[0]))

    def campaign(self, name: str | None) -> Campaign:
        known = self.campaigns.get(name or "") or self.campaigns.get(self.campaigns.names()[0])
        assert known is not None, "a site has at least one campaign"
        return known


@cache
def _environment(templates: Path) -> "jinja2.Environment":
    """The environment of all campaigns and languages. Compiling a page takes fifty times as long as rendering it."""
    # Imported at the first page: a JSON request needs no Jinja2.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates / "site"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": partial(asset_url, templates),
        "library": partial(library_url, templates),
        "form_fields": FORM_FIELDS,
        "callback_fields": CALLBACK_FIELDS,
    }
    return environment


def asset_url(templates: Path, name: str) -> str:
    """Return the URL of a file in `site/assets`. It contains a digest, so the file can be cached forever."""
    file = templates / "site" / "assets" / name
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return f"/assets/{file.stem}.{digest}{file.suffix}"


def library_url(templates: Path, name: str) -> str:
    """Return the URL of an npm package's script. It contains the locked version and can be cached forever."""
    lock = json.loads((templates / "site" / "package-lock.json").read_text("utf-8"))
    version = lock["packages"][f"node_modules/{name}"]["version"]
    return f"/assets/{name}.{version}.js"


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))
