"""Serve `/_local/clock`: read the clock, or move it forward with JSON or a form."""

import json
import math
from typing import Any
from urllib.parse import urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from samlocal.runtime.clock import Clock, NotForward
from samlocal.ses.mailbox import stamp

_WANTED = '{"advance_seconds": N}'


class ClockApi:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def answer(self, request: Request) -> Response:
        if request.method != "POST":
            return self._shown(200)
        is_form = request.mimetype == "application/x-www-form-urlencoded"
        try:
            self._clock.advance(_seconds(dict(request.form) if is_form else _sent(request)))
        except NotForward as error:
            return self._shown(400, message=str(error))
        return redirect(_back(request), 303) if is_form else self._shown(200)

    def _shown(self, status: int, **more: str) -> Response:
        data = {"now": stamp(self._clock.now()), "ahead_seconds": self._clock.ahead, **more}
        return Response(json.dumps(data), status, content_type="application/json")


def _sent(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise NotForward(f"Send {_WANTED}.") from None


def _seconds(sent: Any) -> float:
    if not isinstance(sent, dict) or "advance_seconds" not in sent:
        raise NotForward(f"Send {_WANTED}.")
    unknown = sent.keys() - {"advance_seconds"}
    if unknown:
        raise NotForward(f"Only advance_seconds is allowed, not {', '.join(sorted(unknown))}.")
    value = sent["advance_seconds"]
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (OverflowError, TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise NotForward("advance_seconds must be a number of seconds.")
    return seconds


def _back(request: Request) -> str:
    page = urlsplit(request.referrer or "")
    return page._replace(scheme="", netloc="").geturl() if page.path.startswith("/_local/") else "/_local/"
