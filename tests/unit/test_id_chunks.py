from collections.abc import Iterable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.id_chunks import CHUNKS_BY_IDS, CHUNKS_BY_TIME, IdChunks
from clickstream.recent_ids import hashes_of

HORIZON = 64_000


class Store:
    """A map that notes which chunks were written and removed."""

    def __init__(self) -> None:
        self.chunks: dict[int, bytes] = {}
        self.written: list[int] = []
        self.removed: list[int] = []

    def items(self) -> Iterable[tuple[int, bytes]]:
        return reversed(list(self.chunks.items()))

    def put(self, key: int, value: bytes, /) -> None:
        self.chunks[key] = value
        self.written.append(key)

    def remove(self, key: int, /) -> None:
        del self.chunks[key]
        self.removed.append(key)


def seen(ids: IdChunks, texts: Iterable[str], *times: int) -> list[bool]:
    """Each text at its own time, or all at one."""
    hashes = hashes_of(list(texts))
    at = np.array(times if len(times) == len(hashes) else [*times] * len(hashes), dtype=np.int64)
    answer: list[bool] = ids.seen(hashes, at).tolist()
    return answer


def names(first: int, end: int) -> list[str]:
    return [f"id-{number}" for number in range(first, end)]


def test_repeats_are_found_in_a_call_in_a_later_one_and_after_a_restart() -> None:
    store = Store()
    ids = IdChunks(store, HORIZON, 10_000)
    assert seen(ids, ["a", "b", "a"], 0) == [False, False, True]
    assert seen(ids, ["b", "c"], 1) == [True, False]
    again = IdChunks(store, HORIZON, 10_000)
    assert seen(again, ["c", "d", "a"], 2) == [True, False, True]
    assert len(again) == 4


