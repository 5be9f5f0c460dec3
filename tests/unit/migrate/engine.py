"""Runs in a process of its own (the engine admits one data folder a process): SQL statements in, answers out.

Usage: python engine.py FOLDER. Each line on stdin is a JSON list of statements, each line on stdout a JSON list of
their answers, which are lists of rows; an error ends it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from chdb import session

CONFIGURATION = """
<clickhouse>
    <remote_servers>
        <shop><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></shop>
    </remote_servers>
</clickhouse>
"""


def main(folder: Path) -> None:
    (folder / "config.xml").write_text(CONFIGURATION)
    engine: Any = session.Session(  # type: ignore[no-untyped-call] # the wheel has no annotations
        f"{folder}/data?config-file={folder}/config.xml"
    )
    for line in sys.stdin:
        answers = [str(engine.query(statement, "JSONCompactEachRow")) for statement in json.loads(line)]
        print(json.dumps([[json.loads(row) for row in answer.splitlines()] for answer in answers]), flush=True)


main(Path(sys.argv[1]))
