"""What patients do: submit the form, and withdraw a referral."""

import ipaddress
import json
import uuid
from datetime import timedelta
from typing import Any

from referral_intake.core.mailboxes import mailbox
from referral_intake.core.reasons import Closing
from tests.faults.message_checks import Submission
from tests.faults.simulation import MAX_ATTEMPTS, Simulation
from tests.support import events, proofs, samples


def submit(
    simulation: Simulation,
    email: str | None = "maria.lopez@clinic.example",
    *,
    proven: bool = True,
    source: str = "",
    **details: Any,
) -> str:
    """Submits the form, and retries while the response is an error. Each person has a source, unless it is given."""
    number = uuid.uuid5(uuid.NAMESPACE_OID, str(next(simulation.submission_numbers)))
    # A known phone number is always given. Otherwise no rule could tell that a letter and a mail go to one doctor.
    phones = [phone for phone, doctor in simulation.phones.items() if email and doctor == mailbox(email)]
    details = {"phone": phones[0], **details} if phones else details
    payload = samples.payload(submission_id=str(number), doctor=samples.doctor(email=email, **details))
    if proven:
        payload = proofs.with_simulated_proof(payload, simulation.clock.time - proofs.MINUTE)
    return submit_again(simulation, payload, source)


def submit_again(simulation: Simulation, payload: dict[str, Any], source: str = "") -> str:
    for _ in range(MAX_ATTEMPTS):
        request = events.post_json(payload, cloudfront_viewer_address=source or _source_address(payload))
        response = simulation.request("intake", request)
        if response and response["statusCode"] in {200, 201}:
            receipt = json.loads(response["body"])["receipt"]
            submission = Submission(payload, receipt, _doctor(simulation, payload["doctor"]))
            if submission not in simulation.accepted:
                simulation.checks.note_submission(submission)
            return submission.receipt
        simulation.clock.time += timedelta(seconds=5)
    raise AssertionError("no submission was accepted")


def withdraw(simulation: Simulation, receipt: str) -> bool:
    """Withdraws the referral, retries while the response is an error, and returns whether that closed it."""
    for _ in range(MAX_ATTEMPTS):
        response = simulation.request("intake", events.post_withdrawal(receipt))
        if response and response["statusCode"] in {200, 409}:
            if response["statusCode"] == 200 and "withdrawn" not in simulation.state.referral(receipt)["milestones"]:
                simulation.checks.broken.append(f"withdrawal of {receipt} was not recorded")
            is_closed = simulation.state.stage(receipt) == ("closed", Closing.WITHDRAWN)
            if not is_closed:
                simulation.checks.check_withdrawal_without_closing(receipt)
            return is_closed
        simulation.clock.time += timedelta(seconds=5)
    raise AssertionError("the withdrawal was not answered")


def _doctor(simulation: Simulation, details: dict[str, Any]) -> str:
    email: str | None = details["email"]
    return mailbox(email) if email else simulation.phones[details["phone"]]


def _source_address(payload: dict[str, Any]) -> str:
    """Source address of a person. Each has another one, since screening holds many referrals from one source."""
    return f"{ipaddress.IPv4Address(uuid.UUID(payload['submission_id']).int % 2**32)}:443"
