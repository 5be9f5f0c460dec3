"""The books of a sink: what was sent against what is stored, rejected, dead, or a duplicate."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Self

from clickstream.config import ClickHouseSettings, KafkaSettings
from clickstream.epoch import current_epoch
from clickstream.errors import ContractError
from clickstream.reconcile.stored import Stored
from clickstream.reconcile.topic import Span, Topic

Position = tuple[int, int]  # (partition, offset), all of one epoch


@dataclass(frozen=True, slots=True)
class Books:
    """Each record sent is in exactly one of the counts that follow `sent`.

    Attributes:
        sent: records in the spans of the ODS topic.
        stored: their positions are in the table.
        rejected: not stored, but in the topic of rejected events: how many, by reason.
        dead: not stored, but in the topic of dead letters: how many, by reason.
        duplicates: in none of these, but the same event_id is stored, or dead, from an earlier offset of the partition.
        missing: positions that nothing accounts for: lost, or still on their way.
        rows: rows in the table for these spans; more than `stored` means that positions were doubled.
    """

    sent: int
    stored: int
    rejected: dict[str, int]
    dead: dict[str, int]
    duplicates: int
    missing: tuple[Position, ...]
    rows: int

    @property
    def balanced(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not self.missing and self.rows == self.stored


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where to look.

    Attributes:
        topic: the ODS topic.
        epoch: its epoch.
        stored: the table that its events go to.
        rejected: the topic of rejected events.
        dead: the topic of dead letters.
    """

    topic: Topic
    epoch: int
    stored: Stored
    rejected: Topic
    dead: Topic

    @classmethod
    def of(cls, kafka: KafkaSettings, clickhouse: ClickHouseSettings, table: str) -> Self:
        """Connect to what the settings name.

        Raises:
            UnavailableError: a server does not answer.
            ContractError: there is no such topic.
            ConfigurationError: a server refuses our credentials.
        """
        return cls(
            topic=Topic(kafka.bootstrap, kafka.topic_behaviors),
            epoch=current_epoch(kafka, kafka.topic_behaviors),
            stored=Stored(clickhouse.cluster, table),
            rejected=Topic(kafka.bootstrap, kafka.topic_rejected),
            dead=Topic(kafka.bootstrap, kafka.topic_dead_letters),
        )

    def close(self) -> None:
        """Disconnect from all of them."""
        for each in (self.topic, self.stored, self.rejected, self.dead):
            each.close()


def reconcile(ledger: Ledger, spans: list[Span]) -> Books:
    """Balance the books of the given spans of the ODS topic.

    Raises:
        UnavailableError: a server does not answer.
        ContractError: a topic holds what this platform does not write.
    """
    epoch, stored = ledger.epoch, ledger.stored
    in_table, rows = stored.positions(epoch, spans)
    known_rejected = _positions_in(ledger.rejected, epoch)
    known_dead = _positions_in(ledger.dead, epoch)
    sent = counted_stored = 0
    rejected: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    dead_ids: dict[tuple[int, str | None], int] = {}  # the least offset by partition and event_id
    unexplained: dict[Position, str | None] = {}
    for message in ledger.topic.read(spans):
        sent += 1
        position = (int(message.partition() or 0), int(message.offset() or 0))
        if position in in_table:
            counted_stored += 1
        elif position in known_rejected:
            rejected[known_rejected[position]] += 1
        elif position in known_dead:
            dead[known_dead[position]] += 1
            dead_ids.setdefault((position[0], _event_id(message.value())), position[1])
        else:
            unexplained[position] = _event_id(message.value())
    firsts = stored.first_positions(epoch, {each for each in unexplained.values() if each})
    duplicates = {
        position
        for position, event_id in unexplained.items()
        if event_id
        and min(
            firsts.get(event_id, {}).get(position[0], position[1]), dead_ids.get((position[0], event_id), position[1])
        )
        < position[1]
    }
    return Books(
        sent=sent,
        stored=counted_stored,
        rejected=dict(rejected),
        dead=dict(dead),
        duplicates=len(duplicates),
        missing=tuple(sorted(set(unexplained) - duplicates)),
        rows=rows,
    )


def _positions_in(topic: Topic, epoch: int) -> dict[Position, str]:
    """The ingest positions that a topic of rejects or dead letters names, with the reason."""
    found: dict[Position, str] = {}
    for message in topic.read(topic.spans()):
        try:
            record = json.loads(message.value() or b"")
            if record["epoch"] == epoch:
                found[record["partition"], record["offset"]] = record["reason"]
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(
                f"topic {topic.name} holds a record that this platform did not write: {error}"
            ) from error
    return found


def _event_id(value: bytes | None) -> str | None:
    try:
        found = json.loads(value or b"")
    except ValueError:
        return None
    event_id = found.get("event_id") if isinstance(found, dict) else None
    return event_id if isinstance(event_id, str) else None
