"""Settings and parts of the stats function."""

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.stats.counting_table import CountingTable


@dataclass(frozen=True, slots=True)
class StatsSettings(Settings):
    stats_table_name: str


@cache
def parts() -> "CountingTable":
    from referral_intake.aws import dynamodb
    from referral_intake.stats.counting_table import CountingTable

    return CountingTable(dynamodb.client(), StatsSettings.read(os.environ).stats_table_name)
