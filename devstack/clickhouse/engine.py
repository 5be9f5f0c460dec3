"""The engine of the chdb wheel: one per process and data folder, with connections that are as cheap as a query.

A connection is opened for each request and closed after it (0.3 ms), so that no setting, parameter or temporary table
of one request can reach another. Only sessions keep theirs.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import chdb

from clickstream.errors import UnavailableError
from devstack.clickhouse import processes
from devstack.clickhouse.errors import QueryError, parse_engine_error
from devstack.clickhouse.statement import Kind, Statement

# What the embedded engine sets otherwise than a server does.
_SERVER_DEFAULTS = {"implicit_select": "0", "allow_introspection_functions": "0"}
# What the engine says about the file that stands for a request's body, and what a server says there.
_FILE_PATH = re.compile(r"\(in file/uri /proc/self/fd/\d+\): ")
_FROM_FILE = ": While executing File: data for INSERT was parsed from file"
_FROM_QUERY = ": data for INSERT was parsed from query"
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
    result_rows: int = 0


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    """A quoted identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class EngineConnection:
    """A connection to the engine with its own settings, database and temporary tables. One query at a time."""

    def __init__(self, path: str) -> None:
        self._raw: Any = chdb.connect(path)  # type: ignore[no-untyped-call] # the wheel has no annotations
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
            result_rows=result.rows_read() or result.rows_written(),
        )

    def stream(self, statement: Statement, output_format: str, params: Mapping[str, str], pipe: int) -> Outcome:
        """Run a SELECT whose rows go into a pipe in its format, as fast as the pipe's reader takes them.

        INTO OUTFILE is the engine's only output that is a true stream in every format; its other streaming interface
        ends each block with the format's footer. Appending to the pipe's own entry under /proc opens it anew.

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

        The data reach the engine as a file in memory. Its streaming insert (`send_insert`) is as fast, but loses every
        error that comes after parsing: a violated constraint or a view that throws looked like rows written.

        Args:
            statement: A statement of kind INSERT.
            params: Values of query parameters.
            data: All of it: the engine starts only when nothing can be missing any more.

        Raises:
            QueryError: It failed. As with a server, parts that were written before may be in the table.
        """
        with _file_of(data) as path:
            source = f" FROM INFILE {quote(path)} COMPRESSION 'none' ".encode()
            sql = statement.with_source(source) + f" FORMAT {statement.format}".encode()
            try:
                return self.command(sql, params=params)
            except QueryError as error:
                message = _FILE_PATH.sub("", error.message).replace(_FROM_FILE, _FROM_QUERY)
                raise QueryError(error.code, error.name, message) from error

    def insert_from_input(self, statement: Statement, data: bytes, params: Mapping[str, str]) -> Outcome:
        """Run INSERT ... SELECT ... FROM input('structure') FORMAT ..., with a file in the place of input()."""
        with _file_of(data) as path:
            source = f"file({quote(path)}, {quote(statement.format or '')}, "
            return self.command(statement.with_source(source.encode()), params=params)

    def run(self, statement: Statement, data: bytes, output_format: str, params: Mapping[str, str]) -> Outcome:
        """Run any statement that is not streamed."""
        if statement.kind is Kind.INSERT:
            return self.insert(statement, data, params)
        if statement.kind is Kind.INSERT_FROM_INPUT:
            return self.insert_from_input(statement, data, params)
        return self.command(processes.show_client_ids(statement.head, statement), output_format, params)


@contextmanager
def _file_of(data: bytes) -> Iterator[str]:
    """A file in memory with this content, by a path that the engine can open."""
    with open(os.memfd_create("insert"), "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        yield f"/proc/self/fd/{file.fileno()}"


class Engine:
    """The engine on one data folder.

    Attributes:
        version: Such as 26.9.2.1.
        timezone: The server's time zone.
        hostname: The server's display name.

    Raises:
        UnavailableError: The folder cannot be used, most often because another process uses it.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        os.makedirs(self._path, exist_ok=True)
        # The engine stops with its last connection: this one keeps it.
        try:
            self._keeper = EngineConnection(self._path)
        except RuntimeError as error:
            raise UnavailableError(
                f"The ClickHouse engine does not start on {self._path}: {error} If another server runs on this folder, "
                "stop it or choose another --path; the engine's own words are above."
            ) from error
        self._make_default_atomic()
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

    def _make_default_atomic(self) -> None:
        """Give `default` the engine that a server gives it.

        The embedded engine lays an overlay over it at every start, in which refreshable views cannot be made. What is
        in the database stays; a folder that was filled without this keeps its overlay.
        """
        kind = self._keeper.command(b"SELECT engine FROM system.databases WHERE name = 'default'").data
        if kind != b"Overlay\n":
            return
        metadata = os.path.join(self._path, "metadata", "default.sql")
        # The link beside it comes with the first table. Without it the engine has not read the file at its start, and
        # would refuse to attach a database whose UUID it does not know.
        if os.path.exists(metadata) and not os.path.lexists(metadata.removesuffix(".sql")):
            os.remove(metadata)
        if os.path.exists(metadata):
            self._keeper.command(b"DETACH DATABASE default")
            self._keeper.command(b"ATTACH DATABASE default")
        elif not self._keeper.command(b"SHOW TABLES FROM default").data:
            self._keeper.command(b"DROP DATABASE default")
            self._keeper.command(b"CREATE DATABASE default ENGINE = Atomic")

    def close(self) -> None:
        """Stop the engine, if every other connection is closed."""
        self._keeper.close()
