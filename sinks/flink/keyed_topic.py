"""A Kafka topic as a Table to insert into: rows of key BYTES and value BYTES."""

from dataclasses import dataclass

from pyflink.table import StreamTableEnvironment

from clickstream.config.kafka import LARGEST_BATCH_BYTES


@dataclass(frozen=True, slots=True)
class Transactions:
    """Exactly once: records become visible to readers of committed ones with the checkpoint that covers them.

    Attributes:
        prefix: of the transactional ids; no other job may use it.
        timeout_seconds: a job that is away for longer loses what it had written since its last checkpoint.
    """

    prefix: str
    timeout_seconds: int


def create_keyed_topic(
    tables: StreamTableEnvironment, bootstrap: str, topic: str, transactions: Transactions | None
) -> str:
    """Declare the Table; its name.

    The key decides the partition, as in every Kafka client. At least once without `transactions`. In either case a
    record is never given up: after a batch that expired, later ones of its partition would stand behind a gap.
    """
    name = f"to_{topic.replace('-', '_').replace('.', '_')}"
    options = topic_options(bootstrap, topic, transactions)
    listed = ", ".join(f"'{key}' = '{_quoted(value)}'" for key, value in options.items())
    tables.execute_sql(f"CREATE TEMPORARY TABLE `{name}` (`key` BYTES, `value` BYTES) WITH ({listed})")
    return name


def topic_options(bootstrap: str, topic: str, transactions: Transactions | None) -> dict[str, str]:
    """What the Table connector is told of such a topic."""
    options = {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": bootstrap,
        "properties.enable.idempotence": "true",
        "properties.delivery.timeout.ms": "2147483647",
        "properties.compression.type": "lz4",
        "properties.linger.ms": "5",
        "properties.batch.size": "131072",
        # It counts bytes before compression, the topic those after it: the topic is to decide.
        "properties.max.request.size": str(LARGEST_BATCH_BYTES),
        "key.format": "raw",
        "key.fields": "key",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
        "sink.delivery-guarantee": "at-least-once",
    }
    if transactions is not None:
        options |= {
            "sink.delivery-guarantee": "exactly-once",
            "sink.transactional-id-prefix": transactions.prefix,
            "properties.transaction.timeout.ms": str(transactions.timeout_seconds * 1000),
        }
    return options


def _quoted(text: str) -> str:
    return text.replace("'", "''")
