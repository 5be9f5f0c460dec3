"""Whether the platform keeps up: its jobs with lag and checkpoints, and how much was put aside. No tenant's own."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from analytics.answer import Answer
from analytics.flights import Flights
from analytics.flink import Flink
from analytics.reasons import Reason, reason_of
from analytics.topics import Topics
from clickstream.clock import SystemClock
from clickstream.config.kafka import KafkaSettings
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError

KEPT_SECONDS = 2.0


class Job(Answer):
    """A Flink job; times are ms since the epoch.

    Attributes:
        state: in small letters; `starting` until all its tasks run.
        lag: records of its topics that it has not read, as of its last fetch; null while its sources do not say. A job
            that stands still does not fetch.
        uncommitted: records behind its last checkpoint, as Kafka has it, so it grows while a job stands still; null
            where Kafka does not say.
        last_checkpoint_at: when the latest checkpoint was complete.
        last_checkpoint_ms: how long it took.
        last_checkpoint_bytes: the size of the state in it.
        last_failure: of the job, in one line.
    """

    job_id: str
    name: str
    state: str
    started_at: int
    page: str
    lag: int | None
    uncommitted: int | None
    checkpoints: int
    failed_checkpoints: int
    last_checkpoint_at: int | None
    last_checkpoint_ms: int | None
    last_checkpoint_bytes: int | None
    last_failure: str | None


class Topic(Answer):
    """A topic, and how many records it keeps; null: there is no such topic."""

    topic: str
    kind: str
    records: int | None


class Pipeline(Answer):
    """The platform's state. What does not answer is told in `..._away` and `..._reason`, and its list is empty."""

    flink_page: str
    flink_away: str | None
    flink_reason: Reason | None
    jobs: list[Job]
    kafka_away: str | None
    kafka_reason: Reason | None
    topics: list[Topic]


@dataclass(frozen=True)
class Platform:
    """What is asked; None: its address was not given."""

    flink: Flink | None = None
    topics: Topics | None = None
    kafka: KafkaSettings | None = None
    flights: Flights = field(default_factory=lambda: Flights(KEPT_SECONDS, 1, SystemClock()))

    async def close(self) -> None:
        """Disconnect."""
        if self.flink is not None:
            await self.flink.close()


async def pipeline(platform: Platform) -> Pipeline:
    """Ask Flink and Kafka side by side; however many look, once in KEPT_SECONDS."""
    return await platform.flights.get("pipeline", lambda: _asked(platform))


async def _asked(platform: Platform) -> Pipeline:
    (jobs, flink_away), (topics, kafka_away) = await asyncio.gather(_jobs(platform.flink), _topics(platform))
    if kafka_away is None:
        jobs, kafka_away = await _with_uncommitted(platform, jobs)
    return Pipeline(
        flink_page=platform.flink.page if platform.flink else "",
        flink_away=None if flink_away is None else str(flink_away),
        flink_reason=None if flink_away is None else reason_of(flink_away),
        jobs=jobs,
        kafka_away=None if kafka_away is None else str(kafka_away),
        kafka_reason=None if kafka_away is None else reason_of(kafka_away),
        topics=topics,
    )


async def _jobs(flink: Flink | None) -> tuple[list[Job], UnavailableError | None]:
    if flink is None:
        return [], UnavailableError("CLICKSTREAM_FLINK_REST_URL is not set", ErrorCode.FLINK_NOT_SET)
    try:
        return list(await asyncio.gather(*(_job(flink, listed) for listed in await flink.jobs()))), None
    except UnavailableError as error:
        return [], error


async def _job(flink: Flink, listed: dict[str, Any]) -> Job:
    job_id = str(listed["jid"])
    found, failure, lag = await asyncio.gather(flink.checkpoints(job_id), flink.failure(job_id), flink.lag(job_id))
    counts = found.get("counts") or {}
    latest = (found.get("latest") or {}).get("completed") or {}
    tasks = listed["tasks"]
    starting = listed["state"] == "RUNNING" and tasks["running"] != tasks["total"]
    return Job(
        job_id=job_id,
        name=str(listed["name"]),
        state="starting" if starting else str(listed["state"]).lower(),
        started_at=int(listed["start-time"]),
        page=f"{flink.page}/#/job/running/{job_id}/overview",
        lag=lag,
        uncommitted=None,
        checkpoints=int(counts.get("completed", 0)),
        failed_checkpoints=int(counts.get("failed", 0)),
        last_checkpoint_at=latest.get("latest_ack_timestamp"),
        last_checkpoint_ms=latest.get("end_to_end_duration"),
        last_checkpoint_bytes=latest.get("state_size"),
        last_failure=failure,
    )


async def _with_uncommitted(platform: Platform, jobs: list[Job]) -> tuple[list[Job], UnavailableError | None]:
    assert platform.topics is not None and platform.kafka is not None  # it has answered
    groups = {job.name: f"{platform.kafka.group_prefix}-{job.name}" for job in jobs}
    try:
        found = await platform.topics.uncommitted(groups.values())
    except UnavailableError as error:
        return jobs, error
    return [job.model_copy(update={"uncommitted": found[groups[job.name]]}) for job in jobs], None


async def _topics(platform: Platform) -> tuple[list[Topic], UnavailableError | None]:
    if platform.topics is None or platform.kafka is None:
        return [], UnavailableError("CLICKSTREAM_KAFKA_BOOTSTRAP is not set", ErrorCode.KAFKA_NOT_SET)
    kafka = platform.kafka
    kinds = {
        "behaviors": kafka.topic_behaviors,
        "enriched": kafka.topic_enriched,
        "rejected": kafka.topic_rejected,
        "dead_letters": kafka.topic_dead_letters,
    }
    try:
        records = await platform.topics.records(kinds.values())
    except UnavailableError as error:
        return [], error
    return [Topic(topic=name, kind=kind, records=records[name]) for kind, name in kinds.items()], None
