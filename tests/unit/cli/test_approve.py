"""Approval of a campaign's content."""

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest

from cli.app import main
from cli.commands.approve import approve, changed
from cli.errors import CommandError
from referral_intake.aws import content_digests
from referral_intake.aws.campaign_files import Campaigns
from tests.support.samples import TEMPLATES

ON, UNTIL = date(2026, 12, 1), date(2027, 11, 30)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


def test_the_content_of_every_campaign_matches_its_approval() -> None:
    approved = tomllib.loads((TEMPLATES / "campaigns" / "lumen" / "approval.toml").read_text())["content"]
    now = content_digests.digests(TEMPLATES, content_digests.files_requiring_approval(TEMPLATES, "lumen"))
    assert changed(approved, now) == [], "read what changed, then: referrals approve star --by ..."


def test_an_approval_names_what_changed_since_the_last_one(templates: Path) -> None:
    (templates / "campaigns/lumen/messages/en/reminder.txt").write_text("Dear doctor")
    (templates / "campaigns/lumen/messages/en/letter.txt").write_text("new")
    approval = approve(templates, "lumen", 'Dr. "A" Müller', ON, UNTIL, "2026-12")
    assert approval == ["campaigns/lumen/messages/en/letter.txt", "campaigns/lumen/messages/en/reminder.txt"]
    campaign = Campaigns(templates).get("lumen")
    assert campaign
    assert (campaign.approval.approved_by, campaign.approval.version) == ('Dr. "A" Müller', "2026-12")
    assert (campaign.approval.covers(ON), campaign.approval.covers(UNTIL)) == (True, True)


@pytest.mark.parametrize(
    ("campaign", "until", "version"),
    [("moon", UNTIL, "1"), ("lumen", date(2026, 11, 30), "1"), ("lumen", UNTIL, "1.0"), ("lumen", UNTIL, "")],
)
def test_an_invalid_approval_is_refused_and_changes_nothing(
    templates: Path, campaign: str, until: date, version: str
) -> None:
    before = (templates / "campaigns/lumen/approval.toml").read_bytes()
    with pytest.raises(CommandError):
        approve(templates, campaign, "somebody", ON, until, version)
    assert (templates / "campaigns/lumen/approval.toml").read_bytes() == before


def test_the_command_approves_and_lists_changed_files(
    templates: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(templates.parent)
    Path("samconfig.toml").touch()
    (templates / "campaigns/lumen/messages/en/reminder.txt").write_text("Dear doctor")
    words = ["approve", "lumen", "--by", "Legal", "--version", "v2", "--until", "2099-01-31"]
    assert main([*words, "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["changed_files"] == ["campaigns/lumen/messages/en/reminder.txt"]
    assert (output["campaign"], output["version"], output["until"]) == ("lumen", "v2", "2099-01-31")
    assert main(words) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("The current content of lumen is approved from ")
    assert line.endswith(" to 2099-01-31, as version v2.")
    assert main([*words[:-1], "2020-01-31"]) == 1
