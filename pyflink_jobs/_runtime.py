"""What every job needs of Flink: an environment whose batches are the micro-batches, and a Kafka topic as a Table."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment, Table

from clickstream.config import KafkaSettings
from clickstream.errors import ClickstreamError, ConfigurationError

# The source holds up to four polls of records, which may be a megabyte each however small they are compressed.
POLL_RECORDS = 100

# Steps behind the first get a few large elements for each micro-batch: there is nothing to wait for.
LATER_STEPS_MS = 10

# What lies in a checkout beside the code, by gigabytes.
NOT_CODE = (".venv", ".devstack", ".git")


@dataclass(frozen=True, slots=True)
class MicroBatches:
    """A batch of records crosses to Python when it holds `rows`, or after `seconds`, or before a checkpoint.

    The fewer batches, the less a record costs: each crosses in messages of its own, at every step. So it is the first
    step, on the Table, that waits until there are enough records.
    """

    rows: int
    seconds: float


# For state that is added to and seldom changed: on the heap a checkpoint writes all of it, with RocksDB the new files.
# RocksDB makes one file of several, which is new again: by its own default of all there is every fourth time, with this
# of the newest, and of all when those are twice as much as the oldest.
INCREMENTAL_STATE = {
    "state.backend.type": "rocksdb",
    "execution.checkpointing.incremental": "true",
    "state.backend.rocksdb.compaction.style": "UNIVERSAL",
}


def environment(
    batches: MicroBatches, state: Mapping[str, str] | None = None
) -> tuple[StreamExecutionEnvironment, StreamTableEnvironment]:
    """An environment; whatever is not set here comes from flink-conf/config.yaml and from `flink run -D`.

    Args:
        batches: of the first step.
        state: how the job keeps its state, where not as flink-conf says.
    """
    config = Configuration()
    for key, value in (state or {}).items():
        config.set_string(key, value)
    config.set_string("python.fn-execution.bundle.size", str(batches.rows))
    config.set_string("python.fn-execution.arrow.batch.size", str(batches.rows))
    config.set_string("python.fn-execution.bundle.time", str(LATER_STEPS_MS))
    # Operators of the Table bridge get uids without a counter, so that a savepoint finds them in a changed job.
    config.set_string("table.exec.uid.generation", "ALWAYS")
    config.set_string("table.exec.uid.format", "<type>_<transformation>")
    config.set_string("table.local-time-zone", "UTC")
    env = StreamExecutionEnvironment.get_execution_environment(config)
    tables = StreamTableEnvironment.create(env)
    tables.get_config().set("python.fn-execution.bundle.time", str(int(batches.seconds * 1000)))
    require_code_alone(tables.get_config().get("python.files", ""))
    return env, tables


def require_code_alone(files: str) -> None:
    """Refuse to send a whole checkout to every worker: with its virtual environment it never gets there.

    Args:
        files: what `-pyfs` named, separated by commas.

    Raises:
        ConfigurationError: a folder of it holds more than code.
    """
    for folder in filter(None, files.split(",")):
        path = Path(folder.removeprefix("file://"))
        if found := [name for name in NOT_CODE if (path / name).is_dir()]:
            raise ConfigurationError(
                f"-pyfs {path} holds {', '.join(found)}, which would all be copied to every worker. Leave -pyfs out "
                "where this project is installed in the workers' Python, as it is with `clickstream up`; elsewhere "
                "give it a folder with the packages clickstream, sinks, udfs and pyflink_jobs alone: git archive HEAD "
                "clickstream sinks udfs pyflink_jobs | tar -x -C FOLDER"
            )


def kafka_records(tables: StreamTableEnvironment, kafka: KafkaSettings, topic: str, job: str, epoch: int) -> Table:
    """A topic as a Table of value BYTES (null: a tombstone), partition INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3).

    It is read from its beginning unless the job is restored from a savepoint or checkpoint. The epoch becomes part of
    the uid of the source and of all else that the Table bridge makes: Flink refuses to restore the offsets of a topic
    that was deleted onto its successor.
    """
    tables.get_config().set("table.exec.uid.format", f"<type>_<transformation>_{epoch:08x}")
    name = f"{topic.replace('-', '_').replace('.', '_')}_{epoch:08x}"
    listed = ", ".join(f"'{key}' = '{_quoted(value)}'" for key, value in source_options(kafka, topic, job).items())
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE `{name}` (
            `value` BYTES,
            `partition` INT METADATA VIRTUAL,
            `offset` BIGINT METADATA VIRTUAL,
            `timestamp` TIMESTAMP_LTZ(3) METADATA VIRTUAL
        ) WITH ({listed})""")
    return tables.from_path(name)


def source_options(kafka: KafkaSettings, topic: str, job: str) -> dict[str, str]:
    """What the Table connector is told of a topic that a job reads."""
    return {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": kafka.bootstrap,
        "properties.group.id": f"{kafka.group_prefix}-{job}",
        # A join that delivers exactly once writes in transactions, and what one undoes is no event. Where nobody writes
        # in transactions every record is committed at once.
        "properties.isolation.level": "read_committed",
        "properties.max.poll.records": str(POLL_RECORDS),
        "scan.startup.mode": "earliest-offset",
        "value.format": "raw",
    }


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def warn(lines: Iterable[str], meanwhile: str) -> None:
    """Tell of servers that are away, which is no reason not to submit a job.

    Args:
        lines: one for each.
        meanwhile: what the job does until they are back.
    """
    for line in lines:
        print(f"clickstream: warning: {line}; {meanwhile}", file=sys.stderr, flush=True)


def submit(main: Callable[[], None]) -> None:
    """Run a job's main: an error of ours is one line on stderr, not a traceback, and exit status 1."""
    try:
        main()
    except ClickstreamError as error:
        sys.exit(f"clickstream: {error}")
