"""Recent items, textbook: an event at a time through keyed state, the list written anew for each.

    flink run -py bench/jobs/textbook/user_recent.py

KafkaSource -> map(json) -> key_by user -> KeyedProcessFunction with ValueState -> Redis. It validates nothing, and
forgets no user.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import redis
from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.state import ValueStateDescriptor

from clickstream.config import KafkaSettings, ServerSettings, resolve

ITEMS = 50
TTL_SECONDS = 7 * 24 * 3600


class Recent(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink has no types
    """Keeps one user's list, and writes it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect."""
        self._redis = redis.Redis.from_url(self._url)
        self._times = runtime_context.get_state(ValueStateDescriptor("times", Types.PICKLED_BYTE_ARRAY()))

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()

    def process_element(self, value: dict[str, Any], ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Put one item into the list."""
        times = dict(self._times.value() or {})
        times[value["item_id"]] = max(value["timestamp"], times.get(value["item_id"], 0))
        ranked = sorted(times.items(), key=lambda pair: (-pair[1], pair[0]))[:ITEMS]
        self._times.update(dict(ranked))
        key = f"user:recent:{value['tenant_id']}:{value['user_id']}"
        pipeline = self._redis.pipeline()
        pipeline.delete(key)
        pipeline.rpush(key, *(item for item, _ in ranked))
        pipeline.expire(key, TTL_SECONDS)
        pipeline.execute()
        return iter(())


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
        .filter(lambda event: event["action_type"] in {"view", "click"} and event.get("item_id"))
        .key_by(lambda event: f"{event['tenant_id']}:{event['user_id']}", Types.STRING())
        .process(Recent(str(resolve(ServerSettings).redis_url)))
        .print()
    )
    env.execute("bench-textbook-recent-items")


if __name__ == "__main__":
    main()
