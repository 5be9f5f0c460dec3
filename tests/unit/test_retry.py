import random

from hypothesis import given
from hypothesis import strategies as st

from clickstream.retry import RetryPolicy


@given(st.integers(1, 200), st.floats(0.001, 100), st.floats(0.001, 1000), st.integers(0, 2**32))
def test_a_delay_lies_between_nothing_and_its_ceiling(retry: int, initial: float, maximum: float, seed: int) -> None:
    policy = RetryPolicy(initial=initial, maximum=maximum)
    ceiling = policy.ceiling(retry)
    assert ceiling == min(maximum, initial * 2.0 ** min(retry - 1, 60))
    assert 0 <= policy.delay(retry, random.Random(seed)) <= ceiling


def test_the_ceiling_doubles_up_to_the_maximum() -> None:
    policy = RetryPolicy(initial=1, maximum=30)
    assert [policy.ceiling(retry) for retry in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_jitter_is_full() -> None:
    policy = RetryPolicy(initial=8, maximum=8)
    source = random.Random(5)
    delays = sorted(policy.delay(1, source) for _ in range(2000))
    assert delays[0] < 0.1
    assert delays[-1] > 7.9
    assert 3.7 < delays[1000] < 4.3


def test_over_only_when_both_the_attempts_and_the_time_are_used_up() -> None:
    policy = RetryPolicy(attempts=3, at_least=10)
    assert not policy.exhausted(2, 100)
    assert not policy.exhausted(100, 9.9)
    assert policy.exhausted(3, 10)


def test_the_longest_is_that_of_the_attempts_or_of_the_least_time_whichever_is_more() -> None:
    waits = 1 + 2 + 4 + 8 + 16 + 30 + 30
    assert RetryPolicy().longest(60) == 8 * 60 + waits
    # At 74.9 s it is not over: the last wait and the last attempt begin then.
    assert RetryPolicy(attempts=2, at_least=75, maximum=30).longest(10) == 75 + 30 + 10
