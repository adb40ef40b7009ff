"""Every AWS call of a scenario, with every fault that it can meet."""

import pytest

from tests.faults import promises, scenarios
from tests.faults.injection import ENDINGS, Results, Scenario
from tests.faults.workers import Runner
from tests.faults.world import Lab

each_scenario = pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.__name__)


@each_scenario
def test_no_fault_at_any_call_breaks_a_promise(run_scenario: Runner, scenario: Scenario, results: Results) -> None:
    found = run_scenario(scenario)
    results += found
    assert not found.broken, "\n".join(found.broken[:20])


@each_scenario
def test_the_promises_hold_on_dynamodb_local(lab_on_dynamodb_local: Lab, scenario: Scenario) -> None:
    world = lab_on_dynamodb_local.new_world()
    scenario(world)
    assert promises.broken_in_the_end(world, *ENDINGS) == []
