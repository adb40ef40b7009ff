"""The settings with which the dashboard's page signs in at the local stack."""

from types import SimpleNamespace
from typing import Any

from local.site_build import dashboard_settings


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
