"""Concurrent actions: run just before a call, while the calling function is paused."""

from collections.abc import Callable, Iterator

from botocore.awsrequest import AWSResponse

from tests.faults.faults import WRITES
from tests.faults.wire import Attempt, Call, Fault
from tests.faults.world import World


def _the_same_record_comes_again(world: World) -> None:
    world.redeliver(world.history)


def _the_events_come(world: World) -> None:
    world.take_events()


def _another_patient_names_the_doctor(world: World) -> None:
    world.submit(world.accepted[0].doctor)
    world.run_streams()


def _the_doctor_opts_out(world: World) -> None:
    world.opt_out(world.accepted[0].doctor)


def _the_clock_wakes(world: World) -> None:
    world.wake()


ACTORS = (
    _the_same_record_comes_again,
    _the_events_come,
    _another_patient_names_the_doctor,
    _the_doctor_opts_out,
    _the_clock_wakes,
)


Actor = Callable[[World], None]


def at(call: Call) -> Iterator[Actor]:
    """An action before a read equals one before the run. Only an opt-out must be visible to the read."""
    if call.operation == "SendEmail" or (call.about_a_referral and call.operation in WRITES - {"PutItem"}):
        yield from ACTORS
    elif call.operation == "BatchGetItem":
        yield _the_doctor_opts_out


def fault(world: World, actor: Actor) -> Fault:
    def strike(attempt: Attempt) -> AWSResponse:
        actor(world)
        return attempt.effect()

    return Fault(f"waits while {actor.__name__.strip('_').replace('_', ' ')}", strike, everyone=False)
