"""`make demo`: the recorded history, shifted so that it ends now."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from moto.dynamodb.models import dynamodb_backends

from local.demo import fill, history
from local.demo.history import Item, Shift
from local.demo.loader import history_at
from local.demo.plan import Plan
from local.demo.submission_times import SubmissionTimes
from local.stack import ROOT, LocalStack
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import from_item, task_attributes, timestamp
from referral_intake.aws.keys import DoctorHashes, Keyring
from referral_intake.core import tasks
from referral_intake.core.business_hours import next_business_time, zone_of
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim, Suppressed
from referral_intake.core.counting import tally
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral
from referral_intake.stats.counting_table import read_stored_tally
from samlocal.template.model import ACCOUNT, REGION
from tests.support.http_client import fetch
from tests.support.stats import counters, recount
from tests.support.waiting import eventually

SITE = "http://127.0.0.1:8080"
# Start times of the demo.
STARTS = [
    datetime(2027, 3, 14, 7, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2031, 12, 31, 23, 59, tzinfo=UTC),
]


@cache
def campaign() -> Campaign:
    """The campaign of the recorded history."""
    found = Campaigns(history.FILE.parent).get(history.CAMPAIGN)
    assert found
    return found


@cache
def items(now: datetime) -> list[Item]:
    return list(history_at(now, campaign(), SITE))


def referrals(now: datetime) -> list[Referral]:
    return [from_item(item) for item in items(now) if item["sk"]["S"] == "referral"]


@pytest.mark.parametrize("now", STARTS, ids=str)
class TestAtAnyStartTime:
    def test_the_history_covers_ninety_days_and_nothing_is_in_the_future(self, now: datetime) -> None:
        times = [time for one in referrals(now) for time in one.milestones.values()]
        assert min(times) < now - timedelta(days=90)
        assert now - timedelta(hours=12) < max(times) <= now

    def test_reminders_were_sent_on_weekdays_from_nine_to_five(self, now: datetime) -> None:
        found = 0
        for one in referrals(now):
            zone = zone_of(one.doctor.address.state, campaign().policy.time_zone)
            for written in (one.messages[step] for step in one.messages if step.startswith("reminder")):
                for attempt in written.attempts.values():
                    assert next_business_time(attempt.at, zone) == attempt.at
                    found += 1
        assert found > 500

    def test_days_of_the_week_are_kept(self, now: datetime) -> None:
        moved, recorded = Shift.to(now).moved(history.START), history.START
        eastern = ZoneInfo("America/New_York")
        assert moved.astimezone(eastern).weekday() == recorded.astimezone(eastern).weekday()
        assert moved.astimezone(eastern).time() == recorded.astimezone(eastern).time()

    def test_few_referrals_are_overdue(self, now: datetime) -> None:
        """Only referrals that became due within the last half hour."""
        due = [one for one in referrals(now) if one.due_at and one.due_at <= now]
        assert len(due) < 60


def test_there_are_tasks_of_each_kind_all_week() -> None:
    lines = "\n".join(line for line in history.read().splitlines() if '"waits_for"' in line)
    for hours in range(0, 7 * 24, 6):
        found = history.items_at(history.EARLIEST_END + timedelta(hours=hours), lines)
        waiting = Counter(item["waits_for"]["S"] for item in found if "waits_for" in item)
        # Members of a group are in a partition of their own.
        lists = {"/".join(name.split("/")[:2]) for name in waiting}
        assert lists == {f"{history.CAMPAIGN}/{kind}" for kind in tasks.TaskKind}


def test_each_item_has_the_format_of_the_product() -> None:
    found = items(STARTS[0])
    for item in found:
        if item["sk"]["S"] == "referral":
            one = from_item(item)
            waits = task_attributes(campaign().name, tasks.task_kind(one), one.waits_since, one.group)
            assert {name: item.get(name, {}).get("S") for name in waits} == waits
            assert (one.due_at is None) == (one.stage == "closed")
            assert item["submitted_at"]["S"] == timestamp(one.submitted_at)
    kinds = {item["pk"]["S"].partition("#")[0] for item in found}
    limits = {"names", "addresses", "source", "network", "limit", "total", "group"}
    assert kinds == {"referral", "doctor", "pace", "breaker", "feedback", "audit"} | limits


def test_the_history_is_loaded_for_the_existing_campaign() -> None:
    sender = replace(campaign().sender, product_url="https://nova.example/")
    nova = replace(campaign(), name="nova", sender=sender)
    text = str(list(history_at(STARTS[0], nova, SITE)))
    assert "nova/introduction" in text
    assert "https://nova.example/" in text
    assert history.CAMPAIGN not in text
    assert ".invalid" not in text


def test_the_recorded_file_is_small() -> None:
    assert history.FILE.stat().st_size < 600_000


# ---- Loaded ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """With another policy than that of the recorded history."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "functions").symlink_to(ROOT / "functions")
    shutil.copytree(ROOT / "infra", folder / "infra")
    shutil.copytree(ROOT / "templates", folder / "templates", ignore=shutil.ignore_patterns("node_modules"))
    for file in folder.glob("templates/campaigns/*/campaign.toml"):
        text = re.sub(
            r"(?m)^(reminder_after|expires_after|cooldown)_days = \d+", r"\1_days = 30", file.read_text("utf-8")
        )
        file.write_text(text, "utf-8")
    with LocalStack(
        template_file=folder / "infra" / "template.yaml",
        site=folder / "site",
        log_file=folder / "log",
        watch=False,
        out=StringIO(),
        fill=fill,
    ) as stack:
        yield stack


