"""How a place scores: weights, half-life, and how much of the result is published."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clickstream.config.hot import HotSettings
from clickstream.events.action import NUMBERS, Action
from clickstream.places import Place

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoreRule:
    """The rule of one place. Plain data.

    Attributes:
        weights: by action; what is not there counts nothing.
        half_life_ms: milliseconds after which an event counts half.
        top: items that are published.
        flush_ms: between two writes of changes.
        cap: whether each (user, item, action) counts once per half-life.
    """

    weights: Mapping[Action, float]
    half_life_ms: float
    top: int
    flush_ms: int
    cap: bool

    @property
    def log_weights(self) -> Floats:
        """log2 of the weight by the action's number, shape (10,); -inf where it counts nothing."""
        logs = np.full(len(NUMBERS) + 1, -np.inf)
        for action, weight in self.weights.items():
            if weight > 0:
                logs[NUMBERS[action]] = np.log2(weight)
        return logs

    def terms(self, actions: npt.NDArray[np.uint8], times: Integers) -> Floats:
        """log2 of what each event adds: log2(weight) + t / half-life. Shapes (n,); `times` in ms since the epoch."""
        return np.asarray(self.log_weights[actions] + times / self.half_life_ms, dtype=np.float64)

    def cap_windows(self, times: Integers) -> Integers:
        """Number of the half-life that each time lies in."""
        return np.asarray(np.floor_divide(times, self.half_life_ms), dtype=np.int64)

    def score_now(self, score: float, now_ms: float) -> float:
        """What a score is worth at a time: the sum of weights, each halved once per half-life of its age."""
        return float(2.0 ** min(score - now_ms / self.half_life_ms, 1023.0))


def log_sums(groups: Integers, terms: Floats, count: int) -> Floats:
    """log2 of the sum of 2 ** term for each of `count` groups; -inf for one without terms. Never overflows."""
    greatest = np.full(count, -np.inf)
    np.maximum.at(greatest, groups, terms)
    base = np.where(np.isfinite(greatest), greatest, 0.0)
    sums = np.bincount(groups, weights=np.exp2(terms - base[groups]), minlength=count)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(sums) + base, dtype=np.float64)


class RuleBook:
    """The rule of every place; each is made once."""

    def __init__(self, settings: HotSettings) -> None:
        self._settings = settings
        self._rules: dict[Place, ScoreRule] = {}

    def rule(self, place: Place) -> ScoreRule:
        """The rule of one place."""
        if place not in self._rules:
            scenario = self._settings.scenario(*place)
            self._rules[place] = ScoreRule(
                weights=scenario.weights or {},
                half_life_ms=(scenario.half_life_seconds or 0) * 1000,
                top=scenario.top or 0,
                flush_ms=int((scenario.flush_seconds or 0) * 1000),
                cap=bool(scenario.cap),
            )
        return self._rules[place]
