import random

import numpy as np
import pytest

from clickstream.metrics.tally import ACTIONS, Tally, Total

NONE = np.zeros(0, dtype=np.uint64)
COUNTS = np.ones(ACTIONS, dtype=np.int64)


@pytest.mark.parametrize("distinct", [1, 50, 3_000, 30_000, 200_000])
def test_distinct_counts_are_within_two_percent_and_do_not_depend_on_the_order(distinct: int) -> None:
    source = random.Random(distinct)
    hashes = [source.getrandbits(64) for _ in range(distinct)]
    estimates = set()
    for _ in range(3):
        source.shuffle(hashes)
        total = Total()
        for begin in range(0, distinct, max(1, distinct // 4)):
            tally = Tally()
            tally.add(COUNTS, np.array(hashes[begin : begin + max(1, distinct // 4)], dtype=np.uint64), NONE)
            if source.random() < 0.5:
                tally = Tally.decode(tally.encode())
            tally.into(total)
        total.add(COUNTS, np.array(hashes[: distinct // 2], dtype=np.uint64), NONE)
        figures = total.figures()
        estimates.add(figures.active_users)
        assert figures.active_items == 0
    assert len(estimates) == 1
    assert estimates.pop() == pytest.approx(distinct, rel=0.02)


def test_a_tally_can_be_added_to_after_it_was_stored() -> None:
    tally = Tally()
    assert not tally
    tally.add(COUNTS, np.arange(10, dtype=np.uint64), NONE)
    again = Tally.decode(tally.encode())
    again.add(COUNTS, np.arange(5, 15, dtype=np.uint64), np.arange(3, dtype=np.uint64))
    total = Total()
    again.into(total)
    assert again
    assert (total.figures().impressions, total.figures().active_users, total.figures().active_items) == (2, 15, 3)


@pytest.mark.parametrize("seed", range(3))
def test_many_tallies_merged_in_any_order_count_two_hundred_thousand_users_within_two_percent(seed: int) -> None:
    source = np.random.default_rng(seed)
    users = source.integers(2**64, size=200_000, dtype=np.uint64)
    minutes = [Tally() for _ in range(120)]  # an hour, on time and late
    for part in np.array_split(source.permutation(users), 1_000):
        number = int(source.integers(len(minutes)))
        minutes[number].add(COUNTS, part, NONE)
        minutes[int(source.integers(len(minutes)))].add(COUNTS, part[:50], NONE)  # seen in another minute, too
        if source.random() < 0.3:
            minutes[number] = Tally.decode(minutes[number].encode())
    seen = set()
    for _ in range(3):
        source.shuffle(minutes)  # type: ignore[arg-type]  # it takes any list
        total = Total()
        for minute in minutes:
            (minute if source.random() < 0.5 else Tally.decode(minute.encode())).into(total)
        assert total.counts.tolist() == [2_000] * ACTIONS
        seen.add(total.figures().active_users)
        total.add(COUNTS, users[:10_000], NONE)
        seen.add(total.figures().active_users)
    assert len(seen) == 1, "neither order nor repetition matters"
    assert seen.pop() == pytest.approx(len(users), rel=0.02)
