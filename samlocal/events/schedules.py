"""Schedules: a function woken at a fixed rate, first one period after the start, or at times of the week.

Never twice at once."""

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
    """One run after the other in this thread; runs that fell due meanwhile are left out."""

    def __init__(self, schedule: Schedule, functions: Functions, terminal: Terminal, clock: Clock) -> None:
        # Nothing that is written makes a schedule due, only time does.
        super().__init__(schedule.name, functions, terminal, clock.moved, schedule.period)
        self._schedule = schedule
        self._clock = clock
        self._due = clock.elapsed() + schedule.period
        self._looked = clock.now()

    def poll(self) -> bool:
        if not (self._is_time() if self._schedule.cron else self._is_period_over()):
            return False
        # The terminal has a failure. The next run looks again.
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
        """Whether it was time once at least since somebody looked last: the clock may have been moved over it."""
        assert self._schedule.cron is not None
        looked, self._looked = self._looked, self._clock.now()
        self._idle = 60 - self._looked.second
        return self._schedule.cron.is_between(looked, self._looked)


def event(schedule: Schedule) -> Any:
    """The template's Input, or what EventBridge Scheduler sends without one."""
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
