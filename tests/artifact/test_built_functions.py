"""Every built function: its triggers on AWS invoke it, and its actions have effects.

The table is in DynamoDB Local, mail goes to the local SES, and everything else is part of the local stack.
"""

import io
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from pypdfium2 import PdfDocument
from python_calamine import CalamineWorkbook

from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.referral import Referral, Stage
from samlocal.events.schedules import event as scheduled
from samlocal.runtime.functions import FunctionFailed
from samlocal.template.model import Schedule
from tests.artifact.conftest import STARTS
from tests.artifact.stack import BuiltStack
from tests.support import proofs, samples
from tests.support.http_client import Answer, fetch
from tests.support.waiting import eventually

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
# Slow: nine processes start next to two engines.


def submit_referral(stack: BuiltStack, **doctor: Any) -> str:
    """Submits a referral and returns its receipt."""
    sent = proofs.with_proof_for_stack(stack, samples.payload(submission_id=str(uuid.uuid4()), doctor=doctor))
    answer = fetch(f"{stack.url}/api/referrals", "POST", sent)
    assert answer.status == 201, answer.body
    return str(json.loads(answer.body)["receipt"])


def table(stack: BuiltStack) -> ReferralTable:
    return ReferralTable(boto3.client("dynamodb"), stack.template.tables["Table"].name)


def stored(stack: BuiltStack, receipt: str) -> Referral:
    found = table(stack).get(receipt, consistent=True)
    assert found
    return found


def mails(stack: BuiltStack, address: str) -> list[Any]:
    return [mail for mail in stack.mailbox.all() if address in mail.to]


def asked(stack: BuiltStack, manager: dict[str, str], path: str, method: str = "GET", body: object = None) -> Any:
    answer: Answer = fetch(f"{stack.url}/api/dashboard{path}", method, body, JSON | manager)
    assert answer.status in {200, 202}, answer.body
    return json.loads(answer.body)


def test_a_referral_is_stored_mailed_delivered_counted_and_listed(stack: BuiltStack, manager: dict[str, str]) -> None:
    receipt = submit_referral(stack, name="Maria Lopez", email="maria@clinic.example")
    eventually(lambda: "delivered" in stored(stack, receipt).milestones)
    (mail,) = mails(stack, "maria@clinic.example")
    assert "Dear Dr. Lopez" in mail.text
    today = datetime.now(UTC).date()
    overview = f"/overview?campaign=lumen&from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    eventually(lambda: asked(stack, manager, overview)["period"]["facts"].get("delivered"))
    detail = asked(stack, manager, f"/referrals/{receipt}")
    assert detail["doctor"]["name"] == "Maria Lopez"


def test_a_doctor_who_opted_out_through_the_mail_is_never_mailed_again(stack: BuiltStack) -> None:
    receipt = submit_referral(stack, name="Omar Haddad", email="omar@clinic.example")
    eventually(lambda: "delivered" in stored(stack, receipt).milestones)
    (mail,) = mails(stack, "omar@clinic.example")
    link = dict(mail.headers)["List-Unsubscribe"].strip("<>")
    assert fetch(link, "POST", b"List-Unsubscribe=One-Click", FORM).status == 200
    eventually(lambda: stored(stack, receipt).reason == "opted_out")
    again = submit_referral(stack, name="Omar Haddad", email="omar@clinic.example")
    eventually(lambda: stored(stack, again).stage is Stage.CLOSED)
    assert stored(stack, again).reason == "opted_out"
    assert len(mails(stack, "omar@clinic.example")) == 1


def test_a_due_referral_is_mailed_once_by_the_schedule(stack: BuiltStack) -> None:
    """As after a lost stream record: only the schedule can find the referral."""
    ago = datetime.now(UTC) - REVIEW_INTERVAL
    referral = samples.referral(email="rosa@clinic.example")
    # The stream's filters match no referral that is stored as waiting.
    referral = replace(referral, stage=Stage.WAITING, due_at=ago, reason="domain_cap")
    table(stack).add(referral)
    for source in stack.template.sources:
        if isinstance(source, Schedule):
            stack.functions.invoke(source.function, scheduled(source))
    eventually(lambda: mails(stack, "rosa@clinic.example"))
    eventually(lambda: "delivered" in stored(stack, referral.receipt).milestones)
    assert len(mails(stack, "rosa@clinic.example")) == 1


def test_doctors_are_found_in_the_registry(stack: BuiltStack) -> None:
    doctor = next(record for record in stack.registry.records if record.get("enumeration_type") == "NPI-1")
    name, state = doctor["basic"]["last_name"], doctor["addresses"][0]["state"]
    answer = fetch(f"{stack.url}/api/doctors?name={name}&state={state}")
    assert answer.status == 200, answer.body
    assert doctor["number"] in answer.body.decode()


@pytest.fixture(scope="module")
def by_post(stack: BuiltStack) -> str:
    receipt = submit_referral(stack, name="Ana Gomez", address=ADDRESS)
    eventually(lambda: stored(stack, receipt).stage is Stage.BY_POST)
    return receipt


def made(stack: BuiltStack, manager: dict[str, str], **wanted: Any) -> bytes:
    """The file of a report."""
    report = asked(stack, manager, "/reports", "POST", {"campaign": "lumen", **wanted})["id"]

    def ready() -> bool:
        state = asked(stack, manager, f"/reports/{report}")["state"]
        assert state != "failed"
        return bool(state == "ready")

    eventually(ready)
    return fetch(asked(stack, manager, f"/reports/{report}/download", "POST", {"file": 0})["url"]).body


def test_a_workbook_is_made_with_the_packages_of_the_layer(
    stack: BuiltStack, manager: dict[str, str], by_post: str
) -> None:
    file = made(stack, manager, kind="referrals", format="xlsx", filter={"state": "IL"})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    assert "Ana Gomez" in rows[1]
    assert by_post in rows[1]


def test_letters_are_printed_with_the_packages_of_the_layer(
    stack: BuiltStack, manager: dict[str, str], by_post: str
) -> None:
    assert by_post
    assert len(PdfDocument(made(stack, manager, kind="letters", format="pdf"))) == 1


def test_a_failure_of_a_function_is_reported_as_a_function_error(stack: BuiltStack) -> None:
    with pytest.raises(FunctionFailed, match="UnexpectedBatchTypeError"):
        stack.functions.invoke("StatsFunction", {"Records": []})


def test_each_function_ran_within_its_memory_and_time_limits(stack: BuiltStack, pytestconfig: pytest.Config) -> None:
    """Runs last. The summary reports start times, which are not those of Lambda."""
    starts = [(emulator.function, emulator.start) for emulator in stack.functions.emulators.values()]
    pytestconfig.stash[STARTS] = starts
    for function, start in starts:
        assert start.peak < function.memory, function.short_name
        assert start.init < 10_000, "longer than Lambda lets a start take"
        assert start.first < 1000 * function.timeout, function.short_name
