import random
from collections import Counter

import numpy as np
import pytest

from clickstream.config.clickhouse import Cluster, Shard
from clickstream.config.sink import Routing
from sinks.clickhouse.batch import Batch, Positions
from sinks.clickhouse.routing import HashRouter, RandomRouter, RoundRobinRouter, router
from tests.unit.sinks.clickhouse.nodes import batch_of, cluster_of, row

BATCH = batch_of([row(0), row(1)])
# SELECT xxHash64(key) on the engine.
XXHASH64 = {
    "": 17241709254077376921,
    "u-1": 9374810198695337322,
    "größe": 16626935121290003109,
    "\U0001f600": 10386911163046198144,
    "0199b7a0-0000-7000-8000-000000000001": 5949466611114055090,
}


def usable(_: Shard) -> bool:
    return True


def without(*numbers: int):  # type: ignore[no-untyped-def] # a predicate on shards
    return lambda shard: shard.number not in numbers


def weighted(*weights: int) -> Cluster:
    return Cluster(tuple(Shard(number, (), weight) for number, weight in enumerate(weights)))


def chosen(parts: list[tuple[Shard, Batch]]) -> int:
    ((shard, part),) = parts
    assert part is BATCH
    return shard.number


def test_random_draws_by_weight() -> None:
    routing = RandomRouter(weighted(1, 2, 5), random.Random(11))
    counts = Counter(chosen(routing.split(BATCH, usable)) for _ in range(8000))
    for number, weight in enumerate((1, 2, 5)):
        assert abs(counts[number] - 1000 * weight) < 150, counts  # five standard deviations


def test_random_passes_over_shards_that_are_down_unless_all_are() -> None:
    routing = RandomRouter(weighted(1, 1, 1), random.Random(1))
    assert {chosen(routing.split(BATCH, without(0, 2))) for _ in range(50)} == {1}
    assert {chosen(routing.split(BATCH, without(0, 1, 2))) for _ in range(100)} == {0, 1, 2}


def test_round_robin_is_exact_in_every_round_wherever_it_starts() -> None:
    for seed in range(10):
        routing = RoundRobinRouter(weighted(1, 2, 3), random.Random(seed))
        for _ in range(4):
            assert Counter(chosen(routing.split(BATCH, usable)) for _ in range(6)) == {0: 1, 1: 2, 2: 3}


def test_subtasks_start_round_robin_at_different_shards() -> None:
    source = random.Random(3)
    assert len({chosen(RoundRobinRouter(weighted(1, 1, 1, 1), source).split(BATCH, usable)) for _ in range(40)}) == 4


def test_round_robin_passes_over_shards_that_are_down_unless_all_are() -> None:
    routing = RoundRobinRouter(weighted(2, 1, 1), random.Random(0))
    assert {chosen(routing.split(BATCH, without(0))) for _ in range(20)} == {1, 2}
    assert {chosen(routing.split(BATCH, without(0, 1, 2))) for _ in range(20)} == {0, 1, 2}


@pytest.mark.parametrize("kind", [RandomRouter, RoundRobinRouter])
def test_another_shard_is_one_that_was_not_tried(kind: type[RandomRouter] | type[RoundRobinRouter]) -> None:
    routing = kind(weighted(1, 1, 1), random.Random(5))
    for _ in range(20):
        other = routing.another(frozenset({0}), without(1))
        assert other is not None
        assert other.number == 2
    assert routing.another(frozenset({0, 1, 2}), usable) is None
    assert routing.another(frozenset({0}), without(1, 2)) is None


def test_hash_is_clickhouses_xxhash64_modulo_the_weights() -> None:
    keys = list(XXHASH64)
    cluster = weighted(1, 3, 2)
    slots = [0, 1, 1, 1, 2, 2]
    assert HashRouter(cluster).shard_numbers(keys).tolist() == [slots[XXHASH64[key] % 6] for key in keys]


def test_hash_sends_each_row_to_its_shard_whether_it_is_up_or_not() -> None:
    cluster = cluster_of(3)
    keys = [f"user-{number}" for number in range(200)]
    batch = Batch.of([b"{}"] * 200, Positions.of([0] * 200, [0] * 200, range(200)), keys)
    routing = HashRouter(cluster)
    parts = routing.split(batch, without(0, 1, 2))
    assert sorted(index for _, part in parts for index in part.index.tolist()) == list(range(200))
    for shard, part in parts:
        assert (routing.shard_numbers(part.keys) == shard.number).all()
    assert {shard.number for shard, _ in parts} == {0, 1, 2}
    assert routing.another(frozenset(), usable) is None


def test_hash_makes_no_empty_parts() -> None:
    batch = Batch.of([b"{}"], Positions.of([0], [0], [0]), ["u-1"])
    parts = HashRouter(weighted(1, 1)).split(batch, usable)
    assert [shard.number for shard, _ in parts] == [XXHASH64["u-1"] % 2]
    assert np.array_equal(parts[0][1].index, [0])


@pytest.mark.parametrize(
    ("routing", "kind", "movable"),
    [
        (Routing.RANDOM, RandomRouter, True),
        (Routing.ROUND_ROBIN, RoundRobinRouter, True),
        (Routing.SHARDING_KEY_HASH, HashRouter, False),
    ],
)
def test_the_setting_names_the_router(routing: Routing, kind: type, movable: bool) -> None:
    built = router(routing, weighted(1), random.Random(1))
    assert type(built) is kind
    assert built.movable is movable
