"""A record of one of the two topics: whose it is, and what became of it.

The jobs write the event's raw value without reading it, so its tenant is in there; the collector, which knows who sent
it, says the tenant beside it. A record that names none belongs to nobody: no tenant is shown it.
"""

import base64
import binascii
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """Which topic a record stands in."""

    DEAD_LETTER = "dead_letter"  # a valid event that no table took
    REJECTED = "rejected"  # an event that failed its validation


class Sent(msgspec.Struct, frozen=True):
    """What a raw event says of itself, as far as it can be read."""

    tenant_id: str = ""
    scenario_id: str = ""
    event_id: str = ""


class Record(msgspec.Struct, frozen=True):
    """What is kept of an event, by whoever kept it.

    Attributes:
        reason: one of RejectReason or DeadLetterReason.
        field: of the event, where a rule about one field was broken.
        message: the server's last error.
        code: ClickHouse's error code.
        table: that it was meant for.
        attempts: to store it.
        epoch: with partition and offset its ingest position; 0: it never was in the topic of events.
        tenant_id: where the collector wrote it.
        raw: the event, if it is text.
        raw_base64: the event, if it is not.
    """

    reason: str
    field: str = ""
    message: str = ""
    code: int = 0
    table: str = ""
    attempts: int = 0
    epoch: int = 0
    partition: int = 0
    offset: int = 0
    tenant_id: str = ""
    raw: str | None = None
    raw_base64: str | None = None

    @property
    def sent(self) -> Sent:
        """What the raw event says; nothing, where it cannot be read."""
        raw: bytes | str | None = self.raw
        try:
            if raw is None:
                raw = base64.b64decode(self.raw_base64 or "", validate=True)
            said = _OBJECT.decode(raw)
        except (msgspec.DecodeError, binascii.Error, UnicodeError, RecursionError):
            return Sent(tenant_id=self.tenant_id)
        texts = {name: text for name in Sent.__struct_fields__ if isinstance(text := said.get(name), str)}
        # Who received it knows better than the event itself.
        return Sent(**(texts | ({"tenant_id": self.tenant_id} if self.tenant_id else {})))


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_RECORD = msgspec.json.Decoder(Record)


def read(value: bytes | None) -> Record | None:
    """The record in a Kafka value; None where there is none: somebody else wrote it."""
    try:
        return _RECORD.decode(value or b"")
    except (msgspec.DecodeError, UnicodeError):
        return None
