"""Statistics of experiments that stay valid however often they are looked at.

An interval of a fixed-size test is wrong more often than it says for who looks every day and stops when it pleases.
These hold at all times at once: with probability 1 - alpha no interval ever misses the truth.
"""

from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

ALPHA = 0.05
# The intervals are narrowest about this many users in an experiment; valid with any number.
PLANNED_USERS = 10_000
# An imbalance of groups is alarming when it is a thousand times likelier under another split than under the plan.
ALARM_ODDS = 1000.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity of one group: its value, and the variance of that value (not of one user)."""

    value: float
    variance: float


def share(part: int, whole: int) -> Estimate:
    """The share of `whole` users who did something."""
    value = part / whole if whole else 0.0
    return Estimate(value, value * (1 - value) / whole if whole else 0.0)


def ratio(users: int, above: tuple[float, float], below: tuple[float, float], product: float) -> Estimate:
    """A ratio of sums over users, such as clicks by impressions, where users are what was assigned to groups.

    Delta method (Deng, Knoblich and Lu, KDD 2018).

    Args:
        users: how many.
        above: sum and sum of squares of the numerator, a value each user.
        below: the same of the denominator.
        product: sum of numerator times denominator.
    """
    if users < 2 or not below[0]:
        return Estimate(0.0, 0.0)
    value = above[0] / below[0]
    spread = above[1] - 2 * value * product + value * value * below[1]  # about 0 on average, by the choice of value
    return Estimate(value, max(0.0, spread) / (users - 1) * users / below[0] ** 2)


def radius(variance: float, users: int, alpha: float = ALPHA) -> float:
    """Half the width of a confidence sequence about an estimate from so many users.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Time-uniform central limit
    theory, 2021, theorem 2.2), with rho set to be tightest at PLANNED_USERS (their appendix).
    """
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / PLANNED_USERS
    grown = users * rho2 + 1
    return sqrt(variance * grown / (users * rho2) * log(grown / (alpha * alpha)))


def lift(treated: Estimate, control: Estimate, users: int) -> tuple[float, float, float] | None:
    """By how many percent the treated group is above the control, with its bounds at all times.

    The interval is made about the logarithm of the quotient. None where one of them is 0 or has no spread.
    """
    if min(treated.value, control.value, treated.variance, control.variance) <= 0:
        return None
    centre = log(treated.value / control.value)
    variance = treated.variance / treated.value**2 + control.variance / control.value**2
    half = radius(variance, users)
    found = tuple((exp(min(each, 700.0)) - 1) * 100 for each in (centre, centre - half, centre + half))
    return found[0], found[1], found[2]


def mismatch_odds(counts: list[int], shares: list[float]) -> float:
    """The evidence that users are not split as planned: a Bayes factor that may be looked at any time.

    Dirichlet against the planned multinomial, prior weight 100 on the plan (Lindon and Malek, Anytime-valid inference
    for multinomial count data, NeurIPS 2022). Under the plan it ever exceeds x with a probability of 1/x at the most.
    """
    total = sum(shares)
    planned = [each / total for each in shares]
    prior = [100.0 * each for each in planned]
    size = sum(counts)
    logarithm = lgamma(100.0) - lgamma(100.0 + size)
    for count, weight, chance in zip(counts, prior, planned, strict=True):
        logarithm += lgamma(weight + count) - lgamma(weight) - count * log(chance)
    return exp(min(logarithm, 700.0))
