"""SQL files to statements, for ClickHouse and MySQL alike: only what both lexers agree on is needed here."""

import re
from dataclasses import dataclass

from clickstream.errors import MigrationError

# Whatever a semicolon may stand in without ending a statement comes first; what is left open is caught last.
_TOKEN = re.compile(
    r"""
    (?P<quoted>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<comment>--[^\n]* | \#[^\n]* | /\*.*?\*/)
    | (?P<end>;)
    | (?P<open>['"`] | /\*)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"--\s*@(?P<name>[\w-]+)\s*$")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon.

    Attributes:
        text: from its first word to its last; comments inside are kept.
        line: where it begins in the file, from 1.
        directives: the words of comments `-- @word` that stand before it.
    """

    text: str
    line: int
    directives: frozenset[str] = frozenset()


def split(sql: str, source: str) -> list[Statement]:
    """Split at the semicolons that stand in no string, quoted identifier, heredoc or comment.

    A comment reaches from `--` or `#` to the end of the line, or from `/*` to the first `*/`.

    Raises:
        MigrationError: a quote or comment is not closed; names `source` and the line.
    """
    statements: list[Statement] = []
    begin = 0
    for match in _TOKEN.finditer(sql):
        if match["open"]:
            raise MigrationError(f"{source}, line {_line(sql, match.start())}: {match['open']} is never closed")
        if match["end"]:
            _add(statements, sql, begin, match.start())
            begin = match.end()
    _add(statements, sql, begin, len(sql))
    return statements


def _add(statements: list[Statement], sql: str, begin: int, end: int) -> None:
    directives = set()
    while begin < end:
        if sql[begin].isspace():
            begin += 1
            continue
        comment = _TOKEN.match(sql, begin, end)
        if comment is None or not comment["comment"]:
            break
        directive = _DIRECTIVE.match(comment["comment"])
        if directive:
            directives.add(directive["name"])
        begin = comment.end()
    text = sql[begin:end].rstrip()
    if text:
        statements.append(Statement(text, _line(sql, begin), frozenset(directives)))


def _line(sql: str, position: int) -> int:
    return sql.count("\n", 0, position) + 1
