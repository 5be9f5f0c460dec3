import random

import numpy as np

from clickstream.duplicates import CHUNK_IDS, Duplicates
from clickstream.hash_set import HashSet
from clickstream.recent_ids import Hashes, Mask, Times


def no(ids: Hashes) -> Mask:
    return np.zeros(len(ids), dtype=np.bool_)


def at(ids: Hashes, time_ms: int) -> Times:
    return np.full(len(ids), time_ms, dtype=np.int64)


def test_repeats_are_found_also_by_one_that_was_made_again_from_the_chunks() -> None:
    source = random.Random(5)
    stored: dict[int, bytes] = {}
    seen: set[int] = set()
    duplicates = Duplicates(10**9, 10**6)
    written = 0
    for batch in range(300):
        ids = np.array([source.randrange(40_000) for _ in range(source.randrange(1, 90))], dtype=np.uint64)
        found, changed = duplicates.seen(ids, no(ids), at(ids, batch))
        for row, each in enumerate(ids.tolist()):
            assert found[row] == (each in seen)
            seen.add(each)
        for number, chunk in changed.items():
            assert chunk is not None
            stored[number] = chunk
            written += len(chunk)
        assert len(changed) <= 1
        if batch % 60 == 59:
            duplicates = Duplicates(10**9, 10**6)
            duplicates.load(stored.items())
    assert len(seen) > 3 * CHUNK_IDS
    assert len(stored) < 15


def test_a_row_whose_place_is_decided_is_remembered_and_not_reported() -> None:
    duplicates = Duplicates(10**9, 10**6)
    ids = np.array([1, 1, 2], dtype=np.uint64)
    found, _ = duplicates.seen(ids, np.array([True, False, False]), at(ids, 0))
    assert found.tolist() == [False, True, False]


def test_on_a_quiet_partition_an_id_is_new_again_after_the_horizon() -> None:
    duplicates = Duplicates(1000, 10**6)
    ids = np.array([1], dtype=np.uint64)
    for time_ms, repeated in ((0, False), (900, True), (1900, True), (5000, False)):
        found, _ = duplicates.seen(ids, no(ids), at(ids, time_ms))
        assert found.tolist() == [repeated], time_ms


def test_after_a_restart_each_id_counts_as_of_its_own_time() -> None:
    stored: dict[int, bytes] = {}
    before = Duplicates(1000, 10**6)
    for each in range(11):  # on a quiet partition: all of them would fit into one chunk
        ids = np.array([each], dtype=np.uint64)
        _, changed = before.seen(ids, no(ids), at(ids, each * 100))
        stored |= {number: chunk for number, chunk in changed.items() if chunk is not None}
    after = Duplicates(1000, 10**6)
    after.load(stored.items())
    ids = np.arange(11, dtype=np.uint64)
    found, _ = after.seen(ids, no(ids), at(ids, 1500))
    assert found.tolist() == [each * 100 >= 500 for each in range(11)]


def test_a_call_that_catches_up_is_stored_as_of_each_ids_time() -> None:
    ids = np.array([1, 2, 1, 1], dtype=np.uint64)
    found, changed = Duplicates(1000, 10**6).seen(ids, no(ids), np.array([0, 900, 1500, 2000]))
    assert found.tolist() == [False, False, False, True]
    after = Duplicates(1000, 10**6)
    after.load((number, chunk) for number, chunk in changed.items() if chunk is not None)
    ids = np.array([2, 1], dtype=np.uint64)
    assert after.seen(ids, no(ids), np.array([2000, 2000]))[0].tolist() == [False, True]


def test_times_that_go_back_forget_nothing_that_may_be_repeated() -> None:
    before = Duplicates(1000, 10**6)
    # Older events are sent after today's: the call in which the one follows the other holds both.
    ids = np.array([1, 2], dtype=np.uint64)
    _, stored = before.seen(ids, no(ids), np.array([50_000, 100]))
    ids = np.array([3], dtype=np.uint64)
    stored |= before.seen(ids, no(ids), np.array([200]))[1]
    after = Duplicates(1000, 10**6)
    after.load((number, chunk) for number, chunk in stored.items() if chunk is not None)
    ids = np.array([1, 2, 3], dtype=np.uint64)
    for duplicates in (before, after):
        assert duplicates.seen(ids, no(ids), at(ids, 1000))[0].all()


def test_chunks_past_the_horizon_are_removed() -> None:
    duplicates = Duplicates(1000, 10**6)
    stored: set[int] = set()
    for batch in range(50):
        ids = np.arange(batch * CHUNK_IDS, (batch + 1) * CHUNK_IDS, dtype=np.uint64)
        _, changed = duplicates.seen(ids, no(ids), at(ids, batch * 100))
        stored |= {number for number, chunk in changed.items() if chunk is not None}
        stored -= {number for number, chunk in changed.items() if chunk is None}
    assert 10 <= len(stored) <= 12


def test_no_more_ids_are_stored_than_are_remembered() -> None:
    duplicates = Duplicates(10**9, 5 * CHUNK_IDS)
    stored: set[int] = set()
    for batch in range(50):
        ids = np.arange(batch * CHUNK_IDS, (batch + 1) * CHUNK_IDS, dtype=np.uint64)
        _, changed = duplicates.seen(ids, no(ids), at(ids, 0))
        stored |= {number for number, chunk in changed.items() if chunk is not None}
        stored -= {number for number, chunk in changed.items() if chunk is None}
    assert 5 <= len(stored) <= 7


def test_a_set_of_hashes_says_what_is_new() -> None:
    source = random.Random(1)
    kept, known = HashSet(), set()
    for _ in range(200):
        hashes = np.array(source.sample(range(3000), 30), dtype=np.uint64)
        assert kept.add(hashes).tolist() == [each not in known for each in hashes.tolist()]
        known |= set(hashes.tolist())
    assert len(kept) == len(known)
    assert kept.all().tolist() == sorted(known)
