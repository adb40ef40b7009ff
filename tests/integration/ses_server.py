"""A fake of Amazon SES on the loopback interface: it records requests and responds as configured."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANGS = "hangs"
DROPS = "drops the connection"


@dataclass
class Ses:
    """`fails` is an error code with status and message, HANGS, DROPS, or None to accept the message."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    fails: tuple[str, int, str] | str | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self) -> tuple[int, dict[str, str], dict[str, str]] | None:
        if self.fails == HANGS:
            self.released.wait(10)
            return None
        if self.fails == DROPS:
            return None
        if isinstance(self.fails, tuple):
            code, status, message = self.fails
            return status, {"x-amzn-ErrorType": code}, {"message": message}
        return 200, {}, {"MessageId": f"message-{len(self.requests)}"}


@contextmanager
def running() -> Iterator[Ses]:
    ses = Ses()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            ses.requests.append(json.loads(self.rfile.read(length)))
            ses.paths.append(self.path)
            answer = ses.answer()
            if answer is None:
                self.close_connection = True
                return
            status, headers, data = answer
            body = json.dumps(data).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    ses.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ses
    finally:
        ses.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
