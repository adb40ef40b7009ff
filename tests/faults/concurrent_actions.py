"""Concurrent actions: run just before a call, while the calling function is paused."""

from collections.abc import Callable, Iterator

from botocore.awsrequest import AWSResponse

from tests.faults import doctors, patients
from tests.faults.call_interceptor import Attempt, Call, Fault
from tests.faults.faults import WRITES
from tests.faults.simulation import Simulation


def _all_records_are_redelivered(simulation: Simulation) -> None:
    simulation.redeliver(simulation.history)


def _the_events_are_delivered(simulation: Simulation) -> None:
    simulation.deliver_events()


def _another_patient_names_the_doctor(simulation: Simulation) -> None:
    patients.submit(simulation, simulation.accepted[0].doctor)
    simulation.run_streams()


def _the_patient_withdraws(simulation: Simulation) -> None:
    patients.withdraw(simulation, simulation.accepted[0].receipt)


def _the_doctor_opts_out(simulation: Simulation) -> None:
    doctors.opt_out(simulation, simulation.accepted[0].doctor)


def _the_wake_schedule_runs(simulation: Simulation) -> None:
    simulation.wake()


ALL = (
    _all_records_are_redelivered,
    _the_events_are_delivered,
    _another_patient_names_the_doctor,
    _the_patient_withdraws,
    _the_doctor_opts_out,
    _the_wake_schedule_runs,
)


ConcurrentAction = Callable[[Simulation], None]


def at(call: Call) -> Iterator[ConcurrentAction]:
    """An action before a read equals one before the run. Only an opt-out must be visible to the read."""
    if call.operation == "SendEmail" or (call.about_a_referral and call.operation in WRITES - {"PutItem"}):
        yield from ALL
    elif call.operation == "BatchGetItem":
        yield _the_doctor_opts_out


def fault(simulation: Simulation, action: ConcurrentAction) -> Fault:
    def apply(attempt: Attempt) -> AWSResponse:
        action(simulation)
        return attempt.effect()

    return Fault(f"waits while {action.__name__.strip('_').replace('_', ' ')}", apply, affects_retries=False)
