"""Settings are complete, or an error names the missing variables."""

import pytest

from referral_intake.core.settings import MissingSettings
from referral_intake.wake.wiring import WakeSettings


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(MissingSettings, match="WakeSettings: set TABLE_NAME, STATS_TABLE_NAME, TEMPLATES_DIR"):
        WakeSettings.read({"TABLE_NAME": ""})


def test_a_folder_is_a_path() -> None:
    settings = WakeSettings.read({"TABLE_NAME": "t", "STATS_TABLE_NAME": "s", "TEMPLATES_DIR": "/opt", "OTHER": "x"})
    assert (settings.table_name, str(settings.templates_dir)) == ("t", "/opt")
