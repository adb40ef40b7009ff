"""What belongs to the local stack itself, under /_local: pages to look at, a clock, the endpoints of some services."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from local import environment, views
from local.bus_door import BusDoor
from local.clock import Clock
from local.clock_door import ClockDoor
from local.cloud import Cloud
from local.mailbox import Mail, Mailbox, stamp
from local.model import Template
from local.registry import Registry
from local.ses import Ses
from local.terminal import Terminal

if TYPE_CHECKING:
    from local.sign_in.door import SignIn

_FOLDER = Path(__file__).parent / "templates"
_ROUTES = Map(
    [
        Rule("/_local/", endpoint="index", methods=["GET"]),
        Rule("/_local/mailbox", endpoint="mails", methods=["GET"]),
        Rule("/_local/mailbox/list", endpoint="mail_list", methods=["GET"]),
        Rule("/_local/mailbox/<mail_id>", endpoint="mail", methods=["GET"]),
        Rule("/_local/mailbox.json", endpoint="mailbox_json", methods=["GET"]),
        Rule("/_local/mailbox.json", endpoint="empty_mailbox", methods=["DELETE"]),
        Rule("/_local/table", endpoint="table", methods=["GET"]),
        Rule("/_local/letters/<receipt>", endpoint="letter", methods=["GET"]),
        Rule("/_local/failures", endpoint="failures", methods=["GET"]),
        Rule("/_local/logs", endpoint="logs", methods=["GET"]),
        Rule("/_local/assets/<name>", endpoint="asset", methods=["GET"]),
        Rule("/_local/clock", endpoint="clock", methods=["GET", "POST"]),
        Rule("/_local/stack.json", endpoint="stack", methods=["GET"]),
        Rule("/_local/events", endpoint="events", methods=["POST"]),
        Rule("/_local/registry/", endpoint="registry", methods=["GET"]),
        Rule("/_local/sign-in/<path:operation>", endpoint="sign_in", methods=["GET", "POST"]),
        # A tracked link has the link in it, slashes and all.
        Rule("/_local/ses/<path:operation>", endpoint="ses", merge_slashes=False),
    ]
)
_VIEWS = ("html", "text", "headers")


class Pages:
    """`template` gives the template as it is now."""

    def __init__(
        self,
        mailbox: Mailbox,
        ses: Ses,
        events: BusDoor,
        registry: Registry,
        cloud: Cloud,
        template: Callable[[], Template],
        terminal: Terminal,
        clock: Clock,
    ) -> None:
        self._mailbox = mailbox
        self._ses = ses
        self._events = events
        self._clock = clock
        self._registry = registry
        self._cloud = cloud
        self._template = template
        self._terminal = terminal
        self._clock_door = ClockDoor(clock)
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals["clock"] = clock
        self._jinja.filters.update(ahead=views.ahead, moment=_moment, readable=views.readable_header)

    def __call__(self, request: Request) -> Response:
        try:
            endpoint, arguments = _ROUTES.bind_to_environ(request.environ).match()
            answer: Response = getattr(self, f"_on_{endpoint}")(request, **arguments)
        except HTTPException as error:
            return Response.force_type(error.get_response(request.environ), request.environ)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def _on_index(self, _: Request) -> Response:
        failures = views.queues(self._cloud, self._template().queues.values())
        return self._page("index.html", mails=len(self._mailbox.all()), failures=sum(queue.count for queue in failures))

    def _on_mails(self, request: Request) -> Response:
        mails = self._mailbox.all()
        return self._show(request, mails[-1] if mails else None, chosen=False)

    def _on_mail(self, request: Request, mail_id: str) -> Response:
        mail = self._mailbox.get(mail_id)
        answer = self._show(request, mail, chosen=True)
        answer.status_code = 200 if mail else 404
        return answer

    def _show(self, request: Request, mail: Mail | None, *, chosen: bool) -> Response:
        available = [view for view in _VIEWS if view == "headers" or (mail and getattr(mail, view) is not None)]
        wanted = request.args.get("view", "")
        view = wanted if wanted in available else available[0]
        mails = self._newest_first()
        return self._page("mailbox.html", mails=mails, mail=mail, chosen=chosen, view=view, available=available)

    def _on_mail_list(self, request: Request) -> Response:
        return self._page("mail_list.html", mails=self._newest_first(), selected=request.args.get("selected", ""))

    def _newest_first(self) -> list[Mail]:
        return self._mailbox.all()[::-1]

    def _on_mailbox_json(self, _: Request) -> Response:
        data = [mail.as_json() for mail in self._mailbox.all()]
        return Response(json.dumps(data, ensure_ascii=False, indent=1), content_type="application/json")

    def _on_empty_mailbox(self, _: Request) -> Response:
        self._mailbox.clear()
        return Response(status=204)

    def _on_table(self, _: Request) -> Response:
        tables = self._template().tables.values()
        return self._page("table.html", tables={table.name: views.items(self._cloud, table.name) for table in tables})

    def _on_letter(self, _: Request, receipt: str) -> Response:
        # Typst is large: not for someone who looks at no letter.
        from local.letters import letter

        made = letter(receipt, self._clock.now())
        if isinstance(made, str):
            return Response(f"There is no letter: {made}.\n", 404, content_type="text/plain; charset=utf-8")
        return Response(made, content_type="application/pdf")

    def _on_failures(self, request: Request) -> Response:
        queues = views.queues(self._cloud, self._template().queues.values())
        return self._page("failures.html", queues=queues, address=request.host_url.rstrip("/"))

    def _on_logs(self, _: Request) -> Response:
        return self._page("logs.html", lines=views.log(self._terminal.recent), file=self._terminal.log_file)

    def _on_asset(self, request: Request, name: str) -> Response:
        return send_from_directory(_FOLDER / "assets", name, request.environ)

    def _on_clock(self, request: Request) -> Response:
        return self._clock_door.answer(request)

    def _on_stack(self, _: Request) -> Response:
        """For commands of another process: where this stack's AWS is, what its template puts out, and the time."""
        data = {
            "environment": environment.of_others(),
            "outputs": dict(self._template().outputs),
            "now": stamp(self._clock.now()),
        }
        return Response(json.dumps(data, indent=1), content_type="application/json")

    def _on_events(self, request: Request) -> Response:
        return self._events.answer(request)

    def _on_ses(self, request: Request, operation: str) -> Response:
        return self._ses.answer(request, operation)

    @cached_property
    def _sign_in(self) -> "SignIn":
        # Authlib and its company: not for someone who signs in nowhere.
        from local.sign_in.door import SignIn

        return SignIn("/_local/sign-in", self._template, self._cloud.team, self._page)

    def _on_sign_in(self, request: Request, operation: str) -> Response:
        return self._sign_in.answer(request, operation)

    def _on_registry(self, request: Request) -> Response:
        return self._registry.answer(request)

    def _page(self, template: str, **context: Any) -> Response:
        html = self._jinja.get_template(template).render(**context)
        return Response(html, content_type="text/html; charset=utf-8")


def _moment(time: str, form: str = "%d %b %Y, %H:%M:%S") -> str:
    """A time as this machine's clock shows it; what is no time stays as it is."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime(form)
    except ValueError:
        return time
