"""`make lighthouse`: Lighthouse's opinion of every page that search engines may show, as on a phone.

Fails below 100 in any of its four categories. The reports stay in build/lighthouse.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.stack import LocalStack
from tests.e2e import browser
from tests.engines import web
from tests.engines.programs import node

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CHROME_FLAGS = " ".join(["--headless=new", *browser.ARGUMENTS])


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with LocalStack(watch=False, out=io.StringIO(), site=folder / "site") as stack:
        scores = {path: _scores(stack.url + path, folder / _name(path)) for path in _paths(folder / "site")}
    for path, found in scores.items():
        print(f"{path:20}", "  ".join(f"{category} {score}" for category, score in found.items()))
    print(f"The reports: {folder}")
    if any(score < 100 for found in scores.values() for score in found.values()):
        sys.exit("Less than 100: the reports say why.")


def _paths(site: Path) -> Iterator[str]:
    """Pages that are letter for letter the same: once."""
    pages = {file.read_text("utf-8"): file for file in sorted(site.rglob("*.html"), reverse=True)}
    for html, file in sorted(pages.items(), key=lambda page: page[1]):
        if 'content="noindex"' not in html:
            yield "/" + file.relative_to(site).as_posix().removesuffix("index.html")


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-").removesuffix(".html") or "first"


def _scores(url: str, report: Path) -> dict[str, int]:
    """Runs Lighthouse with its own settings, which are those of a phone, and keeps the report."""
    command = [*node(), str(web.modules("lighthouse") / "lighthouse" / "cli" / "index.js"), url]
    command += ["--quiet", f"--chrome-flags={CHROME_FLAGS}", f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--output=json", "--output=html", f"--output-path={report}"]
    environment = {**os.environ, "CHROME_PATH": browser.find() or ""}
    subprocess.run(command, check=True, env=environment, timeout=300)
    found = json.loads(Path(f"{report}.report.json").read_text("utf-8"))["categories"]
    return {category: round(found[category]["score"] * 100) for category in CATEGORIES}


if __name__ == "__main__":
    main()
