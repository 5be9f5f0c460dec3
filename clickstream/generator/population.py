"""Who visits and what is offered: users, items and experiment groups, drawn by table look-up.

A draw is an entry of a table that holds each outcome in proportion to its probability, picked by a random integer.
Tables are made with additions, divisions and square roots alone (or rounded to whole microseconds), which IEEE 754
fixes to the last bit: so the same seed gives the same traffic on every machine.
"""

import math

import numpy as np
import numpy.typing as npt

from clickstream.generator.catalogue import CUSTOM, CUSTOM_NAMES, MAX_GROUPS, SCENARIOS
from clickstream.generator.model import TrafficModel
from clickstream.generator.records import AnyArray, Ints, mix

LARGE_TABLE = 1 << 20
SMALL_TABLE = 1 << 12

Floats = npt.NDArray[np.float64]


def quantiles(weights: Floats, size: int = LARGE_TABLE) -> npt.NDArray[np.int32]:
    """A table of `size` indices into `weights`, each about in proportion to its weight."""
    cumulative = np.cumsum(weights)
    points = (np.arange(size) + 0.5) * (cumulative[-1] / size)
    found: npt.NDArray[np.int32] = np.searchsorted(cumulative, points).clip(max=len(weights) - 1).astype(np.int32)
    return found


def exponential(mean_us: float, least_us: int = 0) -> Ints:
    """A table of waiting times in microseconds, exponentially distributed above `least_us`."""
    return np.array(
        [least_us + round(-math.log(1 - (i + 0.5) / SMALL_TABLE) * mean_us) for i in range(SMALL_TABLE)], dtype=np.int64
    )


def draw(rng: np.random.Generator, table: AnyArray, count: int) -> AnyArray:
    """`count` entries of a table, independently."""
    return table[rng.integers(0, len(table), count, dtype=np.uint32)]


class Population:
    """Tables of one model, made once.

    Attributes:
        tenant: table of tenants; the first is the largest.
        user: table of users within a tenant: activity falls with the square root of the rank.
        item: tables of items within a tenant, shape (tenants, LARGE_TABLE), by Zipf's law; ranks differ by tenant.
        scenario: table of scenarios.
        custom: table of event names of custom events, by Zipf's law.
        click_effect: factor by scenario and group, shape (scenarios, MAX_GROUPS).
        order_effect: the same for orders.
    """

    def __init__(self, model: TrafficModel) -> None:
        rng = np.random.default_rng([model.seed, 0])
        self.users = model.users
        self.items = model.items
        self.tenant = quantiles(1 / np.arange(1.0, model.tenants + 1), SMALL_TABLE)
        self.user = quantiles(1 / np.sqrt(np.arange(1.0, model.users + 1)))
        by_rank = quantiles(1 / np.arange(1.0, model.items + 1))
        self.item = np.stack([rng.permutation(model.items).astype(np.int32)[by_rank] for _ in range(model.tenants)])
        self.scenario = quantiles(1 / np.arange(1.0, len(SCENARIOS) + 1), SMALL_TABLE).astype(np.int8)
        self.custom = (CUSTOM + quantiles(1 / np.arange(1.0, len(CUSTOM_NAMES) + 1), SMALL_TABLE)).astype(np.int16)
        self.click_effect = np.ones((len(SCENARIOS), MAX_GROUPS))
        self.order_effect = np.ones((len(SCENARIOS), MAX_GROUPS))
        for s, scenario in enumerate(SCENARIOS):
            for g, group in enumerate(scenario.groups):
                self.click_effect[s, g] = group.click_effect
                self.order_effect[s, g] = group.order_effect
        self._arms = np.array([len(scenario.groups) for scenario in SCENARIOS], dtype=np.uint64)

    def group(self, user: AnyArray, scenario: AnyArray) -> AnyArray:
        """Experiment group of each (user, scenario): always the same, and independent between scenarios."""
        key = mix(user.astype(np.uint64) * np.uint64(len(SCENARIOS)) + scenario.astype(np.uint64))
        return ((key >> np.uint64(20)) % self._arms[scenario]).astype(np.int8)
