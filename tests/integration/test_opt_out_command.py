"""`referrals opt-out`: the opt-out of a doctor without a referral."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from cli import stacks
from cli.app import main
from referral_intake.aws.audit_log import AuditTable
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import Keyring
from referral_intake.aws.secrets import Secrets
from referral_intake.core.claim import Obstacle, Suppressed
from referral_intake.core.reasons import Closing
from tests.integration import aws
from tests.support.samples import NOW, campaign

Command = Callable[..., int]


@pytest.fixture
def ring(table: str, secret_names: dict[str, str]) -> Keyring:
    return Secrets().keyring(secret_names["HashingKeys"])


@pytest.fixture
def opt_out(table: str, secret_names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    outputs = {"TableName": table, "HashingKeysArn": secret_names["HashingKeys"]}
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, outputs))
    with time_machine.travel(NOW):
        yield lambda *words: main(["opt-out", "--stack", "dev", *words])


def obstacle(claims: ClaimTable, ring: Keyring, **details: Any) -> Obstacle | None:
    claim = aws.claim_for(aws.submitted(**details), ring)
    return claims.obstacle(claim, now=NOW, cooldown=campaign().policy.cooldown)


@pytest.mark.parametrize(
    ("words", "details"),
    [
        (["--email", "Maria.Lopez@gmail.com"], {"email": "marialopez@googlemail.com"}),
        (["--npi", "1234567893"], {"npi": "1234567893"}),
        (["--name", "O'Brien, Sean", "--phone", "217 555 0123"], {"name": "Sean O\u2019Brien", "phone": "2175550123"}),
        (["--name", "Dr. Do", "--zip", "62701-1234"], {"name": "Dr. Do", "address": {"postal_code": "62701"}}),
    ],
)
def test_the_doctor_gets_nothing_more(
    opt_out: Command, claims: ClaimTable, ring: Keyring, words: list[str], details: dict[str, Any]
) -> None:
    assert obstacle(claims, ring, **details) is None
    assert opt_out(*words) == 0
    assert obstacle(claims, ring, **details) == Suppressed(Closing.OPTED_OUT)


def test_it_can_be_limited_to_a_campaign_and_is_recorded(
    opt_out: Command, claims: ClaimTable, ring: Keyring, client: Any, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opt_out("--email", "m@clinic.example", "--campaign", "relay") == 0
    assert "of relay. Stored under: email." in capsys.readouterr().out
    assert obstacle(claims, ring, email="m@clinic.example") is None
    assert [record.what for record in AuditTable(client, table).of_day(NOW.date())] == ["opt-out"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 1),
        (["--name", "Maria Lopez"], 1),
        (["--phone", "217 555 0123"], 2),
        (["--email", "maria@"], 2),
        (["--npi", "1"], 2),
    ],
)
def test_an_opt_out_that_cannot_be_stored_is_refused(
    opt_out: Command, table_reader: aws.TableReader, words: list[str], code: int
) -> None:
    assert opt_out(*words) == code
    assert table_reader.doctors() == {}
