"""The dashboard API on the complete local stack: from sign-in to the table, with the deployed template."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.stack import LocalStack
from tests.integration.sign_in import Page, bearer
from tests.support import samples
from tests.support.http_client import fetch
from tests.support.stack import local_stack
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("local")
    with local_stack(folder) as running:
        yield running


def tokens(stack: LocalStack, username: str) -> dict[str, Any]:
    (client,) = stack.template.pools[0].clients
    return Page(stack, f"{stack.url}/dashboard/", client.id).sign_in(username)


def get(stack: LocalStack, path: str, token: str | None) -> tuple[int, Any]:
    answer = fetch(f"{stack.url}/api/dashboard{path}", "GET", None, bearer(token) if token else {})
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("role", ["viewer", "manager"])
def test_a_member_of_a_group_signs_in_with_its_role(stack: LocalStack, role: str) -> None:
    status, response = get(stack, "/me", tokens(stack, role)["access_token"])
    assert (status, response["user"], response["roles"]) == (200, role, [role])


def test_a_user_without_a_group_has_no_access(stack: LocalStack) -> None:
    token = tokens(stack, "newcomer")["access_token"]
    for path in ("/me", "/openapi.json", "/nothing"):
        assert get(stack, path, token)[0] == 403


def test_without_an_access_token_the_function_is_not_invoked(stack: LocalStack) -> None:
    manager_tokens = tokens(stack, "manager")
    assert get(stack, "/me", None) == (401, {"message": "Unauthorized"})
    assert get(stack, "/me", manager_tokens["access_token"] + "x") == (401, {"message": "Unauthorized"})
    # API Gateway accepts an ID token of this client. The function refuses it.
    assert get(stack, "/me", manager_tokens["id_token"])[0] == 403


def test_a_submission_soon_appears_in_the_overview(stack: LocalStack) -> None:
    sent = samples.payload(submission_id=str(uuid.uuid4()))
    headers = {"content-type": "application/json"}
    assert fetch(f"{stack.url}/api/referrals", "POST", json.dumps(sent).encode(), headers).status == 201
    token, today = tokens(stack, "viewer")["access_token"], datetime.now(UTC).date()
    query = f"?campaign=lumen&from={today - timedelta(days=6)}&to={today}"
    eventually(lambda: get(stack, f"/overview{query}", token)[1]["period"]["facts"].get("submitted"))
    response = get(stack, f"/overview{query}", token)[1]
    assert sum(response["stages"].values()) == 1
    assert response["read_units"] > 0
