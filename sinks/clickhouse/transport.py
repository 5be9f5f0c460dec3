"""One ClickHouse node over HTTP: inserts and look-ups, every failure turned into a ServerError."""

import gzip
from collections.abc import Callable, Mapping

import aiohttp
import lz4.frame
import zstandard

from clickstream.config.clickhouse import Node
from clickstream.config.sink import Compression
from sinks.clickhouse.errors import Meaning, ServerError, classify

COMPRESSORS: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.NONE: lambda body: body,
    Compression.LZ4: lambda body: lz4.frame.compress(body, store_size=False),
    Compression.ZSTD: lambda body: zstandard.compress(body, 1),
    Compression.GZIP: lambda body: gzip.compress(body, 1),
}

# What the exactness of a retry rests on, whatever the server's profile says.
INSERT_SETTINGS: Mapping[str, str] = {
    "async_insert": "0",  # the answer must mean that the rows are in the table
    "wait_end_of_query": "1",  # and the status must be that of the whole insert
    "insert_deduplicate": "1",
    "deduplicate_blocks_in_dependent_materialized_views": "1",  # what is repeated reaches a view once, as the table
    # One insert is one block: a refusal then means that none of its rows is in the table.
    "max_insert_block_size": "1048576",
    "min_insert_block_size_rows": "1048576",
    "min_insert_block_size_bytes": "1073741824",
    "input_format_parallel_parsing": "0",  # "at row N" then counts within the insert
    "input_format_skip_unknown_fields": "0",  # a field without a column is an error, not dropped
    "input_format_json_ignore_unknown_keys_in_named_tuple": "0",  # and so is a key without an element of its tuple
    "input_format_null_as_default": "1",
    "input_format_defaults_for_omitted_fields": "1",
    "input_format_json_read_objects_as_strings": "1",  # extra_data is sent as the object that it is
    "materialized_views_ignore_errors": "0",
}


def quoted(identifier: str) -> str:
    """An identifier in backquotes, as ClickHouse reads it."""
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


class NodeClient:
    """HTTP requests to one node. Connections are kept alive; one instance belongs to one event loop."""

    def __init__(
        self, session: aiohttp.ClientSession, node: Node, compression: Compression, insert_timeout: float
    ) -> None:
        self.node = node
        self._session = session
        self._insert_timeout = insert_timeout
        self._compress = COMPRESSORS[compression]
        self._url = f"{node.address}/"
        self._headers = {"X-ClickHouse-User": node.user, "X-ClickHouse-Key": node.password}
        self._encoding = {} if compression is Compression.NONE else {"Content-Encoding": compression.value}

    def compressed(self, body: bytes) -> bytes:
        """The body as it goes over the wire: compress once, send as often as it takes."""
        return self._compress(body)

    async def insert(
        self, table: str, compressed: bytes, token: str, query_id: str, settings: Mapping[str, str]
    ) -> ServerError | None:
        """Insert JSON rows. None: the server says that all of them are in the table.

        Args:
            table: a table of the node's database.
            compressed: rows in the form of `compressed()`.
            token: the deduplication token; a second insert with the same one is dropped, whatever it holds.
            query_id: shows in system.processes while the insert runs.
            settings: for this insert, besides those that exactness needs, which win.
        """
        params = {
            "query": f"INSERT INTO {quoted(table)} FORMAT JSONEachRow",
            "database": self.node.database,
            "query_id": query_id,
            "insert_deduplication_token": token,
            "max_execution_time": str(max(1, int(self._insert_timeout))),  # what we gave up on shall not go on
            # A backlog spans many days. Cut up, it would make more parts, not fewer: each piece holds most of the days.
            "max_partitions_per_insert_block": "0",
            **settings,
            **INSERT_SETTINGS,
        }
        answer = await self._post(params, compressed, self._encoding, self._insert_timeout, table)
        return answer if isinstance(answer, ServerError) else None

    async def query(self, sql: str, timeout: float, session: str = "") -> bytes | ServerError:
        """Run one statement and read its whole answer. Temporary tables live in a session, where one is named."""
        params = {"database": self.node.database, "wait_end_of_query": "1"}
        if session:
            params["session_id"] = session
        return await self._post(params, sql.encode(), {}, timeout, "")

    async def ping(self, timeout: float) -> bool:
        """Whether the node answers a trivial query with our credentials."""
        return await self.query("SELECT 1 FORMAT TSV", timeout) == b"1\n"

    async def _post(
        self, params: dict[str, str], body: bytes, headers: dict[str, str], timeout: float, table: str
    ) -> bytes | ServerError:
        try:
            async with self._session.post(
                self._url,
                params=params,
                data=body,
                headers={**self._headers, **headers},
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=self._session.timeout.sock_connect),
            ) as response:
                text = await response.read()
                if response.status == 200 and "X-ClickHouse-Exception-Code" not in response.headers:
                    return text
                return classify(text.decode(errors="replace"), table)
        except aiohttp.ClientConnectorError as error:
            return _unreachable(f"connection failed: {error.os_error}", applied=False)
        except TimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            what = "connecting timed out" if connecting else f"no answer within {timeout:g} s"
            return _unreachable(what, applied=not connecting)
        except (aiohttp.ClientError, OSError) as error:
            return _unreachable(f"answer broken off: {error!r}", applied=True)


def _unreachable(message: str, *, applied: bool) -> ServerError:
    return ServerError(0, message, Meaning.RETRY, applied)
