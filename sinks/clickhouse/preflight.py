"""Whether a sink could work with its servers, asked once, before a job is submitted."""

import asyncio
from dataclasses import dataclass, field

import aiohttp

from clickstream.config.clickhouse import Node
from clickstream.errors import UnavailableError
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.deduplication import remedy
from sinks.clickhouse.errors import ServerError
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.targets import targets
from sinks.clickhouse.transport import NodeClient

# For all nodes together: whoever submits a job waits for it.
ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """What whoever submits a job should know, one line each.

    Attributes:
        away: nodes that do not answer.
        doubts: what is not as it should be, though the job's own table is.
    """

    away: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def preflight(config: ClickHouseSinkConfig) -> Found:
    """Ask every node whether it takes our credentials and has the table, fit for rows that are to be there once.

    A job would find the same out in its workers, and be restarted for ever. A node that is merely away is another
    matter: jobs wait for it.

    Raises:
        ContractError: a node lacks the database, the table or a column of the ingest position, or refuses our
            credentials; or the table remembers no inserts, so that a repeated one is not known for what it is.
    """
    return asyncio.run(_ask(config))


async def _ask(config: ClickHouseSinkConfig) -> Found:
    timeout = aiohttp.ClientTimeout(sock_connect=min(config.connect_timeout, ANSWER_SECONDS))
    async with aiohttp.ClientSession(timeout=timeout) as session:
        clients = {
            node: NodeClient(session, node, config.compression, config.insert_timeout) for node in config.cluster.nodes
        }

        async def never(_: int) -> None:
            raise AssertionError("without patience nothing is asked twice")

        seconds = min(config.query_timeout, ANSWER_SECONDS)
        lookups = Lookups(config.cluster, clients, config.table, seconds, never, patience=0)

        async def look(node: Node) -> Found:
            try:
                await lookups.inspect_node(node)
            except UnavailableError as error:
                return Found(away=[str(error)])
            return Found(doubts=await _forgetful(lookups, clients[node], seconds, config.table))

        found = await asyncio.gather(*map(look, config.cluster.nodes))
        return Found([line for each in found for line in each.away], [line for each in found for line in each.doubts])


async def _forgetful(lookups: Lookups, client: NodeClient, seconds: float, table: str) -> list[str]:
    """One line for each view whose target counts a repeated insert again, though the job's table drops it."""

    async def ask(sql: str) -> bytes:
        answer = await client.query(sql, seconds)
        if isinstance(answer, ServerError):
            raise UnavailableError(answer.name)
        return answer

    node, lines = client.node, []
    try:
        async for target in targets(ask, node.database, table):
            if not await lookups.window(node, target.engine, target.engine_full):
                lines.append(
                    f"ClickHouse at {node}: {target.sql}, which view {target.view} writes to, remembers no inserts, so "
                    f"one that is repeated after a time-out may be counted there twice; "
                    f"{remedy(target.sql, target.engine)}"
                )
    except UnavailableError as error:
        lines.append(f"ClickHouse at {node} does not tell which views are behind {table} ({error})")
    return lines
