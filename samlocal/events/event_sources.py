"""Run all event sources of the template, each in its own thread."""

import time
from collections.abc import Iterable, Mapping

from samlocal.aws.resources import Cloud
from samlocal.events.poller import Poller
from samlocal.events.queues import QueuePoller
from samlocal.events.schedules import SchedulePoller
from samlocal.events.streams import StreamPoller
from samlocal.runtime.change_signal import DYNAMODB, SQS, ChangeSignal
from samlocal.runtime.clock import Clock
from samlocal.runtime.functions import Functions
from samlocal.runtime.terminal import Terminal
from samlocal.template.model import EventSource, QueueSource, StreamSource, Template

_STOP_SECONDS = 1.0


class EventSources:
    def __init__(
        self, cloud: Cloud, functions: Functions, terminal: Terminal, writes: Mapping[str, ChangeSignal], clock: Clock
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._functions = functions
        self._terminal = terminal
        self._writes = writes
        self._running: dict[str, tuple[EventSource, Poller]] = {}
        self._checkpoints: dict[str, dict[str, str]] = {}

    def run(self, template: Template) -> None:
        """Start new event sources, and stop changed or removed ones. Unchanged sources keep running."""
        wanted = {source.name: source for source in template.sources}
        gone = [name for name, (source, _) in self._running.items() if wanted.get(name) != source]
        self._stop(gone)
        for name, source in wanted.items():
            if name not in self._running:
                poller = self._poller(source, template)
                self._running[name] = (source, poller)
                poller.start()

    def stop(self) -> None:
        self._stop(list(self._running))

    def _stop(self, names: Iterable[str]) -> None:
        pollers = [self._running.pop(name)[1] for name in names]
        for poller in pollers:
            poller.ask_to_stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for poller in pollers:
            poller.join(max(0.0, deadline - time.monotonic()))

    def _poller(self, source: EventSource, template: Template) -> Poller:
        shared = (self._functions, self._terminal)
        if isinstance(source, StreamSource):
            checkpoint = self._checkpoints.setdefault(source.name, {})
            return StreamPoller(source, self._cloud, *shared, self._writes[DYNAMODB], checkpoint)
        if isinstance(source, QueueSource):
            return QueuePoller(source, template.queues[source.queue], self._cloud, *shared, self._writes[SQS])
        return SchedulePoller(source, *shared, self._clock)
