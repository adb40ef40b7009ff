"""Run a threaded HTTP server on the loopback interface."""

import contextlib
import errno
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
# The number of simultaneous connections that wait in the queue of the kernel. Further connections fail.
BACKLOG = 1024


class PortTaken(Exception):
    """Another process listens on the port, or this process may not use it."""


def listen(port: int) -> socket.socket:
    """Return a listening socket. Port 0 selects a free port. Raise PortTaken if the port can't be used."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
        raise PortTaken(f"Port {port} {reason}.") from error
    return listener


class _Handler(WSGIRequestHandler):
    # Browsers open connections in advance. The timeout, in seconds, ends their threads.
    timeout = 60

    def log_request(self, *_: Any) -> None:
        """Do nothing, because the gateway logs requests."""

    def log_error(self, *_: Any) -> None:
        """Do nothing, because a disconnected client is not an error."""


class Server(ThreadedWSGIServer):
    """Serves `app` on a listening socket, and closes the socket at the end."""

    def __init__(self, listener: socket.socket, app: "WSGIApplication", handler: type[WSGIRequestHandler] = _Handler):
        self._open: dict[threading.Thread, socket.socket] = {}
        with listener:
            super().__init__(HOST, 0, app, handler, fd=listener.fileno())
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name=f"http-{self.port}", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float = 1.0) -> None:
        """Close the port and all connections, and wait up to `within` seconds for the threads."""
        self.shutdown()
        self._thread.join()
        deadline = time.monotonic() + within
        for connection in list(self._open.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for thread in list(self._open):
            thread.join(max(0.0, deadline - time.monotonic()))

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        thread = threading.current_thread()
        self._open[thread] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(thread, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log the error, unless the connection was closed because the server stops."""
        if not isinstance(request, socket.socket) or request.fileno() != -1:
            super().handle_error(request, client_address)
