"""The product with campaigns of the tests' own in the place of the real ones, in a folder of its own.

An owner edits and approves `templates/campaigns`. No test but tests/content may depend on what stands there.
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
# Approved on every day on which the tests may run.
APPROVED = (date(2026, 11, 1), date(2099, 12, 31), "2026-11")
# A made-up language with words twice as long as usual: whatever a translation does to a page's layout, this does too.
LONG_WORDED = "xx"


@cache
def root() -> Path:
    """The repository with other campaigns. It lasts as long as the process."""
    made = Path(tempfile.mkdtemp(prefix="referral-intake-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    for entry in ROOT.iterdir():
        if entry.name not in {"infra", "templates"} and not entry.name.startswith("."):
            (made / entry.name).symlink_to(entry)
    # A copy: the template's relative paths must lead to these templates.
    shutil.copytree(ROOT / "infra", made / "infra")
    templates = made / "templates"
    shutil.copytree(ROOT / "templates", templates, ignore=shutil.ignore_patterns("campaigns"))
    shutil.copytree(CAMPAIGNS, templates / "campaigns")
    _add_long_worded_language(templates)
    for campaign in sorted(folder.name for folder in (templates / "campaigns").iterdir()):
        approved_on, expires_on, version = APPROVED
        approve(templates, campaign, "The tests", approved_on, expires_on, version)
    return made


def _add_long_worded_language(templates: Path) -> None:
    """To the second campaign alone."""
    english = [templates / "site" / "text" / "en.toml", *(templates / "campaigns" / "relay").glob("*.en.toml")]
    for file in english:
        long = file.with_name(file.name.replace("en.toml", f"{LONG_WORDED}.toml"))
        long.write_text(_lengthened(file.read_text("utf-8")), "utf-8")


def _lengthened(toml: str) -> str:
    """The same table with every word of six letters and more twice as long, but for placeholders and tags."""

    def value(found: re.Match[str]) -> str:
        return re.sub(r"\{[^}]*\}|<[^>]*>|\w{6,}", lambda word: _twice(word[0]), found[0])

    return re.sub(r'"(?:[^"\\]|\\.)*"', value, toml)


def _twice(word: str) -> str:
    return word if word[0] in "{<" else word + word.lower()
