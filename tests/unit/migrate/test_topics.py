from pathlib import Path

import pytest

from clickstream import names
from clickstream.config import KafkaSettings
from clickstream.config.kafka import LARGEST_BATCH_BYTES
from clickstream.errors import ConfigurationError, MigrationError
from clickstream.migrate.files import ddl_directory
from clickstream.migrate.topics import read_topics

DAY_MS = 86_400_000


def shipped() -> Path:
    return ddl_directory(None) / "kafka" / "topics.yaml"


def test_the_shipped_topics() -> None:
    settings = KafkaSettings(bootstrap="x:1")
    found = {
        topic.name(settings): (topic.partitions, int(topic.settings["retention.ms"]) / DAY_MS)
        for topic in read_topics(shipped()).topics
    }
    assert found == {
        names.TOPIC_BEHAVIORS: (12, 7),
        names.TOPIC_ENRICHED: (12, 7),
        names.TOPIC_REJECTED: (3, 14),
        names.TOPIC_DEAD_LETTERS: (3, 14),
        names.TOPIC_METRICS: (6, 3),
    }


def test_rejects_and_dead_letters_may_be_as_large_as_what_the_jobs_send() -> None:
    settings = KafkaSettings(bootstrap="x:1")
    limits = {topic.name(settings): topic.settings.get("max.message.bytes") for topic in read_topics(shipped()).topics}
    assert limits[names.TOPIC_REJECTED] == limits[names.TOPIC_DEAD_LETTERS] == str(LARGEST_BATCH_BYTES)


def test_every_topic_of_the_settings_is_created() -> None:
    wanted = {topic.setting for topic in read_topics(shipped()).topics}
    assert wanted == {field for field in KafkaSettings.model_fields if field.startswith("topic_")}


def test_a_setting_renames_a_topic() -> None:
    settings = KafkaSettings(bootstrap="x:1", topic_behaviors="clicks")
    assert "clicks" in {topic.name(settings) for topic in read_topics(shipped()).topics}


@pytest.mark.parametrize(("brokers", "replicas", "in_sync"), [(0, 1, 1), (1, 1, 1), (2, 2, 1), (3, 3, 2), (9, 3, 2)])
def test_replicas_follow_the_brokers(brokers: int, replicas: int, in_sync: int) -> None:
    topics = read_topics(shipped())
    assert topics.replicas(brokers) == replicas
    assert topics.in_sync(replicas) == in_sync


HEAD = "replication: 1\nmin_insync_replicas: 1\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (": [", "cannot be used"),
        (HEAD + "topics: [{setting: topic_behaviors, partitions: 0, retention_days: 1}]", "partitions"),
        (HEAD + "topics: [{setting: topic_behaviors, partitons: 1, retention_days: 1}]", "partitons"),
        (HEAD + "topics: [{setting: topic_x, partitions: 1, retention_days: 1}]", "no setting 'topic_x'"),
        (HEAD + "topics: [{setting: bootstrap, partitions: 1, retention_days: 1}]", "no setting 'bootstrap'"),
    ],
)
def test_a_malformed_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(text)
    with pytest.raises(MigrationError, match=says) as caught:
        read_topics(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CLICKSTREAM_DDL_DIR"):
        read_topics(tmp_path / "topics.yaml")
