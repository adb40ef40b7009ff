"""Every AWS call of a scenario, with every fault that it can meet."""

import pytest

from tests.faults import promises, scenarios
from tests.faults.environment import SimulationEnvironment
from tests.faults.injection import FINAL_CHECKS, Results, Scenario
from tests.faults.worker_process import ScenarioRunner

each_scenario = pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.__name__)


@each_scenario
def test_no_fault_at_any_call_breaks_a_promise(
    run_scenario: ScenarioRunner, scenario: Scenario, results: Results
) -> None:
    found = run_scenario(scenario)
    results += found
    assert not found.broken, "\n".join(found.broken[:20])


@each_scenario
def test_the_promises_hold_on_dynamodb_local(
    environment_on_dynamodb_local: SimulationEnvironment, scenario: Scenario
) -> None:
    simulation = environment_on_dynamodb_local.new_simulation()
    scenario(simulation)
    assert promises.broken_at_the_end(simulation, *FINAL_CHECKS) == []
