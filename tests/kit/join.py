"""The dimension join with everything around it that belongs to one test alone, and a naive join to hold it against."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from clickstream.dimensions.sample import load_sample
from clickstream.events.decode import EventDecoder
from clickstream.events.model import Event
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.mysql import migrate_mysql
from devstack.servers.mariadb import connect
from tests.kit.flink import FINAL, Job
from tests.kit.kafka import Record
from tests.kit.metrics import user_metric
from tests.kit.pipeline import PARTITIONS, Pipeline
from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for

JOIN = REPOSITORY / "pyflink_jobs" / "dimension_join.py"
Position = tuple[int, int]  # partition and offset in the ODS topic


@dataclass(frozen=True)
class Tables:
    """The rows of all dimensions, by key."""

    products: Mapping[tuple[str, str], Mapping[str, Any]]
    categories: Mapping[tuple[str, str], Mapping[str, Any]]
    places: Mapping[str, Mapping[str, Any]]
    scenarios: Mapping[tuple[str, str], str]

    def joined(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What an event must get: a row at a time, as the tables say."""
        tenant = event["tenant_id"]
        fields: dict[str, Any] = {}
        missing: list[str] = []
        if item := event.get("item_id"):
            row = self.products.get((tenant, item))
            if row is None:
                missing += ["product", "category"]
            else:
                for name in ("product_name", "product_brand"):
                    fields[name] = row[name]
                fields["product_price"] = float(row["product_price"])
                at = row["category_id"]
                while at is not None:
                    category = self.categories.get((tenant, at))
                    if category is None:
                        missing.append("category")
                        break
                    fields[f"category_{category['level']}"] = category["name"]
                    at = category["parent_id"]
        if location := (event.get("context") or {}).get("location"):
            place = self.places.get(location)
            if place is None:
                missing.append("geo")
            else:
                fields |= {name: place[name] for name in ("geo_country", "geo_region", "geo_city")}
        scenario = self.scenarios.get((tenant, event["scenario_id"]))
        fields |= {"scenario_name": scenario} if scenario else {}
        missing += [] if scenario else ["scenario"]
        return {**fields, **({"dim_missing": missing} if missing else {})}


ADDED = ("product_", "category_", "geo_", "scenario_name", "dim_missing")


