"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

# One profile for all: no test hangs on the machine's speed, and CI tries the same examples each time.
settings.register_profile(
    "referral-intake",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("referral-intake")
