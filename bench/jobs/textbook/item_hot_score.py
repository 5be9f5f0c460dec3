"""Hot items, textbook: an event at a time through keyed state, a ZADD for each.

    flink run -py bench/jobs/textbook/item_hot_score.py

KafkaSource -> map(json) -> key_by item -> KeyedProcessFunction with ValueState -> Redis. It validates nothing, removes
no duplicates, and never forgets an item.
"""

import json
import math
import os
from collections.abc import Iterator
from typing import Any

import redis
from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.state import ValueStateDescriptor

from clickstream.config import KafkaSettings, ServerSettings, resolve

HALF_LIFE_MS = 3_600_000
WEIGHTS = {"impression": 0.1, "click": 1.0, "view": 2.0, "like": 3.0, "share": 4.0, "add_cart": 5.0, "order": 10.0}


class Score(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink has no types
    """Adds up one item, and writes its score."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, runtime_context: RuntimeContext) -> None:
        """Connect."""
        self._redis = redis.Redis.from_url(self._url)
        self._score = runtime_context.get_state(ValueStateDescriptor("score", Types.DOUBLE()))

    def close(self) -> None:
        """Disconnect."""
        self._redis.close()

    def process_element(self, value: dict[str, Any], ctx: KeyedProcessFunction.Context) -> Iterator[object]:
        """Count one event."""
        added = math.log2(WEIGHTS[value["action_type"]]) + value["timestamp"] / HALF_LIFE_MS
        score = self._score.value()
        if score is not None:
            low, high = sorted((score, added))
            added = high + math.log2(1 + 2.0 ** (low - high))
        self._score.update(added)
        self._redis.zadd(f"hot:items:{value['tenant_id']}:{value['scenario_id']}", {value["item_id"]: added})
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
        .filter(lambda event: event["action_type"] in WEIGHTS and event.get("item_id"))
        .key_by(lambda event: f"{event['tenant_id']}:{event['scenario_id']}:{event['item_id']}", Types.STRING())
        .process(Score(str(resolve(ServerSettings).redis_url)))
        .print()
    )
    env.execute("bench-textbook-hot-items")


if __name__ == "__main__":
    main()
