"""`make bench-latency`: from the moment at which Kafka appends an event to that at which its item's new score is read.

Hot items with the default configuration, on live traffic. The traffic's topic takes the broker's time of appending, so
producers do not count; a reader that asks Redis every two milliseconds says when a score is there.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np
import redis

from bench.flink_job import FINAL, FlinkJob, submitted
from bench.latency.markers import Markers, seen
from bench.results import OUT
from bench.servers import DIRECTORY, running
from bench.topics import Topics
from clickstream.config import KafkaSettings, RedisSettings, ServerSettings, resolve
from clickstream.config.kafka import Source
from clickstream.dimensions.sample import load_sample
from clickstream.errors import ClickstreamError
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.mysql import migrate_mysql

PARTITIONS = 12  # as ddl/kafka/topics.yaml has it
GOAL_MS = 2_000


def main() -> None:
    """Measure once."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=int, default=1_000, help="events a second")
    options.add_argument("--warm-up", type=float, default=20.0, help="seconds that do not count")
    options.add_argument("--seconds", type=float, default=60.0, help="seconds that do")
    options.add_argument("--source", type=Source, choices=list(Source), help="default: what the jobs read by default")
    options.add_argument("--out", default="latency", help="name of the file under bench/out")
    options.add_argument("--directory", default=DIRECTORY, help="of the servers that it starts")
    chosen = options.parse_args()
    source = chosen.source or ServerSettings.model_fields["source"].default
    with running(chosen.directory, ["kafka", "redis", "flink", *(["mysql"] if source is Source.DWD else [])]):
        latencies = measure(source, chosen.rate, chosen.warm_up, chosen.seconds)
    p50, p99 = (round(float(each), 1) for each in np.percentile(latencies, [50, 99]))
    result = {
        "p50_ms": p50,
        "p99_ms": p99,
        "max_ms": round(max(latencies), 1),
        "rate": chosen.rate,
        "samples": len(latencies),
        "source": source.value,
        "cores": os.cpu_count(),
    }
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{chosen.out}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    print(f"p99 {p99:,.0f} ms, goal under {GOAL_MS:,} ms: {'met' if p99 < GOAL_MS else 'NOT met'}; written to {path}")


def measure(source: Source, rate: int, warm_up: float, seconds: float) -> list[float]:
    """Milliseconds from append to visible, of every marker after the warm-up."""
    name, bootstrap = f"bench-{uuid.uuid4().hex[:8]}", resolve(KafkaSettings).bootstrap
    redis_url = str(resolve(ServerSettings).redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()  # an earlier run's markers have the same names
    with ExitStack() as stack:
        topics = stack.enter_context(Topics(bootstrap))
        behaviors = topics.make(f"{name}-behaviors", PARTITIONS, {"message.timestamp.type": "LogAppendTime"})
        settings = {
            "CLICKSTREAM_SOURCE": source.value,
            "CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS": behaviors,
            "CLICKSTREAM_KAFKA_TOPIC_ENRICHED": topics.make(f"{name}-enriched", PARTITIONS),
            "CLICKSTREAM_KAFKA_TOPIC_REJECTED": topics.make(f"{name}-rejected", 3),
        }
        jobs = [stack.enter_context(submitted(file, settings)) for file in _files(source)]
        _await_running(jobs)
        stack.enter_context(_traffic(behaviors, rate, warm_up + seconds + 120, settings))
        markers = stack.enter_context(Markers(bootstrap, behaviors))
        found = seen(markers, redis_url, resolve(RedisSettings), warm_up + seconds)
        begun_ms = time.time() * 1000 + warm_up * 1000
        latencies = [at_ms - marker.appended_ms for marker, at_ms in found if marker.appended_ms >= begun_ms]
        for job in jobs:
            if job.state() != "RUNNING" or job.failure():
                raise ClickstreamError(f"the job is {job.state()}: {job.failure()}")
        return latencies


def _files(source: Source) -> list[str]:
    if source is Source.ODS:
        return ["pyflink_jobs/item_hot_score.py"]
    url = str(resolve(ServerSettings).mysql_url)
    migrate_mysql(url, ddl_directory(None))
    load_sample(url, ddl_directory(None))
    return ["pyflink_jobs/dimension_join.py", "pyflink_jobs/item_hot_score.py"]


def _await_running(jobs: list[FlinkJob]) -> None:
    deadline = time.monotonic() + 120
    while any(job.state() != "RUNNING" for job in jobs):
        if time.monotonic() > deadline or any(job.state() in FINAL for job in jobs):
            raise ClickstreamError(f"the jobs do not run: {[(job.state(), job.failure()) for job in jobs]}")
        time.sleep(0.5)


@contextmanager
def _traffic(topic: str, rate: int, seconds: float, settings: Mapping[str, str]) -> Iterator[None]:
    """Live traffic at a rate, from a process of its own."""
    command = [sys.executable, "-m", "clickstream", "generate", "--live", "--topic", topic]
    command += ["--rate", str(rate), "--seconds", str(seconds)]
    process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    try:
        yield
        if process.poll() is not None:
            raise ClickstreamError(f"the traffic ended early, with status {process.returncode}")
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
