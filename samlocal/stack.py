"""Run a SAM template on one machine."""

import os
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TextIO

from samlocal.aws.resources import Cloud
from samlocal.console.console_pages import Pages
from samlocal.events.event_bus import EventBus
from samlocal.events.event_bus_api import EventBusApi
from samlocal.events.event_sources import EventSources
from samlocal.http.gateway import Gateway
from samlocal.http.server import HOST, Server, listen
from samlocal.runtime import environment
from samlocal.runtime.change_signal import DYNAMODB, SQS, ChangeSignal
from samlocal.runtime.clock import Clock
from samlocal.runtime.delayed_calls import DelayedCalls
from samlocal.runtime.file_watcher import Watcher
from samlocal.runtime.function_code import Code
from samlocal.runtime.functions import Functions
from samlocal.runtime.reload import Reload
from samlocal.runtime.terminal import Capture, Terminal
from samlocal.ses.events import Publisher
from samlocal.ses.mailbox import Mailbox
from samlocal.ses.mailbox_simulator import Delivery
from samlocal.ses.ses_api import TRACK, Ses
from samlocal.ses.tracking import Tracking
from samlocal.template import origin_headers, reader
from samlocal.template.model import Template
from samlocal.template.references import Places

SES_PATH = "/_local/ses"
EVENTS_PATH = "/_local/events"
SIGN_IN_PATH = "/_local/sign-in"
_ONE_STACK = threading.Lock()


