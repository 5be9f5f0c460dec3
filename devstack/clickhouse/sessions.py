"""HTTP sessions: connections that outlive a request, with their temporary tables and what SET and USE did."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from devstack.clickhouse.engine import EngineConnection, quote
from devstack.clickhouse.errors import QueryError
from devstack.clickhouse.statement import Kind


class Session:
    """One session's connection.

    Settings and database in a request's URL hold for that request only, so what they replaced is put back after it.
    """

    def __init__(self, connection: EngineConnection) -> None:
        self.connection = connection
        self.busy = False
        self.expires = 0.0
        self._database = "default"
        self._changed: dict[str, str] = {}

    @contextmanager
    def applied(self, settings: Mapping[str, str], database: str, kind: Kind) -> Iterator[EngineConnection]:
        """The connection with a request's own settings and database, for a statement of this kind.

        Raises:
            QueryError: The engine refuses a setting or the database; the session is as it was.
        """
        # The engine checks all settings of one SET before it changes any.
        self.connection.set(settings)
        try:
            if database and database != self._database:
                self.connection.use(database)
            yield self.connection
        finally:
            self._restore(settings, database, kind)

    def _restore(self, settings: Mapping[str, str], database: str, ran: Kind) -> None:
        """Put back what was replaced, after learning what a SET or USE of the client changed for good."""
        if ran is Kind.USE:
            self._database = self._ask("SELECT currentDatabase()")[0]
        elif database and database != self._database:
            self.connection.use(self._database)
        if ran is Kind.SET:
            names = ", ".join(quote(name) for name in settings) or "''"
            rows = self._ask(f"SELECT name, value FROM system.settings WHERE changed AND name NOT IN ({names})")
            self._changed |= dict(zip(rows[::2], rows[1::2], strict=True))
        self.connection.set({name: self._changed.get(name) for name in settings})

    def _ask(self, sql: str) -> list[str]:
        data = self.connection.command(sql.encode(), "RowBinary").data
        return list(_strings(data))


def _strings(data: bytes) -> list[str]:
    """Decode RowBinary strings: each a LEB128 length and UTF-8 bytes."""
    found = []
    position = 0
    while position < len(data):
        length = shift = 0
        while True:
            byte = data[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append(data[position : position + length].decode())
        position += length
    return found


class Sessions:
    """All sessions of a server, by their ids. Used from the event loop's thread alone."""

    def __init__(self, connect: Callable[[], EngineConnection]) -> None:
        self._connect = connect
        self._by_id: dict[str, Session] = {}

    async def enter(self, session_id: str, *, must_exist: bool) -> Session:
        """Take a session for one request, making it if there is none.

        Raises:
            QueryError: Another request uses it (SESSION_IS_LOCKED), or it must exist and does not (SESSION_NOT_FOUND).
        """
        self.expire()
        session = self._by_id.get(session_id)
        if session is None:
            if must_exist:
                raise QueryError(372, "SESSION_NOT_FOUND", f"Session {session_id} not found.")
            session = Session(await asyncio.to_thread(self._connect))
            # Another request may have made it meanwhile.
            session, spare = self._by_id.setdefault(session_id, session), session
            if session is not spare:
                spare.connection.close()
        if session.busy:
            raise QueryError(373, "SESSION_IS_LOCKED", f"Session {session_id} is locked by a concurrent client.")
        session.busy = True
        return session

    def leave(self, session_id: str, seconds: int, *, close: bool) -> None:
        """Give a session back; it is closed now, or after so many seconds without use."""
        session = self._by_id[session_id]
        session.busy = False
        session.expires = time.monotonic() + (-1 if close else seconds)
        self.expire()

    def expire(self) -> None:
        """Close the sessions whose time is over."""
        now = time.monotonic()
        for session_id in [key for key, session in self._by_id.items() if not session.busy and session.expires < now]:
            self._by_id.pop(session_id).connection.close()
