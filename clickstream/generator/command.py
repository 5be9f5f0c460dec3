"""What `clickstream generate` does once its options are understood."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from typing import BinaryIO

import msgspec
from rich.console import Console

from clickstream.clock import SystemClock
from clickstream.config.resolve import reject_unknown
from clickstream.errors import ConfigurationError
from clickstream.generator.answers import TopicSpan
from clickstream.generator.kafka_writer import KafkaWriter
from clickstream.generator.model import TrafficModel
from clickstream.generator.pacing import ByTimestamp, EvenPace, FlatOut, Pacer
from clickstream.generator.progress import progress_bar
from clickstream.generator.records import Chunk
from clickstream.generator.report import report
from clickstream.generator.run import run
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate, live
from clickstream.generator.writers import LinesWriter, Writer
from clickstream.reconcile.topic import Topic


@dataclass(frozen=True)
class Destination:
    """Where records and answers go: to the file `out` ("-" is stdout) if it is given, else to Kafka."""

    out: str | None
    bootstrap: str | None
    topic: str
    answers: Path | None

    def writer(self, resources: ExitStack) -> Writer:
        """Open the writer, to be closed with the resources.

        Raises:
            ConfigurationError: the file cannot be written, or there is neither file nor Kafka.
            UnavailableError: Kafka does not answer or has no such topic.
        """
        if self.out == "-":
            return resources.enter_context(LinesWriter(sys.stdout.buffer))
        if self.out is not None:
            return resources.enter_context(LinesWriter(resources.enter_context(_opened(self.out))))
        if not self.bootstrap:
            reject_unknown(os.environ)  # the name may be misspelt
            raise ConfigurationError(
                "no Kafka is given: set CLICKSTREAM_KAFKA_BOOTSTRAP (`clickstream env` prints it) or --bootstrap "
                "host:port, or write to a file with --out"
            )
        return resources.enter_context(KafkaWriter(self.bootstrap, self.topic))

    def ends(self) -> dict[int, int]:
        """The offset behind the last record of each partition, where answers are to say so; else nothing.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        if self.out is not None or self.answers is None or not self.bootstrap:
            return {}
        topic = Topic(self.bootstrap, self.topic)
        try:
            return topic.ends()
        finally:
            topic.close()


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise ConfigurationError(f"cannot write to --out {path}: {error.strerror}") from error


def send(model: TrafficModel, destination: Destination, rate: float | None) -> None:
    """Send a model's records, flat out or at a rate."""
    with _interruptible() as interrupted:
        pacer: Pacer = FlatOut(interrupted) if rate is None else EvenPace(rate, SystemClock(), interrupted)
        _send(model, generate(model), destination, pacer, model.events, {"mode": "span"})


def send_live(model: TrafficModel, destination: Destination, rate: float, seconds: float | None) -> None:
    """Send records stamped with the present until interrupted or the time is over."""
    clock = SystemClock()
    with _interruptible() as interrupted:
        end: float | None = None

        def stopped() -> bool:
            nonlocal end
            # First asked when there is something to send: connecting and preparing do not count.
            if end is None:
                end = clock.monotonic() + (float("inf") if seconds is None else seconds)
            return interrupted() or clock.monotonic() >= end

        _send(
            model,
            live(model, rate, clock),
            destination,
            ByTimestamp(clock, stopped),
            None,
            {"mode": "live", "rate": rate},
        )


def _send(  # noqa: PLR0913, PLR0917 - one call for each way to run, where bundling would only rename
    model: TrafficModel,
    chunks: Iterable[Chunk],
    destination: Destination,
    pacer: Pacer,
    total: int | None,
    options: dict[str, float | str],
) -> None:
    clock, console = SystemClock(), Console(stderr=True)
    tally = Tally(model)
    begun = clock.monotonic()
    with ExitStack() as resources:
        writer = destination.writer(resources)
        firsts = destination.ends()
        with progress_bar(console, total) as progress:
            run(chunks, pacer, writer, tally, progress)
    took = max(clock.monotonic() - begun, 1e-9)
    answers = report(tally, **options)
    ends = destination.ends()
    answers = msgspec.structs.replace(answers, spans=[TopicSpan(each, firsts[each], ends[each]) for each in firsts])
    if destination.answers is not None:
        answers.save(destination.answers)
    console.print(
        f"{answers.sent:,} records in {took:.1f} s, {answers.sent / took:,.0f}/s: {answers.valid:,} valid events, "
        f"{answers.duplicates:,} duplicates, {sum(answers.malformed.values()):,} malformed",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a clean end, with answers to what was sent; the second one kills."""
    interrupted = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield interrupted.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
