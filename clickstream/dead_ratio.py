"""A limit on how much may go wrong: a topic must not be drained into the dead letters because of one wrong setting."""

from collections import deque


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

    def __str__(self) -> str:
        return f"{self._bad} of the last {self._seen} rows"
