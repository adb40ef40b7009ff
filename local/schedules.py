"""Schedules: a function woken at a fixed rate, first one period after the start, and never twice at once."""

import json
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from local.activity import Activity
from local.functions import FunctionFailed, Functions
from local.model import ACCOUNT, PARTITION, REGION, Schedule
from local.poller import Poller
from local.terminal import Terminal


class Clock(Poller):
    """One run after the other in this thread; runs that fell due meanwhile are left out."""

    def __init__(self, schedule: Schedule, functions: Functions, terminal: Terminal) -> None:
        # Nothing that is written makes a schedule due: it waits on an activity of its own.
        super().__init__(schedule.name, functions, terminal, Activity(), 0)
        self._schedule = schedule
        self._due = time.monotonic() + schedule.period

    def poll(self) -> bool:
        self.pause(max(0.0, self._due - time.monotonic()))
        missed = (time.monotonic() - self._due) // self._schedule.period
        self._due += (missed + 1) * self._schedule.period
        # The terminal has a failure. The next run looks again.
        with suppress(FunctionFailed):
            self.invoke(self._schedule.function, event(self._schedule))
        return True


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
