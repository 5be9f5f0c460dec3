"""The ClickHouse sink with everything around it that belongs to one test alone: topics, database, folder, jobs."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from clickstream.config import ClickHouseSettings
from clickstream.config.clickhouse import Node
from clickstream.config.kafka import LARGEST_BATCH_BYTES
from clickstream.generator.answers import Answers
from clickstream.migrate import ddl_directory, migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL
from sinks.dead_letters import DeadLetter, Found, Rejected, decode_dead_letter, decode_rejected, read_dead_letters
from tests.kit.clickhouse import Nodes
from tests.kit.flink import FINAL, Job, submit
from tests.kit.kafka import Topics
from tests.kit.metrics import user_metric
from tests.kit.servers import REPOSITORY, Servers, own_environment
from tests.kit.traffic import actions
from tests.kit.waiting import wait_for

SINK = REPOSITORY / "pyflink_jobs" / "clickhouse_sink.py"
PARTITIONS = 4
COUNTS = "actions_seen"  # what the counting view writes to


class Pipeline:
    """One test's own pipeline. `close` cancels its jobs and drops what it made.

    Args:
        servers: running.
        folder: the test's own, for dead letters and savepoints.
        behaviors: a topic that other tests read as well, instead of one of its own.
    """

    def __init__(self, servers: Servers, folder: Path, behaviors: str | None = None) -> None:
        self.servers = servers
        self.name = f"t{secrets.token_hex(4)}"
        self.behaviors = behaviors or f"{self.name}-behaviors"
        self.enriched, self.rejected = f"{self.name}-enriched", f"{self.name}-rejected"
        self.dead_letter_topic = f"{self.name}-dead-letters"
        self.dead_letter_dir = folder / "dead-letters"
        self.savepoints = folder / "savepoints"
        self.topics = Topics(servers.bootstrap)
        self.topics.make({self.rejected: 2, self.dead_letter_topic: 2}, {"max.message.bytes": str(LARGEST_BATCH_BYTES)})
        if not behaviors:
            self.topics.make({self.behaviors: PARTITIONS})
        self.urls = ";".join(_url(replace(node, database=self.name)) for node in servers.cluster.nodes)
        migrate_clickhouse(ClickHouseSettings.model_validate({"urls": self.urls}), ddl_directory(None))
        self.nodes = Nodes(servers.cluster.nodes, self.name)
        self._jobs: list[Job] = []

    def close(self) -> None:
        """Cancel the jobs, then drop topics and databases."""
        for job in self._jobs:
            job.cancel()
        self.topics.close()
        with self.nodes:
            self.nodes.drop()

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program that works on this pipeline; `settings` go without their prefix."""
        own = {
            "KAFKA_TOPIC_BEHAVIORS": self.behaviors,
            "KAFKA_TOPIC_ENRICHED": self.enriched,
            "KAFKA_TOPIC_REJECTED": self.rejected,
            "KAFKA_TOPIC_DEAD_LETTERS": self.dead_letter_topic,
            "KAFKA_GROUP_PREFIX": self.name,
            "CLICKHOUSE_URLS": self.urls,
            "DEAD_LETTER_DIR": str(self.dead_letter_dir),
            "SINK_BATCH_SECONDS": "1",
            **(settings or {}),
        }
        return {
            **own_environment(),
            **self.servers.environment,
            **{f"CLICKSTREAM_{name}": value for name, value in own.items()},
        }

    def submit(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        job: Path = SINK,
        parallelism: int = 1,
        savepoint: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Job:
        """Submit the sink (or another job) to Flink."""
        submitted = submit(
            self.servers.rest,
            job,
            self.environment(settings),
            parallelism=parallelism,
            savepoint=savepoint,
            options={"execution.checkpointing.interval": "3 s", **(options or {})},
        )
        self._jobs.append(submitted)
        return submitted

    def wait_rows(
        self, rows: int, seconds: float = 240, job: Job | None = None, table: str = TABLE_BEHAVIORS_LOCAL
    ) -> None:
        """Wait until the table holds at least so many rows, on all nodes together, or the job has ended."""

        def reached() -> bool:
            if job is not None:
                assert job.state() not in FINAL, job.exceptions()[-6000:]
            return self.nodes.count(table) >= rows

        wait_for(reached, seconds, lambda: f"{self.nodes.count(table)} of {rows} rows", pause=0.3)

    def wait_metric(self, job: Job, name: str, least: int, seconds: float = 120) -> None:
        """Wait until a user metric of the job's present attempt has at least that value."""
        stack = self.servers.stack
        wait_for(
            lambda: (user_metric(stack, job.id, name) or 0) >= least,
            seconds,
            lambda: f"{name} is {user_metric(stack, job.id, name)}, at least {least} is expected",
            pause=0.5,
        )

    def wait_all_partitions(self, job: Job, seconds: float = 240) -> None:
        """Wait until the table has rows of each partition of the topic.

        The first rows of a partition are looked up on every node, so they wait for one that is down.
        """

        def seen() -> int:
            assert job.state() not in FINAL, job.exceptions()[-6000:]
            return len(self.nodes.sums("SELECT _partition, count() FROM user_behaviors_local GROUP BY ALL"))

        wait_for(lambda: seen() == PARTITIONS, seconds, lambda: f"rows of {seen()} partitions", pause=0.3)

    def drop_marts(self) -> None:
        """Leave the table alone, without the marts' views, which take more of ClickHouse's time than the rows do."""
        for client in self.nodes.clients:
            views = client.query(
                "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'"
            )
            for (name,) in views.result_rows:
                client.command(f"DROP VIEW {name} SYNC")

    def count_in_view(self) -> None:
        """Put a materialised view behind each node's table that counts rows by tenant, scenario and action."""
        self.nodes.command(
            f"CREATE TABLE {COUNTS} (tenant_id String, scenario_id String, action_type String, events UInt64) "
            "ENGINE = SummingMergeTree ORDER BY (tenant_id, scenario_id, action_type) "
            "SETTINGS non_replicated_deduplication_window = 1000"
        )
        self.nodes.command(
            f"CREATE MATERIALIZED VIEW {COUNTS}_view TO {COUNTS} AS "
            "SELECT tenant_id, scenario_id, toString(action_type) AS action_type, count() AS events "
            "FROM user_behaviors_local GROUP BY tenant_id, scenario_id, action_type"
        )

    def assert_exact(self, answers: Answers, *, view: bool = False) -> None:
        """The table holds each valid event that was sent once; with `view` the counting view says the same."""
        positions = self.nodes.positions()
        assert len(np.unique(positions)) == len(positions), "positions that are there more than once"
        assert len(positions) == answers.valid
        grouped = "tenant_id, scenario_id, toString(action_type)"
        assert self.nodes.sums(f"SELECT {grouped}, count() FROM user_behaviors_local GROUP BY ALL") == actions(answers)
        if view:
            counted = self.nodes.sums(
                f"SELECT tenant_id, scenario_id, action_type, sum(events) FROM {COUNTS} GROUP BY ALL"
            )
            assert counted == actions(answers)

    def dead_letters(self) -> dict[tuple[int, int, int], DeadLetter]:
        """The dead letters in the folder, by position."""
        if not self.dead_letter_dir.is_dir():
            return {}
        found = list(read_dead_letters(self.dead_letter_dir))
        letters = [each.letter for each in found if isinstance(each, Found)]
        assert len(letters) == len(found), [each for each in found if not isinstance(each, Found)]
        return {(letter.epoch, letter.partition, letter.offset): letter for letter in letters}

    def sent_dead_letters(self) -> dict[tuple[int, int, int], DeadLetter]:
        """The dead letters in the topic, by position."""
        letters = [decode_dead_letter(record.value or b"") for record in self.topics.read(self.dead_letter_topic)]
        return {(letter.epoch, letter.partition, letter.offset): letter for letter in letters}

    def rejects(self) -> dict[tuple[int, int, int], Rejected]:
        """The rejected events in the topic, by position."""
        rejected = [decode_rejected(record.value or b"") for record in self.topics.read(self.rejected)]
        return {(each.epoch, each.partition, each.offset): each for each in rejected}

    def urls_through(self, proxied: Callable[[Node], str]) -> str:
        """The nodes' addresses, each as `proxied` says: scheme, host and port of what stands in front of it."""
        shards = []
        for node in self.servers.cluster.nodes:
            front = urlsplit(proxied(node))
            assert front.hostname and front.port
            shards.append(_url(replace(node, host=front.hostname, port=front.port, database=self.name)))
        return ";".join(shards)


class MakePipeline(Protocol):
    """The fixture `make_pipeline`."""

    def __call__(self, behaviors: str | None = None) -> Pipeline:
        """Make one; `behaviors` is a topic that other tests read as well."""


def _url(node: Node) -> str:
    return f"{node.scheme}://{node.user}:{node.password}@{node.host}:{node.port}/{node.database}"
