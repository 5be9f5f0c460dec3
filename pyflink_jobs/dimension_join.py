"""Kafka user-behaviors (ODS) -> Kafka user-behaviors-enriched (DWD): valid events, once, with their dimensions.

    Kafka (ODS)
      └─ micro-batch of 10,000 events or 100 ms ─ decode, validate
           └─ key by ODS partition ─ Duplicates out ─┬─ Join dimensions: memory, else MySQL ─ Kafka (DWD), key user_id
                                                     └─ Rejects ─ Kafka user-behaviors-rejected

Delivery: at least once, in the order of each ODS partition, each event with its ingest position, by which readers drop
what a restart writes again; or exactly once by Kafka transactions (CLICKSTREAM_DIMENSIONS_DELIVERY).
State: the hashes of the event_ids of the last half hour, by ODS partition, in chunks; a checkpoint writes new files.
What MySQL answered is remembered in memory only.
"""

from dataclasses import dataclass

from pyflink.common import Time, Types
from pyflink.datastream import AsyncDataStream
from pyflink.table import StreamTableEnvironment
from pyflink.table.expressions import col

from clickstream.config import (
    DeadLetterSettings,
    DimensionSettings,
    EventSettings,
    KafkaSettings,
    ServerSettings,
    resolve,
)
from clickstream.config.dimensions import Delivery
from clickstream.config.mysql import parse_mysql_url
from clickstream.dimensions import Dimensions, load_dimensions
from clickstream.dimensions.mysql import MySqlConnections
from clickstream.dimensions.preflight import preflight
from clickstream.epoch import current_epoch
from clickstream.errors import ConfigurationError
from clickstream.events.decode import Limits
from clickstream.events.model import LARGEST_EVENT_BYTES
from clickstream.names import JOB_DIMENSION_JOIN
from clickstream.transactions import require_transaction_timeout
from pyflink_jobs._runtime import INCREMENTAL_STATE, MicroBatches, environment, kafka_records, submit, warn
from sinks.alarm import require_receivers
from sinks.flink.keyed_topic import Transactions, create_keyed_topic
from sinks.flink.outcomes import keep
from sinks.flink.uids import tell_apart
from sinks.flink.weighed import UNIT, weighed
from udfs.dimension_join import JOINED, JoinDimensions
from udfs.dimension_join_decode import decode
from udfs.dimension_join_duplicates import REJECTS, RemoveDuplicates

# On top of what events may wait: the join keeps its own time, this is for an event loop that hangs.
SPARE_SECONDS = 30


@dataclass(frozen=True)
class Config:
    """Everything this job was told, once."""

    kafka: KafkaSettings
    events: EventSettings
    dead_letters: DeadLetterSettings
    dimensions: DimensionSettings
    declared: Dimensions
    connections: MySqlConnections
    epoch: int

    @property
    def batches(self) -> MicroBatches:
        """How events become micro-batches."""
        return MicroBatches(self.dimensions.batch_rows, self.dimensions.batch_seconds)

    @property
    def transactions(self) -> Transactions | None:
        """Where delivery is to be exactly once."""
        wanted = self.dimensions
        if wanted.delivery is Delivery.AT_LEAST_ONCE:
            return None
        return Transactions(wanted.transaction_prefix, wanted.transaction_timeout)