def held(stack: LocalStack, table: str) -> list[Item]:
    """All items. A scan by moto takes many seconds."""
    found = dynamodb_backends[ACCOUNT][REGION].tables[stack.template.tables[table].name]
    return [item.to_json()["Attributes"] for item in found.all_items()]


def stored(stack: LocalStack) -> dict[str, Referral]:
    found = [from_item(item) for item in held(stack, "Table") if item["sk"]["S"] == "referral"]
    return {one.receipt: one for one in found}


@pytest.mark.long
def test_the_counters_match_the_table(demo: LocalStack) -> None:
    referrals, stats = stored(demo), held(demo, "StatsTable")
    assert counters(stats) == recount(referrals.values())
    counted = {receipt: kept for item in stats for receipt, kept in read_stored_tally(item)}
    assert {receipt: (kept.revision, kept.tally) for receipt, kept in counted.items()} == {
        receipt: (one.revision, tally(one)) for receipt, one in referrals.items()
    }


@pytest.mark.long
def test_each_message_is_in_the_mailbox_and_archived_with_its_referral(demo: LocalStack) -> None:
    found = stored(demo)
    attempts = {
        message_id for one in found.values() for written in one.messages.values() for message_id in written.attempts
    }
    assert attempts <= {mail.id for mail in demo.mailbox.all()}
    kept = {item["pk"]["S"] for item in held(demo, "Table") if item["sk"]["S"].startswith("message#")}
    assert kept >= {f"referral#{one.receipt}" for one in found.values() if one.messages}
    times = [mail.time for mail in demo.mailbox.all()]
    assert times == sorted(times)


@pytest.mark.long
def test_the_links_of_old_messages_work(demo: LocalStack) -> None:
    mail = demo.mailbox.all()[len(demo.mailbox.all()) // 2]
    opt_out = dict(mail.headers)["List-Unsubscribe"].strip("<>")
    answer = re.search(r"\S+/api/answer\?token=\S+", mail.text or "")
    assert answer
    assert [fetch(link).status for link in (opt_out, answer[0])] == [200, 200]
    tracked = re.search(r'href="([^"]*/_local/ses/track/[^"]+)"', mail.html or "")
    assert tracked
    assert fetch(tracked[1]).status == 302


@pytest.mark.long
def test_an_old_opt_out_still_applies(demo: LocalStack) -> None:
    keys = Keyring.from_secret(json.loads(demo.cloud.secret_text(os.environ["HASHING_KEYS_SECRET"])))
    claims = ClaimTable(demo.cloud.dynamodb, demo.template.tables["Table"].name)
    opted_out = [one for one in stored(demo).values() if one.reason == Closing.OPTED_OUT and one.messages]
    assert len(opted_out) > 5
    for one in opted_out:
        claim = Claim(one, "introduction", *DoctorHashes(lambda: keys).of(one))
        obstacle = claims.obstacle(claim, now=one.submitted_at, cooldown=timedelta(days=365))
        was_undone = Milestone.OPTED_IN in one.milestones
        assert obstacle == (None if was_undone else Suppressed(Closing.OPTED_OUT))


@pytest.mark.long
def test_the_breaker_was_open_once_and_closed_by_a_person(demo: LocalStack) -> None:
    acts = Counter(item["what"]["S"] for item in held(demo, "Table") if item["pk"]["S"].startswith("audit#"))
    assert acts.keys() >= {
        "approve",
        "reject",
        "letter_sent",
        "called",
        "called_back",
        "information_sent",
        "retry",
        "add_email",
    }
    assert any(act.startswith("resume/") for act in acts)


@pytest.mark.long
def test_the_demo_continues_with_due_referrals_only(demo: LocalStack) -> None:
    before, mails = stored(demo), len(demo.mailbox.all())
    now = datetime.now(UTC)
    due = {receipt for receipt, one in before.items() if one.due_at and one.due_at <= now}
    demo.functions.invoke("WakeFunction", {})
    eventually(lambda: not [one for one in stored(demo).values() if one.stage in {"queued", "sending"}])
    changed = {receipt for receipt, one in stored(demo).items() if one.revision != before[receipt].revision}
    assert changed <= due
    assert len(demo.mailbox.all()) - mails <= len(due) < 60


class TestPlan:
    def test_most_referrals_arrive_on_the_campaign_day_and_fewest_at_weekends(self) -> None:
        plan = Plan()
        days = Counter(one.at.date() for one in plan.submissions())
        assert sum(days.values()) == plan.count
        assert days.most_common(1)[0][0] == SubmissionTimes(plan.end, plan.days).campaign_day
        weekend = sum(count for day, count in days.items() if day.weekday() >= 5)
        assert weekend < 0.2 * plan.count

    def test_every_address_is_reserved_except_those_of_a_disposable_domain(self) -> None:
        found = [one.doctor.details.get("email", "x@example.org") for one in Plan().submissions()]
        domains = Counter(".".join(email.rpartition("@")[2].split(".")[-2:]) for email in found)
        assert set(domains) == {"example.org", "example.com", "example.net", "mailinator.com"}
        assert domains["mailinator.com"] < 15
