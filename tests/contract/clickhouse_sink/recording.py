"""A node that notes every request and answers by a script: for what an engine without replication cannot show."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import lz4.frame


@dataclass(frozen=True)
class Request:
    """One request: the parameters of its URL, its body without its coding, and as many bytes as came."""

    params: dict[str, str]
    body: bytes
    received: int

    @property
    def is_insert(self) -> bool:
        """Whether rows are sent."""
        return self.params.get("query", "").startswith("INSERT INTO")

    @property
    def sql(self) -> str:
        """The statement, wherever it stands."""
        return self.params.get("query") or self.body.decode()


@dataclass(frozen=True)
class Answer:
    """What is sent back. No status: the connection is closed without an answer."""

    body: bytes = b""
    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Request], Answer]


def refusing(code: int, text: str) -> Answer:
    """An exception as a server tells of it."""
    body = f"Code: {code}. DB::Exception: {text} (version 26.9.1.1)\n".encode()
    return Answer(body, 500, {"X-ClickHouse-Exception-Code": str(code)})


class RecordingNode:
    """An HTTP server on a free port while it is entered.

    Attributes:
        engine: of the table, as system.tables names it.
        inserts: gives the answer to an insert; may be replaced at any time.
        queries: gives the answer to any other statement that this class knows none for.
        requests: in the order of arrival, health checks included.
        connections: how many were made.
    """

    def __init__(self, engine: str = "MergeTree") -> None:
        self.engine = engine
        self.requests: list[Request] = []
        self.connections = 0
        self.inserts: Script = lambda _: Answer()
        self.queries: Script = lambda _: Answer()
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                node.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(received := int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "lz4":
                    body = lz4.frame.decompress(body)
                answer = node.answer(Request(dict(parse_qsl(urlsplit(self.path).query)), body, received))
                if answer.status is None:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="recording-node", daemon=True)

    @property
    def url(self) -> str:
        """For CLICKSTREAM_CLICKHOUSE_URLS."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Answer:
        """Note a request and find its answer."""
        self.requests.append(request)
        if request.is_insert:
            return self.inserts(request)
        if "FROM system.tables" in request.sql:
            settings = "SETTINGS non_replicated_deduplication_window = 1000"
            return Answer(f"{self.engine}\t{self.engine} ORDER BY n {settings}\t3\n".encode())
        if request.sql == "SELECT 1 FORMAT TSV":
            return Answer(b"1\n")
        if "count() FROM system.processes" in request.sql:
            return Answer(b"0\n")
        return self.queries(request)

    def inserted(self) -> list[Request]:
        """The inserts so far."""
        return [each for each in self.requests if each.is_insert]

    def statements(self) -> list[str]:
        """All that was asked so far, in short: the words before the table's name."""
        return [" ".join(each.sql.split("`")[0].split()) for each in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