def test_on_a_quiet_stream_an_id_is_new_again_after_the_horizon_also_after_a_restart() -> None:
    store = Store()
    ids = IdChunks(store, HORIZON, 10_000)
    seen(ids, ["a", "b"], 0, HORIZON // 2)
    assert seen(ids, ["a"], 2 * HORIZON) == [False], "nothing came for two horizons, so nothing was forgotten"
    store = Store()
    seen(IdChunks(store, HORIZON, 10_000), ["a", "b"], 0, HORIZON // 2)
    again = IdChunks(store, HORIZON, 10_000)
    assert seen(again, ["b", "a"], 5 * HORIZON // 4, 5 * HORIZON // 4) == [True, False]


def test_a_call_that_catches_up_measures_each_id_by_its_own_time() -> None:
    ids = IdChunks(Store(), HORIZON, 10_000)
    times = (0, HORIZON, HORIZON + 1, 3 * HORIZON)
    assert seen(ids, ["a", "a", "b", "a"], *times) == [False, True, False, False]


def test_nothing_is_written_for_nothing() -> None:
    store = Store()
    assert seen(IdChunks(store, HORIZON, 1000), [], 5) == []
    assert store.written == []


def test_a_chunk_that_is_full_is_never_written_again() -> None:
    store, per_chunk = Store(), 8
    ids = IdChunks(store, HORIZON, CHUNKS_BY_IDS * per_chunk)
    for number in range(40):
        seen(ids, names(number * 2, number * 2 + 2), number)
    assert store.written == sorted(store.written)
    assert max(store.written) == 40 * 2 // per_chunk - 1
    # Four calls filled each.
    assert [store.written.count(number) for number in range(10)] == [4] * 10


def test_a_chunk_is_closed_by_time_where_ids_come_slowly() -> None:
    store = Store()
    ids = IdChunks(store, HORIZON, 1_000_000)
    for second in range(10):
        seen(ids, [f"{second}"], second * HORIZON // CHUNKS_BY_TIME)
    assert sorted(store.chunks) == [0, 1, 2, 3, 4]


def test_after_a_restart_the_open_chunk_goes_on() -> None:
    store = Store()
    seen(IdChunks(store, HORIZON, 1_000_000), ["a"], 0)
    seen(IdChunks(store, HORIZON, 1_000_000), ["b"], 1)
    assert sorted(store.chunks) == [0]
    assert seen(IdChunks(store, HORIZON, 1_000_000), ["a", "b"], 2) == [True, True]


def test_old_chunks_leave_the_store_as_a_whole() -> None:
    store = Store()
    ids = IdChunks(store, HORIZON, 1_000_000)
    for second in range(300):
        seen(ids, [f"{second}"], second * 1000)
    first_second = 299 - HORIZON // 1000
    assert seen(IdChunks(store, HORIZON, 1_000_000), names(0, 1), 299_000) == [False]
    assert all(seen(IdChunks(store, HORIZON, 1_000_000), [f"{s}" for s in range(first_second, 300)], 299_000))
    assert store.removed == list(range(len(store.removed)))
    assert len(store.chunks) <= CHUNKS_BY_TIME * 9 // 8
    assert set(store.removed) & set(store.chunks) == set()


def test_more_ids_than_the_most_push_out_the_oldest() -> None:
    store, most = Store(), CHUNKS_BY_IDS * 4
    ids = IdChunks(store, HORIZON, most)
    for start in range(0, most * 3, 4):
        seen(ids, names(start, start + 4), 0)
    assert most <= len(ids) <= most * 9 // 8
    assert all(seen(IdChunks(store, HORIZON, most), names(most * 2, most * 3), 0))
    assert not any(seen(IdChunks(store, HORIZON, most), names(0, 4), 0))


def test_times_that_go_back_neither_expire_nor_revive_anything() -> None:
    store = Store()
    ids = IdChunks(store, HORIZON, 1_000_000)
    seen(ids, ["a"], 10 * HORIZON)
    assert seen(ids, ["b"], 1) == [False]
    assert seen(ids, ["a"], 10 * HORIZON) == [True]
    assert seen(IdChunks(store, HORIZON, 1_000_000), ["a"], 10 * HORIZON) == [True]


def test_a_call_from_whose_middle_times_go_back_forgets_nothing_that_may_be_repeated() -> None:
    store = Store()
    before = IdChunks(store, HORIZON, 10_000)
    assert not any(seen(before, "ab", 10 * HORIZON, 0))  # older events are sent after today's
    assert not any(seen(before, "c", 1))
    after = IdChunks(store, HORIZON, 10_000)
    for ids in (before, after):
        assert all(seen(ids, "abc", HORIZON))


@given(
    calls=st.lists(st.tuples(st.lists(st.integers(0, 60), max_size=12), st.integers(0, HORIZON // 8)), max_size=60),
    restarts=st.sets(st.integers(0, 59)),
)
@settings(max_examples=150, deadline=None)
def test_an_id_within_the_horizon_is_always_found_and_a_new_one_never(
    calls: list[tuple[list[int], int]], restarts: set[int]
) -> None:
    store, most, now = Store(), 100_000, 0
    ids = IdChunks(store, HORIZON, most)
    last: dict[int, int] = {}
    for call, (numbers, pause) in enumerate(calls):
        now += pause
        if call in restarts:
            ids = IdChunks(store, HORIZON, most)
        found = seen(ids, map(str, numbers), now)
        for number, duplicate in zip(numbers, found, strict=True):
            before = last.get(number)
            if before is None:
                assert not duplicate
            elif now - before <= HORIZON:
                assert duplicate
            last[number] = now


def test_hashes_keep_all_their_bits_in_the_store() -> None:
    store = Store()
    hashes = np.array([0, 1, 2**63, 2**64 - 1], dtype=np.uint64)
    IdChunks(store, HORIZON, 1000).seen(hashes, np.full(4, 7))
    assert IdChunks(store, HORIZON, 1000).seen(hashes, np.full(4, 7)).all()
