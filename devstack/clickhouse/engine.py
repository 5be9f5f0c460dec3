"""The engine of the chdb wheel: one per process and data folder, with connections that are as cheap as a query.

A connection is opened for each request and closed after it (0.3 ms), so that no setting, parameter or temporary table
of one request can reach another. Only sessions keep theirs.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import chdb

from devstack.clickhouse import processes
from devstack.clickhouse.errors import QueryError, parse_engine_error
from devstack.clickhouse.statement import Kind, Statement

# What the embedded engine sets otherwise than a server does.
_SERVER_DEFAULTS = {"implicit_select": "0", "allow_introspection_functions": "0"}
# Bytes handed to the engine at a time.
_PIECE = 8 << 20
# Names that the wheel's Python layer takes for its own result types instead of giving them to the engine.
_NO_FORMATS = frozenset(("dataframe", "datastore", "arrowtable"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one statement did. `data` holds the rows of a statement that is not streamed."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    data: bytes = b""


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    """A quoted identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class EngineConnection:
    """A connection to the engine with its own settings, database and temporary tables. One query at a time."""

    def __init__(self, path: str) -> None:
        self._raw: Any = chdb.connect(path)
        self.set(_SERVER_DEFAULTS)

    def close(self) -> None:
        """Close it; temporary tables go with it."""
        self._raw.close()

    def set(self, settings: Mapping[str, str | None]) -> None:
        """Set settings for what follows on this connection; None stands for the default.

        Raises:
            QueryError: The engine knows no such setting, or refuses the value.
        """
        if not settings:
            return
        for name in settings:
            if not name.replace("_", "a").replace(".", "a").isalnum() or not name.isascii():
                raise QueryError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'.")
        pairs = (f"{name} = {'DEFAULT' if value is None else quote(value)}" for name, value in settings.items())
        self.command(f"SET {', '.join(pairs)}".encode())

    def use(self, database: str) -> None:
        """Make this the current database."""
        self.command(f"USE {quote_name(database)}".encode())

    def command(
        self, sql: bytes, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run a statement whose result is small.

        Raises:
            QueryError: It failed.
        """
        if output_format.lower() in _NO_FORMATS:
            raise QueryError(73, "UNKNOWN_FORMAT", f"Unknown format {output_format}.")
        try:
            result = self._raw.query(sql, output_format, params=dict(params or {}))
        except Exception as error:
            raise parse_engine_error(str(error)) from error
        return Outcome(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            data=result.bytes(),
        )

    def stream(self, statement: Statement, output_format: str, params: Mapping[str, str], pipe: int) -> Outcome:
        """Run a SELECT whose rows go into a pipe in its format, as fast as the pipe's reader takes them.

        INTO OUTFILE is the engine's only output that is a true stream in every format; its other streaming interface
        ends each block with the format's footer. Appending to the pipe's own entry under /proc opens it anew. A reader
        that goes away ends the query.

        Args:
            statement: A statement of kind READ.
            output_format: Format of the rows if the statement names none.
            params: Values of query parameters.
            pipe: Write end; closed by the caller.

        Raises:
            QueryError: It failed; rows may be in the pipe already.
        """
        tail = statement.tail or f"FORMAT {output_format}".encode()
        sql = processes.show_client_ids(statement.head, statement)
        return self.command(sql + f"\n INTO OUTFILE '/proc/self/fd/{pipe}' APPEND ".encode() + tail, params=params)

    def insert(self, statement: Statement, data: bytes, params: Mapping[str, str]) -> Outcome:
        """Run an INSERT with its data.

        Args:
            statement: A statement of kind INSERT.
            params: Values of query parameters.
            data: All of it: the engine starts only when nothing can be missing any more.

        Raises:
            QueryError: It failed. As with a server, parts that were written before may be in the table.
        """
        if params:
            self.set({f"param_{name}": value for name, value in params.items()})
        try:
            inserter = self._raw.send_insert(statement.head, statement.format or "Values")
        except Exception as error:
            raise parse_engine_error(str(error)) from error
        try:
            for start in range(0, len(data), _PIECE):
                inserter.append(data[start : start + _PIECE] if len(data) > _PIECE else data)
            result = inserter.finish()
        except Exception as error:
            inserter.cancel()
            raise parse_engine_error(str(error)) from error
        return Outcome(written_rows=result.rows_written, written_bytes=result.bytes_written)

    def insert_from_input(self, statement: Statement, data: bytes, params: Mapping[str, str]) -> Outcome:
        """Run INSERT ... SELECT ... FROM input('structure') FORMAT ..., with a file in the place of input()."""
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            source = f"file('/proc/self/fd/{file.fileno()}', {quote(statement.format or '')}, "
            return self.command(statement.with_source(source.encode()), params=params)

    def run(self, statement: Statement, data: bytes, output_format: str, params: Mapping[str, str]) -> Outcome:
        """Run any statement that is not streamed."""
        if statement.kind is Kind.INSERT:
            return self.insert(statement, data, params)
        if statement.kind is Kind.INSERT_FROM_INPUT:
            return self.insert_from_input(statement, data, params)
        return self.command(processes.show_client_ids(statement.head, statement), output_format, params)


class Engine:
    """The engine on one data folder.

    Attributes:
        version: Such as 26.9.2.1.
        timezone: The server's time zone.
        hostname: The server's display name.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        os.makedirs(self._path, exist_ok=True)
        # The engine stops with its last connection: this one keeps it.
        self._keeper = EngineConnection(self._path)
        answer = self._keeper.command(b"SELECT version(), timezone(), hostName()").data.decode()
        self.version, self.timezone, self.hostname = answer.rstrip("\n").split("\t")

    def connect(self) -> EngineConnection:
        """Open a connection."""
        return EngineConnection(self._path)

    def kill(self, query_id: str | None = None) -> None:
        """Ask a query of a client to end, or all of them; returns at once."""
        connection = self.connect()
        try:
            connection.command(b"KILL QUERY WHERE 1 ASYNC" if query_id is None else processes.kill_statement(query_id))
        finally:
            connection.close()

    def close(self) -> None:
        """Stop the engine, if every other connection is closed."""
        self._keeper.close()
