"""Each event of the demo is counted once, by its ingest position: what is written again changes nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from clickstream.errors import ContractError

# A duplicate follows within a minute; so many ids of each partition are remembered.
REMEMBERED = 50_000
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)

_Offset = Annotated[int, msgspec.Meta(ge=0)]
Position = tuple[int, int]  # (partition, offset) in the ODS topic


class _Identified(msgspec.Struct):
    """What is looked for in an ODS record."""

    event_id: str
    received_at: int | None = None  # the collector's; the generator, which writes to Kafka itself, has none


class _Judged(msgspec.Struct):
    """What is looked for in a reject or a dead letter: the position of the event that it is about."""

    epoch: int
    partition: int
    offset: _Offset


class _Joined(msgspec.Struct):
    """What is looked for in a DWD record."""

    epoch: int = msgspec.field(name="_epoch")
    partition: int = msgspec.field(name="_partition")
    offset: _Offset = msgspec.field(name="_offset")
    dim_missing: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Distinct events that were sent since the demo began, as far as they have been seen.

    Attributes:
        sent: records in the ODS topic.
        repeated: of them, those whose event_id an earlier record of the partition has, and that were not refused.
        rejected: in the topic of rejects.
        dead: in the topic of dead letters.
        joined: in the DWD topic.
        lacking: of these, how many lack a dimension, by its name.
        collected: of the records sent, those that came through the collector.
        copied: of these, those whose event_id an earlier record of the partition has: a request was sent again.
        posted: distinct events of the demo's own visitors.
        read: records of all topics, those about other events included: it grows as long as something happens.
    """

    sent: int = 0
    repeated: int = 0
    rejected: int = 0
    dead: int = 0
    joined: int = 0
    lacking: tuple[tuple[str, int], ...] = ()
    collected: int = 0
    copied: int = 0
    posted: int = 0
    read: int = 0


@dataclass
class _Partition:
    """One ODS partition, from the demo's first offset on. `joined` has a byte for each record."""

    first: int
    end: int
    ids: dict[str, None] = field(default_factory=dict)
    joined: bytearray = field(default_factory=bytearray)


class Census:
    """Counts. Records of one partition are to come in their order.

    Args:
        epoch: of the ODS topic.
        firsts: by ODS partition, the offset at which the demo begins.
        visits: what the event ids of the demo's own visitors begin with; a number stands behind it.
    """

    def __init__(self, epoch: int, firsts: Mapping[int, int], visits: str) -> None:
        self._epoch, self._visits = epoch, visits
        self._partitions = {number: _Partition(first, first) for number, first in firsts.items()}
        self._repeated: set[Position] = set()
        self._rejected: set[Position] = set()
        self._dead: set[Position] = set()
        self._lacking: Counter[str] = Counter()
        self._joined = self._read = self._collected = self._copied = 0
        self._posted = bytearray()  # by the number of a visitors' event, whether it was seen
        self._identified: Any = msgspec.json.Decoder(_Identified).decode
        self._judgement: Any = msgspec.json.Decoder(_Judged).decode
        self._joint: Any = msgspec.json.Decoder(_Joined).decode

    def counted(self) -> Counted:
        """What has been taken so far."""
        return Counted(
            sent=sum(partition.end - partition.first for partition in self._partitions.values()),
            repeated=len(self._repeated - self._rejected - self._dead),
            rejected=len(self._rejected),
            dead=len(self._dead),
            joined=self._joined,
            lacking=tuple(sorted(self._lacking.items())),
            collected=self._collected,
            copied=self._copied,
            posted=sum(self._posted),
            read=self._read,
        )

    def take_sent(self, position: Position, value: bytes | None) -> None:
        """A record of the ODS topic."""
        self._read += 1
        number, offset = position
        partition = self._partitions[number]
        partition.end = offset + 1
        try:
            event = self._identified(value or b"")
        except _MALFORMED:
            return
        event_id = event.event_id
        known = event_id in partition.ids
        if event.received_at is not None:
            self._collected += 1
            self._copied += known
            self._note_visit(event_id)
        if known:
            self._repeated.add(position)
        elif len(partition.ids) >= REMEMBERED:
            del partition.ids[next(iter(partition.ids))]
        partition.ids[event_id] = None

    def _note_visit(self, event_id: str) -> None:
        if not event_id.startswith(self._visits):
            return
        index = int(event_id.removeprefix(self._visits))
        if index >= len(self._posted):
            self._posted.extend(bytes(index + 1 - len(self._posted)))
        self._posted[index] = 1

    def take_rejected(self, value: bytes | None) -> None:
        """A record of the topic of rejects.

        Raises:
            ContractError: it is none of this platform's.
        """
        self._judge(value, self._rejected)

    def take_dead(self, value: bytes | None) -> None:
        """A record of the topic of dead letters.

        Raises:
            ContractError: it is none of this platform's.
        """
        self._judge(value, self._dead)

    def take_joined(self, value: bytes | None) -> None:
        """A record of the DWD topic; what is no event there is the sink's business."""
        self._read += 1
        try:
            about = self._joint(value or b"")
        except _MALFORMED:
            return
        if (partition := self._of(about)) is None:
            return
        index = about.offset - partition.first
        if index >= len(partition.joined):
            partition.joined.extend(bytes(index + 1 - len(partition.joined)))
        if not partition.joined[index]:
            partition.joined[index] = 1
            self._joined += 1
            self._lacking.update(about.dim_missing or ())

    def _judge(self, value: bytes | None, known: set[Position]) -> None:
        self._read += 1
        try:
            about = self._judgement(value or b"")
        except _MALFORMED as error:
            raise ContractError(f"a topic of rejects or dead letters holds what no job wrote: {error}") from error
        if self._of(about) is not None:
            known.add((about.partition, about.offset))

    def _of(self, about: _Judged | _Joined) -> _Partition | None:
        """The partition of an event that was sent since the demo began; None for others."""
        partition = self._partitions.get(about.partition)
        return partition if partition and about.epoch == self._epoch and about.offset >= partition.first else None
