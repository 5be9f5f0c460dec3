import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.recent_ids import Hashes, Mask, RecentIds, hashes_of

MOST = 64
HORIZON = 1000
# The engine's: SELECT xxh3(...); tests/contract/clickhouse_sink asks it again.
XXH3 = [3244421341483603138, 16629034431890738719, 4042558518971396036, 12022284344016275244]


def of(*numbers: int) -> Hashes:
    # Far apart and with equal low bits now and then, as real hashes are not: the filter must not matter.
    return np.array([(number * 0x9E3779B97F4A7C15) % 2**64 for number in numbers], dtype=np.uint64)


def no(count: int) -> Mask:
    return np.zeros(count, dtype=np.bool_)


def test_hashes_are_those_of_clickhouse() -> None:
    assert hashes_of(["", "a", "0199b7a0-0000-7000-8000-000000000001", "größe"]).tolist() == XXH3


def test_seen_within_a_call_and_between_calls() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(1, 2, 1, 3), no(4), 0).tolist() == [False, False, True, False]
    assert recent.seen(of(4, 3), no(2), 1).tolist() == [False, True]


def test_known_rows_count_as_seen_but_are_never_reported() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(1, 1), np.array([True, False]), 0).tolist() == [False, True]
    assert recent.seen(of(1), np.array([True]), 0).tolist() == [False]
    assert recent.seen(of(1), no(1), 0).tolist() == [True]


def test_an_empty_call() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(), no(0), 0).tolist() == []
    assert len(recent) == 0


@pytest.mark.parametrize("step", [1, 50, 300])
def test_an_id_is_forgotten_by_time_however_slowly_ids_come(step: int) -> None:
    recent = RecentIds(HORIZON, 1_000_000)
    recent.add(of(0), 0)
    for number in range(1, 4 * HORIZON // step):
        recent.add(of(number), number * step)
        age = number * step
        if age <= HORIZON:
            assert recent._contains(of(0)).all(), age  # noqa: SLF001 - `seen` would remember it anew
        if age > HORIZON + HORIZON // 8:
            assert not recent._contains(of(0)).any(), age  # noqa: SLF001
            break
    else:
        raise AssertionError("never forgotten")


def test_after_a_quiet_time_an_id_is_new_again() -> None:
    recent = RecentIds(HORIZON, MOST)
    for now, seen in ((0, False), (HORIZON, True), (4 * HORIZON, False), (4 * HORIZON + 1, True)):
        assert recent.seen(of(1), no(1), now, np.array([now])).tolist() == [seen]


def test_without_times_whatever_is_remembered_counts() -> None:
    recent = RecentIds(HORIZON, MOST)
    recent.add(of(1), 0)
    assert recent.seen(of(1, 2), no(2), 4 * HORIZON).tolist() == [True, False]


def test_a_call_that_catches_up_measures_each_id_by_its_own_time() -> None:
    recent = RecentIds(HORIZON, MOST)
    recent.add(of(1, 2), 0)
    times = np.array([HORIZON, 4 * HORIZON])
    assert recent.seen(of(1, 2), no(2), 4 * HORIZON, times).tolist() == [True, False]


def test_an_id_is_forgotten_by_number() -> None:
    recent = RecentIds(10**9, MOST)
    for number in range(1000):
        recent.add(of(number), 0)
        assert len(recent) <= MOST + MOST // 8 + 1
        assert recent._contains(of(*range(max(0, number - MOST + 1), number + 1))).all()  # noqa: SLF001


def test_chunks_stay_few() -> None:
    recent = RecentIds(10**9, 8000)
    for number in range(8000):
        recent.add(of(number), number)
    assert len(recent._chunks) < 60  # noqa: SLF001
    assert recent._contains(of(*range(8000))).all()  # noqa: SLF001


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 200), max_size=40), st.integers(0, 250)), max_size=40),
    st.sampled_from([8, MOST, 500]),
)
def test_against_a_naive_memory(calls: list[tuple[list[int], int]], most: int) -> None:
    recent = RecentIds(HORIZON, most)
    last: dict[int, tuple[int, int]] = {}  # id -> when it was seen last: time, and how many ids came before
    now = count = 0
    for numbers, step in calls:
        now += step
        seen_in_call: set[int] = set()
        answers = recent.seen(of(*numbers), no(len(numbers)), now, np.full(len(numbers), now)).tolist()
        for number, answer in zip(numbers, answers, strict=True):
            if number in seen_in_call:
                assert answer
            elif number not in last:
                assert not answer
            else:
                when, before = last[number]
                if now - when <= HORIZON and count + len(set(numbers)) - before <= most:
                    assert answer, "a duplicate within the horizon was missed"
                if now - when > HORIZON + HORIZON // 8:
                    assert not answer, "an id beyond the horizon was taken for a duplicate"
            seen_in_call.add(number)
        if numbers:
            for number in seen_in_call:
                last[number] = (now, count)
            count += len(seen_in_call)
