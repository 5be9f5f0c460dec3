"""Names for running queries: the engine chooses its own query ids, clients of a server choose theirs.

The client's id travels as a prefix of the setting `log_comment`, which the engine shows beside each running query.
A query that asks system.processes, or a KILL QUERY, is rewritten so that it sees the client's id and its comment.
"""

import re

from devstack.clickhouse.statement import Statement, Token, tokens

_MARK = "query_id="
_COMMENT = "Settings['log_comment']"
_MARKED = f"startsWith({_COMMENT}, '{_MARK}')"
_QUERY_ID = f"if({_MARKED}, splitByChar('\\n', substring({_COMMENT}, {len(_MARK) + 1}), 2)[1], query_id)"
_OWN_COMMENT = f"if({_MARKED}, splitByChar('\\n', {_COMMENT}, 2)[2], {_COMMENT})"
_SETTINGS = (
    "mapFilter((name, value) -> name != 'log_comment' OR value != '', "
    f"mapUpdate(Settings, if(mapContains(Settings, 'log_comment'), map('log_comment', {_OWN_COMMENT}), "
    "CAST(map() AS Map(String, String)))))"
)
_OWN_CLAUSE = (
    r"INTO OUTFILE \'/proc/self/fd/[0-9]+\' APPEND |FROM INFILE \'/proc/self/fd/[0-9]+\' COMPRESSION \'none\' "
)
_QUERY = f"replaceRegexpOne(query, '\\\\s*({_OWN_CLAUSE})\\\\s*', ' ')"
_PROCESSES = (
    f"(SELECT * REPLACE ({_QUERY_ID} AS query_id, {_QUERY_ID} AS initial_query_id, {_QUERY} AS query, "
    f"{_SETTINGS} AS Settings) FROM system.processes)"
)
_MENTION = re.compile(rb"\bprocesses\b|\bKILL\b", re.IGNORECASE)


def comment_for(query_id: str, comment: str) -> str:
    """Value of log_comment that carries a query id and the comment that the client itself gave."""
    return f"{_MARK}{query_id}\n{comment}"


def kill_statement(query_id: str) -> bytes:
    """Statement that kills one query, to be given to the engine as it is."""
    quoted = query_id.replace("\\", "\\\\").replace("'", "\\'")
    return f"KILL QUERY WHERE {_QUERY_ID} = '{quoted}' ASYNC".encode()


def show_client_ids(sql: bytes, statement: Statement) -> bytes:
    """Rewrite what a statement says about running queries, so that it sees the ids that clients chose.

    Args:
        sql: The statement or the part of it that is given to the engine.
        statement: The same, taken apart.

    Returns:
        The statement; unchanged unless it reads system.processes or kills queries.
    """
    if not _MENTION.search(sql):
        return sql
    if statement.keyword == "KILL":
        return _replace(sql, [token for token in tokens(sql) if token.text.lower() in (b"query_id", b"`query_id`")])
    return _tables(sql)


def _replace(sql: bytes, found: list[Token]) -> bytes:
    for token in reversed(found):
        sql = sql[: token.start] + f"({_QUERY_ID})".encode() + sql[token.end :]
    return sql


def _tables(sql: bytes) -> bytes:
    scanned = list(tokens(sql))
    for index in range(len(scanned) - 3, -1, -1):
        database, dot, table = scanned[index : index + 3]
        before = scanned[index - 1] if index else None
        named = database.text.lower() == b"system" and dot.text == b"." and table.text.lower() == b"processes"
        if named and before is not None and (before.is_word(b"FROM", b"JOIN") or before.text == b","):
            sql = sql[: database.start] + _PROCESSES.encode() + sql[table.end :]
    return sql
