"""Redis, where a user's recent items are; and what stays where nothing can be erased, and until when."""

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import redis.asyncio
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource
from redis.asyncio.cluster import RedisCluster

from analytics.erasure.receipt import Remaining
from clickstream.config import KafkaSettings, RedisSettings
from clickstream.errors import UnavailableError
from clickstream.kafka import KafkaAdmin
from clickstream.lookup.connection import options, translated

_SECONDS = 5.0


async def erase_keys(url: str, settings: RedisSettings, tenant_id: str, user_id: str) -> int:
    """Delete the list of a user's recent items; how many keys there were.

    Raises:
        UnavailableError: Redis does not answer.
    """
    with translated():
        kind: Any = RedisCluster if settings.cluster else redis.asyncio.Redis
        client = kind.from_url(url, **options(settings))
        try:
            return int(await client.delete(settings.keys.recent(tenant_id, user_id)))
        finally:
            await client.aclose()


def in_kafka(kafka: KafkaSettings | None, now: datetime) -> list[Remaining]:
    """What topics keep of events until now. A topic's records can't be deleted one by one."""
    if kafka is None:
        said = "the topics of events, rejected events and dead letters keep the user's records for their retention"
        return [Remaining(where="Kafka", until=None, what=f"{said}; CLICKSTREAM_KAFKA_BOOTSTRAP is not set")]
    topics = {
        kafka.topic_behaviors: "the user's events",
        kafka.topic_enriched: "the user's events, with dimensions",
        kafka.topic_rejected: "events of the user that were refused",
        kafka.topic_dead_letters: "events of the user that could not be stored",
    }
    kept = _retention(kafka.bootstrap, topics)
    return [
        Remaining(where=f"Kafka topic {topic}", until=_until(now, kept.get(topic)), what=what)
        for topic, what in topics.items()
    ]


def beside(now: datetime, *, with_redis: bool, recent_seconds: float) -> list[Remaining]:
    """What stays besides, wherever the service runs; `recent_seconds`: CLICKSTREAM_RECENT_TTL_SECONDS of the job."""
    found = [
        Remaining(
            where="marts without user ids",
            until=None,
            what="counts of the days in days_to_rebuild contain the user, and states of distinct users a hash of the "
            "id, until `clickstream rebuild --repairs`; those of days whose raw rows are past their retention stay",
        ),
        Remaining(
            where="events that arrive later",
            until=None,
            what="events of the user that the jobs had not read yet, those in a collector's spool, those that a replay "
            "of dead letters puts back now, and all since an older savepoint that a job is restarted from, are stored: "
            "repeat the request when such has happened",
        ),
        Remaining(
            where="ClickHouse's old files",
            until=None,
            what="the parts that held the rows are read by no query any more; the server deletes their files minutes "
            "later (old_parts_lifetime, 8 minutes by default)",
        ),
        Remaining(
            where="ClickHouse's own notes",
            until=None,
            what="system.mutations and, where they are kept, system.query_log and the server's log name the user in "
            "the statements that deleted the rows, until the server drops them (finished_mutations_to_keep, TTLs)",
        ),
        Remaining(where="backups, and dimensions in MySQL", until=None, what="are not touched"),
    ]
    if with_redis:
        found.append(
            Remaining(
                where="state of the job UserRecent",
                until=now + timedelta(seconds=recent_seconds),
                what="holds the user's last items, as do its checkpoints and savepoints. It writes them to Redis again "
                "within a minute, with all other lists, until it forgets them: then, or later where the user is active "
                "again. Stopping it does not hasten that, for a job that goes on from a savepoint writes all lists; "
                "only one that begins without its state has forgotten",
            )
        )
    return found


def _until(now: datetime, milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None or milliseconds < 0 else now + timedelta(milliseconds=milliseconds)


def _retention(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """Milliseconds by topic; -1: for ever. Topics that are missing, or all where Kafka is silent, are left out."""
    admin = KafkaAdmin(bootstrap, _SECONDS)
    found: dict[str, int] = {}
    for topic in topics:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        try:
            asked = admin.ask(partial(_asked, resource))
            found[topic] = int(admin.wait(asked[resource])["retention.ms"].value or -1)
        except UnavailableError:
            break
        except KafkaException:
            continue
    return found


def _asked(resource: ConfigResource, client: AdminClient) -> "dict[ConfigResource, Future[dict[str, ConfigEntry]]]":
    asked: dict[ConfigResource, Future[dict[str, ConfigEntry]]] = client.describe_configs(
        [resource], request_timeout=_SECONDS
    )
    return asked
