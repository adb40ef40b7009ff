"""An attacker with a proof of work for each submission and many networks tries to reach one target many times."""

from datetime import timedelta
from typing import Any

import pytest

from referral_intake.aws.item_format import typed
from tests.abuse.attackers import Attacker, Manager
from tests.integration.handler_harness import HandlerHarness

ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}


@pytest.fixture
def attacker(many_sources: HandlerHarness) -> Attacker:
    return Attacker(many_sources)


@pytest.fixture
def manager(many_sources: HandlerHarness) -> Manager:
    return Manager(many_sources)


def at_victim(attacker: Attacker, number: int) -> list[str]:
    start = len(attacker.harness.mail.sent)
    return [attacker.submit(email=f"v{start}x{one}@victim.example") for one in range(number)]


def test_one_mail_domain_gets_10_messages_a_day_and_30_a_week(attacker: Attacker, manager: Manager) -> None:
    for day in range(7):
        outcomes = attacker.deliver(at_victim(attacker, 11 if day < 3 else 2))
        assert outcomes == ({"sent": 10, "many_at_one_domain": 1} if day < 3 else {"many_at_one_domain": 2})
        attacker.harness.clock.shift(timedelta(days=1))
    assert len(attacker.harness.mail.sent) == 30
    groups, rows, tasks = manager.held()
    assert (len(groups), rows, tasks) == (1, 0, 1)
    assert groups[0]["name"].startswith("domain-")


def test_the_held_ones_are_approved_together_and_not_held_again(attacker: Attacker, manager: Manager) -> None:
    attacker.deliver(at_victim(attacker, 14))
    [group], _, _ = manager.held()
    approved = manager.act_on_all(group["name"], "approve")
    assert attacker.deliver(approved) == {"sent": 4}
    assert manager.held() == ([], 0, 0)


def test_a_confirmed_hospital_has_no_limit_until_that_is_taken_back(attacker: Attacker, manager: Manager) -> None:
    attacker.deliver(at_victim(attacker, 11))
    [group], _, _ = manager.held()
    assert manager.ask("GET", f"/groups/{group['name']}")["hospital_domain"] is False
    for is_hospital, outcomes in ((True, {"sent": 3}), (False, {"many_at_one_domain": 3})):
        manager.ask("PUT", "/mail-domains", {"domain": "Victim.example", "is_hospital": is_hospital})
        assert manager.ask("GET", f"/groups/{group['name']}")["hospital_domain"] is is_hospital
        assert attacker.deliver(at_victim(attacker, 3)) == outcomes


def test_one_phone_gets_10_introductions_a_day_by_email_letter_or_call(attacker: Attacker, manager: Manager) -> None:
    called = [attacker.submit(email=None, phone="217 555 0142") for _ in range(8)]
    mailed = [attacker.submit(phone="(217) 555-0142 ext. 3") for _ in range(8)]
    assert attacker.deliver(called) == {"no_email": 8}
    assert attacker.deliver(mailed) == {"sent": 2, "many_at_one_phone": 6}
    assert [one["name"].partition("-")[0] for one in manager.held()[0]] == ["phone"]


def test_one_practice_gets_10_letters_a_day(attacker: Attacker, manager: Manager) -> None:
    practice: dict[str, Any] = {"email": None, "practice": "Victim Spine Clinic", "address": ADDRESS}
    letters = [attacker.submit(**practice) for _ in range(13)]
    assert attacker.deliver(letters) == {"no_email": 10, "many_at_one_practice": 3}
    assert [one["name"].partition("-")[0] for one in manager.held()[0]] == ["practice"]


def test_the_dots_and_tags_of_one_mailbox_get_one_message(attacker: Attacker) -> None:
    spellings = ["marialopez", "m.arialopez", "ma.ria.lopez+x", "M.A.R.I.A.L.O.P.E.Z", "marialopez+1", "mari.alopez"]
    domains = ["gmail.com", "googlemail.com"]
    receipts = [attacker.submit(name="Maria Lopez", email=f"{one}@{at}") for one in spellings for at in domains]
    assert attacker.deliver(receipts) == {"sent": 1, "joined": 11}


def test_many_names_for_one_mailbox_get_one_message_and_are_one_row(attacker: Attacker, manager: Manager) -> None:
    dots = [f"{'v' * split}.{'v' * (12 - split)}@gmail.com" for split in range(1, 11)]
    outcomes = attacker.deliver(attacker.submit(email=address) for address in dots)
    assert outcomes == {"sent": 1, "joined": 1, "many_names_for_one_address": 8}
    assert [one["count"] for one in manager.held()[0]] == [8]


def test_guessed_addresses_of_one_name_get_two_messages(attacker: Attacker) -> None:
    guesses = ["maria.lopez", "mlopez", "lopezm", "maria", "lopez", "maria_lopez", "ml", "dr.lopez"]
    receipts = [attacker.submit(name="Maria Lopez", email=f"{one}@victim.example") for one in guesses]
    assert attacker.deliver(receipts) == {"sent": 2, "several_addresses_for_one_name": 6}


def test_no_role_address_is_mailed(attacker: Attacker, manager: Manager) -> None:
    roles = ["abuse", "postmaster", "no-reply", "noreply+x", "INFO", "admin", "security", "hr", "webmaster", "support"]
    receipts = [attacker.submit(email=f"{role}@victim{number}.example") for number, role in enumerate(roles)]
    assert attacker.deliver(receipts) == {"role_address": 10}
    assert not attacker.harness.mail.sent
    assert manager.held() == ([], 10, 10)


def test_a_campaign_sends_500_introductions_a_day_unseen(attacker: Attacker, manager: Manager) -> None:
    day = {"pk": {"S": "total#lumen"}, "sk": {"S": "2026-11-23"}}
    item = {**day, "introductions": typed(499)}
    attacker.harness.client.put_item(TableName=attacker.harness.table, Item=item)
    assert attacker.deliver([attacker.submit() for _ in range(5)]) == {"sent": 1, "daily_total": 4}
    [group], _, _ = manager.held()
    assert attacker.deliver(manager.act_on_all(group["name"], "approve")) == {"sent": 4}, "a person looked"
