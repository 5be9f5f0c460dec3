"""ddl/kafka/topics.yaml: which topics there are, and what they are to look like."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clickstream.config.kafka import KafkaSettings
from clickstream.errors import ConfigurationError, MigrationError

_DAY_MS = 24 * 3600 * 1000


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Topic(_Strict):
    """One topic; `setting` is the field of KafkaSettings that holds its name."""

    setting: str
    partitions: int = Field(ge=1)
    retention_days: float = Field(gt=0)
    config: dict[str, str | int | float] = {}

    def name(self, settings: KafkaSettings) -> str:
        """What it is called here."""
        return str(getattr(settings, self.setting))

    @property
    def settings(self) -> dict[str, str]:
        """Kafka's settings of this topic, retention included, that exist on every cluster."""
        retention = {"cleanup.policy": "delete", "retention.ms": str(round(self.retention_days * _DAY_MS))}
        return {**retention, **{key: str(value) for key, value in self.config.items()}}


class TopicsFile(_Strict):
    """The file. `replication` and `min_insync_replicas` are wishes: see `replicas`."""

    replication: int = Field(ge=1)
    min_insync_replicas: int = Field(ge=1)
    topics: tuple[Topic, ...]

    def replicas(self, brokers: int) -> int:
        """Replicas of a partition on a cluster of that size: as many as wished, or as there are brokers."""
        return max(1, min(self.replication, brokers))

    def in_sync(self, replicas: int) -> int:
        """How many replicas must acknowledge: one fewer than there are at the most, so that one may be down."""
        return max(1, min(self.min_insync_replicas, replicas - 1))


def read_topics(path: Path) -> TopicsFile:
    """Read the file.

    Raises:
        ConfigurationError: there is no such file.
        MigrationError: it is malformed, or names a setting that does not exist.
    """
    try:
        parsed = TopicsFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no {path}: CLICKSTREAM_DDL_DIR must name the project's ddl folder"
        ) from error
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise MigrationError(f"{path} cannot be used: {error}") from error
    for topic in parsed.topics:
        if not topic.setting.startswith("topic_") or topic.setting not in KafkaSettings.model_fields:
            raise MigrationError(f"{path}: there is no setting {topic.setting!r} that holds a topic's name")
    return parsed
