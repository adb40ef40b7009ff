"""Walks a story: once for its calls, then once more for everything that can befall each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.faults import faults, meanwhile, promises
from tests.faults.wire import Call, Fault
from tests.faults.world import Lab, World

Story = Callable[[World], None]
Change = Callable[[World], None]
Ending = Callable[[World], list[str]]


@dataclass
class Steps:
    """What was walked, and what was broken at which point."""

    points: int = 0
    calls: int = 0
    repeated: int = 0
    broken: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.points > 0

    def __str__(self) -> str:
        return f"{self.points} points at {self.calls} calls, {self.repeated} mails repeated as documented"

    def __iadd__(self, other: "Steps") -> "Steps":
        self.points += other.points
        self.calls += other.calls
        self.repeated += other.repeated
        self.broken += other.broken
        return self


def walk(lab: Lab, story: Story, part: int = 0, of: int = 1) -> Steps:
    """One of `of` parts of the walk."""
    calm = _told(lab, story, _change_nothing)
    points = [("without a fault", _change_nothing), *_points(calm)]
    steps = Steps(calls=len(calm.wire.walked) if part == 0 else 0)
    for number, (name, change) in enumerate(points):
        if number % of == part:
            world = _told(lab, story, change)
            steps.points += 1
            ending = ENDINGS[number // of % len(ENDINGS)]
            steps.broken += [f"{name}: {said}" for said in _ends(world, ending)]
            steps.repeated += len(world.exceptions)
    return steps


def _told(lab: Lab, story: Story, change: Change) -> World:
    world = lab.new_world()
    change(world)
    story(world)
    return world


def _points(calm: World) -> Iterator[tuple[str, Change]]:
    """Everything that can befall this story, by name."""
    for call in calm.wire.walked:
        for fault in faults.of(call):
            yield f"{call} {fault.name}", partial(_strike, call, fault)
        if call.operation == "Query":
            yield f"{call} lists what was", partial(_look_into_the_past, call)
        for name, actor in meanwhile.at(call):
            yield f"{call} while {name}", partial(_interrupt, call, actor)
    for number in range(len(calm.history)):
        yield f"record {number} comes late", partial(_delay_record, number)
    for number in range(calm.mail.made):
        yield f"event {number} is lost", partial(_lose_event, number)


def _change_nothing(world: World) -> None:
    pass


def _strike(call: Call, fault: Fault, world: World) -> None:
    world.wire.strike(call.number, fault)


def _look_into_the_past(call: Call, world: World) -> None:
    world.wire.strike(call.number, faults.stale_index(world.images))


def _interrupt(call: Call, actor: Change, world: World) -> None:
    world.wire.strike(call.number, meanwhile.fault(world, actor))


def _delay_record(number: int, world: World) -> None:
    world.drops.add(number)


def _lose_event(number: int, world: World) -> None:
    world.mail.loses.add(number)


def _ends(world: World, ending: Ending) -> list[str]:
    """What is broken now, and after an ending that may not change anything."""
    world.wire.fault = None
    # The one exception is there for messages of which nothing was ever told.
    repeated = [mail for mail, _ in world.exceptions if mail.doctor not in world.mail.loses_events_of]
    found = [f"repeated, though its events came: {mail}" for mail in repeated]
    return list(dict.fromkeys(found + promises.broken(world) + ending(world)))


def _everything_is_delivered_again(world: World) -> list[str]:
    world.redeliver(reversed(world.history))
    world.settle()
    return promises.broken(world)


# In turn, for the sake of time.
ENDINGS = (promises.broken_by_telling_again, _everything_is_delivered_again)
