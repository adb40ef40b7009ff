"""Campaigns, read from their files."""

import re
import shutil
from pathlib import Path

import pytest

from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign, InformationPolicy
from tests.support.samples import TEMPLATES

FOLDER = Path("campaigns", "lumen")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES / FOLDER, tmp_path / FOLDER)
    return tmp_path


def read(templates: Path) -> Campaign:
    found = Campaigns(templates).get("lumen")
    assert found
    return found


@pytest.mark.parametrize("missing", ["subject.txt", "txt", "html"])
def test_material_needs_all_parts_of_a_message(templates: Path, missing: str) -> None:
    assert read(templates).has_material
    (templates / FOLDER / "messages" / "en" / f"information.{missing}").unlink()
    assert not read(templates).has_material


def test_a_person_sends_the_material_unless_the_campaign_says_otherwise(templates: Path) -> None:
    assert read(templates).policy.information is InformationPolicy.BY_HAND
    file = templates / FOLDER / "campaign.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[policy]\n", '[policy]\ninformation = "automatic"\n'), "utf-8")
    assert read(templates).policy.information is InformationPolicy.AUTOMATIC
    file.write_text(text.replace("[policy]\n", '[policy]\ninformation = "sometimes"\n'), "utf-8")
    with pytest.raises(ValueError, match="sometimes"):
        read(templates)


def test_limits_have_defaults_that_a_campaign_can_change(templates: Path) -> None:
    file = templates / FOLDER / "campaign.toml"
    text = re.sub(r"(introductions|addresses)_per_(domain|practice|name) = .*\n", "", file.read_text("utf-8"))
    file.write_text(text, "utf-8")
    policy = read(templates).policy
    assert (policy.introductions_per_domain, policy.addresses_per_name, policy.unseen_per_day) == (10, 2, 500)
    assert not policy.mails_role_addresses
    changes = "[policy]\nintroductions_per_domain = 3\nunseen_per_day = 50\nmails_role_addresses = true\n"
    file.write_text(text.replace("[policy]\n", changes), "utf-8")
    policy = read(templates).policy
    assert (policy.introductions_per_domain, policy.introductions_per_practice, policy.unseen_per_day) == (3, 10, 50)
    assert policy.mails_role_addresses
