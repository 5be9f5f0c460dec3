"""Whether a table knows an insert that it has taken before.

A look-up can tell whether an insert was applied, and never whether it will be: one that was given up may lie in some
buffer and come to life while its rows are being sent again. Only the server can drop the second of the two, by their
common token, and it remembers tokens only where it is told to: `non_replicated_deduplication_window` is 0 by default.
"""

import re

WINDOW = "non_replicated_deduplication_window"
_REPLICATED_WINDOW = "replicated_deduplication_window"
# The engine's own default for replicas is some thousands of inserts.
_REPLICATED = ("Replicated", "Shared")


def stated_window(engine: str, engine_full: str) -> int | None:
    """How many inserts a table remembers; None where its definition does not say, and the server's default holds.

    Args:
        engine: of system.tables, for instance `MergeTree`.
        engine_full: of system.tables, with the table's own settings.
    """
    replicated = engine.startswith(_REPLICATED)
    found = re.search(rf"\b{_REPLICATED_WINDOW if replicated else WINDOW} = (\d+)", engine_full)
    if found:
        return int(found[1])
    if replicated:
        return 1
    return None if engine.endswith("MergeTree") else 0


def remedy(table: str, engine: str) -> str:
    """What to do with a table that remembers none.

    Args:
        table: as it stands in a statement.
        engine: of system.tables.
    """
    if not engine.endswith("MergeTree"):
        return f"its engine is {engine}: take one of the MergeTree family"
    window = _REPLICATED_WINDOW if engine.startswith(_REPLICATED) else WINDOW
    return f"ALTER TABLE {table} MODIFY SETTING {window} = 1000"
