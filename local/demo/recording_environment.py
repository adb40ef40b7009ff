"""What differs for the functions while the history is recorded: the campaign, and how much a source may send."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_CAMPAIGNS = Path(__file__).with_name("campaigns")
# As deployed: `make run` allows far more, since all requests come from one machine there.
_PER_SOURCE = "20"


@contextmanager
def surroundings() -> Iterator[None]:
    """The functions have the demo's own campaign: what is recorded does not depend on the wording of a real one."""
    before = dict(os.environ)
    with TemporaryDirectory(prefix="demo-") as folder:
        for part in Path(before["TEMPLATES_DIR"]).iterdir():
            source = _CAMPAIGNS if part.name == "campaigns" else part
            (Path(folder) / part.name).symlink_to(source, target_is_directory=source.is_dir())
        os.environ |= {"TEMPLATES_DIR": folder, "REFERRALS_PER_SOURCE": _PER_SOURCE}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
