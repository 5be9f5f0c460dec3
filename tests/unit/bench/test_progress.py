"""When a job had read so many events, out of samples."""

import pytest

from bench.jobs.progress import crossing


def test_is_interpolated_between_two_samples() -> None:
    assert crossing([(10.0, 0), (12.0, 100), (14.0, 300)], 200) == pytest.approx(13.0)


def test_a_sample_that_is_there_exactly_counts_itself() -> None:
    assert crossing([(10.0, 0), (12.0, 100), (14.0, 300)], 100) == pytest.approx(12.0)


def test_samples_that_stand_still_do_not_divide_by_zero() -> None:
    assert crossing([(1.0, 0), (2.0, 0), (3.0, 50), (4.0, 50), (5.0, 100)], 75) == pytest.approx(4.5)
