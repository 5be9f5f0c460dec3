"""`clickstream reconcile`."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.console import Console

from clickstream.clock import Clock, SystemClock
from clickstream.config import ClickHouseSettings, KafkaSettings, SinkSettings, resolve
from clickstream.errors import ContractError
from clickstream.generator.answers import Answers
from clickstream.reconcile import verdict
from clickstream.reconcile.reconcile import Books, Ledger, reconcile
from clickstream.reconcile.topic import Span

_POLL_SECONDS = 1.0
_STILL_SECONDS = 3.0
_TELL_SECONDS = 5.0
_COMPARING = "Comparing Kafka with ClickHouse"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconcile")(command)


def command(
    answers: Annotated[
        Path | None, typer.Option(help="What `clickstream generate --answers` wrote: only its records are looked at.")
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="While records are missing, wait until nothing has moved for so many seconds.")
    ] = 60,
) -> None:
    """Is every record of the topic in ClickHouse once, or rejected, dead, or a duplicate? Exit status 1 when not.

    Without answers the whole topic is looked at. Positions are compared one by one, so nothing lost can hide behind
    something doubled; with answers their number must be the generator's too, by reason and by action.
    """
    # It logs its own line about a server that does not answer; our error says it better.
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    given = Answers.load(answers) if answers else None
    ledger = Ledger.of(resolve(KafkaSettings), resolve(ClickHouseSettings), resolve(SinkSettings).table)
    try:
        spans = _spans(ledger, given, answers)
        with Waiting(Console(stderr=True, highlight=False), SystemClock(), wait) as waiting:
            books = settled(ledger, spans, wait, SystemClock(), given.duplicates if given else 0, waiting.tell)
            lines = verdict.compare(books, given, ledger.stored.actions(ledger.epoch, spans))
    finally:
        ledger.close()
    console = Console(highlight=False)
    console.print(verdict.table(lines))
    said = verdict.verdict(books, lines)
    if not all(line.holds for line in lines):
        raise ContractError(
            f"{said}. Is the job running (`flink list`)? Its page in the web UI shows failures and its lag"
        )
    console.print(said, soft_wrap=True)
    for reason, count in books.dead.items():
        console.print(f"  dead letters, {reason}: {count:,}: `clickstream replay-dlq` puts them back", soft_wrap=True)


class Waiting:
    """Says that the comparison goes on: on a terminal all the time, into a pipe or a log now and then."""

    def __init__(self, console: Console, clock: Clock, patience: float) -> None:
        self._console, self._clock, self._patience = console, clock, patience
        self._status = console.status(_COMPARING)
        self._said = -math.inf

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def tell(self, missing: int, idle: float) -> None:
        """What was not accounted for when it was last compared, and for how many seconds nothing has moved."""
        text = f"{missing:,} records were missing when last compared; nothing has moved for {idle:.0f} s"
        text += f" of the {self._patience:.0f} s that --wait allows"
        if self._console.is_terminal:
            self._status.update(f"{_COMPARING}: {text}")
        elif self._clock.monotonic() >= self._said + _TELL_SECONDS:
            self._said = self._clock.monotonic()
            self._console.print(f"{_COMPARING}: {text}", soft_wrap=True)


def settled(  # noqa: PLR0913, PLR0917 - where, what, and how long to look
    ledger: Ledger,
    spans: list[Span],
    patience: float,
    clock: Clock,
    duplicates: int = 0,
    tell: Callable[[int, float], None] = lambda missing, idle: None,
) -> Books:
    """The books when nothing is missing, or when nothing has moved for as long as we have patience.

    Args:
        ledger: where to look.
        spans: of the ODS topic.
        patience: seconds.
        clock: to wait by.
        duplicates: that are known to be among the records: they leave no trace that could be counted quickly.
        tell: called about once a second with how many were missing, and for how many seconds nothing has moved.
    """
    sent = sum(map(len, spans))
    compared = counted = _counted(ledger, spans)
    books = reconcile(ledger, spans)
    moved_at = clock.monotonic()
    while books.missing and clock.monotonic() < moved_at + patience:
        tell(len(books.missing), clock.monotonic() - moved_at)
        clock.sleep(_POLL_SECONDS)
        before, counted = counted, _counted(ledger, spans)
        if counted != before:
            moved_at = clock.monotonic()
        # Comparing positions is work: only when all can be there, or things have come to a standstill.
        still = clock.monotonic() >= moved_at + min(_STILL_SECONDS, patience)
        if counted != compared and (still or counted + duplicates >= sent):
            compared, books = counted, reconcile(ledger, spans)
    return books


def _counted(ledger: Ledger, spans: list[Span]) -> int:
    """A quick count of what has arrived; only its changes mean something."""
    elsewhere = sum(ledger.rejected.ends().values()) + sum(ledger.dead.ends().values())
    return ledger.stored.count(ledger.epoch, spans) + elsewhere


def _spans(ledger: Ledger, answers: Answers | None, path: Path | None) -> list[Span]:
    """The records to look at.

    Raises:
        ContractError: the records that the answers are about are no longer in the topic.
    """
    whole = ledger.topic.spans()
    if answers is None or not answers.spans:
        return whole
    there = {span.partition: span for span in whole}
    for each in answers.spans:
        span = there.get(each.partition)
        if each.first < each.end and (span is None or span.end < each.end or span.first > each.first):
            raise ContractError(
                f"{path} tells of records that are not in topic {ledger.topic.name} now: they are older than its "
                "retention, or the topic was made anew, or it is another cluster's. Generate again"
            )
    return [Span(each.partition, each.first, each.end) for each in answers.spans]
