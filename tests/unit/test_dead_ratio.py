import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.dead_ratio import DeadRatio, least_share


def test_nothing_is_judged_before_enough_rows_were_seen() -> None:
    ratio = DeadRatio(0.5, 100)
    assert not ratio.add(99, 99)
    assert ratio.add(1, 0)
    assert str(ratio) == "99 of the last 100 rows"


def test_the_limit_itself_is_allowed() -> None:
    ratio = DeadRatio(0.5, 100)
    assert not ratio.add(100, 50)
    assert ratio.add(100, 51)


def test_old_batches_are_forgotten() -> None:
    ratio = DeadRatio(0.5, 100)
    assert ratio.add(100, 100)
    assert not ratio.add(100, 0)
    assert str(ratio) == "0 of the last 100 rows"


def test_one_large_batch_counts_whole() -> None:
    assert DeadRatio(0.5, 100).add(1000, 501)


def test_a_limit_of_one_never_ends_anything() -> None:
    assert not DeadRatio(1, 10).add(10, 10)


@given(st.lists(st.integers(0, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))), st.integers(1, 100))
def test_against_all_batches_back_to_the_limit(batches: list[tuple[int, int]], rows: int) -> None:
    ratio = DeadRatio(0.5, rows)
    for count in range(1, len(batches) + 1):
        window: list[tuple[int, int]] = []
        for batch in reversed(batches[:count]):
            if sum(size for size, _ in window) >= rows:
                break
            window.append(batch)
        seen, bad = sum(size for size, _ in window), sum(each for _, each in window)
        assert ratio.add(*batches[count - 1]) == (seen >= rows and bad * 2 > seen)


def test_what_would_be_is_not_counted() -> None:
    ratio = DeadRatio(0.5, 100)
    assert not ratio.add(60, 30)
    assert ratio.exceeded_with(60, 31)
    assert not ratio.exceeded_with(60, 30)
    assert not ratio.exceeded_with(39, 39), "too few to judge"
    assert str(ratio) == "30 of the last 60 rows"


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_sample_is_unlikely_where_the_share_is_less(sample: tuple[int, int]) -> None:
    bad, tried = sample
    least = least_share(bad, tried)
    assert 0 <= least <= bad / tried
    if bad:
        # So far from the share, in standard deviations of a sample out of rows of which `least` are bad.
        off = (bad / tried - least) / math.sqrt(least * (1 - least) / tried)
        assert off == pytest.approx(3.29, rel=1e-6)


def test_half_of_a_sample_leaves_the_half_open() -> None:
    assert least_share(32, 64) < 0.5 < least_share(46, 64)
    assert least_share(64, 64) > 0.85
