"""Pre-aggregation of recent items, which needs no state: it happens in the first step."""

from clickstream.columns import Columns
from clickstream.recent_items.parts import encode_parts, parts_of


def by_bucket(_partition: int, columns: Columns) -> list[tuple[int, bytes]]:
    """What was seen, keyed by bucket: never more parts than rows."""
    return [(bucket, encode_parts(parts)) for bucket, parts in parts_of(columns).items()]
