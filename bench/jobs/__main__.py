"""`make bench-jobs`: each job against its textbook twin, and against Flink SQL in Java where that can say it.

One run, one topic, one machine. Rates are measured between the moments at which 10 % and 90 % of the topic were read:
starting processes belongs to none of them. What each variant wrote is verified afterwards, to the last event.
"""

import argparse
import os
import sys
import time
import uuid

import redis

from bench.flink_job import FINAL, FlinkJob
from bench.jobs import joined, show
from bench.jobs.checks import Written
from bench.jobs.expected import Expected, expected, values
from bench.jobs.progress import growth
from bench.jobs.stage import Stage
from bench.jobs.variants import VARIANTS, Variant
from bench.results import Variant as Result
from bench.results import write
from bench.servers import DIRECTORY, running
from bench.topics import Topics
from clickstream.config import KafkaSettings, RedisSettings, resolve
from clickstream.errors import ClickstreamError

KEY_RECENT = "user:recent:{tenant}:{user_id}"
SETTLE_SECONDS = 120


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=2_000_000)
    options.add_argument("--parallelism", type=int, default=2)
    options.add_argument("--only", default=",".join(VARIANTS), help="variants, separated by commas")
    options.add_argument("--flink", action="append", default=[], metavar="KEY=VALUE", help="a setting for all variants")
    options.add_argument("--out", default="jobs", help="name of the file under bench/out")
    options.add_argument("--directory", default=DIRECTORY, help="of the servers that it starts")
    chosen = options.parse_args()
    names = chosen.only.split(",")
    if unknown := [name for name in names if name not in VARIANTS]:
        raise SystemExit(f"there is no variant {', '.join(unknown)}; there are {', '.join(VARIANTS)}")
    with (
        running(chosen.directory, ["kafka", "mysql", "redis", "flink"]) as stack,
        Topics(resolve(KafkaSettings).bootstrap) as topics,
    ):
        os.environ["CLICKSTREAM_REDIS_KEY_RECENT"] = KEY_RECENT
        stage = Stage(stack, topics, f"bench-{uuid.uuid4().hex[:8]}", chosen.parallelism, chosen.flink)
        run = Run(stage, chosen.events)
        results: list[Result] = []
        for name in names:
            results.append(attempt(run, VARIANTS[name]))
            path = write(chosen.out, results)  # each time: what is measured outlives an interruption
    show.show(results)
    print(f"written to {path}")
    if wrong := [result.name for result in results if not result.verified]:
        sys.exit(f"not verified: {', '.join(wrong)}")


def attempt(run: "Run", variant: Variant) -> Result:
    """Measure a variant; one that fails is said to, and leaves the others their turn."""
    try:
        return run.measure(variant)
    except (ClickstreamError, OSError) as error:
        _say(f"{variant.name} failed: {error}")
        return Result(variant.name, 0, 0.0, 0, verified=False)


class Run:
    """One run of some variants, on a topic that is filled for it."""

    def __init__(self, stage: Stage, events: int) -> None:
        self._stage = stage
        _say(f"{events:,} events into {self._stage.topic}")
        self._stage.fill(events)
        self._tables = joined.load(os.environ["CLICKSTREAM_MYSQL_URL"])
        _say("the expected results")
        self._expected: Expected = expected(values(self._stage.bootstrap, self._stage.topic))

    def measure(self, variant: Variant) -> Result:
        """Run one variant, and check what it wrote."""
        _say(f"{variant.name} ...")
        stage = self._stage
        redis_url = os.environ["CLICKSTREAM_REDIS_URL"]
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
        name = f"{stage.topic}-{variant.name.replace(':', '-')}"
        topics = {kind: stage.make(f"{name}-{kind}") for kind in ("results", "minutes", "enriched", "rejected")}
        settings = {
            "BENCH_TOPIC": stage.topic,
            "BENCH_RESULTS": topics["results"],
            "BENCH_LANDMARK_MS": str(min(minute for _, minute in self._expected.minutes) * 60_000),
            "CLICKSTREAM_KAFKA_TOPIC_METRICS": topics["minutes"],
            "CLICKSTREAM_KAFKA_TOPIC_ENRICHED": topics["enriched"],
            "CLICKSTREAM_KAFKA_TOPIC_REJECTED": topics["rejected"],
            **variant.settings,
        }
        written = Written(
            stage.bootstrap, topics["results"], topics["minutes"], redis_url, RedisSettings(key_recent=KEY_RECENT)
        )
        with stage.job(variant.file, settings) as job:
            events, seconds = growth(stage, job)
            _say(f"{variant.name}: {events / seconds:,.0f} events/s; checking")
            verified = self._settled(variant, job, written, topics["enriched"])
        return Result(variant.name, events, round(seconds, 3), round(events / seconds), verified)

    def _settled(self, variant: Variant, job: FlinkJob, written: Written, enriched: str) -> bool:
        """Wait until the results are right, or it is certain that they will not be."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            state, late = job.state(), time.monotonic() > deadline
            if state in FINAL - {"FINISHED"}:
                raise ClickstreamError(f"{variant.name} ended as {state}: {job.failure()}")
            if variant.check is None:
                right = joined.is_joined(written.bootstrap, enriched, self._tables, self._expected)
            else:
                right = variant.check(written, self._expected)
            if right or late or state == "FINISHED":
                return right
            time.sleep(1)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
