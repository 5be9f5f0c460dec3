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