def resolve_config() -> Config:
    """Read the environment and the declaration, and the topic's epoch from Kafka."""
    kafka, dimensions = resolve(KafkaSettings), resolve(DimensionSettings)
    url = resolve(ServerSettings).mysql_url
    if url is None:
        raise ConfigurationError(
            "CLICKSTREAM_MYSQL_URL is not set: the join needs mysql://user:password@host:3306/database"
        )
    dead_letters = resolve(DeadLetterSettings)
    require_receivers(dead_letters.alarm_urls)
    config = Config(
        kafka=kafka,
        events=resolve(EventSettings),
        dead_letters=dead_letters,
        dimensions=dimensions,
        declared=load_dimensions(dimensions.file),
        connections=MySqlConnections(
            address=parse_mysql_url(url),
            most=dimensions.connections,
            connect_timeout=dimensions.connect_timeout,
            tls=dimensions.tls,
            tls_ca=dimensions.tls_ca,
        ),
        epoch=current_epoch(kafka, kafka.topic_behaviors),
    )
    if config.transactions:
        require_transaction_timeout(
            kafka.bootstrap, config.transactions.timeout_seconds, "CLICKSTREAM_DIMENSIONS_TRANSACTION_TIMEOUT"
        )
    return config


def build(tables: StreamTableEnvironment, config: Config) -> None:
    """Assemble the topology."""
    kafka, limits = config.kafka, Limits(config.events.oldest_seconds * 1000, config.events.newest_seconds * 1000)
    records = kafka_records(tables, kafka, kafka.topic_behaviors, JOB_DIMENSION_JOIN, config.epoch)
    light = weighed(tables, records, UNIT, LARGEST_EVENT_BYTES)
    arguments = (col(name) for name in ("value", "partition", "offset", "timestamp", "size"))
    decoded = light.select(decode(kafka, config.epoch, limits)(*arguments).alias("decoded"))
    present = decoded.where(col("decoded").get("partition").is_not_null).select(col("decoded").flatten)

    batches = tables.to_data_stream(present.alias("partition", "events", "rejects"))
    tell_apart(batches._j_data_stream.getTransformation())
    keyed = batches.key_by(lambda row: row["partition"], Types.INT())
    # PyFlink puts a map in front that has no method for its uid.
    keyed._j_data_stream.getTransformation().getInputs().get(0).setUid("by-ods-partition")
    unique = (
        keyed.process(RemoveDuplicates(config.events), Types.PRIMITIVE_ARRAY(Types.BYTE()))
        # The state belongs to this topic's offsets, so it is never restored onto those of another one.
        .uid(f"duplicates-{config.epoch:08x}")
        .name("Duplicates out, by ODS partition")
    )
    # PyFlink puts a map behind every side output.
    rejects = unique.get_side_output(REJECTS).uid("rejects").name("Rejects")
    keep(rejects, config.dead_letters, kafka, JOB_DIMENSION_JOIN)

    joined = (
        AsyncDataStream.ordered_wait(
            unique,
            JoinDimensions(config.declared, config.connections, config.dimensions, config.dead_letters),
            Time.milliseconds(int((config.dimensions.timeout + SPARE_SECONDS) * 1000)),
            config.dimensions.capacity,
            JOINED,
        )
        .uid("join")
        .name("Join dimensions: memory, else MySQL")
    )

    # The second part of the job that the Table bridge translates: uids of its own, or they would be those of the first.
    tables.get_config().set("table.exec.uid.format", "enriched_<type>_<transformation>")
    enriched = create_keyed_topic(tables, kafka.bootstrap, kafka.topic_enriched, config.transactions)
    tables.create_temporary_view("joined", tables.from_data_stream(joined))
    statements = tables.create_statement_set()
    statements.add_insert_sql(
        f"INSERT INTO `{enriched}` SELECT r.`key`, r.`value` "
        "FROM joined CROSS JOIN UNNEST(records) AS r (`key`, `value`)"
    )
    statements.attach_as_datastream()


def main() -> None:
    """Submit the job."""
    config = resolve_config()
    warn(preflight(config.declared, config.connections), "until that is mended events go on without it")
    env, tables = environment(config.batches, INCREMENTAL_STATE)
    # Or each event that is taken out of a micro-batch is copied together with the whole micro-batch: six times slower.
    # No operator here changes what it was given, or hands on what it changes later.
    env.get_config().enable_object_reuse()
    build(tables, config)
    env.execute(JOB_DIMENSION_JOIN)


if __name__ == "__main__":
    submit(main)
