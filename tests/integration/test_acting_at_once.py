"""Concurrent actions on DynamoDB Local: transactions let exactly one of them succeed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.users import Role, User
from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate
from referral_intake.dashboard.actions import Action, ActionRequest
from tests.integration import aws
from tests.integration.referral_actions import COOLDOWN, LATER, ReferralActions
from tests.support.samples import MANAGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("engine", ["dynamodb-local"], indirect=True)


@pytest.fixture
def actions(client: "DynamoDBClient", table: str) -> ReferralActions:
    return ReferralActions(client, table)


def at_once(*works: Callable[[], object]) -> list[object]:
    """The result of each, or its exception."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait(10)
        try:
            return work()
        except (ChangedSinceSeen, TooLate, Unavailable) as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("turn", range(3))
def test_exactly_one_of_several_concurrent_managers_succeeds_and_the_others_learn_who(
    actions: ReferralActions, turn: int
) -> None:
    held = actions.held()
    people = [User(str(number), f"person {number}", frozenset({Role.MANAGER})) for number in range(4)]
    runners = [actions.runner for _ in people]

    def work(number: int) -> Callable[[], object]:
        action, reason = [(Action.APPROVE, None), (Action.REJECT, "other")][(number + turn) % 2]
        order = ActionRequest(held.receipt, held.revision, action, people[number], reason)
        return lambda: runners[number].run(order, LATER)

    came_to = at_once(*(work(number) for number in range(len(people))))
    [act] = actions.now(held).user_actions
    winner = next(number for number, person in enumerate(people) if person.username == act.by)
    assert isinstance(came_to[winner], Referral)
    losers = [error for number, error in enumerate(came_to) if number != winner]
    assert [error.by for error in losers if isinstance(error, ChangedSinceSeen)] == [act] * 3
    assert [record.username for record in actions.records()] == [act.by]


def test_a_concurrent_double_click_acts_once_and_both_clicks_report_success(actions: ReferralActions) -> None:
    referral, runners = actions.by_post(), [actions.runner, actions.runner]
    order = ActionRequest(referral.receipt, referral.revision, Action.LETTER_SENT, MANAGER)
    came_to = at_once(*(lambda runner=runner: runner.run(order, LATER) for runner in runners))
    assert came_to == [actions.now(referral)] * 2
    assert len(actions.now(referral).user_actions) == len(actions.records()) == 1


@pytest.mark.parametrize("_turn", range(3))
def test_of_two_concurrent_letters_to_one_doctor_one_counts(actions: ReferralActions, _turn: int) -> None:
    letters, runners = [actions.by_post(), actions.by_post()], [actions.runner, actions.runner]

    def work(number: int) -> Callable[[], object]:
        order = ActionRequest(letters[number].receipt, letters[number].revision, Action.LETTER_SENT, MANAGER)
        return lambda: runners[number].run(order, LATER)

    at_once(work(0), work(1))
    reasons = {actions.now(letter).reason for letter in letters}
    assert reasons == {None, "joined"}
    assert len([letter for letter in letters if "sent" in actions.now(letter).milestones]) == 1


@pytest.mark.parametrize("_turn", range(3))
def test_a_concurrent_letter_and_mail_to_one_doctor_are_one_introduction(actions: ReferralActions, _turn: int) -> None:
    letter, mail = actions.by_post(npi=None), actions.put(phone="217 555 0123")
    claim, runner, claims = aws.claim_for(mail), actions.runner, ClaimTable(dynamodb.client(), actions.table)
    order = ActionRequest(letter.receipt, letter.revision, Action.LETTER_SENT, MANAGER)
    at_once(
        lambda: runner.run(order, LATER),
        lambda: claims.claim(claim, aws.MESSAGE, now=LATER, cooldown=COOLDOWN),
    )
    introduced = [actions.now(letter).stage is Stage.SENT, actions.now(mail).stage is Stage.SENDING]
    assert sorted(introduced) == [False, True]
