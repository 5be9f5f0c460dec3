"""Intervals and alarms that may be looked at any time."""

import numpy as np
import pytest

from analytics.sequences import ALPHA, Estimate, lift, mismatch_odds, radius, ratio, share

TIMES = np.unique(np.geomspace(50, 20_000, 120).astype(int))
RUNS = 300


def test_the_truth_stays_inside_however_often_one_looks() -> None:
    rng = np.random.default_rng(1)
    misses = naive = 0
    for _ in range(RUNS):
        bought = np.cumsum(rng.random(TIMES[-1]) < 0.3)[TIMES - 1]
        estimates = [share(int(part), int(whole)) for part, whole in zip(bought, TIMES, strict=True)]
        misses += any(
            abs(each.value - 0.3) > radius(each.variance, int(n)) for each, n in zip(estimates, TIMES, strict=True)
        )
        naive += any(abs(each.value - 0.3) > 1.96 * each.variance**0.5 for each in estimates)
    assert misses / RUNS <= ALPHA
    assert naive / RUNS > 3 * ALPHA  # what the usual interval does


def test_an_interval_is_not_wider_than_it_must_be() -> None:
    assert 1.96 < radius(1.0, 10_000) < 3.5
    assert radius(1.0, 100) > radius(1.0, 10_000)


def test_a_ratio_has_the_spread_of_users_not_of_impressions() -> None:
    rng = np.random.default_rng(2)
    values = []
    for _ in range(400):
        shown = rng.integers(1, 40, 500)
        eager = rng.beta(1, 4, 500)
        clicked = rng.binomial(shown, eager)
        sums = (float(clicked.sum()), float((clicked**2).sum())), (float(shown.sum()), float((shown**2).sum()))
        values.append(ratio(500, *sums, float((shown * clicked).sum())))
    seen = np.var([each.value for each in values])
    assert np.mean([each.variance for each in values]) == pytest.approx(seen, rel=0.2)


def test_a_lift_of_what_is_not_there_is_not_told() -> None:
    assert lift(Estimate(0, 0), Estimate(0.1, 0.01), 100) is None
    assert lift(share(5, 5), share(1, 5), 10) is None
    assert ratio(1, (1, 1), (1, 1), 1) == ratio(0, (0, 0), (0, 0), 0) == Estimate(0, 0)


def test_a_large_lift_is_found_and_none_is_not() -> None:
    found = lift(share(2_600, 10_000), share(2_000, 10_000), 20_000)
    assert found is not None
    assert found[0] == pytest.approx(30)
    assert 0 < found[1] < 30 < found[2]
    none = lift(share(2_010, 10_000), share(2_000, 10_000), 20_000)
    assert none is not None
    assert none[1] < 0 < none[2]


def test_the_alarm_is_rare_under_the_plan_and_sure_when_users_are_lost() -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(RUNS):
        first = np.cumsum(rng.random(TIMES[-1]) < 0.5)[TIMES - 1]
        alarms += any(
            mismatch_odds([int(one), int(n - one)], [1, 1]) >= 20 for one, n in zip(first, TIMES, strict=True)
        )
    assert alarms / RUNS <= 1 / 20
    assert mismatch_odds([5_200, 4_800], [1, 1]) > 100
    assert mismatch_odds([5_300, 4_700], [1, 1]) > 1000
    assert mismatch_odds([10_000, 0], [1, 3]) > 1e100
    assert mismatch_odds([2_500, 7_500], [1, 3]) < 1


def test_a_lift_holds_the_truth_however_often_one_looks() -> None:
    rng = np.random.default_rng(4)
    misses = 0
    for _ in range(RUNS):
        treated, control = (np.cumsum(rng.random(TIMES[-1]) < rate)[TIMES - 1] for rate in (0.36, 0.3))
        found = (
            lift(share(int(one), int(n)), share(int(other), int(n)), 2 * int(n))
            for one, other, n in zip(treated, control, TIMES, strict=True)
        )
        misses += any(each is not None and not each[1] <= 20 <= each[2] for each in found)
    assert misses / RUNS <= ALPHA
