"""The local stack for tests: with the campaigns of the tests, silent, and without watching files."""

import io
from pathlib import Path
from typing import Any

from local.stack import LocalStack
from tests.support.samples import TEMPLATE_FILE


def local_stack(folder: Path, **options: Any) -> LocalStack:
    """A stack with its files in `folder`. `options` are those of LocalStack."""
    usual = {"template_file": TEMPLATE_FILE, "log_file": folder / "logs.jsonl", "watch": False, "out": io.StringIO()}
    return LocalStack(site=folder / "site", **{**usual, **options})


def without_site(templates: Path, site: Path) -> None:
    """Builds no site, for tests that need no pages."""
