"""The hashes of a submitter's address are removed when outreach is done, and after two days."""

from datetime import timedelta

import pytest

from referral_intake.core.referral import Referral, Stage
from referral_intake.core.source_retention import SOURCE_ATTRIBUTES, keeps_source
from referral_intake.reports.columns import COLUMNS
from tests.support.samples import NOW, referral

OPEN = [stage for stage in Stage if stage not in {Stage.CLOSED, Stage.BY_POST}]


@pytest.mark.parametrize("stage", OPEN)
def test_outreach_needs_the_source_for_two_days(stage: Stage) -> None:
    assert keeps_source(referral(), stage, NOW)
    assert keeps_source(referral(), stage, NOW + timedelta(days=2) - timedelta.resolution)
    assert not keeps_source(referral(), stage, NOW + timedelta(days=2))
    assert keeps_source(referral(), stage, None)


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.BY_POST])
def test_nothing_needs_it_when_outreach_is_done(stage: Stage) -> None:
    assert not keeps_source(referral(), stage, NOW)
    assert not keeps_source(referral(), stage, None)


def test_it_is_an_attribute_of_the_referral_and_no_column_of_an_export() -> None:
    assert set(SOURCE_ATTRIBUTES) <= set(Referral.__dataclass_fields__)
    assert not set(SOURCE_ATTRIBUTES) & set(COLUMNS)
