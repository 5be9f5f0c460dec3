import pytest

from analytics.rates import change, percent, wilson


def test_shares_of_nothing_are_zero() -> None:
    assert percent(3, 0) == 0
    assert percent(1, 8) == 12.5
    assert change(5, 0) is None
    assert change(5, 4) == 25


# The published example of the interval: 15 of 148 (Newcombe, Statistics in Medicine 1998, table I).
@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(15, 148, 6.24, 16.05), (81, 263, 25.53, 36.62), (0, 20, 0, 16.11), (1, 29, 0.61, 17.18), (29, 29, 88.30, 100)],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.006)


def test_wilson_of_impossible_counts() -> None:
    assert wilson(0, 0) == (0, 100)
    assert wilson(9, 5) == wilson(5, 5)
