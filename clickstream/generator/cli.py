"""The command `clickstream generate`: its options."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from clickstream import names
from clickstream.clock import SystemClock
from clickstream.errors import ConfigurationError
from clickstream.generator.durations import milliseconds
from clickstream.generator.model import HOUR_MS, TrafficModel, natural_events

_LIVE_RATE = 1000.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("generate")(generate)


def generate(  # noqa: PLR0913, PLR0917 - a command has as many parameters as it has options
    events: Annotated[int | None, typer.Option(help="Records in all. Default: one session per user and hour.")] = None,
    span: Annotated[str | None, typer.Option(help="Event time from first to last: 90s, 1h, 7d. Default 1h.")] = None,
    start: Annotated[str | None, typer.Option(help="ISO 8601, UTC unless it says. Default: the span ends now.")] = None,
    seed: Annotated[int, typer.Option(help="Equal seed, start and options give equal bytes.")] = 1,
    rate: Annotated[float | None, typer.Option(help="Records a second. Default: flat out; 1000 with --live.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Event time is now, until Ctrl-C or --seconds.")] = False,
    seconds: Annotated[float | None, typer.Option(help="End a --live run after so long.")] = None,
    out: Annotated[str | None, typer.Option(help="File, or - for stdout, instead of Kafka: one record a line.")] = None,
    answers: Annotated[Path | None, typer.Option(help="Write the exact answers to this file.")] = None,
    topic: Annotated[
        str, typer.Option(envvar="CLICKSTREAM_KAFKA_TOPIC_BEHAVIORS", help="Kafka topic.")
    ] = names.TOPIC_BEHAVIORS,
    bootstrap: Annotated[
        str | None, typer.Option(envvar="CLICKSTREAM_KAFKA_BOOTSTRAP", help="host:port of Kafka brokers.")
    ] = None,
    tenants: Annotated[int, typer.Option(help="Shops; the first two share user and item ids.")] = 3,
    users: Annotated[int, typer.Option(help="Per tenant.")] = 10_000,
    items: Annotated[int, typer.Option(help="Per tenant.")] = 5_000,
    duplicates: Annotated[float, typer.Option(help="Share of events that are sent twice.")] = 0.01,
    malformed: Annotated[float, typer.Option(help="Share of events that are broken.")] = 0.005,
    late: Annotated[float, typer.Option(help="Share of events that are sent minutes late.")] = 0.01,
) -> None:
    """Send modelled web-shop traffic to Kafka or a file, and note the exact answers to it."""
    # numpy and pyarrow take a while to import: only this command waits for them.
    from clickstream.generator.command import Destination, send, send_live  # noqa: PLC0415 - see above

    for option, value in (("--rate", rate), ("--seconds", seconds)):
        if value is not None and value <= 0:
            raise ConfigurationError(f"{option} is {value}; give a value above 0")
    if answers is not None and not answers.parent.is_dir():
        raise ConfigurationError(f"--answers {answers}: there is no folder {answers.parent}; nothing was sent")
    span_ms = HOUR_MS if span is None else milliseconds(span)
    start_ms = int(SystemClock().now() * 1000) - span_ms if start is None else parse_time(start)
    model = TrafficModel(
        events=natural_events(users, tenants, span_ms) if events is None else events,
        span_ms=span_ms,
        start_ms=start_ms,
        seed=seed,
        tenants=tenants,
        users=users,
        items=items,
        duplicates=duplicates,
        malformed=malformed,
        late=late,
    )
    destination = Destination(out, bootstrap, topic, answers)
    if live:
        if any(option is not None for option in (events, span, start)):
            raise ConfigurationError("--live is endless and begins now: leave out --events, --span and --start")
        send_live(model, destination, rate or _LIVE_RATE, seconds)
    elif seconds is not None:
        raise ConfigurationError("--seconds ends a --live run: add --live, or say how much with --events or --span")
    else:
        send(model, destination, rate)


def parse_time(text: str) -> int:
    """Milliseconds since the epoch of an ISO 8601 time, in UTC unless it names another zone.

    Raises:
        ConfigurationError: it is not one.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a time; write it as 2026-01-31T12:00:00Z") from error
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
