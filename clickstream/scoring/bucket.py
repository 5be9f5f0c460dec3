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

# Half-lives since the epoch are some hundred thousand, of which a float64 keeps no more than ten digits behind the
# point: rounded so at each merge, a score would be off by more than 1e-9 after some ten thousand.
FARTHEST = 1024


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
    base: int = 0


class _CapEntry(msgspec.Struct, array_like=True):
    place: Place
    window: int
    keys: bytes


class _Scores:
    """The scores of one place.

    Attributes:
        base: whole half-lives since the epoch, not far from the newest event's time.
        scores: by item, less the base.
    """

    def __init__(self, place: Place, rule: ScoreRule) -> None:
        self.place = place
        self.rule = rule
        self.base = 0
        self.scores: dict[str, float] = {}
        self.changed: set[str] = set()
        self.capped: dict[int, HashSet] = {}
        self.changed_windows: set[int] = set()
        self.stored = False  # whether the entry holds what is here
        self.flushed_ms = 0
        self.rewritten_ms = 0  # never: everything is due

    def merge(self, items: list[str], added: Floats) -> None:
        """Add to items' scores; `added` is log2 of what each gains, shape (len(items),)."""
        self._follow(float(added.max()))
        old = np.fromiter((self.scores.get(item, -math.inf) for item in items), dtype=np.float64, count=len(items))
        self.scores.update(zip(items, np.logaddexp2(old, added - self.base).tolist(), strict=True))
        self.changed.update(items)
        self.stored = False

    def published(self, items: Iterable[str]) -> dict[str, float]:
        """The scores of items as readers have them, but for those that do not reach the top."""
        least = self.least_published()
        return {item: score + self.base for item in items if (score := self.scores[item]) >= least}

    def _follow(self, newest: float) -> None:
        if not self.scores or newest - self.base > FARTHEST:
            base = math.floor(newest)
            self.scores = {item: score - (base - self.base) for item, score in self.scores.items()}
            self.base = base

    def merge_capped(self, part: CappedEvents) -> None:
        new = self.capped.setdefault(part.window, HashSet()).add(np.frombuffer(part.keys, np.uint64))
        if new.any():
            self.changed_windows.add(part.window)
            group = np.frombuffer(part.item, np.int32)[new]
            used, group = np.unique(group, return_inverse=True)
            added = log_sums(group, np.frombuffer(part.terms, np.float64)[new], len(used))
            self.merge([part.items[item] for item in used.tolist()], added)

    def forget(self, floor: float) -> None:
        """Drop items whose score is below the floor."""
        below = [item for item, score in self.scores.items() if score < floor - self.base]
        for item in below:
            del self.scores[item]
        self.stored = self.stored and not below

    def least_published(self) -> float:
        """The score of the last item that is published, less the base."""
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
        kept.base = found.base
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
                entry = _Entry(
                    place, kept.rule.half_life_ms, self._newest_ms, list(kept.scores), scores.tobytes(), kept.base
                )
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
                scores = kept.published(kept.changed)
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
        kept.rewritten_ms = now_ms
        return HotWrite(kept.place, kept.rule, kept.published(kept.scores), True, now_ms)

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
