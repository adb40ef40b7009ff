"""A copy of the product in a temporary folder, with campaigns for tests instead of the real ones.

Owners edit and approve `templates/campaigns`. Only tests/content may depend on the contents.
"""

import atexit
import re
import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from cli.commands.approve import approve

ROOT = Path(__file__).parents[2]
CAMPAIGNS = ROOT / "tests" / "campaigns"
# The approval covers every date on which the tests may run.
APPROVED = (date(2026, 11, 1), date(2099, 12, 31), "2026-11")
# A fictional language with words twice as long as usual, to test that layouts have room for translations.
LONG_WORDED = "xx"


@cache
def root() -> Path:
    """The repository with other campaigns. It exists until the process ends."""
    copy = Path(tempfile.mkdtemp(prefix="referral-intake-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for entry in ROOT.iterdir():
        if entry.name not in {"infra", "templates"} and not entry.name.startswith("."):
            (copy / entry.name).symlink_to(entry)
    # A copy, because relative paths in the template must lead to these templates.
    shutil.copytree(ROOT / "infra", copy / "infra")
    templates = copy / "templates"
    shutil.copytree(ROOT / "templates", templates, ignore=shutil.ignore_patterns("campaigns"))
    shutil.copytree(CAMPAIGNS, templates / "campaigns")
    _add_long_worded_language(templates)
    for campaign in sorted(folder.name for folder in (templates / "campaigns").iterdir()):
        approved_on, expires_on, version = APPROVED
        approve(templates, campaign, "The tests", approved_on, expires_on, version)
    return copy


def _add_long_worded_language(templates: Path) -> None:
    """Only the second campaign gets this language."""
    english = [templates / "site" / "text" / "en.toml", *(templates / "campaigns" / "relay").glob("*.en.toml")]
    for file in english:
        long = file.with_name(file.name.replace("en.toml", f"{LONG_WORDED}.toml"))
        long.write_text(_lengthened(file.read_text("utf-8")), "utf-8")


def _lengthened(toml: str) -> str:
    """Doubles every word of at least six letters, except placeholders and tags."""

    def value(found: re.Match[str]) -> str:
        return re.sub(r"\{[^}]*\}|<[^>]*>|\w{6,}", lambda word: _twice(word[0]), found[0])

    return re.sub(r'"(?:[^"\\]|\\.)*"', value, toml)


def _twice(word: str) -> str:
    return word if word[0] in "{<" else word + word.lower()
