from clickstream.columns import Lane
from clickstream.metrics.closing import LONGEST_GAP_MS, Closing
from clickstream.replay_filter import Reached, Stream

LANE = Lane(9, 0)
ONE, OTHER = Stream(0, LANE), Stream(1, LANE)  # of one lane: one partition may be read far ahead of the other
IDLE_MS = 20_000
NOW = 1_000_000


def _listen(closing: Closing, begin_ms: int, end_ms: int) -> None:
    for now_ms in range(begin_ms, end_ms + 1, 1_000):
        closing.listen(now_ms)


def _heard_of_one() -> Closing:
    closing = Closing((ONE, OTHER), IDLE_MS)
    closing.listen(NOW)
    closing.heard(Reached(LANE, 0, 500, ONE.source))
    return closing


def test_an_expected_stream_is_waited_for_until_it_was_silent_for_longer_than_the_idle_time() -> None:
    closing = _heard_of_one()
    _listen(closing, NOW, NOW + IDLE_MS)
    assert closing.reached_ms(NOW + IDLE_MS) == -1
    closing.heard(Reached(LANE, 1, 700, ONE.source))
    closing.listen(NOW + IDLE_MS + 1)
    assert closing.reached_ms(NOW + IDLE_MS + 1) == 700


def test_without_any_stream_nothing_is_reached() -> None:
    assert Closing((), IDLE_MS).reached_ms(NOW) == -1


def test_streams_that_were_idle_are_waited_for_anew() -> None:
    closing = _heard_of_one()
    _listen(closing, NOW, NOW + IDLE_MS + 1_000)
    closing.heard(Reached(LANE, 1, 700, ONE.source))
    assert closing.reached_ms(NOW) == 700, "the other one is idle"
    closing.wait_anew()
    assert closing.reached_ms(NOW) == -1
    begin = NOW + IDLE_MS + 1_000
    _listen(closing, begin, begin + IDLE_MS)
    assert closing.reached_ms(NOW) == -1, "for the whole idle time again"
    closing.heard(Reached(LANE, 2, 900, ONE.source))
    closing.listen(begin + IDLE_MS + 1)
    assert closing.reached_ms(NOW) == 900


def test_a_stream_that_speaks_again_is_no_longer_idle_and_never_goes_back() -> None:
    closing = _heard_of_one()
    closing.heard(Reached(LANE, 0, 600, OTHER.source))
    _listen(closing, NOW, NOW + IDLE_MS + 1_000)
    assert closing.reached_ms(NOW) == NOW, "all are idle: they count as having come up to the clock"
    closing.heard(Reached(LANE, 1, 100, OTHER.source))
    closing.heard(Reached(LANE, 1, 400, ONE.source))
    assert closing.reached_ms(NOW) == 500, "what is behind is no news"


def test_of_time_in_which_nobody_listened_little_counts_and_of_a_clock_set_back_nothing() -> None:
    closing = _heard_of_one()
    closing.listen(NOW + 3_600_000)
    closing.listen(NOW)
    gaps = IDLE_MS // LONGEST_GAP_MS
    for number in range(1, gaps):
        closing.listen(NOW + number * 3_600_000)
    assert closing.reached_ms(NOW) == -1
    closing.heard(Reached(LANE, 1, 700, ONE.source))
    closing.listen(NOW + gaps * 3_600_000)
    assert closing.reached_ms(NOW) == 700


def test_what_was_heard_can_be_stored() -> None:
    closing = _heard_of_one()
    assert closing.known() == [Reached(LANE, 0, 500, ONE.source)], "the other one is not heard of"
