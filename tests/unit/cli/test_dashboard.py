"""The dashboard in the built site: every file that a page loads exists under its own versioned name."""

import re
import shutil
from pathlib import Path, PurePosixPath

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from cli.site import dashboard, libraries
from referral_intake.core.search_filter import FILTERS
from samlocal.http import static_files
from tests.support.samples import TEMPLATES

SITE = TEMPLATES / "site"
_UNSAFE = re.compile(r"innerHTML|insertAdjacentHTML|unsafeHTML|\beval\(|new Function|document\.write")
_ASKED = re.compile(rb"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']+)["']""")


@pytest.fixture(scope="module")
def built() -> dict[Path, bytes]:
    return dashboard.files(SITE, libraries.folder(SITE))


def test_every_module_resolves_its_imports_without_an_import_map(built: dict[Path, bytes]) -> None:
    for place, data in built.items():
        if place.suffix == ".js" and "dist" not in place.parts:  # Built files need no further resolution.
            for found in _ASKED.findall(data):
                assert _from(place, found.decode()) in built, f"{place} asks for {found.decode()}"
            assert not re.search(rb"""(?:[}*\w]\s*from|\bimport)\s*["'][^."'][\w@/-]*["']""", data), (
                f"{place} asks for a package by its name"
            )


def _from(place: Path, asked: str) -> Path:
    parts: list[str] = []
    for part in PurePosixPath(place.parent.as_posix(), asked).parts:
        parts = parts[:-1] if part == ".." else parts if part == "." else [*parts, part]
    return Path(*parts)


def test_the_page_loads_only_existing_files_and_has_no_inline_script(built: dict[Path, bytes]) -> None:
    page = built[Path("dashboard/index.html")].decode()
    for address in re.findall(r'(?:href|src)="/([^"]+)"', page):
        assert Path(address) in built
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\{[a-z]+\}", page)


def test_every_library_ships_with_its_license_and_no_source_map_reference(built: dict[Path, bytes]) -> None:
    served = {place.as_posix().partition("/lib/")[2] for place in built}
    for name in dashboard.LIBRARIES:
        assert any(place.startswith(f"{name}/LICENSE") for place in served), name
    assert not [place for place, data in built.items() if b"sourceMappingURL" in data]


def test_no_module_builds_markup_from_text_or_code_from_data() -> None:
    for file in (SITE / "dashboard").rglob("*.js"):
        assert not _UNSAFE.search(file.read_text("utf-8")), file


def test_every_filter_of_the_list_has_a_label() -> None:
    [words] = re.findall(r"FILTERS = \{(.*?)\n\};", (SITE / "dashboard" / "words.js").read_text("utf-8"), re.DOTALL)
    assert re.findall(r"^  (\w+): \{ label: ", words, re.MULTILINE) == list(FILTERS)


def test_a_changed_file_gets_a_new_address(tmp_path: Path, built: dict[Path, bytes]) -> None:
    shutil.copytree(SITE / "dashboard", tmp_path / "dashboard")
    with (tmp_path / "dashboard" / "words.js").open("a") as words:
        words.write("// Changed.\n")
    changed = dashboard.files(tmp_path, libraries.folder(SITE))
    assert len(changed) == len(built)
    assert changed.keys() & built.keys() == {Path("dashboard/index.html")}


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/dashboard/", 200, "no-cache"),
        ("/dashboard/work/by_post", 200, "no-cache"),
        ("/dashboard/referrals/K3QF-7ZTA-MM2X-PE5R", 200, "no-cache"),
        ("/dashboard/assets/0123456789ab/main.js", 200, "public, max-age=31536000, immutable"),
        ("/dashboard/assets/0123456789ab/nothing", 404, "no-cache"),
        ("/dashboard/nothing.js", 404, "no-cache"),
    ],
)
def test_every_address_of_a_view_is_answered_with_the_single_page(
    tmp_path: Path, path: str, status: int, kept: str
) -> None:
    for name in ("dashboard/index.html", "dashboard/assets/0123456789ab/main.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("it")
    answer = _answer(tmp_path, path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, kept)
    assert (answer.get_data(as_text=True) == "it") == (status == 200)


def test_the_dashboard_is_not_treated_as_a_language_of_the_site(tmp_path: Path) -> None:
    for name in ("index.html", "en/index.html", "dashboard/index.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("en")
    assert _answer(tmp_path, "/", {"Accept-Language": "*"}).status_code == 200


def _answer(folder: Path, path: str, headers: dict[str, str] | None = None) -> Response:
    return static_files.serve(
        folder, Request(EnvironBuilder(path=path, headers=list((headers or {}).items())).get_environ())
    )
