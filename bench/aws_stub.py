"""Simulate AWS with minimal, immediate responses, so that a benchmark measures only the function."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEYS = {"current": "k1", "k1": "a" * 64}

_ANSWERS: dict[str, Any] = {
    "GetSecretValue": {"SecretString": json.dumps(KEYS)},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "SendMessage": {"MessageId": "1", "MD5OfMessageBody": ""},
    # SES and the registry of doctors are identified by path, because their requests have no X-Amz-Target.
    "/v2/email/account": {"SendQuota": {"Max24HourSend": 50000, "MaxSendRate": 14, "SentLast24Hours": 0}},
    "/v2/email/outbound-emails": {"MessageId": "1"},
    "/api/": {"result_count": 0, "results": []},
}


class _Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        operation = self.headers.get("x-amz-target", path).rpartition(".")[2]
        body = json.dumps(_empty_batch(sent) if operation == "BatchGetItem" else _ANSWERS.get(operation, {})).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815  (the base class has these names)

    def log_message(self, *_: object) -> None:
        pass


def _empty_batch(asked: bytes) -> dict[str, Any]:
    tables = json.loads(asked)["RequestItems"]
    return {"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}, "ConsumedCapacity": []}


@contextmanager
def running() -> Iterator[str]:
    """Run the server, and yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
