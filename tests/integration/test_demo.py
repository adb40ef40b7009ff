"""`make demo`, in small: made-up outreach by the real handlers, the same each time, counted exactly."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from local.demo.filling import Filling
from local.demo.plan import Plan
from local.demo.progress import progress
from local.demo.rhythm import Rhythm
from local.mailbox import Mail
from local.stack import LocalStack
from referral_intake.adapters.items import Item, from_item, plain
from tests.integration.local_scratch import fetch
from tests.support.stats import counters, recount
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

END = date(2026, 11, 20)
PLAN = Plan(END, count=40, days=20)
UNTIL = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
# Hashes are made with keys that each start draws anew, as are the ids of SES's messages and of tries. Links that were
# followed name the port.
BY_CHANCE = {"source", "messages", "attempt", "engagements"}


@dataclass
class Filled:
    """What there was right after the filling, before anything went on by itself."""

    referrals: list[Item] = field(default_factory=list)
    counted: list[Item] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    days: list[str] = field(default_factory=list)

    def fill(self, stack: LocalStack) -> None:
        Filling(stack, PLAN, UNTIL, self.days.append).run()
        self.referrals = [item for item in _all(stack, "Table") if item["sk"]["S"] == "referral"]
        self.counted = _all(stack, "StatsTable")
        self.mails = stack.mailbox.all()

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """By receipt, without what is by chance."""
        found = {item["receipt"]["S"]: plain(item) for item in self.referrals}
        return {
            receipt: {name: value for name, value in item.items() if name not in BY_CHANCE}
            for receipt, item in found.items()
        }


def _all(stack: LocalStack, table: str) -> list[Item]:
    pages = stack.cloud.dynamodb.get_paginator("scan").paginate(TableName=stack.template.tables[table].name)
    return [dict(item) for page in pages for item in page["Items"]]


def _stack(folder: Path, filled: Filled) -> LocalStack:
    return LocalStack(site=folder / "site", log_file=folder / "log", watch=False, out=StringIO(), fill=filled.fill)


@dataclass
class Demo:
    first: Filled
    second: Filled
    stack: LocalStack
    log: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Filled twice, from nothing each time; the second goes on running."""
    first, second = Filled(), Filled()
    with _stack(tmp_path_factory.mktemp("first"), first):
        pass
    folder = tmp_path_factory.mktemp("second")
    with _stack(folder, second) as stack:
        yield Demo(first, second, stack, folder / "log")


def test_the_same_seed_and_day_give_the_same_referrals_and_the_same_counters(demo: Demo) -> None:
    assert len(demo.first.referrals) == PLAN.count
    assert demo.first.told == demo.second.told
    assert counters(demo.first.counted) == counters(demo.second.counted)


def test_the_counters_are_what_the_table_says(demo: Demo) -> None:
    referrals = [from_item(item) for item in demo.first.referrals]
    assert counters(demo.first.counted) == recount(referrals)


def test_it_lies_in_the_past_and_many_things_have_happened(demo: Demo) -> None:
    milestones = Counter(name for one in demo.first.told.values() for name in one["milestones"])
    assert {"sent", "delivered", "opened", "scanned"} < milestones.keys()
    latest = max(time for one in demo.first.told.values() for time in one["milestones"].values())
    assert PLAN.start.isoformat() < latest < "2026-11-20T15:01"
    assert len(demo.first.days) == PLAN.count


def test_nobody_hears_of_the_same_step_twice_unless_it_came_back(demo: Demo) -> None:
    sent = Counter((mail.to, dict(mail.tags)["step"]) for mail in demo.first.mails)
    came_back = sum("soft_bounced" in one["milestones"] for one in demo.first.told.values())
    assert sum(count - 1 for count in sent.values()) <= came_back


def test_nothing_went_wrong_on_the_way(demo: Demo) -> None:
    lines = [json.loads(line) for line in demo.log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert len(lines) > PLAN.count
    assert [line for line in lines if line.get("level") == "ERROR"] == []


def test_afterwards_it_is_now_and_the_stack_goes_on_without_doing_it_all_again(demo: Demo) -> None:
    moments = fetch(f"{demo.stack.url}/_local/clock").json()
    assert abs(datetime.fromisoformat(moments["now"]) - datetime.now(UTC)).total_seconds() < 5
    before = len(demo.second.mails)
    assert fetch(f"{demo.stack.url}/").status == 200
    # What an event source has read twice would be counted by the functions, and said so.
    assert len(demo.stack.mailbox.all()) == before


def test_a_link_in_an_old_message_still_leads_somewhere(demo: Demo) -> None:
    link = dict(demo.second.mails[-1].headers)["List-Unsubscribe"].strip("<>")
    assert eventually(lambda: fetch(link).status) == 200


def test_whoever_stops_it_waits_for_nothing(tmp_path: Path, demo: Demo) -> None:
    demo.stack.stop()
    before = datetime.now(UTC)

    def fill(stack: LocalStack) -> None:
        Filling(stack, PLAN, UNTIL, is_stopping=lambda: True).run()

    with pytest.raises(KeyboardInterrupt):
        LocalStack(site=tmp_path / "site", log_file=tmp_path / "log", watch=False, out=StringIO(), fill=fill).start()
    assert before <= datetime.now(UTC), "it is now again"


class TestThePlan:
    def test_most_come_on_the_campaign_s_day_and_fewest_at_weekends(self) -> None:
        days = Counter(one.at.date() for one in Plan(END).submissions())
        assert sum(days.values()) == 1500
        assert days.most_common(1)[0][0] == Rhythm(END, 90).campaign_day
        weekend = sum(count for day, count in days.items() if day.weekday() >= 5)
        assert weekend < 0.2 * 1500

    def test_every_address_is_one_that_nobody_can_have_but_those_of_a_known_disposable_domain(self) -> None:
        found = [one.doctor.details.get("email", "x@example.org") for one in Plan(END).submissions()]
        domains = Counter(".".join(email.rpartition("@")[2].split(".")[-2:]) for email in found)
        assert set(domains) == {"example.org", "example.com", "example.net", "mailinator.com"}
        assert domains["mailinator.com"] < 15

    def test_another_seed_is_another_plan(self) -> None:
        assert Plan(END, 40, 10).submissions() == Plan(END, 40, 10).submissions()
        assert Plan(END, 40, 10).submissions() != Plan(END, 40, 10, seed=2).submissions()


def test_without_a_terminal_a_line_says_now_and_then_how_far_it_is() -> None:
    out = StringIO()
    with progress(100, out) as done:
        for _ in range(100):
            done("20 Nov")
    assert out.getvalue().splitlines()[0] == "20 of 100 referrals, 20 Nov"
    assert len(out.getvalue().splitlines()) == 5
