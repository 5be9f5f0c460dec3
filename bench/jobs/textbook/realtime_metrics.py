"""Live metrics, textbook: an event at a time through MapState, a HASH for each minute written twice a second.

    flink run -py bench/jobs/textbook/realtime_metrics.py

KafkaSource -> map(json) -> key_by place and minute -> KeyedProcessFunction with MapState and a timer -> Redis. It
validates nothing, removes no duplicates, closes no minute, and leaves it to its readers to add up an hour.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import redis
from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from clickstream.config import KafkaSettings, ServerSettings, resolve

MINUTE_MS = 60_000
FLUSH_MS = 500
TTL_SECONDS = 24 * 3600


class Minute(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink has no types
    """Counts one minute of one place, and writes it while it changes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect."""
        self._redis = redis.Redis.from_url(self._url)
        self._counts = runtime_context.get_map_state(MapStateDescriptor("counts", Types.STRING(), Types.LONG()))
        self._users = runtime_context.get_map_state(MapStateDescriptor("users", Types.STRING(), Types.BOOLEAN()))
        self._items = runtime_context.get_map_state(MapStateDescriptor("items", Types.STRING(), Types.BOOLEAN()))
        self._timer = runtime_context.get_state(ValueStateDescriptor("timer", Types.BOOLEAN()))

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()

    def process_element(self, value: dict[str, Any], ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Count one event."""
        self._count(value["action_type"])
        if not self._users.contains(value["user_id"]):
            self._users.put(value["user_id"], True)
            self._count("active_users")
        if value.get("item_id") and not self._items.contains(value["item_id"]):
            self._items.put(value["item_id"], True)
            self._count("active_items")
        if not self._timer.value():
            timers = ctx.timer_service()
            timers.register_processing_time_timer(timers.current_processing_time() + FLUSH_MS)
            self._timer.update(True)
        return iter(())

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[object]:
        """Write the minute."""
        self._timer.clear()
        key = f"metrics:minute:{ctx.get_current_key()}"
        self._redis.hset(key, mapping=dict(self._counts.items()))
        self._redis.expire(key, TTL_SECONDS)
        return iter(())

    def _count(self, name: str) -> None:
        self._counts.put(name, (self._counts.get(name) or 0) + 1)


def main() -> None:
    """Submit the job."""
    env = StreamExecutionEnvironment.get_execution_environment()
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(resolve(KafkaSettings).bootstrap)
        .set_topics(os.environ["BENCH_TOPIC"])
        .set_group_id("bench-textbook")
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(SimpleStringSchema())
        .build()
    )
    (
        env.from_source(source, WatermarkStrategy.no_watermarks(), "Kafka")
        .map(json.loads)
        .key_by(
            lambda event: f"{event['tenant_id']}:{event['scenario_id']}:{event['timestamp'] // MINUTE_MS}",
            Types.STRING(),
        )
        .process(Minute(str(resolve(ServerSettings).redis_url)))
        .print()
    )
    env.execute("bench-textbook-live-metrics")


if __name__ == "__main__":
    main()
