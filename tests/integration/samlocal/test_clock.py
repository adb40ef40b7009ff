"""The clock of the local stack, which can be moved forward."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlocal.console.page_data import ahead
from samlocal.runtime.clock import MOST_SECONDS
from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import TEMPLATE, post, project
from tests.support.http_client import Answer, fetch
from tests.support.waiting import eventually

CLOCK_HANDLER = """\
import time
from datetime import UTC, datetime
from functools import partial

now = partial(datetime.now, UTC)  # As wiring keeps it.

def handler(event, context):
    time.sleep(0.05)
    return {"now": now().isoformat(), "left": context.get_remaining_time_in_millis()}
"""
SCHEDULE_HANDLER = """\
from datetime import UTC, datetime

def handler(event, context):
    print("woken", event["time"], datetime.now(UTC).isoformat()) if "time" in event else print("a record")
"""
JOBS = "        Jobs:\n          Type: SQS"
HOURLY = "        Hourly: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 hour) } }\n"


@pytest.fixture(scope="class")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with project(tmp_path_factory.mktemp("clock"), api=CLOCK_HANDLER).running() as running:
        yield running


def move(stack: Stack, seconds: object) -> Answer:
    return fetch(f"{stack.url}/_local/clock", "POST", {"advance_seconds": seconds})


def seen_by_a_function(stack: Stack) -> datetime:
    return datetime.fromisoformat(fetch(f"{stack.url}/api/things/x").json()["now"])


def shown(stack: Stack) -> datetime:
    return datetime.fromisoformat(fetch(f"{stack.url}/_local/clock").json()["now"])


def buttons(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('name="advance_seconds" value="')[1:]]


class TestMoving:
    def test_functions_use_the_time_of_the_moved_clock(self, stack: Stack) -> None:
        before = seen_by_a_function(stack)
        answer = move(stack, 90_000)
        after = seen_by_a_function(stack)

        assert answer.status == 200
        assert answer.json()["ahead_seconds"] >= 90_000
        assert timedelta(seconds=90_000) < after - before < timedelta(seconds=90_010)
        assert abs(shown(stack) - after) < timedelta(seconds=5)
        # The clock continues from there.
        assert seen_by_a_function(stack) > after

    def test_sleeps_and_timeouts_are_unaffected(self, stack: Stack) -> None:
        move(stack, 3600)
        left = fetch(f"{stack.url}/api/things/x").json()["left"]

        assert 0 < left < 5000

    @pytest.mark.parametrize("seconds", [-1, 0, "", "soon", None, True, [], MOST_SECONDS + 1, 10**400, float("nan")])
    def test_the_clock_accepts_only_a_positive_number_of_seconds(self, stack: Stack, seconds: object) -> None:
        before = fetch(f"{stack.url}/_local/clock").json()["ahead_seconds"]
        answer = move(stack, seconds)

        assert answer.status == 400
        assert answer.json()["message"]
        assert answer.json()["ahead_seconds"] == before

    @pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"advance_seconds": 1, "to": 2}'])
    def test_an_invalid_request_to_move_the_clock_is_refused_with_a_reason(self, stack: Stack, body: bytes) -> None:
        answer = fetch(f"{stack.url}/_local/clock", "POST", body)

        assert answer.status == 400
        assert "advance_seconds" in answer.json()["message"]

    @pytest.mark.parametrize(
        ("page", "back"),
        [
            ("/_local/mailbox?view=text", "/_local/mailbox?view=text"),
            ("/_local/", "/_local/"),
            ("/", "/_local/"),
        ],
    )
    def test_the_form_returns_to_the_page_that_it_is_on(self, stack: Stack, page: str, back: str) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded", "Referer": f"{stack.url}{page}"}
        answer = fetch(f"{stack.url}/_local/clock", "POST", b"advance_seconds=60", headers)

        assert (answer.status, answer.headers["location"]) == (303, back)

    @pytest.mark.parametrize("page", ["/_local/", "/_local/mailbox"])
    def test_the_pages_show_the_clock_and_buttons_to_move_it(self, stack: Stack, page: str) -> None:
        move(stack, 60)
        html = fetch(f"{stack.url}{page}").body.decode()

        assert " ahead</b>" in html
        assert buttons(html) == ["3600", "86400", "604800"]


def test_a_schedule_runs_once_even_if_several_periods_have_passed(tmp_path: Path) -> None:
    sample = project(tmp_path, template=TEMPLATE.replace(JOBS, HOURLY + JOBS), consumer=SCHEDULE_HANDLER)
    with sample.running() as stack:
        move(stack, 1800)
        time.sleep(0.1)
        assert sample.out.getvalue().count("woken") == 0
        move(stack, 5 * 3600)
        eventually(lambda: sample.out.getvalue().count("woken"))
        time.sleep(0.3)
        assert sample.out.getvalue().count("woken") == 1
        # Half a period after the last skipped run.
        move(stack, 1800)
        eventually(lambda: sample.out.getvalue().count("woken") == 2)


def test_streams_and_queues_continue_after_the_clock_moved(tmp_path: Path) -> None:
    sample = project(tmp_path)
    with sample.running() as stack:
        move(stack, 7 * 86_400)
        assert post(stack.url, "after") == 201
        eventually(lambda: sample.out.getvalue().count("got  n=1") == 1)
        stack.cloud.sqs.send_message(QueueUrl=stack.cloud.queue_urls["Jobs"], MessageBody="{}")
        eventually(lambda: sample.out.getvalue().count("got  n=1") == 2)


def test_stopping_the_stack_restores_the_real_time(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with project(tmp_path).running() as stack:
        move(stack, 86_400)
        assert datetime.now(UTC) - before > timedelta(days=1)
    assert datetime.now(UTC) - before < timedelta(minutes=1)
    with project(tmp_path).running() as stack:
        assert fetch(f"{stack.url}/_local/clock").json()["ahead_seconds"] == 0
        assert post(stack.url, "ana") == 201


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "1 minute"), (90_000, "1 day, 1 hour"), (691_260, "8 days, 1 minute"), (0, "")]
)
def test_the_offset_is_described_in_words(seconds: float, text: str) -> None:
    assert ahead(seconds) == text
