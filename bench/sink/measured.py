"""What the variants share: a topic, a table, and how rows are counted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import clickhouse_connect
from confluent_kafka.admin import NewTopic

from bench import processor
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, KafkaSettings, resolve
from clickstream.errors import ClickstreamError
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate
from clickstream.kafka import KafkaAdmin
from clickstream.migrate import cli as migrate
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from devstack.demo.job import Job
from devstack.stack import Stack

PARTITIONS = 4
TABLE_ALONE = "bench_rows"  # the same table without the marts behind it
DEADLINE_SECONDS = 600
POLL_SECONDS = 0.1


class Bench:
    """One topic of valid events, all different, and the table that they go to.

    Args:
        topic: made by `prepare`.
        parallelism: of the Flink jobs.
        stack: running servers.
        marts: whether the marts' materialised views stand behind the table; else it is one of the same columns alone.
    """

    def __init__(self, topic: str, parallelism: int, stack: Stack, *, marts: bool = False) -> None:
        self.topic = topic
        self.stack = stack
        self.table = TABLE_BEHAVIORS_LOCAL if marts else TABLE_ALONE
        self.events = 0
        self._parallelism = parallelism
        self._kafka = resolve(KafkaSettings)
        self._admin = KafkaAdmin(self._kafka.bootstrap, 30.0)
        node = resolve(ClickHouseSettings).cluster.nodes[0]
        migrate.run("", dry_run=False, report=lambda _: None)
        self._client = clickhouse_connect.get_client(
            host=node.host, port=node.port, username=node.user, password=node.password, database=node.database
        )
        if not marts:
            self._client.command(f"CREATE TABLE IF NOT EXISTS {self.table} AS {TABLE_BEHAVIORS_LOCAL}")

    def prepare(self, events: int) -> None:
        """Fill the topic."""
        for created in self._admin.client.create_topics([NewTopic(self.topic, PARTITIONS, 1)]).values():
            created.result(30)
        self._admin.await_topic(self.topic, SystemClock())
        now = int(SystemClock().now() * 1000)
        model = TrafficModel(
            events=events, span_ms=3_600_000, start_ms=now - 3_600_000, duplicates=0, malformed=0, late=0
        )
        with KafkaWriter(self._kafka.bootstrap, self.topic) as writer:
            for chunk in generate(model):
                writer.write(chunk)
        self.events = events

    def clean(self) -> None:
        """Delete the topic."""
        self._admin.client.delete_topics([self.topic])[self.topic].result(30)

    def truncate(self) -> None:
        """Empty the table."""
        self._client.command(f"TRUNCATE TABLE {self.table}")

    def count(self) -> int:
        """Rows in the table."""
        return int(self._client.query(f"SELECT count() FROM {self.table}").result_rows[0][0])

    def verified(self) -> bool:
        """Wait for the last row, then check that each event is there once."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.count() < self.events and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        rows, distinct = self._client.query(f"SELECT count(), uniqExact(event_id) FROM {self.table}").result_rows[0]
        return bool(rows == distinct == self.events)

    @contextmanager
    def job(self, file: str, name: str, *, finishes: bool = False) -> Iterator[Job]:
        """Submit a job on this topic; cancel it at the end."""
        environment = {
            **os.environ,
            "BENCH_TOPIC": self.topic,
            "BENCH_TABLE": self.table,
            "CLICKSTREAM_SINK_TABLE": self.table,
            "CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": self.topic,
        }
        command = ["flink", "run", "--detached", "--parallelism", str(self._parallelism), "--python", file]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        ids = [line.split()[-1] for line in done.stdout.splitlines() if "submitted with JobID" in line]
        if not ids:
            raise ClickstreamError(f"{name} was not accepted: {(done.stdout + done.stderr)[-2000:]}")
        job = Job(os.environ["CLICKSTREAM_FLINK_REST_URL"], ids[0])
        try:
            yield job
        finally:
            if not finishes:
                job.cancel()
                while job.state() not in {"CANCELED", "FAILED", "FINISHED"}:
                    time.sleep(POLL_SECONDS)


def growth(bench: Bench, loop: int | None = None) -> tuple[int, float]:
    """Rows and seconds between 10 % and 90 % of the rows, from samples of the table's count.

    What the processor did meanwhile is printed.

    Args:
        bench: as prepared.
        loop: the process that writes, where it is none of Flink's.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS

    def reached(share: float) -> tuple[float, int]:
        while (rows := bench.count()) < share * bench.events:
            if time.monotonic() > deadline:
                raise ClickstreamError(f"only {rows} of {bench.events} rows after {DEADLINE_SECONDS} s")
            time.sleep(POLL_SECONDS)
        return time.monotonic(), rows

    began, first = reached(0.1)
    before = processor.seconds(bench.stack, loop)
    ended, last = reached(0.9)
    spent = processor.per_batch(before, processor.seconds(bench.stack, loop), last - first)
    print(f"  processor, ms for each 10,000 rows: {spent}", file=sys.stderr, flush=True)
    return last - first, ended - began
