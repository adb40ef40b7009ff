"""Serve /_local/: pages about the stack, the clock, and endpoints of services that replace those of moto."""

import json
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from samlocal.console import page_data
from samlocal.console.clock_api import ClockApi
from samlocal.runtime import environment
from samlocal.ses.mailbox import Mail, stamp

if TYPE_CHECKING:
    from samlocal.sign_in.sign_in_api import SignIn
    from samlocal.stack import Stack

_FOLDER = Path(__file__).parent / "templates"
_ROUTES = (
    Rule("/_local/", endpoint="index", methods=["GET"]),
    Rule("/_local/mailbox", endpoint="mails", methods=["GET"]),
    Rule("/_local/mailbox/list", endpoint="mail_list", methods=["GET"]),
    Rule("/_local/mailbox/<mail_id>", endpoint="mail", methods=["GET"]),
    Rule("/_local/mailbox.json", endpoint="mailbox_json", methods=["GET"]),
    Rule("/_local/mailbox.json", endpoint="empty_mailbox", methods=["DELETE"]),
    Rule("/_local/table", endpoint="table", methods=["GET"]),
    Rule("/_local/failures", endpoint="failures", methods=["GET"]),
    Rule("/_local/logs", endpoint="logs", methods=["GET"]),
    Rule("/_local/assets/<name>", endpoint="asset", methods=["GET"]),
    Rule("/_local/clock", endpoint="clock", methods=["GET", "POST"]),
    Rule("/_local/stack.json", endpoint="stack", methods=["GET"]),
    Rule("/_local/events", endpoint="events", methods=["POST"]),
    Rule("/_local/sign-in/<path:operation>", endpoint="sign_in", methods=["GET", "POST"]),
    # The path of a tracked link contains the original link with its double slashes.
    Rule("/_local/ses/<path:operation>", endpoint="ses", merge_slashes=False),
)
_VIEWS = ("html", "text", "headers")


class Pages:
    """The pages. A subclass adds routes in `own_routes`, and adds or replaces templates in `own_templates`."""

    own_routes: tuple[Rule, ...] = ()
    own_templates: Path | None = None

    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._clock_api = ClockApi(stack.clock)
        self._routes = Map([rule.empty() for rule in (*_ROUTES, *self.own_routes)])
        general = jinja2.FileSystemLoader(_FOLDER)
        own = [jinja2.FileSystemLoader(self.own_templates)] if self.own_templates else []
        self._jinja = jinja2.Environment(
            loader=jinja2.ChoiceLoader([*own, general, jinja2.PrefixLoader({"samlocal": general})]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals["clock"] = stack.clock
        self._jinja.filters.update(ahead=page_data.ahead, moment=_moment, readable=page_data.readable_header)

    def __call__(self, request: Request) -> Response:
        try:
            endpoint, arguments = self._routes.bind_to_environ(request.environ).match()
            answer: Response = getattr(self, f"_on_{endpoint}")(request, **arguments)
        except HTTPException as error:
            return Response.force_type(error.get_response(request.environ), request.environ)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def _on_index(self, _: Request) -> Response:
        failures = sum(queue.count for queue in self._queues())
        return self._page("index.html", mails=len(self._stack.mailbox.all()), failures=failures)

    def _on_mails(self, request: Request) -> Response:
        mails = self._stack.mailbox.all()
        return self._show(request, mails[-1] if mails else None, chosen=False)

    def _on_mail(self, request: Request, mail_id: str) -> Response:
        mail = self._stack.mailbox.get(mail_id)
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
        return self._stack.mailbox.all()[::-1]

    def _on_mailbox_json(self, _: Request) -> Response:
        data = [mail.as_json() for mail in self._stack.mailbox.all()]
        return Response(json.dumps(data, ensure_ascii=False, indent=1), content_type="application/json")

    def _on_empty_mailbox(self, _: Request) -> Response:
        self._stack.mailbox.clear()
        return Response(status=204)

    def _on_table(self, _: Request) -> Response:
        names = [table.name for table in self._stack.template.tables.values()]
        return self._page("table.html", tables={name: page_data.items(self._stack.cloud, name) for name in names})

    def _on_failures(self, request: Request) -> Response:
        return self._page("failures.html", queues=self._queues(), address=request.host_url.rstrip("/"))

    def _queues(self) -> list[page_data.QueueView]:
        return page_data.queues(self._stack.cloud, self._stack.template.queues.values())

    def _on_logs(self, _: Request) -> Response:
        terminal = self._stack.terminal
        return self._page("logs.html", lines=page_data.log(terminal.recent), file=terminal.log_file)

    def _on_asset(self, request: Request, name: str) -> Response:
        return send_from_directory(_FOLDER / "assets", name, request.environ)

    def _on_clock(self, request: Request) -> Response:
        return self._clock_api.answer(request)

    def _on_stack(self, _: Request) -> Response:
        """Return AWS environment variables, the template's outputs and the time, for commands in other processes."""
        data = {
            "environment": environment.of_external_functions(),
            "outputs": dict(self._stack.template.outputs),
            "now": stamp(self._stack.clock.now()),
        }
        return Response(json.dumps(data, indent=1), content_type="application/json")

    def _on_events(self, request: Request) -> Response:
        return self._stack.bus_api.answer(request)

    def _on_ses(self, request: Request, operation: str) -> Response:
        return self._stack.ses.answer(request, operation)

    @cached_property
    def _sign_in(self) -> "SignIn":
        # Imported here, because the import of Authlib is slow and only needed to sign in.
        from samlocal.sign_in.sign_in_api import SignIn

        return SignIn("/_local/sign-in", lambda: self._stack.template, self._stack.cloud.users, self._page)

    def _on_sign_in(self, request: Request, operation: str) -> Response:
        return self._sign_in.answer(request, operation)

    def _page(self, template: str, **context: Any) -> Response:
        html = self._jinja.get_template(template).render(**context)
        return Response(html, content_type="text/html; charset=utf-8")


def _moment(time: str, form: str = "%d %b %Y, %H:%M:%S") -> str:
    """Format a time in the time zone of the machine. Return text that is not a time unchanged."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime(form)
    except ValueError:
        return time
