"""Every call of AWS that a story makes, and everything that can befall it."""

import pytest

from tests.faults import scenarios
from tests.faults.walk import Steps, Story
from tests.faults.workers import Workers


@pytest.mark.parametrize("story", scenarios.ALL, ids=lambda story: story.__name__)
def test_nothing_that_befalls_a_call_breaks_a_promise(on_moto: Workers, story: Story, steps: Steps) -> None:
    walked = on_moto.walk(story)
    steps += walked
    assert walked.broken == []


def test_nothing_that_befalls_a_call_breaks_a_promise_on_aws_own_engine(
    on_dynamodb_local: Workers, steps: Steps
) -> None:
    walked = on_dynamodb_local.walk(scenarios.one_referral)
    steps += walked
    assert walked.broken == []
