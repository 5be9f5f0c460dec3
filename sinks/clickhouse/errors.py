"""What an error of the server means for the rows that were sent."""

import re
from dataclasses import dataclass
from enum import Enum, IntEnum


class Code(IntEnum):
    """Error codes of ClickHouse that decide what happens to a batch (src/Common/ErrorCodes.cpp)."""

    CANNOT_PARSE_TEXT = 6
    NOT_FOUND_COLUMN_IN_BLOCK = 10
    NO_SUCH_COLUMN_IN_TABLE = 16
    CANNOT_PARSE_ESCAPE_SEQUENCE = 25
    CANNOT_PARSE_QUOTED_STRING = 26
    CANNOT_PARSE_INPUT = 27
    CANNOT_READ_ALL_DATA = 33
    CANNOT_PARSE_DATE = 38
    CANNOT_PARSE_DATETIME = 41
    ILLEGAL_TYPE_OF_ARGUMENT = 43
    UNKNOWN_IDENTIFIER = 47
    TYPE_MISMATCH = 53
    UNKNOWN_TABLE = 60
    ARGUMENT_OUT_OF_BOUND = 69
    CANNOT_CONVERT_TYPE = 70
    CANNOT_PARSE_NUMBER = 72
    UNKNOWN_DATABASE = 81
    INCORRECT_DATA = 117
    TOO_LARGE_ARRAY_SIZE = 128
    CANNOT_READ_ARRAY_FROM_TEXT = 130
    TOO_LARGE_STRING_SIZE = 131
    ILLEGAL_DIVISION = 153
    UNKNOWN_USER = 192
    WRONG_PASSWORD = 193
    REQUIRED_PASSWORD = 194
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    TOO_MANY_PARTS = 252
    VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE = 321
    CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN = 349
    CANNOT_PARSE_UUID = 376
    FUNCTION_THROW_IF_VALUE_IS_NON_ZERO = 395
    DECIMAL_OVERFLOW = 407
    CANNOT_PARSE_BOOL = 467
    VIOLATED_CONSTRAINT = 469
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    CANNOT_PARSE_IPV4 = 675
    CANNOT_PARSE_IPV6 = 676
    UNKNOWN_ELEMENT_OF_ENUM = 691


_PARSING = frozenset(
    {
        Code.CANNOT_PARSE_TEXT,
        Code.CANNOT_PARSE_ESCAPE_SEQUENCE,
        Code.CANNOT_PARSE_QUOTED_STRING,
        Code.CANNOT_PARSE_INPUT,
        Code.CANNOT_READ_ALL_DATA,
        Code.CANNOT_PARSE_DATE,
        Code.CANNOT_PARSE_DATETIME,
        Code.CANNOT_PARSE_NUMBER,
        Code.INCORRECT_DATA,
        Code.CANNOT_READ_ARRAY_FROM_TEXT,
        Code.CANNOT_PARSE_UUID,
        Code.CANNOT_PARSE_BOOL,
        Code.CANNOT_PARSE_IPV4,
        Code.CANNOT_PARSE_IPV6,
        Code.UNKNOWN_ELEMENT_OF_ENUM,
    }
)
_DATA = _PARSING | {
    Code.NOT_FOUND_COLUMN_IN_BLOCK,
    Code.NO_SUCH_COLUMN_IN_TABLE,
    Code.ILLEGAL_TYPE_OF_ARGUMENT,
    Code.TYPE_MISMATCH,
    Code.ARGUMENT_OUT_OF_BOUND,
    Code.CANNOT_CONVERT_TYPE,
    Code.TOO_LARGE_ARRAY_SIZE,
    Code.TOO_LARGE_STRING_SIZE,
    Code.ILLEGAL_DIVISION,
    Code.VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE,
    Code.CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN,
    Code.FUNCTION_THROW_IF_VALUE_IS_NON_ZERO,
    Code.DECIMAL_OVERFLOW,
    Code.VIOLATED_CONSTRAINT,
}
# Refused before the query ran: certainly nothing was written.
_REFUSED_QUERY = frozenset(
    {
        Code.UNKNOWN_USER,
        Code.WRONG_PASSWORD,
        Code.REQUIRED_PASSWORD,
        Code.AUTHENTICATION_FAILED,
        Code.TOO_MANY_SIMULTANEOUS_QUERIES,
    }
)

