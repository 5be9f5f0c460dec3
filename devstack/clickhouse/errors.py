"""Exceptions of the engine, and how an HTTP client of a ClickHouse server gets to see them."""

import re

from clickstream.errors import ClickstreamError

_HEAD = re.compile(r"Code: (\d+)\. DB::\w+: ")
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]*)\)$")
_VERSION = re.compile(r" \(version [^()]*(?:\([^()]*\))?\)$")

# What the server's exceptionCodeToHTTPStatus() does; every other error is 500.
_STATUS: dict[str, int] = {
    "REQUIRED_PASSWORD": 401,
    **dict.fromkeys(
        ("UNKNOWN_USER", "WRONG_PASSWORD", "AUTHENTICATION_FAILED", "SET_NON_GRANTED_ROLE", "ACCESS_DENIED"), 403
    ),
    **dict.fromkeys(
        ("BAD_ARGUMENTS", "CANNOT_COMPILE_REGEXP", "CANNOT_PARSE_TEXT", "CANNOT_PARSE_ESCAPE_SEQUENCE"), 400
    ),
    **dict.fromkeys(("CANNOT_PARSE_QUOTED_STRING", "CANNOT_PARSE_DATE", "CANNOT_PARSE_DATETIME"), 400),
    **dict.fromkeys(("CANNOT_PARSE_NUMBER", "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", "CANNOT_PARSE_IPV4"), 400),
    **dict.fromkeys(("CANNOT_PARSE_IPV6", "CANNOT_PARSE_INPUT_ASSERTION_FAILED", "CANNOT_PARSE_UUID"), 400),
    **dict.fromkeys(("DUPLICATE_COLUMN", "ILLEGAL_COLUMN", "UNKNOWN_ELEMENT_IN_AST", "UNKNOWN_TYPE_OF_AST_NODE"), 400),
    **dict.fromkeys(("THERE_IS_NO_COLUMN", "TOO_DEEP_AST", "TOO_BIG_AST", "UNEXPECTED_AST_STRUCTURE"), 400),
    **dict.fromkeys(("SYNTAX_ERROR", "INCORRECT_DATA", "TYPE_MISMATCH", "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE"), 400),
    **dict.fromkeys(
        ("UNKNOWN_TABLE", "UNKNOWN_FUNCTION", "UNKNOWN_IDENTIFIER", "UNKNOWN_TYPE", "UNKNOWN_STORAGE"), 404
    ),
    **dict.fromkeys(("UNKNOWN_DATABASE", "UNKNOWN_SETTING", "UNKNOWN_DIRECTION_OF_SORTING", "UNKNOWN_ROLE"), 404),
    **dict.fromkeys(("UNKNOWN_AGGREGATE_FUNCTION", "UNKNOWN_FORMAT", "UNKNOWN_DATABASE_ENGINE"), 404),
    "UNKNOWN_TYPE_OF_QUERY": 404,
    "TIMEOUT_EXCEEDED": 408,
    "HTTP_LENGTH_REQUIRED": 411,
    "QUERY_IS_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "NOT_IMPLEMENTED": 501,
    **dict.fromkeys(("SOCKET_TIMEOUT", "CANNOT_OPEN_FILE", "CANNOT_SCHEDULE_TASK"), 503),
}


class QueryError(ClickstreamError):
    """A query failed with a code of ClickHouse.

    Attributes:
        code: Number of the error, the value of X-ClickHouse-Exception-Code.
        name: Its symbolic name, such as UNKNOWN_TABLE.
        message: Text without the code before it and without the name after it.
    """

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")
        self.code = code
        self.name = name
        self.message = message

    @property
    def status(self) -> int:
        """HTTP status that a server answers with."""
        return _STATUS.get(self.name, 500)

    def body(self, version: str) -> bytes:
        """Text of the answer, as a server writes it."""
        return f"{self} (version {version} (official build))\n".encode()


def parse_engine_error(text: str) -> QueryError:
    """Turn the text that the engine raises into an exception with a code.

    The engine wraps some messages several times over (`Code: 73. DB::Exception: Code: 73. ...`) and leaves the
    version of the server out of others; both are put right here.
    """
    start = text.find("Code: ")
    text = text[start:].strip() if start > 0 else text.strip()
    head = _HEAD.match(text)
    if head is None:
        return QueryError(1002, "UNKNOWN_EXCEPTION", text)
    text = text[head.end() :]
    text, name = _split_name(text)
    while (inner := _HEAD.match(text)) and inner[1] == head[1]:
        text, inner_name = _split_name(text[inner.end() :])
        name = inner_name or name
    return QueryError(int(head[1]), name or "UNKNOWN_EXCEPTION", text)


def _split_name(text: str) -> tuple[str, str]:
    text = _VERSION.sub("", text.strip().removesuffix("."))
    name = _NAME.search(text)
    return (text[: name.start()].rstrip(), name[1]) if name else (text, "")
