"""The columns of an export."""

import re
from dataclasses import replace

from referral_intake.core.callback import Callback
from referral_intake.core.doctor import FORM_FIELDS
from referral_intake.reports.columns import COLUMNS, row_of
from tests.support import samples


def test_the_documentation_lists_every_column_in_order() -> None:
    text = (samples.ROOT / "docs" / "reports.md").read_text("utf-8")
    _, columns, _ = text.partition("the columns, by name:")[2].split("\n\n", 2)
    assert re.findall(r"`(\w+)`", columns) == list(COLUMNS)


def test_every_field_of_the_form_has_its_own_column() -> None:
    columns = [field.column for field in FORM_FIELDS.values()]
    assert len({*columns} & COLUMNS.keys()) == len(columns)


def test_a_row_has_the_details_of_the_call() -> None:
    with_callback = replace(samples.referral(), callback=Callback("+12175550199", "morning"))
    for referral, details in ((with_callback, ("+12175550199", "morning")), (samples.referral(), (None, None))):
        row = dict(zip(COLUMNS, row_of(referral), strict=True))
        assert (row["callback_phone"], row["callback_time"]) == details


def test_every_field_of_the_form_has_a_unique_name() -> None:
    """Submitted values are stored by name, without the path."""
    assert len({field.name for field in FORM_FIELDS.values()}) == len(FORM_FIELDS)
