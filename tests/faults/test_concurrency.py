"""Concurrency on DynamoDB Local: its transactions prevent a second message to a doctor."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from referral_intake.outreach import handler as outreach
from referral_intake.outreach import wiring as outreach_wiring
from samlocal.events.stream_batches import Record
from tests.faults import patients, promises
from tests.faults.environment import SimulationEnvironment
from tests.faults.simulation import Simulation
from tests.integration import aws

WORKERS = 8


@pytest.fixture
def simulation(environment_on_dynamodb_local: SimulationEnvironment) -> Simulation:
    return environment_on_dynamodb_local.new_simulation()


def all_at_once(simulation: Simulation) -> None:
    """Gives each record of the stream to the next free worker, in no particular order."""
    records = [record for source, record in simulation.records if source.function == "OutreachFunction"]
    simulation.records.clear()
    simulation.mail.delivered = lambda mail: None
    start = Barrier(WORKERS)
    outreach_wiring.parts()

    def work(mine: list[Record]) -> list[object]:
        start.wait(10)
        return [outreach.handler({"Records": [record]}, aws.LambdaContext()) for record in mine]  # type: ignore[arg-type]

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(work, [records[worker::WORKERS] for worker in range(WORKERS)]))
    assert all(answer == {"batchItemFailures": []} for done in answers for answer in done)
    simulation.read_changes()


def mails(simulation: Simulation) -> dict[str, int]:
    return dict(Counter(mail.doctor for mail in simulation.mail.mails))


def test_fifty_concurrent_referrals_of_one_doctor_send_one_message(simulation: Simulation) -> None:
    receipts = [patients.submit(simulation) for _ in range(50)]
    all_at_once(simulation)

    assert mails(simulation) == {"maria.lopez@clinic.example": 1}
    (leader,) = {mail.receipt for mail in simulation.mail.mails}
    assert simulation.state.stage(leader)[0] == "sent"
    for receipt in set(receipts) - {leader}:
        # A message that lost the race for its turn waits for the next one.
        assert simulation.state.stage(receipt) in {("closed", "joined"), ("waiting", "joined"), ("waiting", "paced")}

    simulation.settle()
    assert mails(simulation) == {"maria.lopez@clinic.example": 1}
    assert {simulation.state.stage(receipt) for receipt in set(receipts) - {leader}} == {("closed", "joined")}
    assert {simulation.state.referral(receipt)["leader"] for receipt in set(receipts) - {leader}} == {leader}
    assert promises.broken(simulation) == []


@pytest.mark.long
def test_five_concurrent_referrals_of_twenty_doctors_send_one_message_each(simulation: Simulation) -> None:
    doctors = [f"doctor{number}@clinic.example" for number in range(20)]
    named = doctors * 5
    random.Random(7).shuffle(named)
    for doctor in named:
        patients.submit(simulation, doctor)
    all_at_once(simulation)
    assert set(mails(simulation).values()) == {1}

    simulation.settle()
    assert mails(simulation) == dict.fromkeys(doctors, 1)
    assert Counter(referral["stage"] for referral in simulation.state.referrals()) == {"sent": 20, "closed": 80}
    assert promises.broken(simulation) == []
