"""What ClickHouse's refusals mean to whoever asked."""

from enum import IntEnum

from clickstream.config.clickhouse import Node
from clickstream.error_codes import ErrorCode
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


_READ = (ErrorCode.TOO_MANY_ROWS_READ, "reads more rows than CLICKSTREAM_ANALYTICS_QUERY_READ_ROWS allows")
_LONG = (ErrorCode.TOO_LONG_A_QUERY, "takes longer than CLICKSTREAM_ANALYTICS_QUERY_SECONDS allows")
_MEMORY = (ErrorCode.TOO_MUCH_MEMORY, "needs more memory than CLICKSTREAM_ANALYTICS_QUERY_MEMORY_BYTES allows")
_ROWS = (ErrorCode.TOO_MANY_ROWS, "has more rows than CLICKSTREAM_ANALYTICS_QUERY_ROWS allows")
_TOO_LARGE = {
    Code.TOO_MANY_ROWS: _READ,
    Code.TIMEOUT_EXCEEDED: _LONG,
    Code.TOO_SLOW: _LONG,
    Code.MEMORY_LIMIT_EXCEEDED: _MEMORY,
    Code.TOO_MANY_ROWS_OR_BYTES: _ROWS,
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
        error_code, what = _TOO_LARGE[Code(code)]
        return RefusedError(
            f"the question {name!r} {what}: narrow the period or name a scenario", error_code, question=name
        )
    if code in (Code.TOO_MANY_SIMULTANEOUS_QUERIES, Code.QUERY_WAS_CANCELLED):
        return UnavailableError(f"ClickHouse at {node} is busy ({code}): try again", ErrorCode.CLICKHOUSE_BUSY)
    if code == Code.AUTHENTICATION_FAILED:
        return ConfigurationError(
            f"ClickHouse at {node} refuses user {node.user!r}: correct CLICKSTREAM_CLICKHOUSE_URLS",
            ErrorCode.CLICKHOUSE_REFUSES,
            reason=f"{node.user!r}, CLICKSTREAM_CLICKHOUSE_URLS",
        )
    hint = "; run `clickstream migrate`" if code in (Code.UNKNOWN_TABLE, Code.UNKNOWN_DATABASE) else ""
    reason = f"{message.strip()[:500]}{hint}"
    return ContractError(
        f"ClickHouse at {node} refuses the question {name!r} ({code}): {reason}",
        ErrorCode.CLICKHOUSE_REFUSES,
        reason=reason,
    )
