"""Puts the parts together, starts and stops them."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TextIO

from local import environment, origin, template
from local.activity import Activity
from local.bus import EventBus
from local.bus_door import BusDoor
from local.clock import Clock
from local.cloud import Cloud
from local.code import Code
from local.event_sources import EventSources
from local.functions import Functions
from local.gateway import Gateway
from local.later import Later
from local.mailbox import Mailbox
from local.model import Template
from local.pages import Pages
from local.registry import Registry
from local.reload import Reload
from local.server import HOST, Server, listen
from local.ses import TRACK, Ses
from local.ses_delivery import Delivery
from local.ses_events import Publisher
from local.ses_tracking import Tracking
from local.site import Build, build_with_cli, rebuild
from local.terminal import Capture, Terminal
from local.watch import Watcher

ROOT = Path(__file__).resolve().parent.parent
SES_PATH = "/_local/ses"
EVENTS_PATH = "/_local/events"
REGISTRY_PATH = "/_local/registry/"
SIGN_IN_PATH = "/_local/sign-in"
_ONE_AT_A_TIME = threading.Lock()


class LocalStack:
    """The whole system on one machine: `with LocalStack() as stack: get(stack.url)`.

    One at a time in a process: functions find their surroundings in os.environ, and moto its data in globals. What it
    changes there, it puts back. Functions' folder and templates' folder are what the template says.

    `fill` gets the stack when all is made, and before anything runs by itself or is served.
    """

    terminal: Terminal
    cloud: Cloud
    functions: Functions
    template: Template
    bus: EventBus
    bus_door: BusDoor
    ses: Ses
    publisher: Publisher
    gateway: Gateway
    sources: EventSources

    def __init__(
        self,
        *,
        port: int = 0,
        template_file: Path = ROOT / "infra" / "template.yaml",
        parameters: Mapping[str, str] | None = None,
        site: Path = ROOT / ".cache" / "local" / "site",
        log_file: Path = ROOT / ".cache" / "local" / "logs.jsonl",
        build_site: Build = build_with_cli,
        watch: bool = True,
        out: TextIO | None = None,
        fill: Callable[["LocalStack"], None] | None = None,
    ) -> None:
        self._port = port
        self._template_file = template_file.resolve()
        self._parameters = dict(parameters or {})
        self._site = site.resolve()
        self._log_file = log_file.resolve()
        self._build_site = build_site
        self._watch = watch
        self._out = out
        self._fill = fill
        self._parts = ExitStack()
        self._activity = Activity()
        self.mailbox = Mailbox()
        self.clock = Clock()
        self.registry = Registry()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Raises PortTaken or TemplateError, with nothing left running."""
        with ExitStack() as parts:
            if not _ONE_AT_A_TIME.acquire(blocking=False):
                raise RuntimeError("a LocalStack is already running in this process")
            parts.callback(_ONE_AT_A_TIME.release)
            parts.callback(self.clock.stop)
            # First of all: a taken port is known before anything else happens.
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
        """As the file is now; raises TemplateError."""
        own = {
            "SiteUrl": self.url,
            "SenderAddress": "outreach@star-ablation.example",
            "LogLevel": "INFO",
            # Everything comes from this machine, and wording is looked at here before anyone can approve it.
            "ReferralsPerSource": "5000",
            "UnapprovedContent": "send",
            "RegistryUrl": self.url + REGISTRY_PATH,
        }
        queues = self.cloud.sqs.meta.endpoint_url
        return template.load(self._template_file, own | self._parameters, queues, self.url + SIGN_IN_PATH)

    def adopt(self, edited: Template) -> None:
        """Goes on with an edited template. What it made before stays."""
        variables = environment.of_functions(edited.functions)
        self.cloud.make(edited)
        os.environ.update(variables)
        self.functions.replace(edited.functions)
        self.gateway.take(edited, self._origin_headers(edited))
        self.template = edited
        self.sources.run(edited)

    def _origin_headers(self, of: Template) -> dict[str, str]:
        return {name: origin.looked_up(value, self.cloud.secret_text) for name, value in of.origin_headers}

    def build_site(self) -> None:
        if self.template.layers:
            rebuild(self._build_site, self.template.layers[0], self._site, self.terminal)

    def _start_terminal(self, parts: ExitStack) -> None:
        self.terminal = Terminal(self._out or sys.stdout, self._log_file)
        parts.callback(self.terminal.close)
        parts.callback(Capture(self.terminal).stop)

    def _start_aws(self, parts: ExitStack) -> None:
        # Half a second of imports: not for someone whose port is taken.
        from local.moto_server import MotoServer

        moto = MotoServer(self._activity)
        moto.start()
        parts.callback(moto.stop)
        doors = {"SESV2": self.url + SES_PATH, "EVENTBRIDGE": self.url + EVENTS_PATH}
        parts.enter_context(environment.isolated(moto.url, doors))
        self.cloud = Cloud(moto.url)
        self.template = self.load_template()
        self.cloud.make(self.template)

    def _start_functions(self, parts: ExitStack) -> None:
        os.environ.update(environment.of_functions(self.template.functions))
        code = Code(self.template.code_folders)
        code.start()
        parts.callback(code.stop)
        self.functions = Functions(self.template.functions, code, self.terminal)
        self.build_site()

    def _start_mail(self, parts: ExitStack, bus: EventBus) -> Ses:
        later = Later(lambda reason: self.terminal.say(reason, "ERROR", "ses"))
        later.start()
        parts.callback(later.stop)
        self.publisher = Publisher(bus, lambda: self.template.event_destinations)
        tracking = Tracking(self.publisher, f"{self.url}{SES_PATH}/{TRACK}")
        return Ses(self.mailbox, self._knows_configuration_set, tracking, Delivery(self.publisher, later))

    def _knows_configuration_set(self, name: str) -> bool:
        return name in self.template.configuration_sets

    def _start_serving(self, parts: ExitStack, listener: socket.socket) -> None:
        self.bus = EventBus(self.cloud, lambda: self.template.rules)
        self.ses, self.bus_door = self._start_mail(parts, self.bus), BusDoor(self.bus, self.terminal)
        pages = Pages(
            self.mailbox,
            self.ses,
            self.bus_door,
            self.registry,
            self.cloud,
            lambda: self.template,
            self.terminal,
            self.clock,
        )
        self.gateway = Gateway(self.functions, self._site, pages, self.terminal)
        self.gateway.take(self.template, self._origin_headers(self.template))
        self.sources = EventSources(self.cloud, self.functions, self.terminal, self._activity, self.clock)
        if self._fill:
            self._fill(self)
        server = Server(listener, self.gateway)
        server.start()
        parts.callback(server.stop)
        parts.callback(self.registry.stop)
        self.sources.run(self.template)
        parts.callback(self.sources.stop)
        # The first patient need not wait for the imports.
        warm_up = threading.Thread(target=self.functions.warm_up, name="warm-up", daemon=True)
        warm_up.start()
        parts.callback(warm_up.join, 2.0)
        if self._watch:
            reload = Reload(self, self._template_file)
            watcher = Watcher(reload.folders(), reload.edited)
            watcher.start()
            parts.callback(watcher.stop)
