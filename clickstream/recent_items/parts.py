"""Pre-aggregation: the newest time of each item for each user of a micro-batch."""

from typing import Any

import msgspec
import numpy as np

from clickstream.columns import Columns
from clickstream.events.action import NUMBERS, Action
from clickstream.places import bucket_of

SEEN = frozenset({NUMBERS[Action.VIEW], NUMBERS[Action.CLICK]})


class SeenItems(msgspec.Struct, array_like=True):
    """Items of one user, each once, and when each was seen last (ms since the epoch)."""

    tenant_id: str
    user_id: str
    items: list[str]
    times: list[int]


encode_parts = msgspec.msgpack.Encoder().encode
decode_parts: Any = msgspec.msgpack.Decoder(list[SeenItems]).decode


def parts_of(columns: Columns) -> dict[int, list[SeenItems]]:
    """What was viewed or clicked, by bucket. Equal user ids of all tenants share one: there they would collide."""
    seen = columns.where(np.isin(columns.actions, list(SEEN)) & (columns.item >= 0))
    if not len(seen):
        return {}
    tenants = [place.tenant_id for place in seen.places]
    tenant_codes = {tenant: code for code, tenant in enumerate(dict.fromkeys(tenants))}
    tenant = np.array([tenant_codes[each] for each in tenants])[seen.place]
    order = np.lexsort((seen.times, seen.item, seen.user, tenant))
    keys = np.stack([tenant[order], seen.user[order], seen.item[order]], axis=1)
    last = np.append((keys[1:] != keys[:-1]).any(axis=1), True)  # of each item: the newest
    kept, times = keys[last], seen.times[order][last]
    begins = np.flatnonzero(np.append(True, (kept[1:, :2] != kept[:-1, :2]).any(axis=1))).tolist()
    names = list(tenant_codes)
    found: dict[int, list[SeenItems]] = {}
    for begin, end in zip(begins, [*begins[1:], len(kept)], strict=True):
        user_id = seen.users[kept[begin, 1]]
        items = [seen.items[item] for item in kept[begin:end, 2].tolist()]
        part = SeenItems(names[kept[begin, 0]], user_id, items, times[begin:end].tolist())
        found.setdefault(bucket_of(user_id), []).append(part)
    return found
