"""The one query that asks a dimension's table for many keys."""

from collections.abc import Sequence

from clickstream.dimensions.rows import Key


def select(
    table: str, columns: Sequence[str], key_columns: Sequence[str], keys: Sequence[Key]
) -> tuple[str, list[str]]:
    """SQL and its arguments for the rows of all keys, which are bound, never pasted.

    MySQL from 5.7 and MariaDB read the primary key for it, whether one column or several are compared. A collation may
    let them answer with keys that only look alike, and rows come in any order: compare the keys that come back.

    Args:
        table: name, or database.name.
        columns: what to select.
        key_columns: what to compare.
        keys: at least one, each with a value for every key column.
    """
    assert keys
    compared = ", ".join(map(quoted, key_columns))
    if len(key_columns) == 1:
        holes = ", ".join(["%s"] * len(keys))
    else:
        compared = f"({compared})"
        holes = ", ".join([f"({', '.join(['%s'] * len(key_columns))})"] * len(keys))
    selected = ", ".join(map(quoted, columns))
    source = ".".join(map(quoted, table.split(".", 1)))
    return (
        f"SELECT {selected} FROM {source} WHERE {compared} IN ({holes})",
        [value for key in keys for value in key],
    )


def quoted(identifier: str) -> str:
    """An identifier between backticks; a percent sign is doubled, because the client fills arguments in with `%`."""
    return "`" + identifier.replace("`", "``").replace("%", "%%") + "`"
