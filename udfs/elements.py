"""Stream elements between the steps: a key (four bytes, what the next step is keyed by) and a body."""

from clickstream.columns import Columns

PART_BYTES = 4 * 1024 * 1024  # a stream element beyond 5 MB is spilled to disk on its way


def pack(key: int, body: bytes) -> bytes:
    """A stream element: what it is keyed by, and what it says."""
    return key.to_bytes(4, "big") + body


def key_of(packed: bytes) -> int:
    """The key of a stream element."""
    return int.from_bytes(packed[:4], "big")


def body_of(packed: bytes) -> bytes:
    """The body of a stream element."""
    return packed[4:]


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
