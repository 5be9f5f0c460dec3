"""Whether a sink could work with its servers, asked once, before a job is submitted."""

import asyncio

import aiohttp

from clickstream.config.clickhouse import Node
from clickstream.errors import UnavailableError
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.transport import NodeClient

# For all nodes together: whoever submits a job waits for it.
ANSWER_SECONDS = 10.0


def preflight(config: ClickHouseSinkConfig) -> list[str]:
    """Ask every node whether it takes our credentials and has the table with the columns of the ingest position.

    A job would find the same out in its workers, and be restarted for ever. A node that is merely away is another
    matter: jobs wait for it.

    Returns:
        One line for each node that does not answer.

    Raises:
        ContractError: a node lacks the database, the table or a column, or refuses our credentials.
    """
    return asyncio.run(_ask(config))


async def _ask(config: ClickHouseSinkConfig) -> list[str]:
    timeout = aiohttp.ClientTimeout(sock_connect=min(config.connect_timeout, ANSWER_SECONDS))
    async with aiohttp.ClientSession(timeout=timeout) as session:
        clients = {
            node: NodeClient(session, node, config.compression, config.insert_timeout) for node in config.cluster.nodes
        }

        async def never(_: int) -> None:
            raise AssertionError("without patience nothing is asked twice")

        seconds = min(config.query_timeout, ANSWER_SECONDS)
        lookups = Lookups(config.cluster, clients, config.table, seconds, never, patience=0)

        async def absence(node: Node) -> str | None:
            try:
                await lookups.inspect_node(node)
            except UnavailableError as error:
                return str(error)
            return None

        return [line for line in await asyncio.gather(*map(absence, config.cluster.nodes)) if line]
