"""Set the environment of the functions during the recording: the campaign, and the rate limit per source."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_CAMPAIGNS = Path(__file__).with_name("campaigns")
# The limit of a deployed stack. `make run` allows far more, because all requests come from one machine.
_PER_SOURCE = "20"


@contextmanager
def recording_environment() -> Iterator[None]:
    """Use the campaign of the demo, so that the recording does not depend on the wording of a real campaign."""
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
