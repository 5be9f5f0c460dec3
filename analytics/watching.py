"""How much was watched: for answers about items and about groups of experiments."""

from typing import Any

from analytics.answer import Answer
from analytics.rates import percent


class Watching(Answer):
    """What events say of watching; a base of answers.

    Attributes:
        total_watch_duration: seconds.
        avg_completion_rate: in percent, over all events: those that watch nothing count as 0, as published.
        avg_completion_rate_watched: in percent, over the events that watched something.
    """

    total_watch_duration: int
    avg_completion_rate: float
    avg_completion_rate_watched: float


def watching(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of `Watching` out of a row with total_watch_duration, completed (a sum of shares), watches, events."""
    return {
        "total_watch_duration": row["total_watch_duration"],
        "avg_completion_rate": percent(row["completed"], row["events"]),
        "avg_completion_rate_watched": percent(row["completed"], row["watches"]),
    }
