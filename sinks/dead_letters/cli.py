"""`clickstream replay-dlq`."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, DeadLetterSettings, EventSettings, KafkaSettings, SinkSettings
from clickstream.config.kafka import Source
from clickstream.config.resolve import resolve
from clickstream.config.sink import OnExhausted
from clickstream.errors import UnavailableError
from clickstream.events.decode import Limits
from clickstream.names import JOB_CLICKHOUSE_SINK
from clickstream.retry import RetryPolicy
from sinks.clickhouse import lookups
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.rows import BehaviorRows, JsonRows, RowFormat, require_key
from sinks.clickhouse.writer import Writer
from sinks.dead_letters.files import DeadLetterFiles
from sinks.dead_letters.progress import CommittedOffsets, Passed, await_passed, job_is_stopped
from sinks.dead_letters.reader import Found, dead_letter_files, read_dead_letters
from sinks.dead_letters.record import DeadLetter
from sinks.dead_letters.replay import Replay, Replayed

PATIENCE_SECONDS = 5.0
# Whatever the job does when servers are down: rows that find none stay in their files. An attempt is not cut short.
BUDGET = RetryPolicy(attempts=1, initial=0.5, maximum=2.0, at_least=PATIENCE_SECONDS)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay-dlq")(replay_dlq)


def replay_dlq(  # noqa: PLR0913, PLR0917 - each is an option
    directory: Annotated[Path | None, typer.Option("--dir", help="Default: CLICKSTREAM_DEAD_LETTER_DIR.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what there is, change nothing.")] = False,
    table: Annotated[str | None, typer.Option(help="Default: CLICKSTREAM_SINK_TABLE.")] = None,
    json_rows: Annotated[bool, typer.Option("--json", help="The letters are rows as they are.")] = False,
    key: Annotated[str, typer.Option(help="With --json and hash routing: the field that rows are routed by.")] = "",
    job: Annotated[str, typer.Option(help="The job that wrote them, by its name in Flink.")] = JOB_CLICKHOUSE_SINK,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a checkpoint of the job.")] = 45,
    job_stopped: Annotated[bool, typer.Option("--job-stopped", help="It is stopped, and stays so meanwhile.")] = False,
) -> None:
    """Put dead letters back into ClickHouse, each exactly once. It can be repeated, and run beside the job.

    Letters younger than the job's last checkpoint wait for the next one, or are left alone: a restart would bring their
    records again. With --job-stopped all are put back.

    Letters that the server refuses again are kept. Run it when the cause is mended: a table altered, a server back.
    While ClickHouse does not answer or takes no rows, it ends within seconds and every letter is where it was.
    """
    settings, sink, events = resolve(DeadLetterSettings), resolve(SinkSettings), resolve(EventSettings)
    kafka = resolve(KafkaSettings)
    sink = sink.model_copy(update={"table": table}) if table else sink
    config = replace(
        ClickHouseSinkConfig.of(resolve(ClickHouseSettings), sink), policy=BUDGET, on_exhausted=OnExhausted.DEAD_LETTER
    )
    if json_rows:
        require_key(JsonRows(0, key), config)
    limits = Limits(events.oldest_seconds * 1000, events.newest_seconds * 1000)
    folder = directory or settings.dir
    if not dead_letter_files(folder):
        Console(highlight=False).print(f"No dead letters in {folder}", soft_wrap=True, markup=False)
        return

    def row_format(topic: str, epoch: int) -> RowFormat:
        if json_rows:
            return JsonRows(epoch, key)
        return BehaviorRows(Source.DWD if topic == kafka.topic_enriched else Source.ODS, epoch, limits)

    # Said in the error, when patience ends.
    logging.getLogger(lookups.__name__).addHandler(logging.NullHandler())
    logging.getLogger(lookups.__name__).propagate = False
    with Writer(config, patience=PATIENCE_SECONDS) as writer:
        passed: Passed = job_is_stopped
        if not job_stopped:
            topics = {letter.kafka_topic for letter in _letters(folder, sink.table)}
            passed = committed = CommittedOffsets(kafka, job, topics)
            await_passed(_letters(folder, sink.table), passed, committed.ask, 0 if dry_run else wait, SystemClock())
            committed.close()
        replay = Replay(
            folder,
            sink.table,
            row_format,
            writer,
            SystemClock(),
            passed=passed,
            duplicate_ms=events.duplicate_seconds * 1000,
        )
        before = writer.run(writer.lookups.count())
        if dry_run:
            result = replay.look()
        else:
            files = DeadLetterFiles(folder, settings.file_bytes, SystemClock())
            result = replay.run(files)
            files.close()
        after = writer.run(writer.lookups.count())
    _print(result, folder, before, after, dry_run=dry_run)
    if result.unavailable:
        raise UnavailableError(
            f"{result.unavailable} dead letters found no server that takes them; their files are as they were. "
            "Run this again when ClickHouse answers"
        )


def _letters(folder: Path, table: str) -> Iterator[DeadLetter]:
    for found in read_dead_letters(folder):
        if isinstance(found, Found) and found.letter.table == table:
            yield found.letter


def _print(result: Replayed, folder: Path, before: int, after: int, *, dry_run: bool) -> None:
    table = Table(title=f"Dead letters in {folder}" + (" (dry run: nothing is changed)" if dry_run else ""))
    table.add_column("")
    table.add_column("rows", justify="right")
    table.add_row("letters, each position once", f"{result.letters:,}")
    for reason, count in result.reasons.most_common():
        table.add_row(f"  {reason}", f"{count:,}")
    table.add_row("in the table already", f"{result.held:,}")
    if dry_run:
        table.add_row("to be tried", f"{result.letters - result.waiting - result.held:,}")
    else:
        table.add_row("put back", f"{result.restored:,}")
        table.add_row("duplicates of stored events, dropped", f"{result.duplicates:,}")
        table.add_row("refused again, kept", f"{result.refused:,}")
        table.add_row("no server took them, kept", f"{result.unavailable:,}")
    if result.waiting:
        table.add_row("the job has no checkpoint behind them, kept", f"{result.waiting:,}")
    for name, count in result.elsewhere.items():
        table.add_row(f"for table {name}: left alone", f"{count:,}")
    if result.unreadable:
        table.add_row("lines that cannot be read, kept", f"{len(result.unreadable):,}")
    table.add_row("rows in the table before", f"{before:,}")
    table.add_row("rows in the table after", f"{after:,}")
    console = Console()
    console.print(table)
    if result.waiting:
        console.print(
            f"{result.waiting:,} letters wait for a checkpoint of the job, for a restart before it would write them "
            "too: run this again after the next one, or stop the job and add --job-stopped",
            soft_wrap=True,
            highlight=False,
        )
    for line in result.unreadable[:10]:
        console.print(f"{line.path}:{line.line}: {line.problem}", highlight=False)
