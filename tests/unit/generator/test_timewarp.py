import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clickstream.generator.timewarp import EvenTimeline, TimeWarp

SLICE = 1000
REMEMBERED = 5 * SLICE
sent = st.lists(st.lists(st.integers(0, SLICE - 1), max_size=200), min_size=1, max_size=12)


@given(slices=sent)
def test_the_map_rises_stays_in_the_span_and_never_changes_its_mind(slices: list[list[int]]) -> None:
    total = max(1, sum(map(len, slices)))
    warp = TimeWarp(EvenTimeline(1_000_000, 60_000, total), REMEMBERED)
    known: dict[int, int] = {}
    for number, offsets in enumerate(slices):
        end = (number + 1) * SLICE
        warp.extend(np.array(sorted(offsets), dtype=np.int64) + number * SLICE, end)
        asked = np.arange(max(0, number * SLICE - REMEMBERED), end)
        for model, real in zip(asked.tolist(), warp.milliseconds(asked).tolist(), strict=True):
            assert known.setdefault(model, real) == real
    mapped = [real for _, real in sorted(known.items())]
    assert mapped == sorted(mapped)
    assert 1_000_000 <= mapped[0] <= mapped[-1] <= 1_060_000


def test_records_are_sent_evenly_however_they_cluster_in_the_model() -> None:
    warp = TimeWarp(EvenTimeline(0, 64_000, 64), REMEMBERED)
    clustered = np.arange(64) ** 2 // 5
    warp.extend(clustered, SLICE)
    assert np.array_equal(warp.milliseconds(clustered)[8:], np.arange(64)[8:] * 1000)
