"""ClickHouse as the service asks it: bounded, cancelled when nobody waits any more, on whichever node answers."""

from typing import Any

import aiohttp
import orjson

from analytics.flights import Flights
from analytics.question import Parameter, Question, question, written
from analytics.refusals import AwayError, refusal_of
from analytics.scope import Scope
from clickstream.clock import Clock, SystemClock
from clickstream.config.analytics import AnalyticsSettings
from clickstream.config.clickhouse import ClickHouseSettings, Node
from clickstream.error_codes import ErrorCode
from clickstream.errors import ConfigurationError, ContractError, UnavailableError

Rows = list[dict[str, Any]]

# One server for all rows, or Distributed tables: see `Warehouse`.
_SERVERS_OWN = {
    "wait_end_of_query": "1",  # so that a failure has a status of its own, however late it comes
    "cancel_http_readonly_queries_on_client_close": "1",
    "distributed_product_mode": "global",
    "output_format_json_quote_64bit_integers": "0",
    "readonly": "2",
}


class Warehouse:
    """Answers questions within a scope.

    A node that does not answer is passed over. Equal questions at the same time are one query, and its answer is kept
    for some seconds; a query whose askers have all gone is cancelled on the server too, for its connection is closed.

    Args:
        servers: any node answers for all: with several shards there must be Distributed tables over them.
        limits: of each query.
        clock: ages answers.

    Raises:
        ConfigurationError: there are several shards and no cluster: each node would answer for its own rows alone.
    """

    def __init__(self, servers: ClickHouseSettings, limits: AnalyticsSettings, clock: Clock | None = None) -> None:
        if len(servers.cluster.shards) > 1 and not servers.cluster_name:
            raise ConfigurationError(
                f"CLICKSTREAM_CLICKHOUSE_URLS names {len(servers.cluster.shards)} shards, but "
                "CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME is not set: answers would hold the rows of one of them alone"
            )
        self._nodes = servers.cluster.nodes
        self._limits = limits
        self._flights = Flights(limits.cache_seconds, limits.cache_entries, clock or SystemClock())
        self._timeout = aiohttp.ClientTimeout(
            total=limits.query_seconds + 5, connect=servers.connect_timeout, sock_connect=servers.connect_timeout
        )
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, scope: Scope, asked: str | Question, **parameters: Parameter) -> Rows:
        """The rows of an answer, each a dict by column name.

        Args:
            scope: bounds what can be read.
            asked: a question, or its name in `sql/`.
            parameters: values of the question's own `{name:Type}`.

        Raises:
            RefusedError: it is too large for the limits.
            UnavailableError: no node answers.
            ContractError: ClickHouse refuses it otherwise.
        """
        found = question(asked) if isinstance(asked, str) else asked
        key = (scope, found, tuple(sorted(parameters.items())))

        async def fetch() -> Rows:
            sql, bound = found.render(scope)
            # What binds the scope comes last: no parameter of a question can replace it.
            return await self._run(found.name, sql, {**written(parameters), **bound})

        return await self._flights.get(key, fetch)

    async def alive(self) -> None:
        """Ask for nothing.

        Raises:
            UnavailableError: no node answers.
        """
        await self._run("alive", "SELECT 1 AS one", {})

    async def _run(self, name: str, sql: str, bound: dict[str, str]) -> Rows:
        reasons: list[str] = []
        for node in self._nodes:
            try:
                return await self._run_on(node, name, sql, bound)
            except (TimeoutError, aiohttp.ClientError) as error:  # an answer that breaks off is none either
                reasons.append(f"{node}: {str(error) or type(error).__name__}")
            except AwayError as error:
                reasons.append(str(error))
        reason = "; ".join(reasons)
        raise UnavailableError(
            f"ClickHouse does not answer ({reason}): is it running?", ErrorCode.CLICKHOUSE_AWAY, reason=reason
        )

    async def _run_on(self, node: Node, name: str, sql: str, bound: dict[str, str]) -> Rows:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        url = {
            **_SERVERS_OWN,
            "database": node.database,
            "default_format": "JSONEachRow",
            "max_execution_time": f"{self._limits.query_seconds:g}",
            "max_result_rows": str(self._limits.query_rows),
            "max_rows_to_read": str(self._limits.query_read_rows),
            "max_memory_usage": str(self._limits.query_memory_bytes),
            "log_comment": f"analytics {name}",
            **{f"param_{key}": value for key, value in bound.items()},
        }
        headers = {"X-ClickHouse-User": node.user, "X-ClickHouse-Key": node.password}
        async with self._session.post(node.address, params=url, data=sql.encode(), headers=headers) as answer:
            body = await answer.read()
            if answer.status != 200:
                code = int(answer.headers.get("X-ClickHouse-Exception-Code", 0))
                raise refusal_of(code, body.decode(errors="replace"), name, node, answer.status)
        try:
            return [orjson.loads(line) for line in body.splitlines() if line]
        except orjson.JSONDecodeError as error:
            raise ContractError(
                f"{node} answers something else than ClickHouse: is CLICKSTREAM_CLICKHOUSE_URLS its HTTP interface?",
                ErrorCode.CLICKHOUSE_REFUSES,
                reason=f"{node}, CLICKSTREAM_CLICKHOUSE_URLS",
            ) from error
