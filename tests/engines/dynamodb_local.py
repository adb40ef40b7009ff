"""DynamoDB Local: downloaded once, started for a test run, and stopped by its process.

It is part of an npm package. `python -m tests.engines.dynamodb_local` only downloads it. It needs npm and Java.
"""

import atexit
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from tests.engines import servers
from tests.engines.programs import CACHE, NoEngine, java, npm

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"
# Hash from the registry. Any other archive is refused.
INTEGRITY = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
FOLDER = CACHE / f"dynamodb-local-{VERSION}"


# ---- Download --------------------------------------------------------------------------------------------------------


def fetch() -> Path:
    """The folder of the engine, downloaded if missing."""
    if not (FOLDER / "DynamoDBLocal.jar").exists():
        CACHE.mkdir(exist_ok=True)
        # Downloads to a temporary folder and renames it at the end, so that an existing folder is complete.
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            archive = _pack(Path(scratch))
            _verify(archive)
            with tarfile.open(archive) as files:
                files.extractall(scratch, filter="data")
            shutil.rmtree(FOLDER, ignore_errors=True)
            (Path(scratch) / "package" / "emulator").rename(FOLDER)
    return FOLDER


def _pack(folder: Path) -> Path:
    command = [*npm(), "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise NoEngine(f"npm could not fetch {PACKAGE}: {done.stderr.strip()}")
    return archives[0]


def _verify(archive: Path) -> None:
    kind, _, wanted = INTEGRITY.partition("-")
    with archive.open("rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, kind).digest()).decode()
    if found != wanted:
        raise NoEngine(f"{archive.name} is not what {PACKAGE} {VERSION} was: {kind}-{found}")


# ---- Start -----------------------------------------------------------------------------------------------------------


@contextmanager
def running() -> Iterator[str]:
    """The address of an empty engine."""
    folder, port = fetch(), servers.free_port()
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    with tempfile.TemporaryDirectory() as own:
        # An engine runs for less time than the second compiler and the parallel collector need to pay off.
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        # Each start leaves a library of 1 MB there.
        machine = ["-Xmx512m", *quick, "-Djava.library.path=DynamoDBLocal_lib", f"-Djava.io.tmpdir={own}"]
        command = [java(), *machine, "-jar", "DynamoDBLocal.jar", *options]
        with servers.running(command, port, folder=folder) as url:
            yield url


@cache
def shared() -> str:
    """The address of the engine that all tests of this process share. Each test creates its own table."""
    engine = ExitStack()
    atexit.register(engine.close)
    return engine.enter_context(running())


def main() -> None:
    try:
        sys.stdout.write(f"DynamoDB Local: {fetch()}, run by {java()}\n")
    except NoEngine as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
