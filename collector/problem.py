"""Answers that say why a request was not taken."""

from collections.abc import Mapping


class ProblemError(Exception):
    """A request ends with this status.

    Args:
        status: HTTP status.
        reason: a word for programs, one of a bounded set: it labels metrics.
        message: a sentence for people: what was wrong, and what to do.
        headers: of the answer, such as Retry-After.
    """

    def __init__(self, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.headers = status, reason, message, dict(headers or {})


def busy(reason: str, message: str, retry_seconds: int = 1) -> ProblemError:
    """503: try the same request again later."""
    return ProblemError(503, reason, message, {"Retry-After": str(retry_seconds)})
