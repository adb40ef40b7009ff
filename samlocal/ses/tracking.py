"""Track opens and clicks: change messages as SES does, and publish an event for each open and click."""

import base64
import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from samlocal.ses import events as events
from samlocal.ses import tracked_html
from samlocal.ses.events import Publisher
from samlocal.ses.mailbox import Mail, stamp
from samlocal.ses.tracked_html import Tags

# The path segments of SES: L0 for links, I0 for images.
LINK, IMAGE = "L0", "I0"
TRACKING_PERIOD = timedelta(days=60)
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass
class _Tracked:
    mail: Mail
    # Links by a random key, so that a forged link can't redirect to another site.
    links: dict[str, tuple[str, Tags]] = field(default_factory=dict)


class Tracking:
    """Changes messages and serves their tracked links, which start with the URL `address`."""

    def __init__(self, publisher: Publisher, address: str) -> None:
        self._publisher = publisher
        self._address = address
        self._lock = threading.Lock()
        self._tracked: dict[str, _Tracked] = {}

    def as_delivered(self, mail: Mail) -> Mail:
        """Return the message with tracked HTML. Plain text can't be tracked and does not change."""
        if mail.html is None:
            return mail
        tracked, text = _Tracked(mail), mail.html

        def track(link: str, tags: Tags) -> str:
            key = uuid.uuid4().hex
            tracked.links[key] = (link, tags)
            return f"{self._address}/{LINK}/{quote(link, safe=':')}/1/{mail.id}/{key}"

        if self._publisher.is_published(mail, events.CLICK):
            text = tracked_html.with_tracked_links(text, track)
        if self._publisher.is_published(mail, events.OPEN):
            text = tracked_html.with_pixel(text, f"{self._address}/{IMAGE}/{mail.id}")
        with self._lock:
            self._tracked[mail.id] = tracked
        return replace(mail, html=text)

    def answer(self, request: Request, path: str) -> Response:
        """Respond to the request for a tracked link or image. `path` is relative to the address of the links."""
        kind, _, rest = path.partition("/")
        if kind == IMAGE:
            return self._opened(request, self._of(rest))
        mail_id, _, key = rest.rpartition("/1/")[2].partition("/")
        tracked = self._of(mail_id)
        if kind != LINK or key not in tracked.links:
            raise NotFound
        return self._clicked(request, tracked, *tracked.links[key])

    def _of(self, mail_id: str) -> _Tracked:
        with self._lock:
            if mail_id not in self._tracked:
                raise NotFound
            return self._tracked[mail_id]

    def _opened(self, request: Request, tracked: _Tracked) -> Response:
        self._publish(request, tracked.mail, events.OPEN, {})
        return Response(_PIXEL, content_type="image/gif")

    def _clicked(self, request: Request, tracked: _Tracked, link: str, tags: Tags) -> Response:
        self._publish(request, tracked.mail, events.CLICK, {"link": link, "linkTags": dict(tags) or None})
        return redirect(link, 302)

    def _publish(self, request: Request, mail: Mail, kind: events.Kind, details: dict[str, object]) -> None:
        now = datetime.now(UTC)
        if request.method != "GET" or now - datetime.fromisoformat(mail.time) > TRACKING_PERIOD:
            return
        by = {"ipAddress": request.remote_addr or "", "userAgent": request.headers.get("User-Agent", "")}
        self._publisher.publish(mail, kind, {"timestamp": stamp(now), **by, **details})
