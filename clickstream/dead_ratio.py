"""A limit on how much may go wrong: a topic must not be drained into the dead letters because of one wrong setting."""

import copy
import math
from collections import deque

# Of the normal distribution: what is estimated is less than the truth in 1,999 cases of 2,000.
_Z = 3.29


def least_share(bad: int, tried: int) -> float:
    """The least share of bad ones, 0 to 1, of which a random sample lets one be sure: Wilson's lower bound.

    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.

    Args:
        bad: in the sample.
        tried: size of the sample, at least 1.
    """
    share, spread = bad / tried, _Z * _Z / tried
    middle = share + spread / 2
    width = _Z * math.sqrt(share * (1 - share) / tried + spread / (4 * tried))
    return min(share, max(0.0, (middle - width) / (1 + spread)))  # of no bad ones rounding may leave some


class DeadRatio:
    """Watches the share of bad rows among the last `rows` ones, batch by batch.

    Nothing is judged before that many rows were seen, so a few bad rows at the start end nothing.
    """

    def __init__(self, limit: float, rows: int) -> None:
        self._limit = limit
        self._rows = rows
        self._batches: deque[tuple[int, int]] = deque()
        self._seen = 0
        self._bad = 0

    def add(self, rows: int, bad: int) -> bool:
        """Count a batch. True: the share of bad rows is above the limit."""
        self._batches.append((rows, bad))
        self._seen += rows
        self._bad += bad
        while self._seen - self._batches[0][0] >= self._rows:
            old_rows, old_bad = self._batches.popleft()
            self._seen -= old_rows
            self._bad -= old_bad
        return self._seen >= self._rows and self._bad > self._limit * self._seen

    def exceeded_with(self, rows: int, bad: int) -> bool:
        """Whether a batch of so many rows and bad ones would be above the limit. It is not counted."""
        trial = copy.copy(self)
        trial._batches = self._batches.copy()
        return trial.add(rows, bad)

    def __str__(self) -> str:
        return f"{self._bad} of the last {self._seen} rows"
