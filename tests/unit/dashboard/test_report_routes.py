"""Routes for reports and the weekly summary."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from referral_intake.core.errors import Unavailable
from referral_intake.core.report import QUEUE_TIMEOUT, File, Report, ReportState
from referral_intake.core.search_filter import Filter
from referral_intake.core.weekly_summary import Subscriber
from tests.support.dashboard import VIEWER, FakeDashboard, ask
from tests.support.reports import report
from tests.support.samples import NOW


@dataclass
class FakeReports:
    kept: dict[str, Report] = field(default_factory=dict)
    together: list[Any] = field(default_factory=list)

    def add(self, report: Report, *together: Any) -> None:
        self.kept[report.id] = report
        self.together += together

    def get(self, report_id: str) -> Report | None:
        return self.kept.get(report_id)

    def latest(self, campaign: str) -> list[Report]:
        return [one for one in self.kept.values() if one.campaign == campaign]


@dataclass
class FakeQueue:
    ids: list[str] = field(default_factory=list)
    fails: bool = False

    def put(self, report_id: str) -> None:
        if self.fails:
            raise Unavailable("no queue")
        self.ids.append(report_id)


class FakeFiles:
    def url(self, key: str, seconds: int) -> str:
        return f"https://files.example/{key}?for={seconds}"


@dataclass
class FakeSummaries:
    wanted: dict[tuple[str, str], bool] = field(default_factory=dict)

    def set(self, who: Subscriber, at: datetime, *, is_subscribed: bool, record: Any) -> None:
        assert record["username"] == {"S": who.username}
        self.wanted[who.campaign, who.sub] = is_subscribed

    def is_subscribed(self, campaign: str, sub: str) -> bool:
        return self.wanted.get((campaign, sub), False)


@pytest.fixture
def parts() -> Any:
    fake: Any = FakeDashboard(
        reports=FakeReports(),
        report_queue=FakeQueue(),
        report_files=FakeFiles(),
        subscriptions=FakeSummaries(),
        address_of={"robin": "robin@spine.example"}.get,
        put_back=[],
    )
    fake.requeue_report = lambda lost, now: fake.put_back.append(lost.id)
    return fake


EXPORT = {"kind": "referrals", "format": "csv", "campaign": "lumen"}
CHOSEN = {"from": "2026-11-01", "to": "2026-11-22", "stage": "held", "state": "IL", "specialty": "medical_oncology"}


def test_a_report_is_stored_with_its_author_and_queued(parts: Any) -> None:
    status, response = ask(parts, "POST", "/reports", EXPORT | {"filter": CHOSEN})
    assert status == 202
    assert response["state"] == "queued"
    assert response["filter"] == CHOSEN
    assert response["requested_by"] == "robin"
    assert parts.report_queue.ids == [response["id"]]
    (record,) = parts.reports.together
    assert record["what"] == {"S": "report_asked"}
    assert ask(parts, "GET", f"/reports/{response['id']}")[1] == response
    assert ask(parts, "GET", "/reports", query="campaign=lumen")[1] == {"reports": [response]}


def test_a_report_is_accepted_though_the_queue_fails(parts: Any) -> None:
    parts.report_queue.fails = True
    status, response = ask(parts, "POST", "/reports", EXPORT)
    assert status == 202
    assert response["id"] in parts.reports.kept


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"kind": "letters"}, "format"),
        ({"campaign": "moon"}, "campaign"),
        ({"filter": {"from": "2026-11-22", "to": "2026-11-01"}}, "filter.to"),
        ({"filter": {"name": "Lopez"}}, "filter.name"),
        ({"filter": {"stage": "nowhere"}}, "filter.stage"),
    ],
)
def test_an_invalid_report_is_refused(parts: Any, wrong: dict[str, Any], field: str) -> None:
    status, problem = ask(parts, "POST", "/reports", EXPORT | wrong)
    assert status == 422
    assert [one["field"] for one in problem["errors"]] == [field]
    assert parts.reports.kept == {}


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("POST", "/reports", EXPORT),
        ("GET", "/reports", None),
        ("GET", f"/reports/{'0' * 32}", None),
        ("POST", f"/reports/{'0' * 32}/download", {"file": 0}),
    ],
)
def test_reports_are_for_managers(parts: Any, method: str, path: str, data: Any) -> None:
    query = "campaign=lumen" if path == "/reports" and method == "GET" else ""
    assert ask(parts, method, path, data, query=query, groups=VIEWER)[0] == 403


def ready(**given: Any) -> Report:
    file = File("id/1/star-referrals-2026-11-23.csv", "star-referrals-2026-11-23.csv", 123)
    return replace(
        report(**given), state=ReportState.READY, files=(file,), rows_done=7, expires_at=NOW + timedelta(days=1)
    )


def test_a_download_link_is_valid_for_five_minutes(parts: Any) -> None:
    done = ready()
    parts.reports.add(done)
    status, response = ask(parts, "POST", f"/reports/{done.id}/download", {"file": 0})
    assert (status, response) == (200, {"url": f"https://files.example/{done.files[0].key}?for=300", "expires_in": 300})
    assert parts.audit.records == [("robin", "report_downloaded", (done.id,))]


def test_without_a_record_no_file_is_downloaded(parts: Any) -> None:
    done = ready()
    parts.reports.add(done)
    parts.audit.fails = True
    assert ask(parts, "POST", f"/reports/{done.id}/download", {"file": 0})[0] == 503


@pytest.mark.parametrize(("file", "after", "expected"), [(1, 0, 404), (0, 25, 410)])
def test_a_missing_or_expired_file_cannot_be_downloaded(parts: Any, file: int, after: int, expected: int) -> None:
    done = ready()
    parts.reports.add(done)
    at = NOW + timedelta(hours=after)
    assert ask(parts, "POST", f"/reports/{done.id}/download", {"file": file}, at=at)[0] == expected


def test_a_lost_report_is_queued_again_when_its_status_is_read(parts: Any) -> None:
    lost = report()
    parts.reports.add(lost)
    ask(parts, "GET", f"/reports/{lost.id}")
    assert parts.put_back == []
    ask(parts, "GET", f"/reports/{lost.id}", at=NOW + QUEUE_TIMEOUT)
    assert parts.put_back == [lost.id]


def test_a_report_tells_why_letters_were_left_out(parts: Any) -> None:
    done = ready(filter=Filter(), left_out={"AAAA-BBBB-CCCC-DDDD": "opted_out"})
    parts.reports.add(done)
    response = ask(parts, "GET", f"/reports/{done.id}")[1]
    assert response["left_out"] == [{"receipt": "AAAA-BBBB-CCCC-DDDD", "reason": "opted_out"}]
    assert response["files"] == [{"name": "star-referrals-2026-11-23.csv", "bytes": 123}]
    assert "key" not in str(response)


def test_the_summary_goes_to_the_address_in_the_directory(parts: Any) -> None:
    wants = {"campaign": "lumen", "wanted": True}
    status, response = ask(parts, "PUT", "/weekly-summary", wants, groups=VIEWER)
    assert (status, response) == (200, wants | {"address": "robin@spine.example"})
    assert ask(parts, "GET", "/me")[1]["weekly_summary"] == {"lumen": True, "relay": False}
    ask(parts, "PUT", "/weekly-summary", wants | {"wanted": False})
    assert ask(parts, "GET", "/me")[1]["weekly_summary"] == {"lumen": False, "relay": False}
    assert ask(parts, "PUT", "/weekly-summary", wants | {"address": "me@evil.example"})[0] == 422


def test_a_user_without_an_address_cannot_subscribe_to_the_summary(parts: Any) -> None:
    wants = {"campaign": "lumen", "wanted": True}
    assert ask(parts, "PUT", "/weekly-summary", wants, username="nobody")[0] == 409
    assert ask(parts, "PUT", "/weekly-summary", wants | {"wanted": False}, username="nobody")[0] == 200
