"""What is not in the table: kept in files, sent to topics, told to somebody.

One operator of parallelism 1, because the files lie in one place and the alarm is to sound once an interval. Records
arrive in micro-batches: one fsync for each, however many rows a failed batch held.
"""

import logging
from collections.abc import Iterator

from pyflink.common import SimpleStringSchema, Types
from pyflink.datastream import DataStream, OutputTag, ProcessFunction, RuntimeContext
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import KafkaRecordSerializationSchema, KafkaSink

from clickstream import worker
from clickstream.clock import SystemClock
from clickstream.config import DeadLetterSettings, KafkaSettings
from clickstream.config.kafka import LARGEST_BATCH_BYTES
from sinks.alarm import Alarm
from sinks.clickhouse.ingest import Outcome, OutcomeKind
from sinks.dead_letters import DeadLetterFiles

logger = logging.getLogger(__name__)

PACKED_BYTES = 4 * 1024 * 1024  # a stream element beyond 5 MB is spilled to disk on its way
# A record is never given up, nor written twice by a retry.
PRODUCER = {
    "enable.idempotence": "true",
    "delivery.timeout.ms": "2147483647",
    "max.request.size": str(LARGEST_BATCH_BYTES),
}
REJECTED = OutputTag("rejected", Types.STRING())
_TAGS = {OutcomeKind.REJECTED: "R", OutcomeKind.DEAD_LETTER: "D"}


def pack(outcomes: list[Outcome]) -> list[str]:
    """Outcomes as few strings: a line each, a letter for its kind in front. Never more strings than outcomes."""
    packed: list[str] = []
    lines: list[str] = []
    size = 0
    for outcome in outcomes:
        if size + len(outcome.line) > PACKED_BYTES and lines:
            packed.append("\n".join(lines))
            lines, size = [], 0
        lines.append(_TAGS[outcome.kind] + outcome.line.decode())
        size += len(outcome.line) + 2
    return [*packed, "\n".join(lines)] if lines else packed


def unpack(packed: str) -> tuple[list[str], list[str]]:
    """The rejected and the dead letters of a packed micro-batch."""
    lines = packed.split("\n")
    return [line[1:] for line in lines if line[0] == "R"], [line[1:] for line in lines if line[0] == "D"]


class KeepDeadLetters(ProcessFunction):
    """Packed outcomes -> dead letters one by one, after they are on disk; rejects to the side output."""

    def __init__(self, settings: DeadLetterSettings, job: str) -> None:
        self._settings = settings
        self._job = job

    def open(self, runtime_context: RuntimeContext) -> None:
        """Check the folder."""
        worker.begin()
        self._files = DeadLetterFiles(self._settings.dir, self._settings.file_bytes, SystemClock())
        self._alarm = Alarm(self._settings.alarm_urls, self._settings.alarm_interval, SystemClock())
        self._kept = runtime_context.get_metrics_group().counter("dead_letters_kept")
        self._rejected = runtime_context.get_metrics_group().counter("rejects_sent")

    def close(self) -> None:
        """Close the file."""
        self._files.close()
        self._alarm.flush()

    def process_element(self, value: str, ctx: ProcessFunction.Context) -> Iterator[object]:
        """Keep one micro-batch."""
        rejected, dead = unpack(value)
        if dead:
            self._files.append([line.encode() for line in dead])
            self._kept.inc(len(dead))
            self._alarm.raise_alarm(
                f"{self._job}: {len(dead)} dead letters",
                f"{len(dead)} rows could not be stored; they are kept in {self._settings.dir}. "
                "When the cause is mended, `clickstream replay-dlq` puts them back.",
            )
        self._rejected.inc(len(rejected))
        yield from dead
        for line in rejected:
            yield REJECTED, line


def keep(outcomes: DataStream, settings: DeadLetterSettings, kafka: KafkaSettings, job: str) -> None:
    """Attach the end of a sink's outcomes: files and alarm, then the topics."""
    kept = (
        outcomes.process(KeepDeadLetters(settings, job), Types.STRING())
        .set_parallelism(1)
        .uid("dead-letters")
        .name("Dead letters: files, alarm")
    )
    # PyFlink puts a map behind every side output.
    rejected = kept.get_side_output(REJECTED).set_parallelism(1).uid("rejected").name("Rejected")
    for stream, topic, uid in (
        (kept, kafka.topic_dead_letters, "dead-letter-topic"),
        (rejected, kafka.topic_rejected, "rejected-topic"),
    ):
        stream.sink_to(_kafka_sink(kafka.bootstrap, topic)).set_parallelism(1).uid(uid).name(f"Kafka: {topic}")


def _kafka_sink(bootstrap: str, topic: str) -> KafkaSink:
    builder = (
        KafkaSink.builder()
        .set_bootstrap_servers(bootstrap)
        .set_record_serializer(
            KafkaRecordSerializationSchema.builder()
            .set_topic(topic)
            .set_value_serialization_schema(SimpleStringSchema())
            .build()
        )
        .set_delivery_guarantee(DeliveryGuarantee.AT_LEAST_ONCE)
    )
    for name, value in PRODUCER.items():
        builder = builder.set_property(name, value)
    return builder.build()
