"""Every call of AWS that a story makes, and everything that can befall it."""

import pytest

from tests.faults import promises, scenarios
from tests.faults.walk import ENDINGS, Steps, Story
from tests.faults.workers import Walks
from tests.faults.world import Lab

stories = pytest.mark.parametrize("story", scenarios.ALL, ids=lambda story: story.__name__)


@stories
def test_nothing_that_befalls_a_call_breaks_a_promise(walks: Walks, story: Story, steps: Steps) -> None:
    walked = walks(story)
    steps += walked
    assert not walked.broken, "\n".join(walked.broken[:20])


@stories
def test_the_promises_hold_on_aws_own_engine(lab_on_dynamodb_local: Lab, story: Story) -> None:
    world = lab_on_dynamodb_local.new_world()
    story(world)
    assert promises.broken_in_the_end(world, *ENDINGS) == []
