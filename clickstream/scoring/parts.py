"""Pre-aggregation: what a micro-batch adds to the scores, before it crosses to the operator that keeps them."""

from typing import Any

import msgspec
import numpy as np

from clickstream.columns import Columns, Rows
from clickstream.places import Place, hash_of
from clickstream.recent_ids import Hashes
from clickstream.scoring.rule import RuleBook, ScoreRule, log_sums


class Sums(msgspec.Struct, array_like=True, tag="sums"):
    """log2 of what each item gains. `added` holds a float64 for each item."""

    place: Place
    newest_ms: int
    items: list[str]
    added: bytes


class CappedEvents(msgspec.Struct, array_like=True, tag="capped"):
    """Events of a place whose rule has a cap: which of them count is known where all of them meet.

    Attributes:
        window: number of the half-life that all of them lie in.
        keys: a uint64 for each event, the hash of (user, item, action).
        item: an int32 for each, an index into `items`.
        terms: a float64 for each: log2 of what it adds if it counts.
    """

    place: Place
    newest_ms: int
    window: int
    items: list[str]
    keys: bytes
    item: bytes
    terms: bytes


Part = Sums | CappedEvents
encode_parts = msgspec.msgpack.Encoder().encode
decode_parts: Any = msgspec.msgpack.Decoder(list[Part]).decode


def parts_of(columns: Columns, rules: RuleBook) -> dict[int, list[Part]]:
    """What the events add, by bucket. Events without an item, or of weight 0, add nothing."""
    found: dict[int, list[Part]] = {}
    for code in np.unique(columns.place).tolist():
        place = columns.places[code]
        rule = rules.rule(place)
        of_place = columns.where((columns.place == code) & (columns.item >= 0))
        counted = of_place.where(np.isfinite(rule.log_weights[of_place.actions]))
        if len(counted):
            parts = _capped(place, counted, rule) if rule.cap else [_sums(place, counted, rule)]
            found.setdefault(place.bucket, []).extend(parts)
    return found


def _sums(place: Place, columns: Columns, rule: ScoreRule) -> Sums:
    used, group = np.unique(columns.item, return_inverse=True)
    added = log_sums(group, rule.terms(columns.actions, columns.times), len(used))
    return Sums(place, int(columns.times.max()), [columns.items[item] for item in used.tolist()], added.tobytes())


def _capped(place: Place, columns: Columns, rule: ScoreRule) -> list[Part]:
    keys = _capped_keys(columns)
    windows = rule.cap_windows(columns.times)
    parts: list[Part] = []
    for window in np.unique(windows).tolist():
        chosen = np.flatnonzero(windows == window)
        unique, first = np.unique(keys[chosen], return_index=True)
        rows: Rows = chosen[first]
        events = columns.where(rows)
        begun = np.full(len(events), int(window * rule.half_life_ms), dtype=np.int64)
        used, item = np.unique(events.item, return_inverse=True)
        parts.append(
            CappedEvents(
                place,
                int(columns.times[chosen].max()),
                window,
                [columns.items[each] for each in used.tolist()],
                unique.tobytes(),
                item.astype(np.int32).tobytes(),
                rule.terms(events.actions, begun).tobytes(),
            )
        )
    return parts


def _capped_keys(columns: Columns) -> Hashes:
    who = zip(columns.user.tolist(), columns.item.tolist(), columns.actions.tolist(), strict=True)
    return np.fromiter(
        (hash_of(columns.users[user], columns.items[item], str(action)) for user, item, action in who),
        dtype=np.uint64,
        count=len(columns),
    )
