"""`make lighthouse`: Lighthouse scores of all pages that search engines may index, on a simulated phone.

Fails below 100 in any of the four categories. The reports are in build/lighthouse. `--short` checks one page and
omits performance, because that score depends on the load of the machine.
"""

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from local.stack import LocalStack
from tests.e2e import browser
from tests.engines import web
from tests.engines.programs import node

CATEGORIES = ("accessibility", "best-practices", "seo", "performance")
CHROME_FLAGS = " ".join(["--headless=new", *browser.ARGUMENTS])
# Chrome sometimes loses a trace, and Lighthouse says "Please run Lighthouse again".
TRIES = 3
LOST_TRACE = "Please run Lighthouse again"


def main(folder: Path, *, short: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    categories = CATEGORIES[:-1] if short else CATEGORIES
    with LocalStack(watch=False, out=io.StringIO(), site=folder / "site") as stack:
        paths = islice(_paths(folder / "site"), 1 if short else None)
        scores = {path: _scores(stack.url + path, folder / _name(path), categories) for path in paths}
    for path, found in scores.items():
        print(f"{path:20}", "  ".join(f"{category} {score}" for category, score in found.items()))
    print(f"The reports: {folder}")
    if not scores or any(score < 100 for found in scores.values() for score in found.values()):
        sys.exit("Less than 100: the reports say why.")


def _paths(site: Path) -> Iterator[str]:
    """Paths of pages, without exact duplicates."""
    pages = {file.read_text("utf-8"): file for file in sorted(site.rglob("*.html"), reverse=True)}
    for html, file in sorted(pages.items(), key=lambda page: page[1]):
        if 'content="noindex"' not in html:
            yield "/" + file.relative_to(site).as_posix().removesuffix("index.html")


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-").removesuffix(".html") or "first"


def _scores(url: str, report: Path, categories: Sequence[str]) -> dict[str, int]:
    """Runs Lighthouse with its default settings, which are those of a phone, and saves the report."""
    command = [*node(), str(web.modules("lighthouse") / "lighthouse" / "cli" / "index.js"), url]
    command += ["--quiet", f"--chrome-flags={CHROME_FLAGS}", f"--only-categories={','.join(categories)}"]
    command += ["--output=json", "--output=html", f"--output-path={report}"]
    _run(command, {**os.environ, "CHROME_PATH": browser.find() or ""})
    found = json.loads(Path(f"{report}.report.json").read_text("utf-8"))["categories"]
    return {category: round(found[category]["score"] * 100) for category in categories}


def _run(command: list[str], environment: dict[str, str]) -> None:
    for _ in range(TRIES):
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        if not done.returncode:
            return
        print(done.stderr, file=sys.stderr)
        if LOST_TRACE not in done.stderr:
            break
    sys.exit(f"Lighthouse failed with exit code {done.returncode}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Lighthouse's scores of the pages.")
    parser.add_argument("folder", type=Path, help="where the reports go")
    parser.add_argument("--short", action="store_true", help="one page, without the score of performance")
    given = parser.parse_args()
    main(given.folder, short=given.short)
