"""The npm packages that the site serves are fetched once, as the lock file pins them."""

import subprocess
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.site import libraries

NPM = """#!/bin/sh
for last; do :; done
echo "$*" >> "$CALLS"
mkdir "$last/node_modules"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with a lock file and no fetched packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    monkeypatch.setattr(libraries, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File in which a fake npm records its calls."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(NPM)
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=":")
    return tmp_path / "calls"


def test_packages_are_fetched_once_for_each_lock_file(site: Path, calls: Path) -> None:
    first = libraries.folder(site)
    assert libraries.folder(site) == first
    assert len(calls.read_text().splitlines()) == 1

    (site / "package-lock.json").write_text('{"packages": {}}')
    assert libraries.folder(site) != first
    assert first.is_dir(), "another branch of the code may still use it"
    assert len(calls.read_text().splitlines()) == 2


def test_install_scripts_of_packages_do_not_run(site: Path, calls: Path) -> None:
    libraries.folder(site)
    assert calls.read_text().startswith("ci --ignore-scripts ")


def test_an_interrupted_fetch_leaves_nothing_that_looks_complete(site: Path, calls: Path) -> None:
    (calls.parent / "bin" / "npm").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(subprocess.CalledProcessError):
        libraries.folder(site)
    assert list(libraries.CACHE.iterdir()) == []


def test_a_machine_without_npm_and_uv_gets_instructions(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(site))
    monkeypatch.delenv("UV", raising=False)
    with pytest.raises(CommandError, match="npm is required"):
        libraries.folder(site)
