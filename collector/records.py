"""What the collector writes: events, and what it refused."""

import base64
from typing import NamedTuple

import msgspec

from clickstream.events.model import Event
from clickstream.events.sent import Refused

ANONYMOUS = "anonymous"

# Rejects of the jobs carry the ingest position of what they refused. This one was never in the topic: epoch 0 says so.
_NOWHERE = {"epoch": 0, "partition": 0, "offset": 0}

_encoder = msgspec.json.Encoder()


class Record(NamedTuple):
    """A record for the topic of events, or of rejected events. The value is JSON."""

    key: bytes
    value: bytes
    rejected: bool = False

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.key) + len(self.value)


def event_record(event: Event) -> Record:
    """An event, keyed by its user: Kafka keeps a user's events in order.

    Those without a user are spread by their id, so that a retry finds the partition of the first try, where duplicates
    are looked for.
    """
    key = event.event_id if event.user_id == ANONYMOUS else event.user_id
    return Record(key.encode(), _encoder.encode(event))


def rejected_record(refused: Refused, tenant_id: str, received_at: int, most: int) -> Record:
    """A refused event as the jobs write theirs, with its tenant: its raw bytes from the beginning, `most` of them."""
    raw = refused.raw[:most]
    body: dict[str, object] = {
        "reason": refused.rejection.reason.value,
        "field": refused.rejection.field,
        **_NOWHERE,
        "record_ms": received_at,
        "tenant_id": tenant_id,
        "source": "collector",
    }
    try:
        body["raw"] = raw.decode()
    except UnicodeDecodeError:
        body["raw_base64"] = base64.b64encode(raw).decode()
    if len(raw) < len(refused.raw):
        body["raw_bytes"] = len(refused.raw)
    return Record(tenant_id.encode(), _encoder.encode(body), rejected=True)