class JoinPipeline:
    """A pipeline with a DWD topic, and a MySQL database of its own that holds the sample dimensions.

    Args:
        pipeline: with the ODS topic.
        partitions: of the DWD topic.
    """

    def __init__(self, pipeline: Pipeline, partitions: int = PARTITIONS) -> None:
        self.pipeline = pipeline
        self.topics = pipeline.topics
        self.stack = pipeline.servers.stack
        self.stack.up(only=("mysql",), timeout=120)
        url = self.stack.environment()["CLICKSTREAM_MYSQL_URL"]
        self.url = f"{url.rpartition('/')[0]}/{pipeline.name}"
        self.topics.make({pipeline.enriched: partitions})
        migrate_mysql(self.url, ddl_directory(None))
        load_sample(self.url, ddl_directory(None))

    def close(self) -> None:
        """Drop the database. MySQL runs again, whatever a test did to it."""
        self.stack.up(only=("mysql",), timeout=120)
        self.sql(f"DROP DATABASE `{self.pipeline.name}`")

    def submit(self, settings: Mapping[str, str] | None = None, **options: Any) -> Job:
        """Submit the join."""
        return self.pipeline.submit({"MYSQL_URL": self.url, **(settings or {})}, job=JOIN, **options)

    def metric(self, job: Job, name: str) -> int | None:
        """A user metric of the join, asked at the TaskManager; None while there is none."""
        return user_metric(self.stack, job.id, name)

    def wait_metric(self, job: Job, name: str, least: int) -> None:
        """Wait until a metric has at least that value."""
        wait_for(lambda: (self.metric(job, name) or 0) >= least, 60, lambda: f"{name}: {self.metric(job, name)}")

    def wait_metrics(self, job: Job, **expected: int) -> None:
        """Wait until each of these metrics has its value."""

        def found() -> dict[str, int | None]:
            return {name: self.metric(job, name) for name in expected}

        wait_for(lambda: found() == expected, 120, lambda: f"{found()}; expected {expected}")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the database."""
        return asyncio.run(self._sql(statement))

    async def _sql(self, statement: str) -> list[tuple[Any, ...]]:
        async with connect(self.url) as connection, connection.cursor() as cursor:
            await cursor.execute(statement)
            rows = await cursor.fetchall()
            await connection.commit()
            return list(rows)

    def tables(self) -> Tables:
        """All rows as they are now."""

        def rows(table: str, *columns: str) -> list[dict[str, Any]]:
            found = self.sql(f"SELECT {', '.join(columns)} FROM {table}")
            return [dict(zip(columns, row, strict=True)) for row in found]

        products = rows(
            "dim_product", "tenant_id", "item_id", "product_name", "product_brand", "product_price", "category_id"
        )
        categories = rows("dim_category", "tenant_id", "category_id", "parent_id", "level", "name")
        places = rows("dim_geo", "location", "geo_country", "geo_region", "geo_city")
        scenarios = rows("dim_scenario", "tenant_id", "scenario_id", "scenario_name")
        return Tables(
            {(row["tenant_id"], row["item_id"]): row for row in products},
            {(row["tenant_id"], row["category_id"]): row for row in categories},
            {row["location"]: row for row in places},
            {(row["tenant_id"], row["scenario_id"]): row["scenario_name"] for row in scenarios},
        )

    def wait_enriched(self, records: int, job: Job, seconds: float = 240) -> None:
        """Wait until the DWD topic holds at least so many records."""

        def reached() -> bool:
            assert job.state() not in FINAL, job.exceptions()[-6000:]
            return self.topics.size(self.pipeline.enriched) >= records

        wait_for(
            reached,
            seconds,
            lambda: f"{self.topics.size(self.pipeline.enriched)} of {records} records; {job.exceptions()[-3000:]}",
            pause=0.3,
        )

    def enriched(self) -> list[Record]:
        """Everything in the DWD topic."""
        return self.topics.read(self.pipeline.enriched)

    def committed(self) -> list[Record]:
        """What readers of committed records find in the DWD topic."""
        topic = self.pipeline.enriched
        consumer = Consumer(
            {
                "bootstrap.servers": self.topics.bootstrap,
                "group.id": "tests",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        try:
            open_ends = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
            consumer.assign([TopicPartition(topic, partition, 0) for partition in open_ends])
            found: list[Record] = []

            def complete() -> bool:
                for message in consumer.consume(10_000, 0.2):
                    partition = message.partition()
                    assert partition is not None
                    if (error := message.error()) is None:
                        found.append(Record(message.value(), message.key(), partition, offset=message.offset() or 0))
                    else:
                        assert error.code() == KafkaError._PARTITION_EOF, error
                        open_ends.discard(partition)
                return not open_ends

            wait_for(complete, 120, lambda: f"{topic} is read to its end: {len(found)} records", pause=0)
            return found
        finally:
            consumer.close()

    def expected(self) -> dict[Position, Event]:
        """The valid events of the ODS topic by position: of equal event_ids in a partition the first."""
        decoder = EventDecoder(Event)
        seen: set[tuple[int, str]] = set()
        events: dict[Position, Event] = {}
        for record in sorted(self.topics.read(self.pipeline.behaviors), key=lambda each: each.offset):
            event = decoder.decode(record.value, record.timestamp or 0)
            if isinstance(event, Event) and (record.partition, event.event_id) not in seen:
                seen.add((record.partition, event.event_id))
                events[record.partition, record.offset] = event
        return events


def parsed(records: Iterable[Record]) -> dict[Position, list[dict[str, Any]]]:
    """DWD records by ODS position, in the order of their partition."""
    found: dict[Position, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        body = json.loads(record.value or b"")
        assert record.key == body["user_id"].encode()
        found[body["_partition"], body["_offset"]].append(body)
    return found


def added(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the join put into an event."""
    return {name: value for name, value in body.items() if name.startswith(ADDED)}


def assert_in_order(records: Iterable[Record]) -> None:
    """Within each DWD partition the offsets of each ODS partition increase."""
    last: dict[tuple[int, int], int] = {}
    for record in sorted(records, key=lambda each: (each.partition, each.offset)):
        body = json.loads(record.value or b"")
        stream = (record.partition, body["_partition"])
        assert body["_offset"] > last.get(stream, -1), f"offset {body['_offset']} after {last[stream]} in {stream}"
        last[stream] = body["_offset"]
