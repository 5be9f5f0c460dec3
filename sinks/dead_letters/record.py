"""What is kept of an event that could not be stored (DeadLetter) or was refused (Rejected): one JSON object each.

Both carry the event's ingest position (epoch, partition, offset), which is its identity: a record that is written
twice, because a job was restarted, is visible as the same one. Unknown fields are ignored when read, so that a replay
may be older than the job.
"""

import base64
from datetime import datetime
from typing import TypedDict, TypeVar

import msgspec

from clickstream.errors import ContractError
from clickstream.names import DeadLetterReason, RejectReason


class Kept(TypedDict):
    """The two fields that hold a Kafka value; see `kept`."""

    raw: str | None
    raw_base64: str | None


class _Raw(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    raw: str | None = None
    raw_base64: str | None = None

    def __post_init__(self) -> None:
        """Refuse what `value` could not give back; msgspec turns it into its own error when it decodes."""
        if self.raw is not None and self.raw_base64 is not None:
            raise ValueError("it has both raw and raw_base64")
        if self.raw_base64 is not None:
            base64.b64decode(self.raw_base64, validate=True)

    @property
    def value(self) -> bytes | None:
        """The Kafka value, byte for byte; None when the record was a tombstone."""
        if self.raw is not None:
            return self.raw.encode()
        return None if self.raw_base64 is None else base64.b64decode(self.raw_base64, validate=True)


class DeadLetter(_Raw, kw_only=True, omit_defaults=True, frozen=True):
    """A valid event that no table took.

    Attributes:
        reason: the class of the failure.
        code: ClickHouse's error code; 0 when no server answered.
        message: the last error, as it was.
        attempts: how often its batch was tried.
        shard: the shard's number, from 0; -1 when none was chosen.
        node: address of the node that failed last; empty when none was reached.
        table: the table that it was meant for.
        epoch: first part of the ingest position in the ODS topic.
        partition: second part of it.
        offset: third part of it.
        kafka_topic: where the job read the record: on DWD another place than the ingest position.
        kafka_partition: the same.
        kafka_offset: the same.
        record_ms: the Kafka record's timestamp, milliseconds since the epoch.
        failed_at: when it was given up, in UTC.
        raw: the Kafka value when it is UTF-8.
        raw_base64: the Kafka value when it is not.
    """

    reason: DeadLetterReason
    code: int
    message: str
    attempts: int
    shard: int
    node: str
    table: str
    epoch: int
    partition: int
    offset: int
    kafka_topic: str
    kafka_partition: int
    kafka_offset: int
    record_ms: int
    failed_at: datetime


class Rejected(_Raw, kw_only=True, omit_defaults=True, frozen=True):
    """An event that failed its validation.

    Attributes:
        reason: the rule that it broke.
        field: the path of the field, such as `context.os`; empty for the event as a whole.
        epoch: first part of the ingest position in the ODS topic.
        partition: second part of it.
        offset: third part of it.
        record_ms: the Kafka record's timestamp, milliseconds since the epoch.
        size: bytes of a value that is too large for any event: only its beginning is kept; 0: it is kept whole.
        raw: the Kafka value when it is UTF-8.
        raw_base64: the Kafka value when it is not.
    """

    reason: RejectReason
    field: str
    epoch: int
    partition: int
    offset: int
    record_ms: int
    size: int = 0


R = TypeVar("R", DeadLetter, Rejected)

_ENCODER = msgspec.json.Encoder()
_DEAD_LETTERS = msgspec.json.Decoder(DeadLetter)
_REJECTED = msgspec.json.Decoder(Rejected)
_READABLE_BYTES = 64 * 1024  # up to here a value is kept as text, whatever JSON makes of it


def kept(value: bytes | None) -> Kept:
    """Keep a Kafka value without loss: `DeadLetter(..., **kept(value))`.

    As text when it is UTF-8, so that people can read it, else in base64.
    Large text of which JSON makes more than base64 (each control character becomes six bytes) goes in base64 too, so
    that no large record is much more than a third longer than its value. None, a tombstone, leaves both fields empty.
    """
    if value is None:
        return Kept(raw=None, raw_base64=None)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return Kept(raw=None, raw_base64=base64.b64encode(value).decode())
    if len(value) > _READABLE_BYTES and len(_ENCODER.encode(text)) > len(value) * 4 // 3:
        return Kept(raw=None, raw_base64=base64.b64encode(value).decode())
    return Kept(raw=text, raw_base64=None)


def encode(record: DeadLetter | Rejected) -> bytes:
    """One JSON object without a line break: a line of a dead-letter file, or the value of a Kafka record."""
    return _ENCODER.encode(record)


def decode_dead_letter(line: bytes) -> DeadLetter:
    """Read what `encode` wrote.

    Raises:
        ContractError: it is no dead letter; the text says what is wrong with it.
    """
    return _decode(line, _DEAD_LETTERS, "dead letter")


def decode_rejected(line: bytes) -> Rejected:
    """Read what `encode` wrote.

    Raises:
        ContractError: it is no rejected event; the text says what is wrong with it.
    """
    return _decode(line, _REJECTED, "rejected event")


def _decode(line: bytes, decoder: "msgspec.json.Decoder[R]", what: str) -> R:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"this is no {what}: {error}") from error
