"""Run moto's server in this process: DynamoDB with streams, SQS, Secrets Manager, S3, Cognito.

The import of this module takes half a second.
"""

import io
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from samlocal.aws import moto_data, moto_fixes
from samlocal.http.server import Server, listen
from samlocal.runtime.change_signal import ChangeSignal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from moto.backends import SERVICE_NAMES

_READS = ("BatchGet", "Describe", "Get", "List", "Query", "Receive", "Scan")
_FREE_MEMORY_EVERY = 1000  # requests
# moto's applications by the prefix of X-Amz-Target. For each request, its dispatcher lists folders on disk to find the
# application, which takes as long as the request itself.
_APPLICATIONS: Mapping[str, "SERVICE_NAMES"] = {
    "AmazonSQS": "sqs",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "secretsmanager": "secretsmanager",
}


class MotoServer:
    """An HTTP server for moto. Only one can run at a time, because moto keeps its data in globals.

    `start` and `stop` delete all data. `writes` has a signal for each service of interest, which is notified of every
    request that may write.
    """

    def __init__(self, writes: Mapping[str, ChangeSignal]) -> None:
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[str, WSGIApplication] = {}
        self._writes = writes
        self._lock = threading.Lock()
        self._requests = 0
        self._server = Server(listen(0), self._serve)
        self.url = self._server.url

    def start(self) -> None:
        moto_data.delete_everything()
        moto_fixes.apply()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        moto_data.delete_everything()

    def _serve(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Handle one request at a time.

        The functions depend on atomic conditional writes, but moto is not atomic across threads: it checks the
        condition and writes afterwards.
        """
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if operation == "ReceiveMessage":
            # Without the lock, because long polling may take many seconds. SQS may deliver a message twice too.
            return list(self._application(service)(environ, start_response))
        with self._lock:
            answer = list(self._application(service)(environ, start_response))
            self._requests += 1
            if self._requests % _FREE_MEMORY_EVERY == 0:
                moto_data.free_memory()
        if service in self._writes and not operation.startswith(_READS):
            self._writes[service].notify()
        return answer

    def _application(self, target: str) -> "WSGIApplication":
        if target not in _APPLICATIONS:
            return self._dispatcher
        if target not in self._applications:
            self._applications[target] = create_backend_app(_APPLICATIONS[target])
        return self._applications[target]
