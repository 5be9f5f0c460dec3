"""Runs in a process of its own (the engine admits one data folder a process): SQL statements on stdin, answers out.

Usage: python engine.py FOLDER < JSON list of statements > JSON list of answers, each a list of rows; an error ends it.
"""

import json
import sys
from pathlib import Path

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
    engine = session.Session(f"{folder}/data?config-file={folder}/config.xml")
    answers = [str(engine.query(statement, "JSONCompactEachRow")) for statement in json.load(sys.stdin)]
    json.dump([[json.loads(row) for row in answer.splitlines()] for answer in answers], sys.stdout)


main(Path(sys.argv[1]))
