import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.recent_ids import Hashes, Mask, RecentIds, Times, hashes_of, spans

MOST = 64
HORIZON = 1000
# The engine's: SELECT xxh3(...); tests/contract/clickhouse_sink asks it again.
XXH3 = [3244421341483603138, 16629034431890738719, 4042558518971396036, 12022284344016275244]


def of(*numbers: int) -> Hashes:
    # Far apart and with equal low bits now and then, as real hashes are not: the filter must not matter.
    return np.array([(number * 0x9E3779B97F4A7C15) % 2**64 for number in numbers], dtype=np.uint64)


def no(count: int) -> Mask:
    return np.zeros(count, dtype=np.bool_)


def at(count: int, time_ms: int) -> Times:
    return np.full(count, time_ms, dtype=np.int64)


def kept(recent: RecentIds, *numbers: int) -> Mask:
    """Which are remembered, however old: `seen` would remember them anew."""
    return recent._contains(of(*numbers), at(len(numbers), 0))  # noqa: SLF001


def test_hashes_are_those_of_clickhouse() -> None:
    assert hashes_of(["", "a", "0199b7a0-0000-7000-8000-000000000001", "größe"]).tolist() == XXH3


def test_seen_within_a_call_and_between_calls() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(1, 2, 1, 3), no(4), at(4, 0)).tolist() == [False, False, True, False]
    assert recent.seen(of(4, 3), no(2), at(2, 1)).tolist() == [False, True]


def test_known_rows_count_as_seen_but_are_never_reported() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(1, 1), np.array([True, False]), at(2, 0)).tolist() == [False, True]
    assert recent.seen(of(1), np.array([True]), at(1, 0)).tolist() == [False]
    assert recent.seen(of(1), no(1), at(1, 0)).tolist() == [True]


def test_an_empty_call() -> None:
    recent = RecentIds(HORIZON, MOST)
    assert recent.seen(of(), no(0), at(0, 0)).tolist() == []
    assert len(recent) == 0


@pytest.mark.parametrize("step", [1, 50, 300])
def test_an_id_is_forgotten_by_time_however_slowly_ids_come(step: int) -> None:
    recent = RecentIds(HORIZON, 1_000_000)
    recent.remember(of(0), at(1, 0))
    for number in range(1, 4 * HORIZON // step):
        recent.remember(of(number), at(1, number * step))
        age = number * step
        if age <= HORIZON:
            assert kept(recent, 0).all(), age
        if age > HORIZON + HORIZON // 8:
            assert not kept(recent, 0).any(), age
            break
    else:
        raise AssertionError("never forgotten")


def test_after_a_quiet_time_an_id_is_new_again() -> None:
    recent = RecentIds(HORIZON, MOST)
    for now, seen in ((0, False), (HORIZON, True), (4 * HORIZON, False), (4 * HORIZON + 1, True)):
        assert recent.seen(of(1), no(1), at(1, now)).tolist() == [seen]


def test_times_that_go_back_forget_nothing_that_may_be_repeated() -> None:
    recent = RecentIds(HORIZON, MOST)
    # Older events are sent after today's: the call in which the one follows the other holds both.
    recent.remember(of(1, 2, 3), np.array([10 * HORIZON, 0, 1]))
    assert recent.seen(of(4, 5), no(2), at(2, 2)).tolist() == [False, False]
    assert recent.seen(of(1, 2, 3, 4, 5), no(5), at(5, HORIZON)).tolist() == [True] * 5


def test_a_call_that_catches_up_measures_each_id_by_its_own_time() -> None:
    recent = RecentIds(HORIZON, MOST)
    recent.add(of(1, 2), 0)
    times = np.array([HORIZON, 4 * HORIZON])
    assert recent.seen(of(1, 2), no(2), times).tolist() == [True, False]


def test_a_repeat_within_a_call_is_one_within_the_horizon() -> None:
    recent = RecentIds(HORIZON, MOST)
    times = np.array([0, HORIZON, 3 * HORIZON, 2 * HORIZON, 4 * HORIZON])
    # The fourth came late: one of a later time went before it.
    assert recent.seen(of(1, 1, 1, 1, 1), no(5), times).tolist() == [False, True, False, True, True]


def test_ids_are_remembered_each_as_of_its_own_time() -> None:
    recent = RecentIds(HORIZON, MOST)
    recent.remember(of(1, 2, 3), np.array([HORIZON // 2, HORIZON, 0]))
    at_once = at(3, 3 * HORIZON // 2)
    assert recent.seen(of(1, 2, 3), no(3), at_once).tolist() == [True, True, False]


def test_groups_by_time_hold_every_row_once_and_none_is_longer_than_asked() -> None:
    times = np.array([5, 100, 7, 0, 103, 50])
    assert [rows.tolist() for rows in spans(times, 10)] == [[0, 2, 3], [5], [1, 4]]
    assert [rows.tolist() for rows in spans(times, 1000)] == [[0, 1, 2, 3, 4, 5]]
    assert spans(times[:0], 10) == []


def test_an_id_is_forgotten_by_number() -> None:
    recent = RecentIds(10**9, MOST)
    for number in range(1000):
        recent.add(of(number), 0)
        assert len(recent) <= MOST + MOST // 8 + 1
        assert kept(recent, *range(max(0, number - MOST + 1), number + 1)).all()


def test_chunks_stay_few() -> None:
    recent = RecentIds(10**9, 8000)
    for number in range(8000):
        recent.add(of(number), number)
    assert len(recent._chunks) < 60  # noqa: SLF001
    assert kept(recent, *range(8000)).all()


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
        answers = recent.seen(of(*numbers), no(len(numbers)), at(len(numbers), now)).tolist()
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
