"""Puts the parts together, starts and stops them."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self, TextIO

import sys

from local import environment, template
from local.activity import Activity
from local.cloud import Cloud
from local.code import Code
from local.event_sources import EventSources
from local.functions import Functions
from local.gateway import Gateway
from local.intrinsics import TemplateError
from local.mailbox import Mailbox
from local.model import Template
from local.pages import Pages
from local.server import HOST, Server, listen
from local.ses import Ses
from local.site import Build, build_with_cli, rebuild
from local.terminal import Capture, Terminal

ROOT = Path(__file__).resolve().parent.parent
SES_PATH = "/_local/ses"


class LocalStack:
    """The whole system on one machine: `with LocalStack() as stack: get(stack.url)`.

    One at a time in a process: functions find their surroundings in os.environ. It puts back what it changes.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        template: Path = ROOT / "infra" / "template.yaml",
        parameters: Mapping[str, str] | None = None,
        site: Path = ROOT / ".cache" / "local" / "site",
        log_file: Path = ROOT / ".cache" / "local" / "logs.jsonl",
        build_site: Build = build_with_cli,
        watch: bool = True,
        out: TextIO | None = None,
    ) -> None:
        self._port = port
        self._file = template
        self._parameters = dict(parameters or {})
        self._site = site
        self._log_file = log_file
        self._build_site = build_site
        self._watch = watch
        self._out = out
        self._parts = ExitStack()
        self._reloading = threading.Lock()
        self.mailbox = Mailbox()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Raises PortTaken or TemplateError, with nothing left running."""
        try:
            with ExitStack() as parts:
                self._start(parts)
                self._parts = parts.pop_all()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._parts.close()

    def _start(self, parts: ExitStack) -> None:
        # First of all: a taken port is known before anything else happens.
        listener = parts.enter_context(listen(self._port))
        port = listener.getsockname()[1]
        self.url = f"http://{HOST}:{port}"
        self.terminal = Terminal(self._out or sys.stdout, self._log_file)
        parts.callback(self.terminal.close)
        parts.callback(Capture(self.terminal).stop)
        self._start_aws(parts)
        self._start_functions(parts)
        self._start_gateway(parts, listener)

    def _start_aws(self, parts: ExitStack) -> None:
        from local.moto_server import MotoServer

        self._activity = Activity()
        moto = MotoServer(self._activity)
        moto.start()
        parts.callback(moto.stop)
        parts.enter_context(environment.isolated(moto.url, self.url + SES_PATH))
        self.cloud = Cloud(moto.url)
        self.template = self._load()
        self.cloud.make(self.template)

    def _load(self) -> Template:
        own = {"SiteUrl": self.url, "SenderAddress": "outreach@star-ablation.example", "LogLevel": "INFO"}
        return template.load(self._file, own | self._parameters, self.cloud.sqs.meta.endpoint_url)

    def _start_functions(self, parts: ExitStack) -> None:
        environment.set_functions(self.template.functions)
        self._code = Code(self.template.code_folders)
        self._code.start()
        parts.callback(self._code.stop)
        self.functions = Functions(self.template.functions, self._code, self.terminal)
        self._sources = EventSources(self.cloud, self.functions, self.terminal, self._activity)

    def _start_gateway(self, parts: ExitStack, listener: "socket.socket") -> None:
        ses = Ses(self.mailbox, lambda name: name in self.template.configuration_sets)
        pages = Pages(self, ses)
        self._gateway = Gateway(self.functions, self._site, pages, self.terminal)
        self._gateway.routes = self.template.routes
