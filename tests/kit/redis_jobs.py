"""The jobs that write to Redis with everything around them that belongs to one test alone: topics, a Redis, jobs."""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from clickstream.config import RedisSettings
from clickstream.generator.model import TrafficModel
from clickstream.lookup import Lookup
from tests.kit.flink import Job, submit
from tests.kit.kafka import Topics
from tests.kit.metrics import user_metric
from tests.kit.redis import RedisProcess
from tests.kit.servers import REPOSITORY, Servers, own_environment

PARTITIONS = 4
MINUTE_MS = 60_000
SETTINGS = RedisSettings(key_recent="user:recent:{tenant}:{user_id}")


def recent_traffic(events: int, minutes: int = 30) -> TrafficModel:
    """Traffic of the last half hour and some minutes, so that a window of an hour holds all of it for a while."""
    start_ms = int(time.time() * 1000) - (minutes + 5) * MINUTE_MS
    return TrafficModel(events=events, start_ms=start_ms, span_ms=minutes * MINUTE_MS, users=2_000, items=1_000)


class RedisJobs:
    """One test's own topics and jobs, and a Redis that is its own too."""

    def __init__(self, servers: Servers, folder: Path, redis: RedisProcess) -> None:
        self.servers, self.redis = servers, redis
        self.savepoints = folder / "savepoints"
        self.name = f"r{secrets.token_hex(4)}"
        self.behaviors, self.enriched, self.metrics = (
            f"{self.name}-{kind}" for kind in ("behaviors", "enriched", "metrics")
        )
        self.topics = Topics(servers.bootstrap)
        self.topics.make({self.behaviors: PARTITIONS, self.enriched: PARTITIONS, self.metrics: 2})
        self._jobs: list[Job] = []

    def close(self) -> None:
        """Cancel the jobs, and delete the topics."""
        for job in self._jobs:
            job.cancel()
        self.topics.close()

    def submit(
        self,
        job: str,
        settings: Mapping[str, str] | None = None,
        *,
        parallelism: int = 1,
        savepoint: str | None = None,
    ) -> Job:
        """Submit pyflink_jobs/JOB.py; `settings` go without their prefix."""
        submitted = submit(
            self.servers.rest,
            REPOSITORY / "pyflink_jobs" / f"{job}.py",
            self.environment(settings),
            parallelism=parallelism,
            savepoint=savepoint,
            options={"execution.checkpointing.interval": "2 s"},
        )
        self._jobs.append(submitted)
        return submitted

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program that works on these topics and this Redis."""
        own = {
            "KAFKA_TOPIC_BEHAVIORS": self.behaviors,
            "KAFKA_TOPIC_ENRICHED": self.enriched,
            "KAFKA_TOPIC_METRICS": self.metrics,
            "KAFKA_GROUP_PREFIX": self.name,
            "REDIS_URL": self.redis.url,
            "REDIS_KEY_RECENT": SETTINGS.key_recent,
            "REDIS_TIMEOUT": "2",
            "REDIS_RETRY_MAXIMUM": "0.5",
            **(settings or {}),
        }
        return {
            **own_environment(),
            **self.servers.environment,
            **{f"CLICKSTREAM_{name}": value for name, value in own.items()},
        }

    def metric(self, job: Job, name: str) -> int:
        """A user metric of the job's present attempt, as of the last bundle that ended."""
        return user_metric(self.servers.stack, job.id, name) or 0

    def lookup(self) -> Lookup:
        """What a recommender asks."""
        return Lookup.connect(self.redis.url, SETTINGS)
