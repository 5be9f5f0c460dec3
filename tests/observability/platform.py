"""All five jobs on topics of their own, as in production: the join reads raw events, the others what it joined."""

from tests.kit.flink import Job
from tests.kit.join import JoinPipeline
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.servers import REPOSITORY
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for
from tests.observability.prometheus import PrometheusClient

# File below pyflink_jobs by the job's name.
JOBS = {
    "DimensionJoin": "dimension_join",
    "ClickHouseSink": "clickhouse_sink",
    "ItemHotScoreCalculator": "item_hot_score",
    "RealtimeMetricsAggregator": "realtime_metrics",
    "UserRecent": "user_recent",
}
OPTIONS = {"execution.checkpointing.interval": "3 s"}
# With a Redis of many tenants the job wants their name in the key.
KEY_RECENT = "user:recent:{tenant}:{user_id}"


class Platform:
    """Submits the jobs and asks the Prometheus that scrapes them.

    Attributes:
        pipeline: topics, database, dead letters.
        jobs: by name, once all are submitted.
        flow: the traffic, once it flows.
    """

    def __init__(self, pipeline: Pipeline, redis: RedisProcess) -> None:
        self.pipeline = pipeline
        self.redis = redis
        self.jobs: dict[str, Job] = {}
        self.flow: Flow | None = None
        self.join = JoinPipeline(pipeline)
        self._stack = pipeline.servers.stack
        self._metrics = f"{pipeline.name}-metrics"
        pipeline.topics.make({self._metrics: 2})
        # So that there are dead letters to be seen: every node refuses shares.
        pipeline.nodes.command("ALTER TABLE user_behaviors_local ADD CONSTRAINT no_shares CHECK action_type != 'share'")
        self._stack.up(only=("prometheus",), timeout=60)
        self.prometheus = PrometheusClient(self._stack.environment()["CLICKSTREAM_PROMETHEUS_URL"])

    def close(self) -> None:
        """Cancel the jobs while there still is a database of dimensions, then drop that."""
        for job in self.jobs.values():
            job.cancel()
        self.join.close()

    def stop_traffic(self) -> None:
        """Send nothing more; what was sent is in the topic."""
        assert self.flow is not None
        self.flow.end()

    def environment(self, job: str) -> dict[str, str]:
        """The environment of a job, and of the commands about it."""
        return self.pipeline.environment(self.settings(job))

    def settings(self, job: str) -> dict[str, str]:
        """What a job is told, without prefix."""
        return {
            "SOURCE": "ods" if job == "DimensionJoin" else "dwd",
            "MYSQL_URL": self.join.url,
            "REDIS_URL": self.redis.url,
            "REDIS_KEY_RECENT": KEY_RECENT,
            "KAFKA_TOPIC_METRICS": self._metrics,
        }

    def submit(self, job: str) -> Job:
        """Submit one of JOBS."""
        return self.pipeline.submit(
            self.settings(job), job=REPOSITORY / "pyflink_jobs" / f"{JOBS[job]}.py", options=OPTIONS
        )

    def await_first_figures(self) -> None:
        """Wait until every job runs and Prometheus has seen each of them complete a checkpoint and read events."""
        for job in self.jobs.values():
            job.wait_running()
        completed = "flink_jobmanager_job_numberOfCompletedCheckpoints > 1"
        names = {(name,) for name in JOBS}
        wait_for(
            lambda: names <= self.prometheus.labels(completed, "job_name"),
            180,
            lambda: f"{completed}: {self.prometheus.query(completed)}",
            pause=0.5,
        )
