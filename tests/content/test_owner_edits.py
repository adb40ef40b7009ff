"""docs/deploy.md tells owners to edit campaign.toml and to approve it. This must not break any test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT

EDITED = {
    "company": '"Rivera Medical, Inc."',
    "display_name": '"STAR at Rivera"',
    "reply_to": '"star@rivera-medical.com"',
    "postal_address": '"9 Harbor Road, Suite 2, Portland, OR 97201, USA"',
    "phone": '"503-555-7100"',
    "product_url": '"https://www.rivera-medical.com/star"',
    "mail_locale": '"es"',
    "time_zone": '"America/Denver"',
    "introduction_hours": '"any"',
}
# All tests that may read templates/campaigns, and the unit tests, which must not.
TESTS = ("tests/content", "tests/unit", "tests/integration/test_demo.py", "tests/integration/test_local_command.py")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the tracked files, with links to the installed dependencies."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in tracked.rstrip("\0").split("\0"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / ".cache").symlink_to(ROOT / ".cache")
    return tmp_path


def run(folder: Path, *words: str) -> None:
    # Hypothesis would list all characters again, which takes seconds.
    own = {**os.environ, "PYTHONPATH": "functions:.", "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def edited(toml: str) -> str:
    """Changes every value except the product name and the page languages, which other files repeat."""

    def value(found: re.Match[str]) -> str:
        name, before = found.groups()
        if name in {"product", "locale"}:
            return found[0]
        return f"{name} = {EDITED.get(name) or (f'{float(before) / 2:g}' if '.' in before else int(before) + 1)}"

    return re.sub(r"(?m)^(\w+) = (.+)$", value, toml)


@pytest.mark.long
def test_all_tests_pass_after_an_owner_edited_and_approved_every_value(repository: Path) -> None:
    file = repository / "templates" / "campaigns" / "star" / "campaign.toml"
    file.write_text(edited(file.read_text("utf-8")), "utf-8")
    run(repository, "cli", "approve", "star", "--by", "Medical and legal review")
    # Without rewritten assertions, which must be compiled again in a new folder.
    options = ("-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-m", "not long")
    run(repository, "pytest", *options, *TESTS)
