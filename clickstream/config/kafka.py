"""Kafka: where it is, what its topics are called, what the jobs read."""

from enum import StrEnum

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream import names
from clickstream.config.base import PREFIX, Settings

# The largest batch of records that the topics of rejects and dead letters take, their max.message.bytes in
# ddl/kafka/topics.yaml. A producer refuses anything above its own limit, 1 MiB by default, whatever the topic takes.
LARGEST_BATCH_BYTES = 4 * 1024 * 1024


class Source(StrEnum):
    """Which topic the jobs read: raw events, or events joined with their dimensions."""

    ODS = "ods"
    DWD = "dwd"


class KafkaSettings(Settings):
    """Variables `CLICKSTREAM_KAFKA_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}KAFKA_")

    bootstrap: str = Field(min_length=1, description="host:port of one broker or more, comma-separated")
    topic_behaviors: str = Field(names.TOPIC_BEHAVIORS, description="raw events (ODS)")
    topic_enriched: str = Field(names.TOPIC_ENRICHED, description="events joined with dimensions (DWD)")
    topic_rejected: str = Field(names.TOPIC_REJECTED, description="events that failed validation")
    topic_dead_letters: str = Field(names.TOPIC_DEAD_LETTERS, description="valid events that no table took")
    topic_metrics: str = Field(names.TOPIC_METRICS, description="closed minutes of live metrics")
    group_prefix: str = Field("clickstream", description="consumer groups are called PREFIX-JOB")
    generation: int = Field(
        0, ge=0, lt=2**32, description="raise it to read a topic again as if its events were new: see docs/ARCHITECTURE"
    )

    def topic(self, source: Source) -> str:
        """The topic that jobs on this source read."""
        return self.topic_behaviors if source is Source.ODS else self.topic_enriched
