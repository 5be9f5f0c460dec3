"""What stays where nothing can be erased, and until when."""

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource

from analytics.erasure.receipt import Remaining
from analytics.erasure.recent_items import mark_seconds
from clickstream.config import KafkaSettings
from clickstream.errors import UnavailableError
from clickstream.kafka import KafkaAdmin

_SECONDS = 5.0


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
        found += [
            Remaining(
                where="state of the job UserRecent",
                until=now + timedelta(seconds=recent_seconds),
                what="holds the user's last items, as do its checkpoints and savepoints, until it forgets them: then, "
                "or later where the user is active again. It does not write them to Redis any more, for it finds the "
                "mark there; what the user does from now on it does write",
            ),
            Remaining(
                where="Redis, the mark of this erasure",
                until=now + timedelta(seconds=mark_seconds(recent_seconds)),
                what="a key with the user's id, and the moment: then, or later where the user is active again. A Redis "
                "that has lost it, because it was emptied or put back from a backup, is given the items by the job "
                "again: repeat the request then",
            ),
        ]
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
