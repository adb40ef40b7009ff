"""The settings with which the dashboard's page signs in at the local stack."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from local.site_build import build_with_cli, dashboard_settings
from tests.support import project


def template(**pool: Any) -> Any:
    return SimpleNamespace(pools=[SimpleNamespace(**pool)])


def test_the_settings_name_the_issuer_the_client_and_the_sign_in_page() -> None:
    clients = [SimpleNamespace(id="Browser"), SimpleNamespace(id="Other")]
    assert dashboard_settings(template(issuer="http://127.0.0.1:1/sign-in/pool", clients=clients)) == {
        "authority": "http://127.0.0.1:1/sign-in/pool",
        "client_id": "Browser",
        "sign_in": "http://127.0.0.1:1/sign-in",
    }


def test_without_a_client_there_are_no_settings() -> None:
    assert dashboard_settings(template(issuer="http://127.0.0.1:1/sign-in/pool", clients=[])) is None


def test_a_build_reads_the_code_again_and_leaves_loaded_modules_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = ModuleType("cli.site.builder")
    monkeypatch.setitem(sys.modules, "cli.site.builder", stale)
    build_with_cli(project.root() / "templates", tmp_path)
    assert (tmp_path / "index.html").exists()
    assert sys.modules["cli.site.builder"] is stale
