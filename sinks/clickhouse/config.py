"""All that a sink needs to know: plain data, pickled into the workers."""

from dataclasses import dataclass, field
from typing import Self

from clickstream import names
from clickstream.config import ClickHouseSettings, SinkSettings
from clickstream.config.clickhouse import Cluster, parse_cluster
from clickstream.config.sink import Compression, OnExhausted, Routing
from clickstream.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class ClickHouseSinkConfig:
    """Where rows go and how hard the sink tries.

    Attributes:
        cluster: shards and replicas.
        table: a local table that has the columns _epoch, _partition and _offset, on every node.
        repairs: a table on every node for days that materialised views may lack; None: only log them.
        settings: ClickHouse settings for each insert.
    """

    cluster: Cluster
    table: str
    repairs: str | None = None
    routing: Routing = Routing.RANDOM
    compression: Compression = Compression.LZ4
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    on_exhausted: OnExhausted = OnExhausted.DEAD_LETTER
    batch_bytes: int = 32 * 1024 * 1024
    connect_timeout: float = 5.0
    insert_timeout: float = 60.0
    query_timeout: float = 60.0
    health_interval: float = 5.0
    circuit_failures: int = 3
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, clickhouse: ClickHouseSettings, sink: SinkSettings) -> Self:
        """From the settings of the environment."""
        return cls(
            cluster=clickhouse.cluster,
            table=sink.table,
            repairs=names.TABLE_REPAIRS if sink.table == names.TABLE_BEHAVIORS_LOCAL else None,
            routing=sink.routing,
            compression=sink.compression,
            policy=RetryPolicy(sink.attempts, sink.retry_initial, sink.retry_maximum, sink.retry_at_least),
            on_exhausted=sink.on_exhausted,
            batch_bytes=sink.batch_bytes,
            connect_timeout=clickhouse.connect_timeout,
            insert_timeout=clickhouse.insert_timeout,
            query_timeout=clickhouse.query_timeout,
            health_interval=sink.health_interval,
            circuit_failures=sink.circuit_failures,
        )

    @classmethod
    def to(cls, urls: str, table: str) -> Self:
        """For a table of your own: `urls` in the form of CLICKSTREAM_CLICKHOUSE_URLS, defaults for the rest."""
        return cls(cluster=parse_cluster(urls), table=table)
