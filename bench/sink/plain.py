"""The way without Flink: one process, confluent-kafka, orjson, clickhouse-connect inserts of 10,000 rows.

    python -m bench.sink.plain TOPIC TABLE EVENTS

It checks nothing, keeps no offsets and would lose or double rows when killed.
"""

import sys
import time

import clickhouse_connect
import orjson
from confluent_kafka import Consumer

from clickstream.config import ClickHouseSettings, KafkaSettings, resolve

ROWS = 10_000


def main(topic: str, table: str, events: int) -> None:
    """Consume the topic once, from its beginning."""
    node = resolve(ClickHouseSettings).cluster.nodes[0]
    client = clickhouse_connect.get_client(
        host=node.host, port=node.port, username=node.user, password=node.password, database=node.database
    )
    consumer = Consumer(
        {
            "bootstrap.servers": resolve(KafkaSettings).bootstrap,
            "group.id": f"bench-plain-{time.time_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    rows: list[bytes] = []
    done = 0
    while done < events:
        for message in consumer.consume(ROWS - len(rows), timeout=1.0):
            event = orjson.loads(message.value() or b"")
            event["timestamp"] /= 1000
            if "received_at" in event:
                event["received_at"] /= 1000
            if "extra_data" in event:
                event["extra_data"] = orjson.dumps(event["extra_data"]).decode()
            event["_partition"], event["_offset"] = message.partition(), message.offset()
            rows.append(orjson.dumps(event))
        if len(rows) == ROWS or done + len(rows) == events:
            client.raw_insert(table, insert_block=b"\n".join(rows), fmt="JSONEachRow")
            done += len(rows)
            rows = []
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
