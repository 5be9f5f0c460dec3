"""The scores of a bucket's places: merged, forgotten below the floor, published when they changed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np

from clickstream.config.hot import HotSettings
from clickstream.errors import ContractError
from clickstream.hash_set import HashSet
from clickstream.kept import Due
from clickstream.places import Place
from clickstream.scoring.parts import CappedEvents, Sums, decode_parts
from clickstream.scoring.rule import Floats, RuleBook, ScoreRule, log_sums


@dataclass(frozen=True, slots=True)
class HotWrite:
    """Absolute scores for one place.

    Attributes:
        scores: by item; of those that changed, or of all that are published.
        whole: whether these are all: whatever else Redis holds there goes.
        now_ms: when, for `updated_at`.
    """

    place: Place
    rule: ScoreRule
    scores: dict[str, float]
    whole: bool
    now_ms: int


class _Entry(msgspec.Struct, array_like=True):
    place: Place
    half_life_ms: float
    newest_ms: int
    items: list[str]
    scores: bytes


class _CapEntry(msgspec.Struct, array_like=True):
    place: Place
    window: int
    keys: bytes


class _Scores:
    """The scores of one place."""

    def __init__(self, place: Place, rule: ScoreRule) -> None:
        self.place = place
        self.rule = rule
        self.scores: dict[str, float] = {}
        self.changed: set[str] = set()
        self.capped: dict[int, HashSet] = {}
        self.changed_windows: set[int] = set()
        self.stored = False  # whether the entry holds what is here
        self.flushed_ms = 0
        self.rewritten_ms = 0  # never: everything is due

    def merge(self, items: list[str], added: Floats) -> None:
        old = np.fromiter((self.scores.get(item, -math.inf) for item in items), dtype=np.float64, count=len(items))
        self.scores.update(zip(items, np.logaddexp2(old, added).tolist(), strict=True))
        self.changed.update(items)
        self.stored = False

    def merge_capped(self, part: CappedEvents) -> None:
        new = self.capped.setdefault(part.window, HashSet()).add(np.frombuffer(part.keys, np.uint64))
        if new.any():
            self.changed_windows.add(part.window)
            group = np.frombuffer(part.item, np.int32)[new]
            used, group = np.unique(group, return_inverse=True)
            added = log_sums(group, np.frombuffer(part.terms, np.float64)[new], len(used))
            self.merge([part.items[item] for item in used.tolist()], added)

    def forget(self, floor: float) -> None:
        below = [item for item, score in self.scores.items() if score < floor]
        for item in below:
            del self.scores[item]
        self.stored = self.stored and not below

    def least_published(self) -> float:
        """The score of the last item that is published."""
        if len(self.scores) <= self.rule.top:
            return -math.inf
        scores = np.fromiter(self.scores.values(), dtype=np.float64, count=len(self.scores))
        return float(np.partition(scores, -self.rule.top)[-self.rule.top])


class HotBucket:
    """Scores of the places of one bucket. See clickstream.kept.Bucket."""

    def __init__(self, settings: HotSettings, oldest_ms: int) -> None:
        """Start empty.

        Args:
            settings: of the job.
            oldest_ms: how much older than the newest an event may be when it arrives: a cap remembers so far back.
        """
        self._settings = settings
        self._rules = RuleBook(settings)
        self._oldest_ms = oldest_ms
        self._places: dict[Place, _Scores] = {}
        self._removed: list[str] = []
        self._newest_ms = 0
        self._newest_at_ms = 0

    def load(self, name: str, entry: bytes) -> None:
        """Take over an entry.

        Raises:
            ContractError: the half-life was changed.
        """
        if name.startswith("cap:"):
            cap = msgspec.msgpack.decode(entry, type=_CapEntry)
            self._place(cap.place).capped.setdefault(cap.window, HashSet()).add(np.frombuffer(cap.keys, np.uint64))
            return
        found = msgspec.msgpack.decode(entry, type=_Entry)
        kept = self._place(found.place)
        if found.half_life_ms != kept.rule.half_life_ms:
            raise ContractError(
                f"scores of {found.place} were made with a half-life of {found.half_life_ms / 1000:g} s, now it is "
                f"{kept.rule.half_life_ms / 1000:g} s: they cannot be converted. Set CLICKSTREAM_HOT_HALF_LIFE_SECONDS "
                "(or _SCENARIOS) back, or submit the job without a savepoint: it reads the topic from its beginning"
            )
        kept.scores = dict(zip(found.items, np.frombuffer(found.scores, np.float64).tolist(), strict=True))
        kept.stored = True
        self._advance(found.newest_ms, 0)

    def apply(self, part: bytes, now_ms: int) -> bool:
        """Merge sums and capped events."""
        told = False
        for each in decode_parts(part):
            kept = self._place(each.place)
            if isinstance(each, Sums):
                kept.merge(each.items, np.frombuffer(each.added, np.float64))
            else:
                kept.merge_capped(each)
            self._advance(each.newest_ms, now_ms)
            told |= bool(kept.changed)
        return told

    def restored(self, now_ms: int) -> None:
        """Write everything again; decay goes on from the newest event."""
        self._newest_at_ms = now_ms
        for kept in self._places.values():
            kept.rewritten_ms = 0

    def changed_entries(self) -> Iterable[tuple[str, bytes | None]]:
        """One entry a place, and one for each half-life that its cap remembers."""
        for name in self._removed:
            yield name, None
        self._removed = []
        for place, kept in self._places.items():
            if not kept.stored:
                scores = np.fromiter(kept.scores.values(), dtype=np.float64, count=len(kept.scores))
                entry = _Entry(place, kept.rule.half_life_ms, self._newest_ms, list(kept.scores), scores.tobytes())
                yield f"place:{place.name}", msgspec.msgpack.encode(entry)
                kept.stored = True
            for window in kept.changed_windows:
                cap = _CapEntry(place, window, kept.capped[window].all().tobytes())
                yield _cap_name(place, window), msgspec.msgpack.encode(cap)
            kept.changed_windows = set()

    def due(self, now_ms: int) -> Due[HotWrite]:
        """Changed scores, or after a while all that are published."""
        writes = []
        for place, kept in list(self._places.items()):
            if now_ms >= kept.rewritten_ms + self._rewrite_ms:
                writes.append(self._rewrite(kept, now_ms))
                if not kept.scores and not kept.capped:
                    del self._places[place]
                    self._removed.append(f"place:{place.name}")
            elif kept.changed and now_ms >= kept.flushed_ms + kept.rule.flush_ms:
                least = kept.least_published()
                scores = {item: kept.scores[item] for item in kept.changed if kept.scores[item] >= least}
                if scores:
                    writes.append(HotWrite(place, kept.rule, scores, False, now_ms))
            else:
                continue
            kept.changed.clear()
            kept.flushed_ms = now_ms
        return Due(writes)

    def next_due_ms(self, now_ms: int) -> int | None:
        """The earliest flush or rewrite."""
        return min(
            (
                min(
                    kept.rewritten_ms + self._rewrite_ms,
                    kept.flushed_ms + kept.rule.flush_ms if kept.changed else kept.rewritten_ms + self._rewrite_ms,
                )
                for kept in self._places.values()
            ),
            default=None,
        )

    @property
    def _rewrite_ms(self) -> int:
        return int(self._settings.rewrite_seconds * 1000)

    def _rewrite(self, kept: _Scores, now_ms: int) -> HotWrite:
        decayed_ms = self._newest_ms + max(0, now_ms - self._newest_at_ms)
        kept.forget(decayed_ms / kept.rule.half_life_ms + math.log2(self._settings.floor))
        reachable = (decayed_ms - self._oldest_ms) / kept.rule.half_life_ms
        for window in [each for each in kept.capped if each + 1 < reachable]:
            del kept.capped[window]
            kept.changed_windows.discard(window)
            self._removed.append(_cap_name(kept.place, window))
        least = kept.least_published()
        kept.rewritten_ms = now_ms
        scores = {item: score for item, score in kept.scores.items() if score >= least}
        return HotWrite(kept.place, kept.rule, scores, True, now_ms)

    def _place(self, place: Place) -> _Scores:
        if place not in self._places:
            self._places[place] = _Scores(place, self._rules.rule(place))
        return self._places[place]

    def _advance(self, newest_ms: int, now_ms: int) -> None:
        """Decay follows event time, and the clock where no events come: a backlog is not judged by today's clock."""
        if newest_ms > self._newest_ms:
            self._newest_ms, self._newest_at_ms = newest_ms, now_ms


def _cap_name(place: Place, window: int) -> str:
    return f"cap:{window}:{place.name}"
