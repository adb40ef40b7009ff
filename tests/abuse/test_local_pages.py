"""A web page, whose host name resolves to 127.0.0.1, reads the local stack of a developer who visits it."""

from collections.abc import Iterator

import pytest

from tests.integration.samlocal.sample_project import project
from tests.support.http_client import fetch


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with project(tmp_path_factory.mktemp("local")).running() as stack:
        yield stack.url


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("site.localhost:8080", 200), ("attacker.example", 421), ("127.0.0.1.attacker.example", 421)],
)
def test_only_host_names_of_this_machine_get_the_pages_of_the_stack(url: str, host: str, status: int) -> None:
    for path in ("/_local/", "/_local/mailbox.json", "/_local/table", "/_local/clock"):
        assert fetch(f"{url}{path}", headers={"Host": host}).status == status


def test_a_foreign_host_name_can_not_move_the_clock_or_empty_the_mailbox(url: str) -> None:
    foreign = {"Host": "attacker.example", "Content-Type": "application/json"}
    assert fetch(f"{url}/_local/clock", "POST", b'{"seconds": 60}', foreign).status == 421
    assert fetch(f"{url}/_local/mailbox.json", "DELETE", headers=foreign).status == 421
