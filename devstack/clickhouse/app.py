"""The HTTP interface as an ASGI application."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from typing import Any

from devstack.clickhouse import processes
from devstack.clickhouse.engine import Engine, EngineConnection, Outcome
from devstack.clickhouse.errors import QueryError
from devstack.clickhouse.form import external_tables
from devstack.clickhouse.pipe import RowPipe
from devstack.clickhouse.query import Query, check_readonly, prepare
from devstack.clickhouse.request import Credentials, QueryRequest, parse_request
from devstack.clickhouse.response import INLINE_BYTES, Answer, Send
from devstack.clickhouse.sessions import Session, Sessions
from devstack.clickhouse.statement import Kind

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_LOG = logging.getLogger(__name__)
_MAX_QUERIES = 100
_KILL_AGAIN_SECONDS = 0.2


class Application:
    """Serves one engine to one user."""

    def __init__(self, engine: Engine, credentials: Credentials) -> None:
        self._engine = engine
        self._credentials = credentials
        self._sessions = Sessions(engine.connect)
        self._threads = ThreadPoolExecutor(_MAX_QUERIES, "query")
        self._running: set[str] = set()
        self._in_engine: set[str] = set()

    @property
    def running(self) -> int:
        """How many queries the engine runs now, whether or not their clients still wait."""
        return len(self._in_engine)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        path, method, query_string = scope["path"], scope["method"], scope["query_string"]
        if path in ("/ping", "/replicas_status") or (path == "/" and method in ("GET", "HEAD") and not query_string):
            await _plain(send, 200, b"Ok.\n")
        elif path != "/" or method not in ("GET", "HEAD", "POST"):
            await _plain(send, 404, f"There is no handle {path} for {method}.\n\nUse / or /ping.\n".encode())
        else:
            body = await _read_body(receive)
            # A client that went away in the middle of its body leaves nothing behind.
            if body is not None:
                gone = asyncio.ensure_future(receive())
                try:
                    await self._answer(scope, body, gone, Answer(send, self._engine))
                finally:
                    gone.cancel()

    async def _answer(
        self, scope: MutableMapping[str, Any], body: bytes, gone: asyncio.Future[Any], answer: Answer
    ) -> None:
        try:
            request = parse_request(scope["method"], scope["query_string"], scope["headers"])
            answer.configure(request)
            self._authenticate(request)
            if len(body) > INLINE_BYTES or request.content_encoding:
                query = await asyncio.to_thread(prepare, request, body)
            else:
                query = prepare(request, body)
            check_readonly(query)
            self._admit(request.query_id)
            try:
                await answer.finish(await self._run(query, gone, answer))
            finally:
                self._running.discard(request.query_id)
        except QueryError as error:
            await answer.fail(error)
        except Exception as error:
            _LOG.exception("a request failed")
            await answer.fail(QueryError(1001, "STD_EXCEPTION", f"{type(error).__name__}: {error}"))

    def _authenticate(self, request: QueryRequest) -> None:
        if not request.credentials.matches(self._credentials):
            raise QueryError(
                516,
                "AUTHENTICATION_FAILED",
                f"{request.credentials.user}: Authentication failed: password is incorrect, or there is no user with "
                "such name.",
            )

    def _admit(self, query_id: str) -> None:
        if query_id in self._running:
            message = f"Query with id = {query_id} is already running."
            raise QueryError(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", message)
        if len(self._running) >= _MAX_QUERIES:
            message = f"Too many simultaneous queries. Maximum: {_MAX_QUERIES}."
            raise QueryError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", message)
        self._running.add(query_id)

    async def _run(self, query: Query, gone: asyncio.Future[Any], answer: Answer) -> Outcome:
        request, statement = query.request, query.statement
        session = None
        if request.session_id:
            session = await self._sessions.enter(request.session_id, must_exist=request.session_check)
        try:
            answer.set_format(query.output_format)
            pipe = RowPipe() if statement.kind is Kind.READ else None
            loop = asyncio.get_running_loop()
            execution = loop.run_in_executor(self._threads, self._execute, query, session, pipe)
            if pipe is None:
                outcome = await execution
                await answer.write(outcome.data)
                return outcome
            killer = asyncio.create_task(self._kill_when_gone(request.query_id, gone)) if _ends_alone(request) else None
            try:
                async with aclosing(pipe.rows()) as rows:
                    async for piece in rows:
                        if not gone.done():
                            await answer.write(piece)
                        elif killer is None:
                            killer = asyncio.create_task(self._kill_when_gone(request.query_id, gone))
            finally:
                if killer is not None:
                    killer.cancel()
            return await execution
        finally:
            if session is not None:
                self._sessions.leave(request.session_id, request.session_seconds, close=request.close_session)

    async def _kill_when_gone(self, query_id: str, gone: asyncio.Future[Any]) -> None:
        """End a query that nobody reads any more. It may not have begun yet, so once is not enough."""
        await asyncio.wait((gone,))
        while True:
            await asyncio.to_thread(self._engine.kill, query_id)
            await asyncio.sleep(_KILL_AGAIN_SECONDS)

    def _execute(self, query: Query, session: Session | None, pipe: RowPipe | None) -> Outcome:
        """Run a query; called in a thread of its own."""
        request, statement = query.request, query.statement
        self._in_engine.add(request.query_id)
        try:
            with self._connected(query, session) as connection, external_tables(connection, request, query.form):
                if pipe is not None:
                    return connection.stream(statement, request.default_format, request.params, pipe.sink)
                return connection.run(statement, query.data, request.default_format, request.params)
        finally:
            if pipe is not None:
                pipe.close_sink()
            self._in_engine.discard(request.query_id)

    @contextmanager
    def _connected(self, query: Query, session: Session | None) -> Iterator[EngineConnection]:
        """A connection with the request's settings and database: the session's, or a new one."""
        request = query.request
        settings = dict(request.settings)
        settings["log_comment"] = processes.comment_for(request.query_id, settings.get("log_comment", ""))
        if session is not None:
            with session.applied(settings, request.database, query.statement.kind) as connection:
                yield connection
            return
        connection = self._engine.connect()
        try:
            connection.set(settings)
            if request.database not in ("", "default"):
                connection.use(request.database)
            yield connection
        finally:
            connection.close()


def _ends_alone(request: QueryRequest) -> bool:
    """Whether a read is to end with its client, also before it has rows."""
    return request.settings.get("cancel_http_readonly_queries_on_client_close", "0") not in {"0", "false"}


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or None if the client went away before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _plain(send: Send, status: int, body: bytes) -> None:
    headers = [(b"Content-Type", b"text/html; charset=UTF-8"), (b"Content-Length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
