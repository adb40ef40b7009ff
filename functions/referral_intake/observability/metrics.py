"""Metrics for CloudWatch, as lines of the log in its Embedded Metric Format: what is emitted costs no request.

Each value stands under the service (the stack), which alarms look at, and under the campaign and the reason where there
are any, which the dashboard shows. Both are words of ours, and few: never something that somebody typed.
"""

import os
from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count(name: str, amount: int = 1, *, campaign: str | None = None, reason: str | None = None) -> None:
    emit({name: amount}, MetricUnit.Count, campaign=campaign, reason=reason)


def emit(
    values: Mapping[str, float], unit: MetricUnit, *, campaign: str | None = None, reason: str | None = None
) -> None:
    """One line. Not of `Metrics`, whose instances share what they hold with all that runs in the process."""
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
