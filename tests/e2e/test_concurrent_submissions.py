"""Many concurrent submissions."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.support.http_client import fetch
from tests.support.proofs import with_proof_for_stack
from tests.support.samples import doctor, payload
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


def submit(stack: LocalStack, doctor_sent: dict[str, Any]) -> int:
    """Submits again after 503, as the page does. A slow engine causes it. 200 means that an earlier try was stored."""
    body = with_proof_for_stack(stack, payload(doctor=doctor_sent))

    def final_status() -> int | None:
        status = fetch(f"{stack.url}/api/referrals", "POST", body).status
        return None if status == 503 else status

    return int(eventually(final_status))


def test_80_concurrent_submissions_send_80_messages_without_loss_or_duplicates(
    stack: LocalStack, mailbox: Mailbox
) -> None:
    def post(number: int) -> int:
        letters = uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
        return submit(stack, doctor(name=f"Doctor {letters}", email=f"doctor{number}@many.example"))

    with ThreadPoolExecutor(80) as patients:
        statuses = set(patients.map(post, range(80)))
    # First, so that no message of this test arrives during the next one.
    received = Counter(message["to"][0] for message in mailbox.wait_for(80))
    assert received == {f"doctor{number}@many.example": 1 for number in range(80)}
    assert statuses <= {200, 201}


def test_50_concurrent_submissions_for_one_doctor_send_one_message(stack: LocalStack, mailbox: Mailbox) -> None:
    def post(number: int) -> int:
        return submit(stack, doctor(email=f"One+{number}@Same.example"))

    with ThreadPoolExecutor(50) as patients:
        statuses = set(patients.map(post, range(50)))
    mailbox.wait_for(1)
    assert len(mailbox.wait_for(2, seconds=4)) == 1
    assert statuses <= {200, 201}
