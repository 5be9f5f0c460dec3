"""All five jobs on topics of their own, as in production: the join reads raw events, the others what it joined.

Raw events come from the generator, and some through a collector.
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from devstack.servers.collector import write_key
from tests.kit.flink import Job
from tests.kit.join import JoinPipeline
from tests.kit.pipeline import Pipeline
from tests.kit.redis import RedisProcess
from tests.kit.servers import REPOSITORY
from tests.kit.traffic import Flow
from tests.kit.waiting import wait_for
from tests.observability.prometheus import PrometheusClient
from tests.observability.visits import Visits

# File below pyflink_jobs by the job's name.
JOBS = {
    "DimensionJoin": "dimension_join",
    "ClickHouseSink": "clickhouse_sink",
    "ItemHotScoreCalculator": "item_hot_score",
    "RealtimeMetricsAggregator": "realtime_metrics",
    "UserRecent": "user_recent",
}
CLIENT = Path(__file__).parent / "client" / "several_jobs.py"
SUBMITTED = re.compile(r"Job has been submitted with JobID ([0-9a-f]{32})")
# With a Redis of many tenants the job wants their name in the key.
KEY_RECENT = "user:recent:{tenant}:{user_id}"


class Platform:
    """Submits the jobs and asks the Prometheus that scrapes them.

    Attributes:
        pipeline: topics, database, dead letters.
        jobs: by name, once all are submitted.
        flow: the traffic, once it flows.
        visits: what comes through the collector.
    """

    def __init__(self, pipeline: Pipeline, redis: RedisProcess) -> None:
        self.pipeline = pipeline
        self.redis = redis
        self.jobs: dict[str, Job] = {}
        self.flow: Flow | None = None
        self._stack = pipeline.servers.stack
        key = self._collector_file()
        self._stack.up(only=("mysql", "prometheus", "collector"), timeout=120)  # together: each is waited for
        self.join = JoinPipeline(pipeline)
        self._metrics = f"{pipeline.name}-metrics"
        pipeline.topics.make({self._metrics: 2})
        # So that there are dead letters to be seen: every node refuses shares.
        pipeline.nodes.command("ALTER TABLE user_behaviors_local ADD CONSTRAINT no_shares CHECK action_type != 'share'")
        addresses = self._stack.environment()
        self.prometheus = PrometheusClient(addresses["CLICKSTREAM_PROMETHEUS_URL"])
        self.visits = Visits(addresses["CLICKSTREAM_COLLECTOR_URL"], key)

    def close(self) -> None:
        """Stop the collector, whose topic goes; cancel the jobs while there still is a database of dimensions."""
        self._stack.stop("collector")
        self._stack.layout.data("collector").joinpath("collector.yaml").unlink()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Job.cancel, self.jobs.values()))
        self.join.close()

    def stop_traffic(self) -> None:
        """Send nothing more; what was sent is in the topic."""
        assert self.flow is not None
        self.flow.end()
        self.visits.end()

    def _collector_file(self) -> str:
        """Have the collector write to the pipeline's topics; its key."""
        key = write_key(self._stack.layout)
        file = self._stack.layout.data("collector") / "collector.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        topics = {"topic": self.pipeline.behaviors, "rejected": self.pipeline.rejected}
        file.write_text(yaml.safe_dump({**content, "sinks": {"kafka": {"type": "kafka", **topics}}}), encoding="utf-8")
        return key

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

    def submit(self, *jobs: str) -> dict[str, Job]:
        """Submit some of JOBS, from one client."""
        named = [f"{JOBS[job]}={self.settings(job)['SOURCE']}" for job in jobs]
        options = ("-D", "execution.checkpointing.interval=2 s")
        done = subprocess.run(
            ["flink", "run", "-d", "-p", "1", *options, "-py", str(CLIENT), *named],
            env=self.environment(jobs[0]),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        found = SUBMITTED.findall(done.stdout)
        assert len(found) == len(jobs), f"{done.returncode}: {done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return {job: Job(self.pipeline.servers.rest, number) for job, number in zip(jobs, found, strict=True)}

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
