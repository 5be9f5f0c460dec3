"""What ClickHouse's refusals mean to whoever asked."""

from enum import IntEnum

from clickstream.config.clickhouse import Node
from clickstream.errors import ClickstreamError, ConfigurationError, ContractError, UnavailableError


class RefusedError(ClickstreamError):
    """A question is understood and allowed, but larger than a limit of this service."""


class AwayError(UnavailableError):
    """A server that cannot answer now; another one may."""


class Code(IntEnum):
    """ClickHouse's error codes that are told apart; src/Common/ErrorCodes.cpp has all."""

    ATTEMPT_TO_READ_AFTER_EOF = 32
    UNKNOWN_TABLE = 60
    UNKNOWN_DATABASE = 81
    TOO_MANY_ROWS = 158
    TIMEOUT_EXCEEDED = 159
    TOO_SLOW = 160
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    SOCKET_TIMEOUT = 209
    NETWORK_ERROR = 210
    ABORTED = 236
    MEMORY_LIMIT_EXCEEDED = 241
    ALL_CONNECTION_TRIES_FAILED = 279
    QUERY_WAS_CANCELLED = 394
    TOO_MANY_ROWS_OR_BYTES = 396
    AUTHENTICATION_FAILED = 516


_TOO_LARGE = {
    Code.TOO_MANY_ROWS: "reads more rows than CLICKSTREAM_ANALYTICS_QUERY_READ_ROWS allows",
    Code.TIMEOUT_EXCEEDED: "takes longer than CLICKSTREAM_ANALYTICS_QUERY_SECONDS allows",
    Code.TOO_SLOW: "would take longer than CLICKSTREAM_ANALYTICS_QUERY_SECONDS allows",
    Code.MEMORY_LIMIT_EXCEEDED: "needs more memory than CLICKSTREAM_ANALYTICS_QUERY_MEMORY_BYTES allows",
    Code.TOO_MANY_ROWS_OR_BYTES: "has more rows than CLICKSTREAM_ANALYTICS_QUERY_ROWS allows",
}
# A server that is going down, or that does not reach another shard of its cluster.
_AWAY = frozenset(
    (
        Code.ATTEMPT_TO_READ_AFTER_EOF,
        Code.SOCKET_TIMEOUT,
        Code.NETWORK_ERROR,
        Code.ABORTED,
        Code.ALL_CONNECTION_TRIES_FAILED,
    )
)
_PROXYS_OWN = frozenset((502, 503, 504))


def refusal_of(code: int, message: str, name: str, node: Node, status: int = 500) -> ClickstreamError:
    """The error that stands for an answer with this code; 0: whoever answered with this status was not ClickHouse."""
    if code in _AWAY or (not code and status in _PROXYS_OWN):
        return AwayError(f"{node}: {message.strip()[:200] or status}")
    if code in _TOO_LARGE:
        return RefusedError(f"the question {name!r} {_TOO_LARGE[Code(code)]}: narrow the period or name a scenario")
    if code in (Code.TOO_MANY_SIMULTANEOUS_QUERIES, Code.QUERY_WAS_CANCELLED):
        return UnavailableError(f"ClickHouse at {node} is busy ({code}): try again")
    if code == Code.AUTHENTICATION_FAILED:
        return ConfigurationError(
            f"ClickHouse at {node} refuses user {node.user!r}: correct CLICKSTREAM_CLICKHOUSE_URLS"
        )
    hint = "; run `clickstream migrate`" if code in (Code.UNKNOWN_TABLE, Code.UNKNOWN_DATABASE) else ""
    return ContractError(f"ClickHouse at {node} refuses the question {name!r} ({code}): {message.strip()[:500]}{hint}")
