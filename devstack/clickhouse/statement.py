"""Where a statement's format and data are: as much of the grammar as an HTTP server needs before the engine parses.

Everything works on bytes, because the data of an INSERT that follows its statement need not be text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from devstack.clickhouse.errors import QueryError

_TOKEN = re.compile(
    rb"""
      (?P<space>   (?: \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ )+ )
    | (?P<string>  '(?:[^'\\]|\\.)*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<quoted>  `(?:[^`\\]|\\.)*` | "(?:[^"\\]|\\.)*" )
    | (?P<word>    [A-Za-z_\x80-\xff][\w$\x80-\xff]* )
    | (?P<number>  [0-9][0-9,.\s]* )
    | (?P<open>    [(\[{] )
    | (?P<close>   [)\]}] )
    | (?P<end>     ; )
    | (?P<sign>    . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Kind(Enum):
    """How the server runs a statement."""

    READ = "read"  # rows come back and are streamed
    INSERT = "insert"  # data follows the statement
    INSERT_FROM_INPUT = "insert from input"  # INSERT ... SELECT ... FROM input(...) FORMAT ..., data follows
    SET = "set"
    USE = "use"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement.

    Attributes:
        kind: Name of the group of the token's regular expression.
        text: Its bytes.
        start: Where it begins, in bytes.
        depth: How many brackets are open around it.
    """

    kind: str
    text: bytes
    start: int
    depth: int

    @property
    def end(self) -> int:
        """Where the next token begins."""
        return self.start + len(self.text)

    def is_word(self, *words: bytes) -> bool:
        """Whether this is one of these keywords, given in upper case."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, taken apart.

    Attributes:
        kind: How to run it.
        keyword: Its first word in upper case, or `(`.
        head: The statement up to its FORMAT clause, without data.
        tail: For READ, the FORMAT clause as it was written and what follows it; otherwise empty.
        format: The format that it names, if it does.
        data_start: For INSERT and INSERT_FROM_INPUT, where the data begin in the bytes that were parsed.
        source: For INSERT, where a FROM clause belongs in the head; for INSERT_FROM_INPUT, where `input(` stands in it:
            start and end.
    """

    kind: Kind
    keyword: str
    head: bytes
    tail: bytes = b""
    format: str | None = None
    data_start: int = 0
    source: tuple[int, int] = (0, 0)

    def with_source(self, source: bytes) -> bytes:
        """The head with another source of data: a FROM clause, or something in the place of `input(`."""
        return self.head[: self.source[0]] + source + self.head[self.source[1] :]


def tokens(sql: bytes) -> Iterator[Token]:
    """Tokens of a statement one by one, without spaces and comments; what is never asked for is never scanned."""
    depth = 0
    position = 0
    while match := _TOKEN.match(sql, position):
        position = match.end()
        kind = match.lastgroup or "sign"
        if kind == "space":
            continue
        if kind == "tag":
            kind = "string"
        if kind == "close":
            depth -= 1
        yield Token(kind, match[0], match.start(), depth)
        if kind == "open":
            depth += 1


def parse(sql: bytes) -> Statement:
    """Take a statement apart.

    Raises:
        QueryError: It is empty, there are several of them, or it uses files of the client (INTO OUTFILE, FROM INFILE).
    """
    scan = tokens(sql)
    first = next(scan, None)
    if first is None or first.kind == "end":
        raise QueryError(62, "SYNTAX_ERROR", "Empty query.")
    if first.is_word(b"INSERT"):
        return _parse_insert(sql, scan)
    rest = list(scan)
    end = len(sql)
    for index, token in enumerate(rest):
        if token.kind == "end" and token.depth == 0:
            if any(later.kind != "end" for later in rest[index:]):
                raise QueryError(
                    62,
                    "SYNTAX_ERROR",
                    f"Syntax error (Multi-statements are not allowed): failed at position {token.start + 1} "
                    f"(end of query): {sql[token.start :][:80].decode(errors='replace')}.",
                )
            end = token.start
            rest = rest[:index]
            break
    keyword = first.text.upper().decode(errors="replace")
    if keyword not in ("SELECT", "WITH", "FROM", "("):
        kind = {"SET": Kind.SET, "USE": Kind.USE}.get(keyword, Kind.OTHER)
        cut = _format_clause(rest)
        return Statement(kind, keyword, sql[:end], format=rest[cut + 1].text.decode() if cut is not None else None)
    for index, token in enumerate(rest[:-1]):
        if token.depth == 0 and token.is_word(b"INTO") and rest[index + 1].is_word(b"OUTFILE"):
            raise QueryError(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed.")
    cut = _format_clause(rest)
    if cut is None:
        return Statement(Kind.READ, keyword, sql[:end])
    start = rest[cut].start
    return Statement(Kind.READ, keyword, sql[:start], sql[start:end], rest[cut + 1].text.decode())


def _format_clause(rest: list[Token]) -> int | None:
    """Index of the FORMAT that ends a query; only SETTINGS may follow its name."""
    for index in range(len(rest) - 2, -1, -1):
        token = rest[index]
        if token.depth == 0 and token.is_word(b"FORMAT") and rest[index + 1].kind == "word":
            last = index + 2 == len(rest) or rest[index + 2].is_word(b"SETTINGS")
            return index if last else None
    return None


def _parse_insert(sql: bytes, scan: Iterator[Token]) -> Statement:
    select = False
    source = (0, 0)
    clause: int | None = None  # where SETTINGS begins, which a FROM clause must precede
    previous: Token | None = None
    for token in scan:
        named = previous is not None and (previous.is_word(b"INTO", b"TABLE", b"FUNCTION") or previous.text == b".")
        opening = token.depth == 0 or (token.depth == 1 and previous is not None and previous.text == b"(")
        if token.depth == 0 and token.is_word(b"INFILE"):
            raise QueryError(78, "UNKNOWN_TYPE_OF_QUERY", "Query has infile and was send directly to server.")
        if opening and not named and token.is_word(b"SELECT", b"WITH", b"WATCH"):
            select = True
        elif token.text == b"(" and previous is not None and previous.is_word(b"INPUT"):
            source = (previous.start, token.end)
        elif token.depth == 0 and not named and not select and token.is_word(b"VALUES"):
            at = token.start if clause is None else clause
            return Statement(Kind.INSERT, "INSERT", sql[: token.start], b"", "Values", token.end, (at, at))
        elif token.depth == 0 and not named and token.is_word(b"FORMAT"):
            name = next(scan, None)
            if name is None or name.kind != "word":
                break
            if select and source == (0, 0):
                break
            kind = Kind.INSERT_FROM_INPUT if select else Kind.INSERT
            data_start = _after_format(sql, name.end)
            if not select:
                source = (token.start, token.start) if clause is None else (clause, clause)
            return Statement(kind, "INSERT", sql[: token.start], b"", name.text.decode(), data_start, source)
        elif token.depth == 0 and not named and not select and token.is_word(b"SETTINGS"):
            clause = token.start
        previous = token
    if select:
        return Statement(Kind.OTHER, "INSERT", sql)
    at = len(sql) if clause is None else clause
    return Statement(Kind.INSERT, "INSERT", sql, b"", "Values", len(sql), (at, at))


def _after_format(sql: bytes, position: int) -> int:
    """Data begin on the line after the format's name, or after blanks on the same line."""
    match = re.compile(rb"[ \t\f]*;?[ \t\f]*\r?\n?").match(sql, position)
    return match.end() if match else position
