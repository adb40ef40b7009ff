"""The registry over a real socket: requests, responses, and a total limit of two seconds."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.core.errors import Unavailable
from referral_intake.lookup import doctors
from referral_intake.lookup.match_cache import MatchCache
from referral_intake.lookup.name_search import Query
from referral_intake.lookup.npi_registry import MAX_RECORDS, MAX_RESPONSE_BYTES, NpiRegistry
from referral_intake.lookup.wiring import LookupParts
from tests.support import events
from tests.support.fakes import ring
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUERY = Query("maria", "o'brien", "IL")
Act = Callable[["Server", BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A registry whose behavior for each request is configurable."""

    act: Act
    url: str = ""
    queries: list[dict[str, str]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)


def answers(body: bytes, status: int = 200, **headers: str) -> Act:
    def act(_: Server, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def says_nothing(server: Server, handler: BaseHTTPRequestHandler) -> None:
    server.stopped.wait()
    handler.close_connection = True


def drips(head: bytes) -> Act:
    """Sends one byte after another, each within any socket timeout."""

    def act(server: Server, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        while not server.stopped.wait(0.1):
            try:
                handler.wfile.write(b"1")
                handler.wfile.flush()
            except OSError:
                return

    return act


def hangs_up(_: Server, handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


FOUND = answers(json.dumps({"result_count": 1, "results": [{"number": "2000001000"}]}).encode())


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(FOUND)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.queries.append(dict(parse_qsl(urlsplit(self.path).query)))
            server.connections.add(self.client_address)
            server.act(server, self)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_address[1]}/api/"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stopped.set()
    listening.shutdown()
    thread.join()
    listening.server_close()


# ---- Requests and responses ------------------------------------------------------------------------------------------


def test_a_query_is_one_request_with_the_parameters_of_the_registry(server: Server) -> None:
    assert NpiRegistry(server.url).search(QUERY) == [{"number": "2000001000"}]
    assert server.queries == [
        {
            "version": "2.1",
            "limit": str(MAX_RECORDS),
            "enumeration_type": "NPI-1",
            "state": "IL",
            "last_name": "o'brien*",
            "first_name": "maria*",
            "use_first_name_alias": "False",
        }
    ]


def test_the_connection_is_reused_and_reopened_if_it_was_closed(server: Server) -> None:
    registry = NpiRegistry(server.url)
    for _ in range(2):
        registry.search(QUERY)
    assert len(server.connections) == 1

    def hangs_up_once(server: Server, handler: BaseHTTPRequestHandler) -> None:
        server.act = FOUND
        hangs_up(server, handler)

    server.act = hangs_up_once
    assert registry.search(QUERY)
    assert len(server.connections) == 2


def test_a_response_may_be_compressed(server: Server) -> None:
    server.act = answers(gzip.compress(b'{"result_count": 0, "results": []}'), Content_Encoding="gzip")
    assert NpiRegistry(server.url).search(QUERY) == []


@pytest.mark.parametrize(
    "act",
    [
        answers(b'{"Errors": [{"description": "Field state requires ...", "field": "state", "number": "07"}]}'),
        answers(b"<html>Sorry</html>"),
        answers(b"[]"),
        answers(b'{"results": {}}'),
        answers(b"[" * 20_000),
        answers(b"\xff"),
        answers(b'{"results": []}', status=503),
        answers(b"", status=301, Location="https://elsewhere.example/"),
        answers(b'{"results": ["' + b"x" * MAX_RESPONSE_BYTES + b'"]}'),
        answers(b"not gzip", Content_Encoding="gzip"),
        hangs_up,
    ],
    ids=["errors", "html", "list", "object", "nested", "no UTF-8", "503", "moved", "too large", "no gzip", "hangs up"],
)
def test_an_invalid_response_is_unavailable_and_the_error_contains_no_name(server: Server, act: Act) -> None:
    server.act = act
    with pytest.raises(Unavailable) as unavailable:
        NpiRegistry(server.url).search(QUERY)
    assert "brien" not in repr(unavailable.value)
    assert unavailable.value.__suppress_context__ or unavailable.value.__context__ is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api/", "http://registry.invalid/api/"])
def test_an_unreachable_registry_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable):
        NpiRegistry(url).search(QUERY)


# ---- At most two seconds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [says_nothing, drips(b"HTTP/1.1 200 OK\r\nX-Slow: "), drips(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")],
    ids=["nothing comes", "headers come in drops", "the body comes in drops"],
)
@pytest.mark.long
def test_the_time_limit_covers_the_whole_request(
    server: Server, client: "DynamoDBClient", table: str, act: Act
) -> None:
    server.act = act
    parts = LookupParts(NpiRegistry(server.url), MatchCache(client, table), RegistrySignatures(ring))
    event = events.request("GET /api/doctors", query="name=Maria O'Brien&state=IL")
    # The server never completes its response, so a result proves that the limit works.
    response = doctors.respond(event, parts, NOW)
    assert json.loads(response["body"]) == {"doctors": [], "available": False}
