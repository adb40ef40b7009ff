"""Pages that people read in a browser: `templates/site`, filled with a campaign's words.

The same templates make the static site at build time and the answers that a form gets without JavaScript.
"""

import hashlib
import json
import tomllib
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referral_intake.core.campaign import Campaign, Campaigns
from referral_intake.core.doctor import FORM_FIELDS
from referral_intake.core.validation import FieldError

if TYPE_CHECKING:
    import jinja2


class Pages:
    """Renders one language of one campaign. `root` is the templates folder."""

    def __init__(self, root: Path, campaign: Campaign, locale: str) -> None:
        self._root = root
        self._campaign = campaign
        self._locale = locale

    @cached_property
    def text(self) -> dict[str, Any]:
        """The site's words in this language: `site/text/<locale>.toml`."""
        return _toml(self._root / "site" / "text" / f"{self._locale}.toml")

    @cached_property
    def page(self) -> dict[str, Any]:
        """The campaign's words in this language: `campaigns/<name>/page.<locale>.toml`."""
        return _toml(self._root / "campaigns" / self._campaign.name / f"page.{self._locale}.toml")

    @cached_property
    def guide(self) -> dict[str, Any]:
        """The words of the page to take along: `campaigns/<name>/guide.<locale>.toml`."""
        return _toml(self._root / "campaigns" / self._campaign.name / f"guide.{self._locale}.toml")

    @cached_property
    def languages(self) -> dict[str, str]:
        """What each language of the campaign calls itself."""
        texts = {locale: Pages(self._root, self._campaign, locale).text for locale in self._campaign.locales}
        return {locale: text["site"]["language"] for locale, text in texts.items()}

    def render(self, template: str, elsewhere: str = "", **context: Any) -> str:
        """`template` is a file of `site/`, for instance `page.html`.

        `elsewhere` is where the same page is in another language, with `{locale}` in it; a page that answers a POST
        has no such place.
        """
        return self._environment.get_template(template).render(
            campaign=self._campaign,
            locale=self._locale,
            text=self.text,
            page=self.page,
            guide=self.guide,
            languages=self.languages,
            elsewhere=elsewhere,
            **context,
        )

    @cached_property
    def _environment(self) -> "jinja2.Environment":
        # Imported at the first page: a program's submission needs no Jinja2.
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._root / "site"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {"asset": self.asset, "library": self.library, "form_fields": FORM_FIELDS}
        return environment

    def message(self, error: FieldError) -> str:
        """What is wrong with a field, and what to do, in a patient's words."""
        errors = self.text["errors"]
        words: str = errors["fields"].get(error.field, {}).get(error.code) or errors["default"][error.code]
        return words.format(limit=error.limit)

    def asset(self, name: str) -> str:
        """The address of a file of `site/assets`, named by its content so that it can be cached for ever."""
        file = self._root / "site" / "assets" / name
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        return f"/assets/{file.stem}.{digest}{file.suffix}"

    def library(self, name: str) -> str:
        """The address of what the site serves of an npm package: the version in the lock file is its content."""
        version = self._locked[f"node_modules/{name}"]["version"]
        return f"/assets/{name}.{version}.js"

    @cached_property
    def _locked(self) -> dict[str, Any]:
        lock = json.loads((self._root / "site" / "package-lock.json").read_text("utf-8"))
        packages: dict[str, Any] = lock["packages"]
        return packages


class Site:
    """The site that people see: its campaigns, its languages, its address. `root` is the templates folder."""

    def __init__(self, root: Path, site_url: str, campaigns: Campaigns) -> None:
        self.campaigns = campaigns
        self.url = site_url
        # Compiling a page takes fifty times as long as filling it. Only campaigns and languages that exist get here.
        self._pages = cache(partial(Pages, root))

    def status_url(self, receipt: str) -> str:
        return f"{self.url}/api/referrals/{receipt}"

    def pages(self, campaign: str | None, *locales: str | None) -> Pages:
        """The pages of a campaign in the first of the languages that it has; the first of each where all is unknown."""
        known = self.campaign(campaign)
        return self._pages(known, next((locale for locale in locales if locale in known.locales), known.locales[0]))

    def campaign(self, name: str | None) -> Campaign:
        known = self.campaigns.get(name or "") or self.campaigns.get(self.campaigns.names()[0])
        assert known is not None, "there is a campaign, or there is no site"
        return known


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))
