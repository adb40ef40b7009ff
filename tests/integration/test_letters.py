"""`referrals letters`, on the template's table."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
import time_machine
from pypdfium2 import PdfDocument

from cli import stacks
from cli.app import main
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes, Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, Transition
from tests.integration import aws
from tests.support.printed_page import printed_pages
from tests.support.samples import NOW

ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
Print = Callable[..., int]


@pytest.fixture
def names(table: str) -> dict[str, str]:
    return aws.make_secrets()


@pytest.fixture
def keys(names: dict[str, str]) -> Callable[[Referral], tuple[str, ...]]:
    client = boto3.client("secretsmanager")
    hashing = client.get_secret_value(SecretId=names["HashingKeys"])["SecretString"]
    ring = Keyring.from_secret(json.loads(hashing))
    return lambda referral: DoctorHashes(lambda: ring).of(referral)[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "letters.pdf"


@pytest.fixture
def printing(table: str, names: dict[str, str], out: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Print]:
    outputs = {"TableName": table, "SiteUrl": aws.SITE_URL}
    outputs |= {f"{name}Arn": names[name] for name in ("HashingKeys", "SigningKeys")}
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, outputs))
    # A date within the approval.
    with time_machine.travel(NOW):
        yield lambda *words: main(["letters", "lumen", "--stack", "dev", "--out", str(out), *words])


def stored(
    referrals: ReferralTable, name: str, stage: Stage = Stage.BY_POST, age: int = 0, campaign: str = "lumen"
) -> Referral:
    made = aws.submitted(NOW - timedelta(hours=age), name=name, email=None, address=ADDRESS)
    made = replace(made, campaign=campaign)
    referrals.add(made)
    looked_at = made.submitted_at + timedelta(days=7)
    referrals.move(made, Transition(stage, due_at=None if stage is Stage.CLOSED else looked_at))
    return made


def test_letters_are_printed_in_order_of_waiting_time(
    referrals: ReferralTable, printing: Print, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later, earlier = stored(referrals, "Ana Gomez", age=1), stored(referrals, "Maria Lopez", age=2)
    for stage in (Stage.SENT, Stage.WAITING, Stage.CLOSED):
        stored(referrals, "Somebody Else", stage)
    stored(referrals, "Of Another", campaign="moon")
    assert printing() == 0
    first, second = printed_pages(out.read_bytes())
    assert "Dear Dr. Lopez," in first.text
    assert "Dear Dr. Gomez," in second.text
    said = capsys.readouterr().out
    assert said.index(earlier.receipt) < said.index(later.receipt)
    assert "2 letters" in said
    assert "Lopez" not in said


def test_a_doctor_who_opted_out_meanwhile_gets_no_letter(
    referrals: ReferralTable,
    claims: ClaimTable,
    keys: Callable[[Referral], tuple[str, ...]],
    printing: Print,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused, wanted = stored(referrals, "Ana Gomez"), stored(referrals, "Maria Lopez")
    claims.suppress(keys(refused), Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW)
    assert printing() == 0
    assert len(PdfDocument(out.read_bytes())) == 1
    said = capsys.readouterr().out
    assert f"no letter {refused.receipt}  opted_out" in said
    assert f"page 1    {wanted.receipt}" in said


def test_without_waiting_letters_no_file_is_written(
    printing: Print, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printing() == 0
    assert not out.exists()
    assert capsys.readouterr().out == "0 letters.\n"


def test_the_letters_are_listed_as_json(
    referrals: ReferralTable, printing: Print, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printing("--json") == 0
    assert json.loads(capsys.readouterr().out)["file"] is None
    waiting = stored(referrals, "Maria Lopez")
    assert printing("--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["letters"] == [{"page": 1, "receipt": waiting.receipt, "plain_envelope": False}]
    assert (said["file"], said["no_letter"]) == (str(out), [])


def test_all_pages_of_the_index_are_read(
    referrals: ReferralTable, printing: Print, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Ana Gomez", "Maria Lopez", "Jo Smith"):
        stored(referrals, name)
    monkeypatch.setattr("moto.dynamodb.models.table.RESULT_SIZE_LIMIT", 1000)
    assert printing() == 0
    assert "3 letters" in capsys.readouterr().out
