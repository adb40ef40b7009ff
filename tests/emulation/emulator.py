"""ministack, an emulator of AWS by other authors, in one process on the loopback interface."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from samlocal.template.model import REGION
from tests.engines import servers
from tests.engines.programs import NoEngine, node
from tests.support.waiting import CEILING

ACCOUNT = "123456789012"
COMMAND = Path(__file__).parents[2] / ".cache" / "ministack" / "bin" / "ministack"
_CONFIG = Config(connect_timeout=CEILING, read_timeout=CEILING, s3={"addressing_style": "path"})


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of an empty account. All its files are in `folder`."""
    if not COMMAND.exists():
        raise NoEngine("ministack is missing. Run: make emulate")
    port = servers.free_port()
    environment = {
        "PATH": f"{Path(node()[0]).parent}:/usr/bin:/bin",  # It runs CloudFront functions in node.
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_DEFAULT_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",  # It would listen on all interfaces.
    }
    with servers.running([str(COMMAND)], port, folder=folder, environment=environment) as url:
        yield url


def client(service: Any, url: str) -> Any:
    session = boto3.Session("test", "test", region_name=REGION)
    return session.client(service, endpoint_url=url, config=_CONFIG)


def zipped(folder: Path) -> bytes:
    """A ZIP file of the folder, as SAM uploads it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                files.write(file, file.relative_to(folder))
    return archive.getvalue()
