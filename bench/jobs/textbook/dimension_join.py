"""The dimension join, textbook: a query for each event that its cache does not answer.

    flink run -py bench/jobs/textbook/dimension_join.py

KafkaSource -> map(json) -> AsyncFunction over single events (aiomysql, cachetools) -> map(json) -> KafkaSink. The cache
is as large and remembers as long as the job's. It validates nothing, removes no duplicates, and fails with MySQL.
"""

import asyncio
import json
import os
from typing import Any

import aiomysql
from cachetools import TTLCache
from pyflink.common import SimpleStringSchema, Time, Types, WatermarkStrategy
from pyflink.datastream import AsyncDataStream, AsyncFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetsInitializer,
    KafkaRecordSerializationSchema,
    KafkaSink,
    KafkaSource,
)

from clickstream.config import KafkaSettings, ServerSettings, resolve
from clickstream.config.mysql import MySqlAddress, parse_mysql_url

PRODUCT = (
    "SELECT product_name, product_brand, product_price, category_id "
    "FROM dim_product WHERE tenant_id = %s AND item_id = %s"
)
CATEGORY = "SELECT name, level, parent_id FROM dim_category WHERE tenant_id = %s AND category_id = %s"
GEO = "SELECT geo_country, geo_region, geo_city FROM dim_geo WHERE location = %s"
SCENARIO = "SELECT scenario_name FROM dim_scenario WHERE tenant_id = %s AND scenario_id = %s"
CAPACITY = 400  # events under way; the usual 100 waits more
SIZES = {PRODUCT: (200_000, 600), CATEGORY: (50_000, 3600), GEO: (50_000, 3600), SCENARIO: (10_000, 600)}


class Join(AsyncFunction):  # type: ignore[misc]  # PyFlink has no types
    """Joins one event with four tables."""

    def __init__(self, address: MySqlAddress) -> None:
        self._address = address

    def open(self, runtime_context: RuntimeContext) -> None:
        """Make the caches; the pool is made by the event loop that uses it."""
        self._pool: Any = None
        self._connecting = asyncio.Lock()
        # Nothing else refers to a task whose connection is being made: it could be collected, and never end.
        self._tasks: set[asyncio.Task[Any] | None] = set()
        self._caches: dict[str, TTLCache[tuple[str, ...], Any]] = {
            query: TTLCache(size, ttl) for query, (size, ttl) in SIZES.items()
        }

    async def async_invoke(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        """Look every dimension up."""
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            return [await self._joined(value)]
        finally:
            self._tasks.discard(task)

    async def _joined(self, value: dict[str, Any]) -> dict[str, Any]:
        tenant, missing = value["tenant_id"], []
        if value.get("item_id"):
            product = await self._find(PRODUCT, tenant, value["item_id"])
            if product is None:
                missing += ["product", "category"]
            else:
                value["product_name"], value["product_brand"], price, category_id = product
                value["product_price"] = float(price)
                while category_id:
                    category = await self._find(CATEGORY, tenant, category_id)
                    if category is None:
                        missing.append("category")
                        break
                    name, level, category_id = category
                    value[f"category_{level}"] = name
        if location := value.get("context", {}).get("location"):
            geo = await self._find(GEO, location)
            if geo is None:
                missing.append("geo")
            else:
                value["geo_country"], value["geo_region"], value["geo_city"] = geo
        scenario = await self._find(SCENARIO, tenant, value["scenario_id"])
        if scenario is None:
            missing.append("scenario")
        else:
            value["scenario_name"] = scenario[0]
        if missing:
            value["dim_missing"] = missing
        return value

    async def _find(self, query: str, *key: str) -> Any:
        cache = self._caches[query]
        if key not in cache:
            pool = await self._connected()
            async with pool.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute(query, key)
                cache[key] = await cursor.fetchone()
        return cache.get(key)

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._pool is None:
                address = self._address
                self._pool = await aiomysql.create_pool(
                    host=address.host,
                    port=address.port,
                    user=address.user,
                    password=address.password,
                    db=address.database,
                    charset="utf8mb4",
                    autocommit=True,
                )
            return self._pool


def main() -> None:
    """Submit the job."""
    kafka = resolve(KafkaSettings)
    env = StreamExecutionEnvironment.get_execution_environment()
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(kafka.bootstrap)
        .set_topics(os.environ["BENCH_TOPIC"])
        .set_group_id("bench-textbook")
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(SimpleStringSchema())
        .build()
    )
    sink = (
        KafkaSink.builder()
        .set_bootstrap_servers(kafka.bootstrap)
        .set_record_serializer(
            KafkaRecordSerializationSchema.builder()
            .set_topic(kafka.topic_enriched)
            .set_value_serialization_schema(SimpleStringSchema())
            .build()
        )
        .build()
    )
    events = env.from_source(source, WatermarkStrategy.no_watermarks(), "Kafka").map(json.loads)
    join = Join(parse_mysql_url(str(resolve(ServerSettings).mysql_url)))
    joined = AsyncDataStream.unordered_wait(events, join, Time.seconds(30), CAPACITY, Types.PICKLED_BYTE_ARRAY())
    joined.map(lambda event: json.dumps(event, ensure_ascii=False), Types.STRING()).sink_to(sink)
    env.execute("bench-textbook-join")


if __name__ == "__main__":
    main()
