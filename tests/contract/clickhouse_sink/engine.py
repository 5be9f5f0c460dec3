"""A ClickHouse engine as a process of this session's own, and a database of it for each test."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.kit.waiting import wait_for

PASSWORD = "per:cent%und/at@"
ROOT = Path(__file__).parents[3]
START_SECONDS = 60

# For whatever must not depend on the shipped table: a constraint, a view and parts by month.
TABLE = """CREATE TABLE t (
    n Int64, day Date, key String, text String, size Int32, kind Enum8('a' = 1, 'b' = 2),
    _epoch UInt32, _partition UInt16, _offset UInt64,
    CONSTRAINT positive CHECK n >= 0
) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY n SETTINGS non_replicated_deduplication_window = 1000"""


class Engine:
    """One server."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "devstack.clickhouse", "--path", str(folder), "--port", str(self.port)]
        self._log = (folder.parent / f"{folder.name}.log").open("wb")
        self._process = subprocess.Popen(
            [*command, "--password", PASSWORD], cwd=ROOT, stdout=self._log, stderr=subprocess.STDOUT
        )
        wait_for(self._answers, START_SECONDS, f"{self.url} answers; see {self._log.name}")

    def _answers(self) -> bool:
        assert self._process.poll() is None, f"the server ended: see {self._log.name}"
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


class Database:
    """A database of one server."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.query(f"CREATE DATABASE {name}", database="default")

    def url(self, base: str | None = None, password: str = PASSWORD) -> str:
        """The address for CLICKSTREAM_CLICKHOUSE_URLS; `base`: that of a proxy in front."""
        host = (base or self.engine.url).removeprefix("http://")
        return f"http://default:{urllib.parse.quote(password, safe='')}@{host}/{self.name}"

    def query(self, sql: str, body: bytes = b"", **params: str) -> str:
        """Run a statement.

        Raises:
            AssertionError: the server refuses it.
        """
        status, text = self.ask(sql, body, **params)
        assert status == 200, text
        return text

    def ask(self, sql: str, body: bytes = b"", **params: str) -> tuple[int, str]:
        """Run a statement: the HTTP status and the answer's text."""
        query = urllib.parse.urlencode({"query": sql, "database": self.name, "wait_end_of_query": "1"} | params)
        request = urllib.request.Request(
            f"{self.engine.url}/?{query}",
            data=body,
            headers={"X-ClickHouse-User": "default", "X-ClickHouse-Key": PASSWORD},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A query's rows."""
        return [json.loads(line) for line in self.query(f"{sql} FORMAT JSONEachRow").splitlines()]

    def numbers(self, sql: str) -> list[int]:
        """A query's single column of integers."""
        return [int(line) for line in self.query(f"{sql} FORMAT TSV").split()]
