"""Stream elements between the steps: a key, the receipt of the oldest event, and a body.

The key (four bytes) is what the next step is keyed by. By the time (eight bytes) the last step tells how long an event
took.
"""

from clickstream.columns import Columns

NEVER_MS = 2**63 - 1  # the receipt, where there is no event
PART_BYTES = 4 * 1024 * 1024  # a stream element beyond 5 MB is spilled to disk on its way
_HEAD = 12


def pack(key: int, received_ms: int, body: bytes) -> bytes:
    """A stream element: what it is keyed by, when its oldest event was received (ms since the epoch), what it says."""
    return key.to_bytes(4, "big") + received_ms.to_bytes(8, "big", signed=True) + body


def key_of(packed: bytes) -> int:
    """The key of a stream element."""
    return int.from_bytes(packed[:4], "big")


def received_of(packed: bytes) -> int:
    """When the oldest event of a stream element was received, ms since the epoch; NEVER_MS where it has none."""
    return int.from_bytes(packed[4:_HEAD], "big", signed=True)


def body_of(packed: bytes) -> bytes:
    """The body of a stream element."""
    return packed[_HEAD:]


def oldest(columns: Columns) -> int:
    """When the oldest of these events was received, ms since the epoch; NEVER_MS where there is none."""
    return int(columns.received.min(initial=NEVER_MS))


def by_partition(partition: int, columns: Columns) -> list[tuple[int, bytes]]:
    """The columns, keyed by the Kafka partition; in halves while they are too large for one stream element."""
    body = columns.encode()
    if len(body) <= PART_BYTES or len(columns) == 1:
        return [(partition, body)]
    half = len(columns) // 2
    return [
        *by_partition(partition, columns.where(slice(0, half)).compact()),
        *by_partition(partition, columns.where(slice(half, None)).compact()),
    ]
