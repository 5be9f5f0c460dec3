"""Modelled traffic in a ClickHouse of its own, and the same events in memory: what the answers are compared with."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec

from clickstream.config import ClickHouseSettings
from clickstream.events.decode import EventDecoder
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.generator.answers import Answers
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.report import report
from clickstream.generator.tally import Tally
from clickstream.generator.traffic import generate
from clickstream.migrate import migrate_clickhouse
from clickstream.names import TABLE_BEHAVIORS_LOCAL

DDL = Path(__file__).parents[3] / "ddl"
SPAN_HOURS = 72
BATCH = 7_000


@dataclass(frozen=True)
class Stored:
    """What is in the table.

    Attributes:
        answers: the generator's.
        events: the valid ones, each once, in the order in which they were sent.
    """

    answers: Answers
    events: list[Event]

    def within(self, tenant: str, scenario: str | None, start: datetime, end: datetime) -> list[Event]:
        """The events of a scope, in order of event time."""
        first, last = start.timestamp() * 1000, end.timestamp() * 1000
        return sorted(
            (
                event
                for event in self.events
                if event.tenant_id == tenant
                and scenario in (None, event.scenario_id)
                and first <= event.timestamp < last
            ),
            key=lambda event: event.timestamp,
        )


def traffic(events: int = 40_000) -> TrafficModel:
    """Three days around the last beginning of a month that lies two days back at least; the second day is its last."""
    latest = datetime.now(UTC) - timedelta(hours=SPAN_HOURS)
    month = latest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = int((month - timedelta(hours=SPAN_HOURS / 2)).timestamp() * 1000)
    return TrafficModel(events=events, start_ms=start, span_ms=SPAN_HOURS * HOUR_MS, users=400, items=300)


def store(urls: str, model: TrafficModel) -> Stored:
    """Make the tables, and insert the model's events in batches as they are sent: without what the sink leaves out."""
    settings = ClickHouseSettings(urls=urls)
    migrate_clickhouse(settings, DDL)
    tally, decoder = Tally(model), EventDecoder(Event)
    events: dict[str, Event] = {}
    for chunk in generate(model):
        tally.add(chunk)
        for value, sent in zip(chunk.values, chunk.timestamps, strict=True):
            event = decoder.decode(value, sent)
            if not isinstance(event, Rejection):
                events.setdefault(event.event_id, event)
    answers = report(tally)
    assert len(events) == answers.valid
    kept = list(events.values())
    insert(settings, kept)
    return Stored(answers, kept)


def insert(settings: ClickHouseSettings, events: Iterable[Event], first: int = 0) -> None:
    """Insert events in batches; their positions begin at `first`."""
    rows = [_row(event, number) for number, event in enumerate(events, start=first)]
    node = settings.cluster.nodes[0]
    with httpx.Client(timeout=60) as client:
        for start in range(0, len(rows), BATCH):
            answer = client.post(
                node.address,
                params={
                    "query": f"INSERT INTO {TABLE_BEHAVIORS_LOCAL} FORMAT JSONEachRow",
                    "database": node.database,
                    "async_insert": "0",
                },
                headers={"X-ClickHouse-User": node.user, "X-ClickHouse-Key": node.password},
                content=b"\n".join(rows[start : start + BATCH]),
            )
            assert answer.status_code == 200, answer.text


def _row(event: Event, offset: int) -> bytes:
    row = msgspec.json.decode(msgspec.json.encode(event))
    row["timestamp"] = event.timestamp / 1000
    row["received_at"] = (event.received_at or 0) / 1000
    if "extra_data" in row:
        row["extra_data"] = json.dumps(row["extra_data"])
    return msgspec.json.encode({**row, "_epoch": 1, "_partition": 0, "_offset": offset})
