"""Reports and the weekly summary on the complete local stack: from the request to the file and the mailbox."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pypdfium2 import PdfDocument
from python_calamine import CalamineWorkbook

from local.stack import LocalStack
from tests.integration.sign_in import Page, bearer
from tests.support import proofs, samples
from tests.support.http_client import Answer, fetch
from tests.support.stack import local_stack
from tests.support.waiting import eventually

ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("local")
    with local_stack(folder) as running:
        # In the middle of a week, so that the whole test is in one week.
        now = datetime.now(UTC)
        wednesday = (now + timedelta(days=9 - now.weekday())).replace(hour=12)
        running.clock.advance((wednesday - now).total_seconds())
        for doctor in (samples.doctor(), {"name": "Ana Gomez", "practice": "=1+1", "address": ADDRESS}):
            sent = proofs.with_proof_for_stack(running, samples.payload(submission_id=str(uuid.uuid4()), doctor=doctor))
            assert fetch(f"{running.url}/api/referrals", "POST", sent).status == 201
        yield running


@pytest.fixture(scope="module")
def manager(stack: LocalStack) -> dict[str, str]:
    return signed_in(stack)


def signed_in(stack: LocalStack) -> dict[str, str]:
    (client,) = stack.template.pools[0].clients
    return bearer(Page(stack, f"{stack.url}/dashboard/", client.id).sign_in("manager")["access_token"])


def finished(stack: LocalStack, manager: dict[str, str], **fields: Any) -> dict[str, Any]:
    """The finished report."""
    api = f"{stack.url}/api/dashboard/reports"
    answer = fetch(api, "POST", {"campaign": "lumen", **fields}, JSON | manager)
    assert answer.status == 202, answer.body

    def ready() -> dict[str, Any] | None:
        response: dict[str, Any] = json.loads(fetch(f"{api}/{json.loads(answer.body)['id']}", headers=manager).body)
        assert response["state"] != "failed", response
        return response if response["state"] == "ready" else None

    done: dict[str, Any] = eventually(ready)
    return done


def downloaded(stack: LocalStack, manager: dict[str, str], report: dict[str, Any]) -> Answer:
    path = f"{stack.url}/api/dashboard/reports/{report['id']}/download"
    response = json.loads(fetch(path, "POST", {"file": 0}, JSON | manager).body)
    assert response["expires_in"] == 300
    return fetch(response["url"])


def test_an_export_is_requested_created_and_downloaded(stack: LocalStack, manager: dict[str, str]) -> None:
    report = finished(stack, manager, kind="referrals", format="csv", filter={})
    file = downloaded(stack, manager, report)
    name = f"lumen-referrals-{report['requested_at'][:10]}.csv"
    assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(file.body.decode("utf-8-sig"), newline="")))
    assert {row["doctor_name"] for row in rows} == {"Maria Lopez", "Ana Gomez"}
    assert {row["practice"] for row in rows} == {"", "'=1+1"}
    assert report["rows_done"] == 2


def test_a_workbook_has_the_filtered_referrals(stack: LocalStack, manager: dict[str, str]) -> None:
    report = finished(stack, manager, kind="referrals", format="xlsx", filter={"state": "IL"})
    book = CalamineWorkbook.from_filelike(io.BytesIO(downloaded(stack, manager, report).body))
    header, row = book.get_sheet_by_index(0).to_python()
    assert dict(zip(header, row, strict=True))["practice"] == "=1+1"


def test_letters_are_one_pdf(stack: LocalStack, manager: dict[str, str]) -> None:
    def waits() -> dict[str, Any] | None:
        report = finished(stack, manager, kind="letters", format="pdf")
        return report if report["rows_done"] else None

    # Until outreach has found that there is no email address.
    report: dict[str, Any] = eventually(waits)
    assert len(PdfDocument(downloaded(stack, manager, report).body)) == 1


def counted(stack: LocalStack, manager: dict[str, str]) -> int | None:
    today = datetime.now(UTC).date()
    days = f"from={today - timedelta(days=1)}&to={today}"
    answer = fetch(f"{stack.url}/api/dashboard/overview?campaign=lumen&{days}", headers=manager)
    submitted: int | None = json.loads(answer.body)["period"]["facts"].get("submitted")
    return submitted


def test_a_subscriber_gets_the_summary_on_monday(stack: LocalStack, manager: dict[str, str]) -> None:
    path = f"{stack.url}/api/dashboard/weekly-summary"
    response = json.loads(fetch(path, "PUT", {"campaign": "lumen", "wanted": True}, JSON | manager).body)
    assert response == {"campaign": "lumen", "wanted": True, "address": "manager@team.example"}
    eventually(lambda: counted(stack, manager) == 2)
    # Weeks are counted in UTC: the next Monday, even if it is still Sunday in another time zone.
    now = datetime.now(UTC)
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=15, minute=30)
    stack.clock.advance((monday - now).total_seconds())

    def arrived() -> list[Any]:
        return [mail for mail in stack.mailbox.all() if "manager@team.example" in mail.to]

    (mail,) = eventually(arrived)
    assert (
        mail.configuration_set == stack.template.functions["ReportsFunction"].environment["SUMMARY_CONFIGURATION_SET"]
    )
    assert "2 referrals" in mail.subject
    assert "/dashboard/work/by_post?campaign=lumen" in mail.text
    stack.clock.advance(3600)
    assert len(arrived()) == 1
