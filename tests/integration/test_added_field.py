"""A new field of the form needs one declaration and its texts. A filter of the list also needs an index attribute.

A copy of the product gets a fictional field, the fax number, and a fictional filter, its area code.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from referral_intake.aws.item_format import from_item, to_item
from referral_intake.core.referral import new_referral
from referral_intake.core.submission import parse
from referral_intake.reports.columns import COLUMNS
from tests.support import project, samples
from tests.support.html import Html

FIELD = """\
    fax: str | None = field(default=None, metadata={FORM: FormField(40, contact.phone, inputmode="tel")})
"""
FILTER = """\
    area: str | None = field(
        default=None,
        metadata={
            FILTER: FilterField(
                of_doctor=lambda doctor: doctor.fax and doctor.fax[2:5],
                none="none",
                parse=lambda typed: _area(typed),
                refusal="An area code has three digits.",
                description="The area code of the fax number.",
            )
        },
    )
"""
PARSER = """\
def _area(typed: str) -> str:
    if not typed.isdigit():
        raise Invalid("area_invalid")
    return typed


"""


def _insert(file: Path, text: str, *, before: str) -> None:
    source = file.read_text("utf-8")
    assert source.count(before) == 1, f"{file} has no such place any more"
    file.write_text(source.replace(before, text + before), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with one more field and one more filter. These are all necessary changes."""
    root = tmp_path_factory.mktemp("product")
    for entry in ("cli", "local", "samlocal", "tests", "tools", ".venv", ".cache", "pyproject.toml", "uv.lock"):
        if (project.ROOT / entry).exists():
            (root / entry).symlink_to(project.ROOT / entry)
    for entry in ("functions", "infra", "templates"):
        shutil.copytree(project.ROOT / entry, root / entry, ignore=shutil.ignore_patterns("__pycache__", "campaigns"))
    core = root / "functions" / "referral_intake" / "core"
    _insert(core / "doctor.py", FIELD, before="    address: Address = Address()\n")
    _insert(core / "search_filter.py", FILTER, before="    def matches(self, referral: Referral) -> bool:\n        day")
    _insert(core / "search_filter.py", PARSER, before="@dataclass(frozen=True, slots=True)\nclass Filter:")
    _insert(root / "infra" / "template.yaml", ", area", before="] }\n        # Exact searches")
    for language in ("en", "es"):
        text = root / "templates" / "site" / "text" / f"{language}.toml"
        _insert(text, 'fax = "Fax number"\nfax_hint = "With the area code"\n', before="npi_hint = ")
    return root


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    """A submission as stored by the product without the field."""
    payload = samples.payload(doctor=samples.doctor(practice="Lopez Spine Center", phone="(217) 555-0123"))
    referral = new_referral(parse(payload, samples.CAMPAIGNS.get), samples.NOW)
    return {"payload": payload, "item": to_item(referral)}


@pytest.fixture(scope="module")
def results(copy: Path, stored: dict[str, Any]) -> dict[str, Any]:
    environment = {
        "PYTHONPATH": f"{copy / 'functions'}:{copy}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [sys.executable, "-m", "tests.support.added_field"]
    done = subprocess.run(
        command, cwd=copy, env=environment, input=json.dumps(stored), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- The field ----


def test_a_field_is_parsed_and_validated_as_declared(results: dict[str, Any]) -> None:
    assert results["typed"] == {"fax": "(217) 555-0199"}
    assert results["refused"] == [["doctor.fax", "phone_invalid"]]
    assert results["message"].startswith("Check the phone number.")


def test_a_field_survives_a_round_trip_through_the_table(results: dict[str, Any]) -> None:
    assert results["item"]["doctor"]["M"]["fax"] == {"S": "+12175550199"}
    assert results["read"] == "+12175550199"


def test_a_field_has_a_column_after_all_others(results: dict[str, Any]) -> None:
    assert results["columns"] == [*COLUMNS, "fax"]
    assert results["row"]["fax"] == "+12175550199"


def test_managers_see_a_field_and_viewers_see_only_that_it_exists(results: dict[str, Any]) -> None:
    assert results["manager"]["fax"] == "+12175550199"
    assert results["viewer"]["fax"] == "•••"


def test_the_description_of_the_api_has_the_field(results: dict[str, Any]) -> None:
    doctor = results["schemas"]["DoctorDetails"]
    assert "fax" in doctor["required"]
    assert doctor["properties"]["fax"]["anyOf"] == [{"type": "string"}, {"type": "null"}]


def test_the_page_has_an_entry_for_the_field(results: dict[str, Any]) -> None:
    page = Html(results["page"])
    [entry] = [attributes for _, attributes in page.tags if attributes.get("name") == "doctor.fax"]
    assert (entry["type"], entry["inputmode"], entry["maxlength"]) == ("tel", "tel", "40")
    assert entry["aria-describedby"] == "doctor-fax-hint doctor-fax-error"
    assert "Fax number With the area code" in page.text


# ---- Two versions in parallel ----


def test_a_submission_repeated_after_the_deployment_matches_its_item(results: dict[str, Any]) -> None:
    assert results["repeated"]


def test_an_earlier_version_reads_an_item_with_the_field(results: dict[str, Any]) -> None:
    assert from_item(results["item"]).doctor.name == "Maria Lopez"


# ---- The filter ----


def test_a_filter_value_is_stored_in_the_item_and_finds_matching_referrals(results: dict[str, Any]) -> None:
    assert results["item"]["area"] == {"S": "217"}
    assert results["found"]["217"] == results["exported"] == [results["receipt"]]
    assert results["found"]["999"] == []
    assert len(results["found"]["none"]) == 2


def test_an_invalid_filter_value_is_refused(results: dict[str, Any]) -> None:
    assert results["found"]["x"] == ["area", "An area code has three digits."]


@pytest.mark.parametrize("schema", ["SearchRequest", "ReportFilter"])
def test_the_description_of_the_api_has_the_filter(results: dict[str, Any], schema: str) -> None:
    assert results["schemas"][schema]["properties"]["area"]["description"] == "The area code of the fax number."
