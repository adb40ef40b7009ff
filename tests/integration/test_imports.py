"""Imports are most of a cold start: no other function may import what only the dashboard needs."""

import json
import re
import subprocess
import sys

from tests.support.samples import ROOT

FUNCTIONS = ROOT / "functions"
OTHERS = ("intake", "links", "outreach", "feedback", "wake", "lookup", "stats")
SHARED = ("aws", "core", "observability", "web")
SLOW_IMPORTS = ("pydantic", "aws_lambda_powertools.event_handler")


def imported(*modules: str) -> set[str]:
    """All modules that these import, in a new process."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, check=True)
    return set(json.loads(found.stdout))


def test_no_function_but_the_dashboard_imports_pydantic_or_the_resolver() -> None:
    # Each wiring imports its adapters on first use. So import all modules of these functions.
    modules = [
        f"referral_intake.{package}.{file.stem}"
        for package in (*OTHERS, *SHARED)
        for file in FUNCTIONS.glob(f"referral_intake/{package}/[a-z]*.py")
    ]
    found = imported(*modules)
    assert not [name for name in found if name.startswith(SLOW_IMPORTS)]


def test_the_dashboard_imports_its_validation_before_the_first_request() -> None:
    found = imported("referral_intake.dashboard.api")
    assert set(SLOW_IMPORTS) <= found, "otherwise the test above checks names that no longer exist"
    assert {"boto3", "referral_intake.aws.stats_table"} <= found


def test_only_the_table_gateway_sends_requests_to_dynamodb() -> None:
    operation = re.compile(r"\.(batch_get|batch_write|delete|get|put|transact_get|transact_write|update)_items?\(")
    folders = (FUNCTIONS / "referral_intake", FUNCTIONS.parent / "cli")
    found = {file.name for folder in folders for file in folder.rglob("*.py") if operation.search(file.read_text())}
    assert found == {"table.py"}
