"""Topics of Kafka: created where missing; settings of existing ones are altered, their partitions never."""

from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from clickstream.clock import SystemClock
from clickstream.config.kafka import KafkaSettings
from clickstream.errors import MigrationError
from clickstream.kafka import KafkaAdmin
from clickstream.migrate.outcome import Outcome, Report, State, silent
from clickstream.migrate.topics import Topic, read_topics

_TIMEOUT = 15.0


def migrate_kafka(settings: KafkaSettings, ddl: Path, *, dry_run: bool = False, report: Report = silent) -> None:
    """Create and alter topics as `ddl`/kafka/topics.yaml says.

    Args:
        settings: the cluster, and what the topics are called.
        ddl: the folder ddl.
        dry_run: only report what would be done.
        report: called for every topic, as it is done.

    Raises:
        MigrationError: Kafka refuses to create or alter a topic, or the file is malformed.
        UnavailableError: Kafka does not answer.
    """
    wanted = read_topics(ddl / "kafka" / "topics.yaml")
    admin = KafkaAdmin(settings.bootstrap, _TIMEOUT)
    metadata = admin.ask(lambda client: client.list_topics(timeout=_TIMEOUT))
    replicas = wanted.replicas(len(metadata.brokers))
    for topic in wanted.topics:
        name = topic.name(settings)
        found = metadata.topics.get(name)
        config = {**topic.settings, "min.insync.replicas": str(wanted.in_sync(replicas))}
        new = NewTopic(name, num_partitions=topic.partitions, replication_factor=replicas, config=config)
        try:
            if found is None and _create(admin, new, dry_run):
                state, note = State.PENDING if dry_run else State.APPLIED, f"{topic.partitions} partitions"
            elif _alter(admin, topic, name, dry_run):
                state, note = State.WOULD_ALTER if dry_run else State.ALTERED, "settings"
            else:
                state, note = State.PRESENT, ""
        except KafkaException as error:
            raise MigrationError(
                f"Kafka at {settings.bootstrap} refuses topic {name}: {error.args[0].str()}"
            ) from error
        report(Outcome(f"Kafka {settings.bootstrap}", name, state, note))
        if found is not None and len(found.partitions) < topic.partitions:
            report(Outcome(f"Kafka {settings.bootstrap}", name, State.WARNING, _too_few(len(found.partitions), topic)))


def _create(admin: KafkaAdmin, new: NewTopic, dry_run: bool) -> bool:
    """Create it; False when another migration was faster."""
    if dry_run:
        return True
    answers = admin.ask(lambda client: client.create_topics([new], request_timeout=_TIMEOUT))
    try:
        admin.wait(answers[new.topic])
        created = True
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        created = False
    admin.await_topic(new.topic, SystemClock())
    return created


def _alter(admin: KafkaAdmin, topic: Topic, name: str, dry_run: bool) -> bool:
    """Set what differs; False when nothing does. `min.insync.replicas` is left to who runs the cluster."""
    resource = ConfigResource(ResourceType.TOPIC, name)
    described = admin.ask(lambda client: client.describe_configs([resource], request_timeout=_TIMEOUT))
    present = admin.wait(described[resource])
    different = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        for key, value in topic.settings.items()
        if key not in present or present[key].value != value
    ]
    if different and not dry_run:
        change = ConfigResource(ResourceType.TOPIC, name, incremental_configs=different)
        altered = admin.ask(lambda client: client.incremental_alter_configs([change], request_timeout=_TIMEOUT))
        admin.wait(altered[change])
    return bool(different)


def _too_few(partitions: int, topic: Topic) -> str:
    return (
        f"it has {partitions} partitions, {topic.partitions} are wanted; more partitions move users to others, so the "
        "order of their events holds only if nothing is in flight: stop the producers, let the jobs drain the topic, "
        "stop them with a savepoint, then kafka-topics.sh --alter"
    )
