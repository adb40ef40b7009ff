"""Many people act at once, on AWS's own engine: transactions let exactly one of them win."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.users import Person, Role
from referral_intake.dashboard.action_runner import Changed, TooLate
from referral_intake.dashboard.actions import Action, Order
from tests.integration import aws
from tests.integration.office import COOLDOWN, LATER, Office
from tests.support.samples import MANAGER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("engine", ["dynamodb-local"], indirect=True)


@pytest.fixture
def office(client: "DynamoDBClient", table: str) -> Office:
    return Office(client, table)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each came to, a result or what it raised."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait(10)
        try:
            return work()
        except (Changed, TooLate, Unavailable) as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("turn", range(3))
def test_of_managers_who_act_at_once_exactly_one_wins_and_the_others_are_told_who(office: Office, turn: int) -> None:
    held = office.held()
    people = [Person(str(number), f"person {number}", frozenset({Role.MANAGER})) for number in range(4)]
    desks = [office.desk for _ in people]

    def work(number: int) -> Callable[[], object]:
        action, reason = [(Action.APPROVE, None), (Action.REJECT, "other")][(number + turn) % 2]
        order = Order(held.receipt, held.revision, action, people[number], reason)
        return lambda: desks[number].carry_out(order, LATER)

    came_to = at_once(*(work(number) for number in range(len(people))))
    [act] = office.now(held).acts
    winner = next(number for number, person in enumerate(people) if person.username == act.by)
    assert isinstance(came_to[winner], Referral)
    losers = [error for number, error in enumerate(came_to) if number != winner]
    assert [error.by for error in losers if isinstance(error, Changed)] == [act] * 3
    assert [record.username for record in office.records()] == [act.by]


def test_two_clicks_of_one_person_at_once_are_one_and_both_are_told_that_it_is_done(office: Office) -> None:
    referral, desks = office.by_post(), [office.desk, office.desk]
    order = Order(referral.receipt, referral.revision, Action.LETTER_SENT, MANAGER)
    came_to = at_once(*(lambda desk=desk: desk.carry_out(order, LATER) for desk in desks))
    assert came_to == [office.now(referral)] * 2
    assert len(office.now(referral).acts) == len(office.records()) == 1


@pytest.mark.parametrize("_turn", range(3))
def test_of_two_letters_to_one_doctor_at_once_one_counts(office: Office, _turn: int) -> None:
    letters, desks = [office.by_post(), office.by_post()], [office.desk, office.desk]

    def work(number: int) -> Callable[[], object]:
        order = Order(letters[number].receipt, letters[number].revision, Action.LETTER_SENT, MANAGER)
        return lambda: desks[number].carry_out(order, LATER)

    at_once(work(0), work(1))
    reasons = {office.now(letter).reason for letter in letters}
    assert reasons == {None, "joined"}
    assert len([letter for letter in letters if "sent" in office.now(letter).milestones]) == 1


@pytest.mark.parametrize("_turn", range(3))
def test_a_letter_and_a_mail_at_once_to_one_doctor_are_one_introduction(office: Office, _turn: int) -> None:
    letter, mail = office.by_post(npi=None), office.put(phone="217 555 0123")
    claim, desk, claims = aws.claim_for(mail), office.desk, ClaimTable(dynamodb.client(), office.table)
    order = Order(letter.receipt, letter.revision, Action.LETTER_SENT, MANAGER)
    at_once(
        lambda: desk.carry_out(order, LATER),
        lambda: claims.claim(claim, aws.MESSAGE, now=LATER, cooldown=COOLDOWN),
    )
    introduced = [office.now(letter).stage is Stage.SENT, office.now(mail).stage is Stage.SENDING]
    assert sorted(introduced) == [False, True]
