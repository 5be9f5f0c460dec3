"""What the jobs that write to Redis read, out of the settings, and whether Redis is there."""

from clickstream.columns import Lane
from clickstream.config import EventSettings, KafkaSettings
from clickstream.config.kafka import Source
from clickstream.epoch import TIMEOUT, current_epoch
from clickstream.events.decode import Limits
from clickstream.kafka import KafkaAdmin
from clickstream.replay_filter import Stream, streams_of
from pyflink_jobs._runtime import warn
from sinks.redis.preflight import preflight
from udfs.decode import Reading
from udfs.keep import RedisTarget
from udfs.survivors import Horizon


def reading(kafka: KafkaSettings, source: Source, events: EventSettings) -> Reading:
    """The topic that jobs on this source read, as it is now.

    Raises:
        UnavailableError: Kafka does not answer.
        ContractError: there is no such topic.
    """
    topic = kafka.topic(source)
    limits = Limits(events.oldest_seconds * 1000, events.newest_seconds * 1000)
    return Reading(kafka, source, topic, current_epoch(kafka, topic), limits)


def ods_streams(kafka: KafkaSettings, source: Source) -> tuple[Stream, ...]:
    """What the partitions of the topic that is read carry of those of the ODS topic, which positions refer to.

    Raises:
        UnavailableError: Kafka does not answer.
        ContractError: there is no such topic.
    """
    epoch = current_epoch(kafka, kafka.topic_behaviors)
    admin = KafkaAdmin(kafka.bootstrap, TIMEOUT)

    def partitions(topic: str) -> list[int]:
        return sorted(admin.ask(lambda client: client.list_topics(topic, timeout=TIMEOUT)).topics[topic].partitions)

    lanes = [Lane(epoch, partition) for partition in partitions(kafka.topic_behaviors)]
    return tuple(streams_of(lanes, len(partitions(kafka.topic(source)))))


def horizon(source: Source, events: EventSettings) -> Horizon:
    """How far back duplicates are looked for: on DWD they were removed before."""
    return Horizon(events.duplicate_seconds * 1000 if source is Source.ODS else 0, events.duplicate_ids)


def require_redis(target: RedisTarget) -> None:
    """Refuse to submit a job that Redis refuses. One that is away gets a warning: the job waits for it.

    Raises:
        ConfigurationError: see `sinks.redis.preflight`.
    """
    warn(preflight(target.url, target.settings), "the job is submitted all the same and waits for it")