_EXCEPTION = re.compile(r"Code: (?P<code>\d+)\. DB::\w*Exception: (?P<text>.*)", re.DOTALL)
_ROW = re.compile(r"\bat row (?P<row>\d+)\b")
# The name may end the sentence: its full stop is not part of it.
_VIEW = re.compile(r"while pushing to view (?P<view>[^\s:;,()]+?)\.?(?=[\s:;,()]|$)", re.IGNORECASE)
# One code for two things: the table has too many parts, which passes; or the block would make too many.
_TOO_MANY_PARTITIONS = re.compile(r"^Too many partitions for single INSERT block")
MESSAGE_LIMIT = 600


class Meaning(Enum):
    """What to do with the rows."""

    DATA = "data"  # some of the rows are at fault: sending them again is useless
    SPLIT = "split"  # too much at once: no row is at fault, and fewer of them may go in
    RETRY = "retry"  # the server is at fault: the same rows may go in later


@dataclass(frozen=True, slots=True)
class ServerError:
    """An answer of the server that is not success.

    Attributes:
        code: ClickHouse's code, 0 where the answer holds none (a proxy's error page).
        message: the server's text, cut; it may quote column values, so it goes to dead letters, never to logs.
        meaning: what to do.
        applied: whether rows may be in the table nevertheless.
        row: the offending row counted from 0 within the insert, where the server names one.
        view: the materialised view that broke, where the server names one.
    """

    code: int
    message: str
    meaning: Meaning
    applied: bool
    row: int | None = None
    view: str | None = None

    @property
    def name(self) -> str:
        """For logs: the code's name, or the message where there is no code, for then no server's text is in it."""
        if not self.code:
            return self.message
        try:
            return Code(self.code).name
        except ValueError:
            return f"CODE_{self.code}"


def classify(text: str, table: str) -> ServerError:
    """Read an error's text.

    Parse errors come up while the block is read, and the table's own constraints are checked before its part is
    written: after these nothing is in the table. But a materialised view runs when the table's part is there already,
    and its errors carry the same codes: so an error counts as not applied only if it names no view and, for a
    constraint, names this table.

    Args:
        text: the answer's body.
        table: the name of the table inserted into, without its database.
    """
    found = _EXCEPTION.search(text)
    if not found:
        return ServerError(0, text[:MESSAGE_LIMIT], Meaning.RETRY, applied=True)
    code, message = int(found["code"]), found["text"]
    view = _VIEW.search(message)
    row = _ROW.search(message)
    if code in _DATA:
        before_write = view is None and (
            code in _PARSING or (code == Code.VIOLATED_CONSTRAINT and _names_table(message, table))
        )
        return ServerError(
            code,
            message[:MESSAGE_LIMIT],
            Meaning.DATA,
            applied=not before_write,
            row=int(row["row"]) - 1 if row and before_write else None,
            view=view["view"] if view else None,
        )
    if code == Code.TOO_MANY_PARTS and _TOO_MANY_PARTITIONS.search(message):
        # Said before the block's first part is written; of a view's target, when the table's parts are there.
        name = view["view"] if view else None
        return ServerError(code, message[:MESSAGE_LIMIT], Meaning.SPLIT, applied=view is not None, view=name)
    return ServerError(code, message[:MESSAGE_LIMIT], Meaning.RETRY, applied=code not in _REFUSED_QUERY)


def _names_table(message: str, table: str) -> bool:
    return re.search(rf"\bfor table (\S+\.)?`?{re.escape(table)}`?[\s(]", message) is not None
