"""Runs a scenario with faults. The process forks where a fault is possible, and the fork continues with the fault."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.faults import concurrent_actions, faults, promises
from tests.faults.call_interceptor import Call, Fault
from tests.faults.environment import SimulationEnvironment
from tests.faults.forked_processes import ForkedProcesses, forked_processes
from tests.faults.simulation import Simulation

Scenario = Callable[[Simulation], None]
Point = tuple[str, Callable[[], None]]
"""A fault that is possible now: its name, and a function that injects it."""


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


def run_with_faults(environment: SimulationEnvironment, scenario: Scenario, one_in: int = 1) -> Results:
    """Runs the scenario without a fault, and once more for each point, or for one point in `one_in`."""
    results = Results()
    results.add("without a fault", _outcome(environment.new_simulation(), scenario))
    if not results.broken:
        with forked_processes() as forks:
            injector = Injector(environment.new_simulation(), forks, one_in)
            outcome = injector.run(scenario)
            if forks.is_fork:
                forks.end(outcome)
            results.calls = injector.calls
            for name, of_fork in forks.outcomes():
                results.add(name, of_fork)
    return results


def _outcome(simulation: Simulation, scenario: Scenario) -> tuple[int, list[str]]:
    """Number of messages repeated as documented, and the broken promises."""
    try:
        scenario(simulation)
        broken = promises.broken_at_the_end(
            simulation, FINAL_CHECKS[len(simulation.interceptor.calls) % len(FINAL_CHECKS)]
        )
    except Exception as error:  # noqa: BLE001  # a fork must report any exception
        broken = [repr(error)]
    return len(simulation.checks.exceptions), broken


# In turn, to save time.
FINAL_CHECKS = (promises.broken_by_repeated_events, promises.broken_by_redelivered_records)


class Injector:
    """Injects every possible fault at each point that the simulation reports."""

    def __init__(self, simulation: Simulation, forks: ForkedProcesses, one_in: int) -> None:
        self._simulation = simulation
        self._forks = forks
        self._one_in = one_in
        self.calls = 0
        self._persistent_failures: set[tuple[str, str]] = set()

    def run(self, scenario: Scenario) -> tuple[int, list[str]]:
        self._simulation.interceptor.before_call = self._call
        self._simulation.before_record = self._record
        self._simulation.mail.before_event = self._event

        def scenario_alone(simulation: Simulation) -> None:
            scenario(simulation)
            self._stop()

        return _outcome(self._simulation, scenario_alone)

    def _stop(self) -> None:
        """Disables all further faults."""
        self._simulation.interceptor.before_call = lambda _: None
        self._simulation.before_record = self._simulation.mail.before_event = lambda _: None

    def _call(self, call: Call) -> None:
        self.calls += 1
        self._fork(self._points(call))

    def _record(self, number: int) -> None:
        if not self._simulation.interceptor.is_skipped:
            self._fork(
                [(f"record {number} is lost, and comes late", partial(self._simulation.dropped_records.add, number))]
            )

    def _event(self, number: int) -> None:
        if not self._simulation.interceptor.is_skipped:
            lost = (f"event {number} is lost", partial(self._simulation.mail.lost_events.add, number))
            late = (f"event {number} comes last", partial(self._simulation.mail.late_events.add, number))
            self._fork([lost, late])

    def _fork(self, points: Iterable[Point]) -> None:
        for name, happen in points:
            # Always selects the same points, from every kind of fault and every part of the scenario.
            if zlib.crc32(name.encode()) % self._one_in == 0 and self._forks.fork(name):
                self._stop()
                self._simulation.interceptor.on_recovery = lambda: self._forks.end((0, self._simulation.checks.broken))
                happen()
                return

    def _points(self, call: Call) -> Iterator[Point]:
        """All faults that this call can meet."""
        for fault in faults.of(call):
            yield self._point_of(call, fault)
        if call.function in self._simulation.environment.redelivered and call.kind not in self._persistent_failures:
            # The fault repeats for every such call of the batch, so one point of each kind is enough.
            self._persistent_failures.add(call.kind)
            yield self._point_of(call, faults.PERSISTENT_FAILURE)
        if call.operation == "Query":
            yield self._point_of(call, faults.stale_index(self._simulation.state.images))
        for action in concurrent_actions.at(call):
            yield self._point_of(call, concurrent_actions.fault(self._simulation, action))

    def _point_of(self, call: Call, fault: Fault) -> Point:
        return f"{call} {fault.name}", partial(self._simulation.interceptor.inject, call.number, fault)
