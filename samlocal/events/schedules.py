"""Invoke functions by schedule: at a fixed rate, first one period after the start, or by a cron expression.

Runs of one schedule never overlap.
"""

import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from samlocal.events.poller import Poller
from samlocal.runtime.clock import Clock
from samlocal.runtime.functions import FunctionFailed, Functions
from samlocal.runtime.terminal import Terminal
from samlocal.template.model import ACCOUNT, PARTITION, REGION, Schedule


class SchedulePoller(Poller):
    """Runs a schedule in one thread. Runs that become due during another run are skipped."""

    def __init__(self, schedule: Schedule, functions: Functions, terminal: Terminal, clock: Clock) -> None:
        # Wait for moves of the clock instead of writes, because only time makes a schedule due.
        super().__init__(schedule.name, functions, terminal, clock.moved, schedule.period)
        self._schedule = schedule
        self._clock = clock
        self._due = clock.elapsed() + schedule.period
        self._last_check = clock.now()

    def poll(self) -> bool:
        if not (self._is_time() if self._schedule.cron else self._is_period_over()):
            return False
        # The failure is already logged. There is no retry before the next run.
        with suppress(FunctionFailed):
            self.invoke(self._schedule.function, event(self._schedule))
        return True

    def _is_period_over(self) -> bool:
        late = self._clock.elapsed() - self._due
        if late < 0:
            self._idle = -late
            return False
        missed = late // self._schedule.period
        self._due += (missed + 1) * self._schedule.period
        return True

    def _is_time(self) -> bool:
        """Return whether the schedule was due since the last check. The clock may have moved past the time."""
        assert self._schedule.cron is not None
        last_check, self._last_check = self._last_check, self._clock.now()
        self._idle = 60 - self._last_check.second
        return self._schedule.cron.is_between(last_check, self._last_check)


def event(schedule: Schedule) -> Any:
    """Return the `Input` of the template, or the default event of EventBridge Scheduler."""
    if schedule.input is not None:
        return json.loads(schedule.input)
    name = schedule.name.replace(".", "")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:{PARTITION}:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"],
        "detail": "{}",
    }
