"""From the YAML file to the objects that do what it says."""

from collections.abc import Sequence

from clickstream.clock import Clock
from clickstream.config import CollectorSettings, KafkaSettings
from clickstream.errors import ConfigurationError
from clickstream.events.aliases import Aliases
from clickstream.events.sent import Rule
from collector.avro_events import SCHEMA_ID
from collector.configuration.model import Collection, Source
from collector.configuration.sinks import FileSinkModel, KafkaSinkModel
from collector.custom_events import CustomEvents
from collector.delivery import Delivery
from collector.metrics import Metrics
from collector.sinks.file import FileOptions, FileSink
from collector.sinks.kafka import KafkaOptions, KafkaSink
from collector.sinks.sink import Sink
from collector.spool.spool import Spool
from collector.spool.spooled import SpooledSink


def aliases(collection: Collection, source: str) -> Aliases:
    """The names and words that a source understands."""
    of: Source = getattr(collection.sources, source)
    mapping = of.mapping
    return Aliases(mapping.names, mapping.words, mapping.defaults, frozenset(collection.events))


def rules(collection: Collection) -> Sequence[Rule]:
    """Checks behind the contract's own.

    Raises:
        ConfigurationError: a schema cannot be read, or is none.
    """
    return (CustomEvents(collection.events, undeclared=collection.undeclared_events),)


def delivery_of(
    collection: Collection, settings: CollectorSettings, kafka: KafkaSettings | None, metrics: Metrics, clock: Clock
) -> Delivery:
    """The sinks. Those that are servers have the spool in front, where there is one.

    Raises:
        ConfigurationError: a Kafka sink has no address.
        StorageError: a folder cannot be used.
    """
    sinks: dict[str, Sink] = {}
    for name, model in collection.sinks.items():
        if isinstance(model, FileSinkModel):
            sinks[name] = _file(name, model, settings, clock)
            continue
        sink = _kafka(name, model, settings, kafka)
        if settings.spool_dir is None:
            sinks[name] = sink
        else:
            spool = Spool(settings.spool_dir / name, settings.spool_bytes, settings.spool_segment_bytes)
            sinks[name] = SpooledSink(sink, spool, metrics)
    spooled = sum(isinstance(sink, SpooledSink) for sink in sinks.values())
    metrics.queue_limit.set(settings.queue_records * len(sinks))
    metrics.spool_limit.set(settings.spool_bytes * spooled)
    return Delivery(sinks)


def _file(name: str, model: FileSinkModel, settings: CollectorSettings, clock: Clock) -> Sink:
    avro = model.type == "avro"
    options = FileOptions(model.folder, avro, model.roll_bytes, model.roll_seconds, settings.queue_records)
    return FileSink(name, options, clock)


def _kafka(name: str, model: KafkaSinkModel, settings: CollectorSettings, kafka: KafkaSettings | None) -> Sink:
    producer = dict(model.producer)
    if "bootstrap.servers" not in producer:
        if kafka is None:
            raise ConfigurationError(
                f"sinks.{name} has no address: set CLICKSTREAM_KAFKA_BOOTSTRAP, or producer: bootstrap.servers"
            )
        producer["bootstrap.servers"] = kafka.bootstrap
    fields = KafkaSettings.model_fields
    options = KafkaOptions(
        producer,
        model.topic or (kafka.topic_behaviors if kafka else fields["topic_behaviors"].default),
        model.rejected or (kafka.topic_rejected if kafka else fields["topic_rejected"].default),
        settings.ack_seconds,
        settings.queue_records,
        settings.queue_bytes,
        (model.avro.header, str(model.avro.schema_id or SCHEMA_ID)) if model.avro else None,
    )
    return KafkaSink(name, options)
