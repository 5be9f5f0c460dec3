"""What look-ups answer, made of what Redis holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clickstream.errors import ContractError

_MOST = 1023.0  # 2 to a greater power is no float64


@dataclass(frozen=True, slots=True)
class HotItem:
    """An item and its score.

    Attributes:
        score: now: the sum of its events' weights, each halved once per half-life of its age.
        log_score: as Redis holds it: log2 of the sum of weight * 2 ** (t / half-life), t in seconds since the epoch.
    """

    item_id: str
    score: float
    log_score: float


@dataclass(frozen=True, slots=True)
class LiveMetrics:
    """A place over its rolling window. Ratios are from 0 to 1; times are ms since the epoch, the end excluded.

    Attributes:
        conversions: orders.
        conversion_rate: orders by clicks.
        active_users: distinct, within 2 %.
        active_items: distinct, within 2 %.
        updated_at: when it was written.
    """

    impressions: int
    clicks: int
    ctr: float
    views: int
    likes: int
    shares: int
    add_carts: int
    conversions: int
    conversion_rate: float
    active_users: int
    active_items: int
    window_start: int
    window_end: int
    updated_at: int


_RATIOS = frozenset({"ctr", "conversion_rate"})


def hot_items_of(
    members: Sequence[tuple[str, float]], meta: Mapping[str, str], now: float, min_score: float, key: str
) -> list[HotItem]:
    """Decode a ZSET's members, highest first, as of `now` (s since the epoch); those below `min_score` are left out.

    Raises:
        ContractError: there are members, but nothing says which half-life they have.
    """
    if not members:
        return []
    try:
        half_life = float(meta["half_life"])
    except (KeyError, ValueError) as error:
        raise ContractError(
            f"{key} holds scores, but its meta HASH has no half-life: is ItemHotScoreCalculator running? It writes "
            "both once a minute"
        ) from error
    found = [HotItem(item, 2.0 ** min(score - now / half_life, _MOST), score) for item, score in members]
    return [item for item in found if item.score >= min_score]


def metrics_of(fields: Mapping[str, str], key: str) -> LiveMetrics | None:
    """Decode a HASH; None when there is none.

    Raises:
        ContractError: a field is missing or no number.
    """
    if not fields:
        return None
    try:
        return LiveMetrics(
            **{
                name: float(fields[name]) if name in _RATIOS else int(fields[name])  # type: ignore[arg-type]
                for name in LiveMetrics.__slots__
            }
        )
    except (KeyError, ValueError) as error:
        raise ContractError(
            f"{key} is not what RealtimeMetricsAggregator writes: {error!r}; does another program use this key?"
        ) from error
