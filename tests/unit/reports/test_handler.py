"""Handler for reports: its triggers, and the work of each."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from referral_intake.core.report import Report, ReportState
from referral_intake.reports import handler as reports
from referral_intake.reports import wiring as reports_wiring
from samlocal.template.model import Schedule
from samlocal.template.reader import load
from samlocal.template.references import Places
from tests.support import samples
from tests.support.reports import report


@dataclass
class Context:
    function_name: str = "reports"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:reports"
    aws_request_id: str = "5d6f4a0e-0000-4000-8000-000000000000"
    tenant_id: str | None = None

    def get_remaining_time_in_millis(self) -> int:
        return 61_000


CONTEXT: Any = Context()


@dataclass
class FakeReporting:
    done: list[tuple[str, timedelta]] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)

    def run(self, report_id: str, time_left: Any, margin: timedelta) -> Report | None:
        self.done.append((report_id, time_left()))
        if report_id == "broken":
            raise ValueError("a referral that can't be read")
        return replace(report(), state=ReportState.READY)

    def requeue_lost(self, campaign: str) -> int:
        self.looked_for.append(campaign)
        return 1


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    summarized: list[str] = []

    def send(campaign: Any) -> dict[str, int]:
        summarized.append(campaign.name)
        return {"sent": 1}

    fake = SimpleNamespace(
        report_runner=FakeReporting(),
        campaigns=samples.CAMPAIGNS,
        summary_sender=SimpleNamespace(send=send),
        summarized=summarized,
    )
    monkeypatch.setattr(reports_wiring, "parts", lambda: fake)
    return fake


def message(report_id: str) -> dict[str, Any]:
    return {"messageId": f"m-{report_id}", "body": report_id, "eventSource": "aws:sqs"}


def test_a_message_runs_its_report_for_the_remaining_time_of_the_function(parts: Any) -> None:
    assert reports.handler({"Records": [message("one")]}, CONTEXT) == {"batchItemFailures": []}
    assert parts.report_runner.done == [("one", timedelta(seconds=61))]


def test_a_failed_run_returns_its_message_to_the_queue(parts: Any) -> None:
    answer = reports.handler({"Records": [message("broken")]}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-broken"}]}


def test_each_schedule_of_the_template_is_handled(parts: Any) -> None:
    template = load(
        samples.TEMPLATE_FILE, {"SenderAddress": "a@b.example", "SiteUrl": ""}, Places("referral-intake", "")
    )
    schedules = [
        source for source in template.sources if isinstance(source, Schedule) and source.function == "ReportsFunction"
    ]
    for schedule in schedules:
        assert reports.handler(json.loads(schedule.input or "{}"), CONTEXT) is None
    assert len(schedules) == 2
    assert parts.report_runner.looked_for == parts.summarized == ["lumen", "relay"]
    assert parts.report_runner.done == []
