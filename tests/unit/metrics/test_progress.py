"""Word of how far lanes have come: when it goes out, and to whom."""

from clickstream.columns import Lane
from clickstream.metrics.parts import MINUTE_MS, Part, Progress
from clickstream.places import BUCKETS, Place
from clickstream.replay_filter import Reached, ReplayFilter
from tests.unit.event_columns import START_MS, columns, event

LANE, OTHER = Lane(7, 0), Lane(7, 1)
AGAIN_MS = 5_000
BEGIN = START_MS // MINUTE_MS * MINUTE_MS
NOW = START_MS


def _parts(progress: Progress, reached_ms: int, now_ms: int, *lanes: Lane) -> dict[int, Part]:
    found, _ = ReplayFilter(0).sort(columns([event(1, timestamp=BEGIN)]))
    return dict(progress.parts(found, {lane: Reached(lane, 0, reached_ms) for lane in lanes or (LANE,)}, 0, now_ms))


def test_all_buckets_hear_of_a_new_minute_and_later_only_those_that_have_events() -> None:
    progress = Progress(AGAIN_MS)
    (of_events,) = {Place("t", "s").bucket}
    first = _parts(progress, BEGIN, NOW)
    assert first.keys() == set(range(BUCKETS))
    assert all(part.reached == [Reached(LANE, 0, BEGIN)] for part in first.values())
    assert [number for number, part in first.items() if part.minutes] == [of_events]
    again = _parts(progress, BEGIN + MINUTE_MS - 1, NOW + 1)
    assert (list(again), again[of_events].reached) == ([of_events], [])
    assert _parts(progress, BEGIN + MINUTE_MS, NOW + 2).keys() == set(range(BUCKETS))


def test_a_lane_whose_time_stands_still_is_told_of_again_after_a_while_so_that_it_is_not_taken_for_silent() -> None:
    progress = Progress(AGAIN_MS)
    _parts(progress, BEGIN, NOW)
    assert len(_parts(progress, BEGIN, NOW + AGAIN_MS - 1)) == 1
    assert len(_parts(progress, BEGIN + 1, NOW + AGAIN_MS)) == BUCKETS
    assert len(_parts(progress, BEGIN + 2, NOW + 2 * AGAIN_MS - 1)) == 1, "measured from the last time"
    assert len(_parts(progress, BEGIN + 2, NOW + 2 * AGAIN_MS)) == BUCKETS


def test_each_lane_has_its_own_news_and_so_has_what_each_partition_carries_of_it() -> None:
    progress = Progress(AGAIN_MS)
    _parts(progress, BEGIN, NOW)
    both = _parts(progress, BEGIN, NOW + 1, LANE, OTHER)
    assert all([reached.lane for reached in part.reached] == [OTHER] for part in both.values())
    assert len(both) == BUCKETS
    found, _ = ReplayFilter(1).sort(columns([event(1, timestamp=BEGIN)]))
    of_another_partition = progress.parts(found, {LANE: Reached(LANE, 0, BEGIN, 9)}, 0, NOW + 2)
    assert len(of_another_partition) == BUCKETS
