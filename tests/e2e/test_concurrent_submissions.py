"""Many concurrent submissions."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.support.proofs import with_proof_for_stack
from tests.support.samples import doctor, payload


@pytest.mark.long
def test_200_concurrent_submissions_send_200_messages_without_loss_or_duplicates(
    stack: LocalStack, mailbox: Mailbox
) -> None:
    def post(number: int) -> int:
        body = payload(doctor=doctor(name=f"Doctor {uuid.uuid4().hex}", email=f"doctor{number}@many.example"))
        data = json.dumps(with_proof_for_stack(stack, body)).encode()
        request = Request(f"{stack.url}/api/referrals", data, {"content-type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(200) as patients:
        statuses = Counter(patients.map(post, range(200)))
    # First, so that no message of this test arrives during the next one.
    received = Counter(message["to"][0] for message in mailbox.wait_for(200))
    assert received == {f"doctor{number}@many.example": 1 for number in range(200)}
    # 200 means that the submission is stored already: a busy engine answers so late that botocore writes again.
    assert set(statuses) <= {200, 201}


@pytest.mark.long
def test_50_concurrent_submissions_for_one_doctor_send_one_message(stack: LocalStack, mailbox: Mailbox) -> None:
    def post(number: int) -> None:
        body = payload(doctor=doctor(email=f"One+{number}@Same.example"))
        data = json.dumps(with_proof_for_stack(stack, body)).encode()
        request = Request(f"{stack.url}/api/referrals", data, {"content-type": "application/json"})
        urlopen(request, timeout=60).close()

    with ThreadPoolExecutor(50) as patients:
        list(patients.map(post, range(50)))
    mailbox.wait_for(1)
    assert len(mailbox.wait_for(2, seconds=4)) == 1
