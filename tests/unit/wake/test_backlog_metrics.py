"""Metrics that `wake` publishes each minute."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from referral_intake.aws.stats_table import CounterValues
from referral_intake.core.breaker import BreakerPolicy, BreakerState
from referral_intake.core.counting import NOW as OPEN
from referral_intake.core.counting import CounterKey
from referral_intake.core.errors import Unavailable
from referral_intake.core.quota import Quota
from referral_intake.wake import backlog_metrics
from referral_intake.wake import due_referrals as wake
from referral_intake.wake.wiring import BacklogMetricSources
from tests.support.function_output import FunctionOutput, recorded_output
from tests.support.samples import CAMPAIGN, CAMPAIGNS, NOW


@dataclass
class Breaker:
    open: bool = False

    def state(self, campaign: str, policy: BreakerPolicy, now: datetime) -> BreakerState:
        return BreakerState(self.open, delivered=90, bounced=10, complained=1)


@dataclass
class Stats:
    calls: list[tuple[str, date | None]] = field(default_factory=list)
    fails: Exception | None = None

    def read(self, campaign: str, wanted: Iterable[tuple[str, date | None]]) -> CounterValues:
        self.calls += wanted
        if self.fails:
            raise self.fails
        return CounterValues({CounterKey(campaign, OPEN, "", None, "held"): 3}, 0.5)


def emit_all(breaker: Breaker | None = None, stats: Stats | None = None) -> FunctionOutput:
    quota = Quota(per_second=14, per_day=50_000, sent_last_day=35_000)
    parts = BacklogMetricSources(CAMPAIGNS, breaker or Breaker(), stats or Stats(), lambda: quota)
    with recorded_output() as output:
        backlog_metrics.emit_all(parts, NOW, wake.logger)
    return output


def values(output: FunctionOutput, name: str) -> list[float]:
    return [value for line in output.emitted for value in line.get(name, [])]


def test_a_breaker_is_measured_as_open_or_closed_with_its_rates() -> None:
    assert set(values(emit_all(), "BreakerOpen")) == {0}
    opened = emit_all(Breaker(open=True))
    assert set(values(opened, "BreakerOpen")) == {1}
    assert (set(values(opened, "BounceRate")), set(values(opened, "ComplaintRate"))) == ({10}, {1})


def test_a_stage_without_referrals_is_measured_as_zero() -> None:
    lines = [line for line in emit_all().emitted if "OpenReferrals" in line and line["campaign"] == CAMPAIGN]
    stages = {line["reason"]: line["OpenReferrals"] for line in lines}
    assert stages.pop("held") == [3]
    assert set(stages) == {"by_post", "queued", "sending", "sent", "waiting"}
    assert all(value == [0] for value in stages.values())


def test_the_quota_is_measured_in_percent() -> None:
    assert values(emit_all(), "QuotaUsed") == [70]


def test_the_stages_of_a_campaign_cost_one_item() -> None:
    stats = Stats()
    emit_all(stats=stats)
    assert stats.calls == [(OPEN, None)] * len(CAMPAIGNS.names())


def test_an_unreadable_metric_is_missing_and_does_not_stop_the_others() -> None:
    output = emit_all(stats=Stats(fails=Unavailable("ThrottlingException")))
    assert output.emitted == []
    (logged,) = output.logged
    assert (logged["message"], logged["level"]) == ("gauges could not be read", "ERROR")
    assert "Unavailable ThrottlingException" in logged["exception"]