class Stack:
    """A local stack, for example `with Stack(Path("template.yaml"), folder) as stack: get(stack.url)`.

    Only one can run in a process, because functions read os.environ and moto keeps its data in globals. `stop` restores
    both. A subclass can set template parameters, build a site, or add pages: see the methods after `__exit__`.

    `name` is the name of the stack and the prefix of its resource names. The stack stores its files in `folder`. The
    template specifies the folders of the code.
    """

    terminal: Terminal
    cloud: Cloud
    functions: Functions
    template: Template
    bus: EventBus
    bus_api: EventBusApi
    ses: Ses
    publisher: Publisher
    gateway: Gateway
    sources: EventSources

    def __init__(
        self,
        template_file: Path,
        folder: Path,
        *,
        name: str = "local",
        port: int = 0,
        parameters: Mapping[str, str] | None = None,
        site: Path | None = None,
        log_file: Path | None = None,
        watch: bool = True,
        out: TextIO | None = None,
    ) -> None:
        self.name = name
        self.site = (site or folder / "site").resolve()
        self.mailbox = Mailbox()
        self.clock = Clock()
        self.url = ""
        self._port = port
        self._template_file = template_file.resolve()
        self._parameters = dict(parameters or {})
        self._log_file = (log_file or folder / "logs.jsonl").resolve()
        self._watch = watch
        self._out = out
        self._parts = ExitStack()
        self._writes = {DYNAMODB: ChangeSignal(), SQS: ChangeSignal()}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def parameters(self) -> Mapping[str, str]:
        """Return template parameters that depend on where the stack runs. Parameters of the caller take precedence."""
        return {}

    def build_site(self) -> None:
        """Write the static files that the stack serves into `site`, which may be served meanwhile.

        If it raises an error, the error is logged, and the existing files stay.
        """

    def json_files(self, template: Template) -> Mapping[str, object]:
        """Return files of the site that a deployment writes from the stack's outputs, by path."""
        return {}

    def pages(self) -> Pages:
        """Return the pages under /_local/."""
        return Pages(self)

    def fill(self) -> None:
        """Store initial data. At this time, no event source is running."""

    def start(self) -> None:
        """Start the stack. Raise PortTaken, TemplateError or UnsupportedEngine, after stopping what was started."""
        with ExitStack() as parts:
            if not _ONE_STACK.acquire(blocking=False):
                raise RuntimeError("a stack is already running in this process")
            parts.callback(_ONE_STACK.release)
            parts.callback(self.clock.stop)
            # Listen first, to detect a port in use before other parts start.
            listener = parts.enter_context(listen(self._port))
            self.url = f"http://{HOST}:{listener.getsockname()[1]}"
            self._start_terminal(parts)
            self._start_aws(parts)
            self._start_functions(parts)
            self._start_serving(parts, listener)
            self._parts = parts.pop_all()

    def stop(self) -> None:
        self._parts.close()

    def load_template(self) -> Template:
        """Read the current template file. Raise TemplateError if it is invalid."""
        queues = self.cloud.sqs.meta.endpoint_url
        places = Places(self.name, queues, self.url + SIGN_IN_PATH)
        return reader.load(self._template_file, {**self.parameters(), **self._parameters}, places)

    def adopt(self, edited: Template) -> None:
        """Apply an edited template. Existing resources stay."""
        variables = environment.of_functions(edited.functions)
        self.cloud.make(edited)
        os.environ.update(variables)
        self.functions.replace(edited.functions)
        self._serve(edited)
        self.template = edited
        self.sources.run(edited)

    def rebuild_site(self) -> None:
        """Build the site, or log an error."""
        self.site.mkdir(parents=True, exist_ok=True)
        try:
            self.build_site()
        except Exception:  # noqa: BLE001  (the code of a site may raise any error)
            reason = traceback.format_exc().rstrip()
            self.terminal.say(f"The build of the site failed. The site was not changed.\n{reason}", "ERROR", "site")

    def _serve(self, template: Template) -> None:
        self.gateway.take(template, self._origin_headers(template), self.json_files(template))

    def _origin_headers(self, of: Template) -> dict[str, str]:
        return {name: origin_headers.resolved(value, self.cloud.secret_text) for name, value in of.origin_headers}

    def _start_terminal(self, parts: ExitStack) -> None:
        self.terminal = Terminal(self._out or sys.stdout, self._log_file)
        parts.callback(self.terminal.close)
        parts.callback(Capture(self.terminal).stop)

    def _start_aws(self, parts: ExitStack) -> None:
        # Imported here, because the import takes half a second and is not needed if the port is in use.
        from samlocal.aws.moto_server import MotoServer

        moto = MotoServer(self._writes)
        moto.start()
        parts.callback(moto.stop)
        own_endpoints = {"SESV2": self.url + SES_PATH, "EVENTBRIDGE": self.url + EVENTS_PATH}
        parts.enter_context(environment.isolated(moto.url, own_endpoints))
        self.cloud = Cloud(moto.url)
        self.template = self.load_template()
        self.cloud.make(self.template)

    def _start_functions(self, parts: ExitStack) -> None:
        os.environ.update(environment.of_functions(self.template.functions))
        code = Code(self.template.code_folders)
        code.start()
        parts.callback(code.stop)
        self.functions = Functions(self.template.functions, code, self.terminal)
        self.rebuild_site()

    def _start_mail(self, parts: ExitStack, bus: EventBus) -> Ses:
        later = DelayedCalls(lambda reason: self.terminal.say(reason, "ERROR", "ses"))
        later.start()
        parts.callback(later.stop)
        self.publisher = Publisher(bus, lambda: self.template.event_destinations)
        tracking = Tracking(self.publisher, f"{self.url}{SES_PATH}/{TRACK}")
        return Ses(self.mailbox, self._knows_configuration_set, tracking, Delivery(self.publisher, later))

    def _knows_configuration_set(self, name: str) -> bool:
        return name in self.template.configuration_sets

    def _start_serving(self, parts: ExitStack, listener: socket.socket) -> None:
        self.bus = EventBus(self.cloud, lambda: self.template.rules)
        self.ses, self.bus_api = self._start_mail(parts, self.bus), EventBusApi(self.bus, self.terminal)
        self.gateway = Gateway(self.functions, self.site, self.pages(), self.terminal)
        self._serve(self.template)
        self.sources = EventSources(self.cloud, self.functions, self.terminal, self._writes, self.clock)
        self.fill()
        server = Server(listener, self.gateway)
        server.start()
        parts.callback(server.stop)
        self.sources.run(self.template)
        parts.callback(self.sources.stop)
        # Import the handlers in the background, so that the first request does not wait for it.
        warm_up = threading.Thread(target=self.functions.warm_up, name="warm-up", daemon=True)
        warm_up.start()
        parts.callback(warm_up.join, 2.0)
        if self._watch:
            reload = Reload(self, self._template_file)
            watcher = Watcher(reload.folders(), reload.edited)
            watcher.start()
            parts.callback(watcher.stop)
