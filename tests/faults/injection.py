"""Runs a scenario with faults. Wherever a fault is possible, the world forks, and the fork continues with the fault."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.faults import faults, interleaving, promises
from tests.faults.forks import Forks, forking
from tests.faults.wire import Call, Fault
from tests.faults.world import Lab, World

Scenario = Callable[[World], None]
Point = tuple[str, Callable[[], None]]
"""What can happen now, by name."""


@dataclass
class Results:
    """Number of checked points, and the promises broken at each."""

    points: int = 0
    calls: int = 0
    repeated: int = 0
    broken: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.points > 0

    def __str__(self) -> str:
        return f"{self.points} points at {self.calls} calls, {self.repeated} mails repeated as documented"

    def __iadd__(self, other: "Results") -> "Results":
        self.points += other.points
        self.calls += other.calls
        self.repeated += other.repeated
        self.broken += other.broken
        return self

    def add(self, name: str, outcome: tuple[int, list[str]] | None) -> None:
        repeated, broken = outcome or (0, ["its process died"])
        self.points += 1
        self.repeated += repeated
        self.broken += [f"{name}: {promise}" for promise in broken]


def run_with_faults(lab: Lab, scenario: Scenario, one_in: int = 1) -> Results:
    """Runs the scenario without a fault, and once more for each point, or for one point in `one_in`."""
    results = Results()
    results.add("without a fault", _outcome(lab.new_world(), scenario))
    if not results.broken:
        with forking() as forks:
            injector = Injector(lab.new_world(), forks, one_in)
            outcome = injector.run(scenario)
            if forks.is_fork:
                forks.end(outcome)
            results.calls = injector.calls
            for name, of_fork in forks.outcomes():
                results.add(name, of_fork)
    return results


def _outcome(world: World, scenario: Scenario) -> tuple[int, list[str]]:
    """Number of messages repeated as documented, and the broken promises."""
    try:
        scenario(world)
        broken = promises.broken_in_the_end(world, ENDINGS[len(world.wire.calls) % len(ENDINGS)])
    except Exception as error:  # noqa: BLE001  # a fork must report any exception
        broken = [repr(error)]
    return len(world.exceptions), broken


# In turn, to save time.
ENDINGS = (promises.broken_by_telling_again, promises.broken_by_delivering_again)


class Injector:
    """Injects every possible fault at each point that the world reports."""

    def __init__(self, world: World, forks: Forks, one_in: int) -> None:
        self._world = world
        self._forks = forks
        self._one_in = one_in
        self.calls = 0
        self._kept_failing: set[tuple[str, str]] = set()

    def run(self, scenario: Scenario) -> tuple[int, list[str]]:
        self._world.wire.reached = self._call
        self._world.recorded = self._record
        self._world.mail.told_of = self._event

        def scenario_alone(world: World) -> None:
            scenario(world)
            self._stop()

        return _outcome(self._world, scenario_alone)

    def _stop(self) -> None:
        """Disables all further faults."""
        self._world.wire.reached = lambda _: None
        self._world.recorded = self._world.mail.told_of = lambda _: None

    def _call(self, call: Call) -> None:
        self.calls += 1
        self._fork(self._points(call))

    def _record(self, number: int) -> None:
        if not self._world.wire.is_skipped:
            self._fork([(f"record {number} is lost, and comes late", partial(self._world.drops.add, number))])

    def _event(self, number: int) -> None:
        if not self._world.wire.is_skipped:
            lost = (f"event {number} is lost", partial(self._world.mail.loses.add, number))
            late = (f"event {number} comes last", partial(self._world.mail.delays.add, number))
            self._fork([lost, late])

    def _fork(self, points: Iterable[Point]) -> None:
        for name, happen in points:
            # Always selects the same points, from every kind of fault and every part of the scenario.
            if zlib.crc32(name.encode()) % self._one_in == 0 and self._forks.fork(name):
                self._stop()
                self._world.wire.recovered = lambda: self._forks.end((0, self._world.broken))
                happen()
                return

    def _points(self, call: Call) -> Iterator[Point]:
        """All faults that this call can meet."""
        for fault in faults.of(call):
            yield self._struck(call, fault)
        if call.function in self._world.lab.redelivered and call.kind not in self._kept_failing:
            # The fault repeats for every such call of the batch, so one point of each kind is enough.
            self._kept_failing.add(call.kind)
            yield self._struck(call, faults.KEEPS_FAILING)
        if call.operation == "Query":
            yield self._struck(call, faults.stale_index(self._world.images))
        for actor in interleaving.at(call):
            yield self._struck(call, interleaving.fault(self._world, actor))

    def _struck(self, call: Call, fault: Fault) -> Point:
        return f"{call} {fault.name}", partial(self._world.wire.strike, call.number, fault)
