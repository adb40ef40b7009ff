"""Walks a story. Wherever something can befall it, the world forks: in the fork it does, and the story goes on."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.faults import faults, meanwhile, promises
from tests.faults.forks import Forks, forking
from tests.faults.wire import Call, Fault
from tests.faults.world import Lab, World

Story = Callable[[World], None]
Point = tuple[str, Callable[[], None]]
"""What can happen now, by name."""


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

    def take(self, name: str, told: tuple[int, list[str]] | None) -> None:
        repeated, broken = told or (0, ["its process died"])
        self.points += 1
        self.repeated += repeated
        self.broken += [f"{name}: {said}" for said in broken]


def walk(lab: Lab, story: Story, one_in: int = 1) -> Steps:
    """Tells the story without a fault, and once more for each point on its way, or for one in so many of them."""
    steps = Steps()
    steps.take("without a fault", _told(lab.new_world(), story))
    if not steps.broken:
        with forking() as forks:
            walker = Walker(lab.new_world(), forks, one_in)
            told = walker.walk(story)
            if forks.is_fork:
                forks.end(told)
            steps.calls = walker.calls
            for name, of_fork in forks.told():
                steps.take(name, of_fork)
    return steps


def _told(world: World, story: Story) -> tuple[int, list[str]]:
    """How many mails were repeated as documented, and what was broken."""
    try:
        story(world)
        broken = promises.broken_in_the_end(world, ENDINGS[len(world.wire.calls) % len(ENDINGS)])
    except Exception as error:  # noqa: BLE001  # whatever it is, a fork has to tell it
        broken = [repr(error)]
    return len(world.exceptions), broken


# In turn, for the sake of time.
ENDINGS = (promises.broken_by_telling_again, promises.broken_by_delivering_again)


class Walker:
    """Stands where a world tells that something happens, and lets all happen that can."""

    def __init__(self, world: World, forks: Forks, one_in: int) -> None:
        self._world = world
        self._forks = forks
        self._one_in = one_in
        self.calls = 0
        self._kept_failing: set[tuple[str, str]] = set()

    def walk(self, story: Story) -> tuple[int, list[str]]:
        self._world.wire.reached = self._call
        self._world.recorded = self._record
        self._world.mail.told_of = self._event

        def told(world: World) -> None:
            story(world)
            self._stop()

        return _told(self._world, told)

    def _stop(self) -> None:
        """From here on, nothing more can happen."""
        self._world.wire.reached = lambda _: None
        self._world.recorded = self._world.mail.told_of = lambda _: None

    def _call(self, call: Call) -> None:
        self.calls += 1
        self._fork(self._points(call))

    def _record(self, number: int) -> None:
        if not self._world.wire.is_spared:
            self._fork([(f"record {number} is lost, and comes late", partial(self._world.drops.add, number))])

    def _event(self, number: int) -> None:
        if not self._world.wire.is_spared:
            lost = (f"event {number} is lost", partial(self._world.mail.loses.add, number))
            late = (f"event {number} comes last", partial(self._world.mail.delays.add, number))
            self._fork([lost, late])

    def _fork(self, points: Iterable[Point]) -> None:
        for name, happen in points:
            # Always the same ones, of every kind of fault and of every part of the story.
            if zlib.crc32(name.encode()) % self._one_in == 0 and self._forks.fork(name):
                self._stop()
                self._world.wire.mended = lambda: self._forks.end((0, self._world.broken))
                happen()
                return

    def _points(self, call: Call) -> Iterator[Point]:
        """Everything that can befall this call."""
        for fault in faults.of(call):
            yield self._struck(call, fault)
        if call.function in self._world.lab.redelivered and call.kind not in self._kept_failing:
            # It strikes every call of that kind in the batch, again and again, so one of a kind is enough.
            self._kept_failing.add(call.kind)
            yield self._struck(call, faults.KEEPS_FAILING)
        if call.operation == "Query":
            yield self._struck(call, faults.stale_index(self._world.images))
        for actor in meanwhile.at(call):
            yield self._struck(call, meanwhile.fault(self._world, actor))

    def _struck(self, call: Call, fault: Fault) -> Point:
        return f"{call} {fault.name}", partial(self._world.wire.strike, call.number, fault)
