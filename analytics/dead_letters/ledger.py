"""What both topics hold of one tenant in a period: counts by reason, and the newest records."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from analytics.answer import Answer, Span
from analytics.dead_letters.record import Kind, Record, Sent, read
from analytics.dead_letters.topic import Budget, Newest
from analytics.scope import Scope
from clickstream.clock import Clock
from clickstream.config.kafka import KafkaSettings

_MOST_RAW = 16 * 1024


class Count(Answer):
    """How many records have one reason."""

    kind: Kind
    reason: str
    count: int


class Letter(Answer):
    """One record.

    Attributes:
        kept_at: when Kafka took it.
        field: of the event, where a rule about one field was broken.
        message: the server's last error.
        code: ClickHouse's error code; 0: no server answered.
        epoch: with partition and offset the event's ingest position; 0: the collector refused it.
        raw: the event's beginning; null for a token without the role admin, and where it is no text.
    """

    kind: Kind
    reason: str
    kept_at: datetime
    scenario_id: str
    event_id: str
    field: str
    message: str
    code: int
    table: str
    attempts: int
    epoch: int
    partition: int
    offset: int
    raw: str | None


class DeadLetters(Answer):
    """What was found.

    Attributes:
        total: records of the tenant in the period, of the kind and reason that were asked for.
        counts: of all of the tenant's in the period, most first.
        letters: the newest first.
        complete: whether all of the period was read; else only the newest part of it.
        scanned: records of all tenants that were read for it.
    """

    total: int
    counts: list[Count]
    letters: list[Letter]
    complete: bool
    scanned: int
    period: Span
    data_source: str = "kafka"


@dataclass(frozen=True)
class Wanted:
    """Which records are listed: all of them where nothing is named."""

    kind: Kind | None
    reason: str | None
    limit: int
    with_raw: bool


class Ledger:
    """Reads the topics. Few requests read at a time: each may read many records of all tenants to find one's own.

    Args:
        kafka: where they are.
        records: that one request reads at the most.
        seconds: that one request takes at the most, and patience with Kafka.
        clock: what measures them.
    """

    def __init__(self, kafka: KafkaSettings, records: int, seconds: float, clock: Clock) -> None:
        self._kafka = kafka
        self._records = records
        self._seconds = seconds
        self._clock = clock
        self._readers = asyncio.Semaphore(2)

    async def find(self, scope: Scope, wanted: Wanted) -> DeadLetters:
        """The records of a tenant.

        Raises:
            UnavailableError: Kafka does not answer.
            ContractError: a topic is missing.
        """
        async with self._readers:
            return await asyncio.to_thread(self._find, scope, wanted)

    def _find(self, scope: Scope, wanted: Wanted) -> DeadLetters:
        counts: Counter[tuple[Kind, str]] = Counter()
        letters: list[Letter] = []
        topics = {Kind.DEAD_LETTER: self._kafka.topic_dead_letters, Kind.REJECTED: self._kafka.topic_rejected}
        deadline = self._clock.monotonic() + self._seconds
        scanned, complete = 0, True
        for kind, topic in topics.items():
            budget = Budget(self._records, 64 * 1024 * 1024, deadline)
            newest = Newest(self._kafka.bootstrap, topic, self._seconds, self._clock)
            try:
                for message in newest.read(scope.period.start_ms, scope.period.end_ms, budget):
                    found = _of(scope, message)
                    if found is None:
                        continue
                    record, sent = found
                    counts[kind, record.reason] += 1
                    if wanted.kind in (None, kind) and wanted.reason in (None, record.reason):
                        letters.append(_letter(kind, message, record, sent, wanted.with_raw))
            finally:
                newest.close()
            scanned += self._records - budget.records
            complete = complete and not budget.exhausted
        letters.sort(key=lambda letter: letter.kept_at, reverse=True)
        return DeadLetters(
            total=len(letters),
            counts=[Count(kind=kind, reason=reason, count=count) for (kind, reason), count in counts.most_common()],
            letters=letters[: wanted.limit],
            complete=complete,
            scanned=scanned,
            period=Span.of(scope.period),
        )


def _of(scope: Scope, message: Message) -> tuple[Record, Sent] | None:
    """The record, if it is the tenant's and of the scope's place."""
    record = read(message.value())
    if record is None:
        return None
    sent = record.sent
    mine = sent.tenant_id == scope.tenant and scope.scenario in (None, sent.scenario_id)
    return (record, sent) if mine else None


def _letter(kind: Kind, message: Message, record: Record, sent: Sent, with_raw: bool) -> Letter:
    dated, milliseconds = message.timestamp()
    return Letter(
        kind=kind,
        reason=record.reason,
        kept_at=datetime.fromtimestamp(0 if dated == TIMESTAMP_NOT_AVAILABLE else milliseconds / 1000, UTC),
        scenario_id=sent.scenario_id,
        event_id=sent.event_id,
        field=record.field,
        message=record.message,
        code=record.code,
        table=record.table,
        attempts=record.attempts,
        epoch=record.epoch,
        partition=record.partition,
        offset=record.offset,
        raw=record.raw[:_MOST_RAW] if with_raw and record.raw is not None else None,
    )
