"""Uses a copy of the product with one more field and one more filter, and prints the results as JSON.

tests/integration/test_added_field.py runs this in the copy. stdin has a submission and its item from the original.
"""

import json
import sys
from types import SimpleNamespace
from typing import Any

from moto import mock_aws

from cli.site.builder import EMPTY_FORM
from referral_intake.aws import dynamodb
from referral_intake.aws.listing_table import ListingTable
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.referral import Referral, new_referral
from referral_intake.core.search_filter import Filter
from referral_intake.core.submission import InvalidSubmission, parse
from referral_intake.core.validation import FieldError
from referral_intake.dashboard import api, openapi
from referral_intake.reports.columns import COLUMNS, row_of
from referral_intake.reports.export_rows import ExportRows
from referral_intake.web.pages import Pages
from samlocal.aws import moto_fixes
from tests.integration import aws
from tests.support import samples
from tests.support.dashboard import MANAGER, VIEWER, FakeDashboard, ask

FAX = "(217) 555-0199"
OTHER = {"phone": "212 555 0123"}


def main() -> None:
    stored = json.load(sys.stdin)
    moto_fixes.apply()
    with mock_aws():
        client = dynamodb.client()
        table = aws.make_table(client)
        referrals = ReferralTable(client, table)
        referral = samples.referral(fax=FAX)
        for one in (referral, samples.referral(**OTHER)):
            assert referrals.add(one) is None
        client.put_item(TableName=table, Item=stored["item"])
        sys.stdout.write(
            json.dumps(
                {
                    "receipt": referral.receipt,
                    "typed": referral.doctor.typed,
                    "refused": _refused(),
                    "item": aws.TableReader(client, table).image(referral),
                    "read": _fax(referrals.get(referral.receipt, consistent=True)),
                    "row": dict(zip(COLUMNS, map(str, row_of(referral)), strict=True)),
                    "columns": list(COLUMNS),
                    "page": _pages().render("page.html", form=EMPTY_FORM),
                    "message": _pages().message(FieldError("doctor.fax", "phone_invalid")),
                    "schemas": openapi.description(api.app)["components"]["schemas"],
                    "repeated": _repeated(referrals, stored["payload"]),
                    "exported": _exported(ExportRows(client, table)),
                    **_dashboard(referrals, ListingTable(client, table), referral.receipt),
                }
            )
        )


def _pages() -> Pages:
    return Pages(samples.TEMPLATES, samples.campaign(), "en")


def _fax(referral: Referral | None) -> Any:
    return getattr(referral and referral.doctor, "fax", None)


def _refused() -> list[tuple[str, str]]:
    try:
        samples.referral(fax="12")
    except InvalidSubmission as refused:
        return [(error.field, error.code) for error in refused.errors]
    return []


def _repeated(referrals: ReferralTable, payload: Any) -> bool:
    """Whether a resubmission matches a stored item, by intake's comparison."""
    again = new_referral(parse(payload, samples.CAMPAIGNS.get), samples.NOW)
    there = referrals.add(again)
    return there is not None and there.content == again.content


def _exported(rows: ExportRows) -> list[str]:
    chosen: dict[str, Any] = {"area": "217"}
    return [referral.receipt for referral in rows.page("lumen", Filter(**chosen), None).referrals]


def _dashboard(referrals: ReferralTable, listing: ListingTable, receipt: str) -> dict[str, Any]:
    parts = FakeDashboard(
        referrals=referrals,
        listing=listing,
        sent_messages=SimpleNamespace(steps_with_copy=lambda receipt, steps: frozenset()),
    )
    doctors = {role: ask(parts, "GET", f"/referrals/{receipt}", groups=role)[1]["doctor"] for role in (MANAGER, VIEWER)}
    found = {}
    for area in ("217", "none", "999", "x"):
        status, answer = ask(parts, "POST", "/referrals/search", {"campaign": "lumen", "area": area})
        rows = [row["receipt"] for row in answer.get("referrals", [])]
        found[area] = rows if status == 200 else [answer["errors"][0]["field"], answer["errors"][0]["message"]]
    return {"manager": doctors[MANAGER], "viewer": doctors[VIEWER], "found": found}


if __name__ == "__main__":
    main()
