"""moto in server mode, inside this process: DynamoDB with its streams, SQS, Secrets Manager."""

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from local.activity import Activity
from local.model import ACCOUNT, REGION
from local.server import Server, listen

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = ("BatchGet", "Describe", "Get", "List", "Query", "Receive", "Scan")
_KEPT_ITERATORS = 1000


class MotoServer:
    """Its data live in moto's globals, so there is one at a time, and it leaves nothing behind."""

    def __init__(self, activity: Activity) -> None:
        # Half a second of imports, after the port is known to be free.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._app: WSGIApplication = DomainDispatcherApplication(create_backend_app)
        self._activity = activity
        self._lock = threading.Lock()
        self._server = Server(listen(0), self._serialised)
        self.url = self._server.url

    def start(self) -> None:
        _forget_everything()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        _forget_everything()

    def _serialised(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """One request at a time: moto checks a condition and then writes, which isn't atomic across threads.

        DynamoDB's conditional writes are, and everything here rests on them.
        """
        operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[2]
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        if operation == "ReceiveMessage":
            # May wait for many seconds; a message that two receive is what SQS does as well.
            return list(self._app(environ, start_response))
        with self._lock:
            answer = list(self._app(environ, start_response))
            if operation == "GetRecords":
                _drop_old_iterators()
        if not operation.startswith(_READS):
            self._activity.notify()
        return answer


def _drop_old_iterators() -> None:
    """moto keeps every shard iterator it ever gave out, and pollers ask all day long."""
    from moto.dynamodbstreams.models import dynamodbstreams_backends

    iterators = dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators
    while len(iterators) > _KEPT_ITERATORS:
        iterators.pop(next(iter(iterators)))


def _forget_everything() -> None:
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()
