"""Kafka: where it is, what its topics are called, what the jobs read."""

from enum import StrEnum

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream import names
from clickstream.config.base import PREFIX, Settings


class Source(StrEnum):
    """Which topic the jobs read: raw events, or events joined with their dimensions."""

    ODS = "ods"
    DWD = "dwd"


class KafkaSettings(Settings):
    """Variables `CLICKSTREAM_KAFKA_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}KAFKA_")

    bootstrap: str = Field(min_length=1, description="host:port of one broker or more, comma-separated")
    topic_behaviors: str = names.TOPIC_BEHAVIORS
    topic_enriched: str = names.TOPIC_ENRICHED
    topic_rejected: str = names.TOPIC_REJECTED
    topic_dead_letters: str = names.TOPIC_DEAD_LETTERS
    topic_metrics: str = names.TOPIC_METRICS
    group_prefix: str = Field("clickstream", description="consumer groups are called PREFIX-JOB")
    generation: int = Field(
        0, ge=0, lt=2**32, description="raise it to read a topic again as if its events were new: see docs/ARCHITECTURE"
    )

    def topic(self, source: Source) -> str:
        """The topic that jobs on this source read."""
        return self.topic_behaviors if source is Source.ODS else self.topic_enriched
