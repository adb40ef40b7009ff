"""What differs for the functions while the past is made: the days of the approval, and how much a source may send."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

_DAYS = {"approved_on": timedelta(days=-30), "expires_on": timedelta(days=335)}
# As deployed: `make run` lets one source send far more, since there everything comes from this machine.
_PER_SOURCE = "20"


@contextmanager
def surroundings(start: date) -> Iterator[None]:
    """The wording is what it is, byte by byte; but who read it did so before that day."""
    before = dict(os.environ)
    with TemporaryDirectory(prefix="demo-") as folder:
        os.environ["TEMPLATES_DIR"] = str(_approved_by_then(Path(before["TEMPLATES_DIR"]), Path(folder), start))
        os.environ["REFERRALS_PER_SOURCE"] = _PER_SOURCE
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _approved_by_then(templates: Path, folder: Path, start: date) -> Path:
    for part in templates.iterdir():
        if part.name == "campaigns":
            shutil.copytree(part, folder / part.name)
        else:
            (folder / part.name).symlink_to(part, target_is_directory=part.is_dir())
    for file in folder.glob("campaigns/*/approval.toml"):
        text = file.read_text("utf-8")
        for name, days in _DAYS.items():
            text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {start + days}", text)
        file.write_text(text, "utf-8")
    return folder
