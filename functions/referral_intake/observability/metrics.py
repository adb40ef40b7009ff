"""Metrics for CloudWatch, as log lines in the Embedded Metric Format, so that emitting them needs no request.

Each value has the dimension service (the stack), which the alarms use, and also campaign and reason if there are any,
which the dashboard shows. The values of both are few and fixed. They are never text that a user typed.
"""

import os
from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from referral_intake.core.smoke_test import is_test


def count(name: str, amount: int = 1, *, campaign: str | None = None, reason: str | None = None) -> None:
    emit({name: amount}, MetricUnit.Count, campaign=campaign, reason=reason)


def emit(
    values: Mapping[str, float], unit: MetricUnit, *, campaign: str | None = None, reason: str | None = None
) -> None:
    """Write one log line. `EphemeralMetrics`, because instances of `Metrics` share their state within the process."""
    if campaign and is_test(campaign):
        return
    metrics = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "ReferralIntake"))
    for name, value in values.items():
        metrics.add_metric(name, unit, value)
    given: dict[str, str] = {"service": metrics.service or "referral-intake"}
    metrics.add_dimension("service", given["service"])
    for dimension, word in (("campaign", campaign), ("reason", reason)):
        if word:
            given[dimension] = word
            metrics.add_dimensions(**given)
    metrics.flush_metrics()
