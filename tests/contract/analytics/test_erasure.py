"""A user is erased from every ClickHouse server, Redis and dead letters on file; the receipt says what stays."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from analytics.erasure.erasure import Erasure
from analytics.erasure.files import erase_letters
from analytics.erasure.tables import erase_rows
from analytics.services import Services
from analytics.tokens import Tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, RedisSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.errors import UnavailableError
from clickstream.migrate import ddl_directory, migrate_clickhouse
from clickstream.rebuild import Days, Step, rebuild, repair
from clickstream.rebuild import lock as lock_module
from clickstream.rebuild.report import Progress
from tests.contract.analytics.service import running
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.redis import RedisProcess
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

USER = "o'neil/%\\ö"
KEPT = "somebody else"
TABLES = ("user_behaviors_local", "sessions_state", "user_days_state")
DAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


@dataclass
class Platform:
    """Two ClickHouse servers (databases of one process), Redis, a dead-letter folder, and the service over them."""

    clickhouse: ServerProcess
    databases: tuple[str, str]
    redis: RedisProcess
    letters: Path
    address: str

    @property
    def settings(self) -> ClickHouseSettings:
        return ClickHouseSettings(urls=";".join(f"{self.clickhouse.url}/{name}" for name in self.databases))

    def ask(self, database: str, sql: str, body: bytes = b"") -> list[dict[str, Any]]:
        url = {"database": database, "default_format": "JSONEachRow", "output_format_json_quote_64bit_integers": "0"}
        answer = httpx.post(self.clickhouse.url, params={**url, "query": sql}, content=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]

    def counts(self, user: str, tenant: str = "aurora") -> list[int]:
        """Rows of a user in each table of each database."""
        name = user.replace("\\", "\\\\").replace("'", "\\'")
        where = f"tenant_id = '{tenant}' AND user_id = '{name}'"
        return [
            self.ask(database, f"SELECT count() AS n FROM {table} WHERE {where}")[0]["n"]
            for database in self.databases
            for table in TABLES
        ]


def event(number: int, user: str, tenant: str = "aurora") -> dict[str, Any]:
    row = {"event_id": f"e{number}", "tenant_id": tenant, "scenario_id": "home", "user_id": user, "item_id": "i"}
    row |= {"action_type": "view", "session_id": f"s{number}", "url": "https://shop.example/a"}
    return row | {"timestamp": f"{DAY:%Y-%m-%d %H:%M:%S}.000", "_partition": 1, "_offset": number}


def letter(number: int, user: str, *, tenant: str = "aurora", encoded: bool = False) -> bytes:
    raw = json.dumps(event(number, user, tenant), ensure_ascii=number % 2 == 0)
    kept = {"raw_base64": base64.b64encode(raw.encode()).decode()} if encoded else {"raw": raw}
    return json.dumps({"reason": "refused", "offset": number, **kept}).encode() + b"\n"


@pytest.fixture
def platform(clickhouse: ServerProcess, settings: AnalyticsSettings, tmp_path: Path) -> Iterator[Platform]:
    names = ("erasure_1", "erasure_2")
    (tmp_path / "redis").mkdir()
    with RedisProcess(tmp_path / "redis") as redis_process:
        made = Platform(clickhouse, names, redis_process, tmp_path / "letters", "")
        made.letters.mkdir()
        migrate_clickhouse(made.settings, ddl_directory(None))
        clock = SystemClock()
        one = ClickHouseSettings(urls=f"{clickhouse.url}/{names[0]}")
        services = Services(
            settings=settings,
            tokens=Tokens(settings.tokens_file),
            warehouse=Warehouse(one, settings, clock),
            lookup=None,
            clock=clock,
            erasure=Erasure(made.settings, clock, redis_process.url, RedisSettings(), made.letters),
        )
        with running(services) as made.address:
            yield made
    for name in names:
        httpx.post(clickhouse.url, params={"query": f"DROP DATABASE {name} SYNC"}, timeout=60).raise_for_status()


def delete(platform: Platform, token: str, user: str = USER, **parameters: str) -> httpx.Response:
    return httpx.delete(
        f"{platform.address}/api/v1/analytics/users/{quote(user, safe='')}",
        params=parameters,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )


def test_a_user_is_gone_from_everything_and_the_receipt_says_what_stays(
    platform: Platform, tokens: dict[str, str]
) -> None:
    for number, database in enumerate(platform.databases):
        rows = [event(number * 10 + at, user) for at, user in enumerate((USER, USER, KEPT))]
        rows.append(event(number * 10 + 5, USER, "borealis"))  # another tenant's user of that name
        body = "\n".join(map(json.dumps, rows)).encode()
        platform.ask(database, "INSERT INTO user_behaviors_local FORMAT JSONEachRow", body)
    assert platform.counts(USER) == [2, 2, 1] * 2
    keys = RedisSettings().keys
    with platform.redis.client() as redis_client:
        redis_client.rpush(keys.recent("aurora", USER), "i")
        redis_client.rpush(keys.recent("aurora", KEPT), "i")
    folder = platform.letters / "dt=2026-03-01"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(letter(1, USER) + letter(2, KEPT) + letter(3, USER, encoded=True))
    (folder / "b.jsonl.replayed").write_bytes(letter(4, USER))

    for token in ("aurora", "admin only"):
        assert delete(platform, tokens[token]).status_code == 403
    assert delete(platform, tokens["aurora"], tenant_id="borealis").status_code == 403
    assert delete(platform, "nobody's").status_code == 401
    assert platform.counts(USER) == [2, 2, 1] * 2

    answer = delete(platform, tokens["all"], tenant_id="aurora")
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert platform.counts(USER) == [0] * 6
    assert platform.counts(KEPT) == [1] * 6
    assert platform.counts(USER, "borealis") == [1] * 6
    erased = {(each["table"], each["rows"]) for each in receipt["clickhouse"]}
    assert erased == {("user_behaviors_local", 2), ("sessions_state", 2), ("user_days_state", 1)}
    assert len(receipt["clickhouse"]) == 6
    with platform.redis.client() as redis_client:
        assert redis_client.keys("user:recent:*") == [keys.recent("aurora", KEPT)]
    assert receipt["redis_keys"] == 1
    assert receipt["dead_letter_files"] == {"files": 2, "letters": 3}
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]
    assert json.loads((folder / "a.jsonl").read_bytes())["offset"] == 2
    assert receipt["tenant_id"] == "aurora" and receipt["user_id"] == USER and receipt["requested_by"] == "all"
    assert receipt["days_to_rebuild"] == [f"{DAY:%Y-%m-%d}"]
    remaining = {each["where"]: each for each in receipt["remaining"]}
    assert {"Kafka", "state of the job UserRecent", "marts without user ids"} <= set(remaining)
    with platform.redis.client() as redis_client:
        (mark,) = redis_client.keys("erased:*")
        assert mark == keys.erased("aurora", USER) and remaining["Redis, the mark of this erasure"]
        erased_ms = datetime.fromisoformat(receipt["erased_at"]).timestamp() * 1000
        assert 0 <= erased_ms - float(redis_client.get(mark) or 0) < 60_000

    hourly = "SELECT sum(events) AS n, uniqExactMerge(active_users) AS users FROM metrics_hourly_states"
    assert platform.ask("erasure_1", hourly) == [{"n": 4, "users": 2}]
    assert repair(platform.settings) == 0
    assert platform.ask("erasure_1", hourly + " WHERE tenant_id = 'aurora'") == [{"n": 1, "users": 1}]

    again = delete(platform, tokens["all"], tenant_id="aurora").json()
    assert {each["rows"] for each in again["clickhouse"]} == {0} and again["redis_keys"] == 0
    assert again["days_to_rebuild"] == []


def test_a_store_that_is_away_is_said_and_the_request_can_be_repeated(
    platform: Platform, tokens: dict[str, str]
) -> None:
    platform.ask(
        "erasure_2", "INSERT INTO user_behaviors_local FORMAT JSONEachRow", json.dumps(event(1, USER)).encode()
    )
    platform.redis.stop()
    answer = delete(platform, tokens["all"], tenant_id="aurora")
    assert answer.status_code == 503 and "Redis does not answer" in answer.json()["detail"]
    platform.redis.start()
    answer = delete(platform, tokens["all"], tenant_id="aurora")
    assert answer.status_code == 200
    assert platform.counts(USER) == [0] * 6
    # What the first attempt deleted is not forgotten: its days wait for their rebuild.
    assert answer.json()["days_to_rebuild"] == [f"{DAY:%Y-%m-%d}"]


def test_it_is_refused_while_marts_are_counted_anew(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "_START_SECONDS", 1.0)
    refused: list[str] = []

    def erase(progress: Progress) -> None:
        if progress.step is Step.COMPARED and not refused:
            with pytest.raises(UnavailableError, match="another rebuild .* works on") as caught:
                erase_rows(platform.settings, "aurora", USER)
            refused.append(str(caught.value))

    rebuild(platform.settings, "user_days", Days.between(DAY.date(), DAY.date()), erase)
    assert len(refused) == 1


def test_days_that_were_counted_anew_while_the_rows_were_still_there_wait_once_more(platform: Platform) -> None:
    name = "erasure_1"
    alone = ClickHouseSettings(urls=f"{platform.clickhouse.url}/{name}")
    users = "SELECT uniqExactMerge(active_users) AS n FROM metrics_hourly_states"
    waiting = "SELECT count() AS n FROM clickstream_repairs FINAL WHERE state = 'open'"
    rows = [event(number, user) for number, user in enumerate((USER, KEPT))]
    platform.ask(name, "INSERT INTO user_behaviors_local FORMAT JSONEachRow", "\n".join(map(json.dumps, rows)).encode())
    platform.ask(name, "SYSTEM STOP MERGES user_behaviors_local")  # no part is written anew either
    with ThreadPoolExecutor(1) as pool:
        try:
            erasing = pool.submit(erase_rows, alone, "aurora", USER)
            wait_for(lambda: platform.ask(name, waiting) == [{"n": 1}], 30, "the day is on the list")
            # The lock is a connection: that may break, and the statement that deletes goes on.
            platform.ask(name, f"KILL QUERY WHERE query_id = 'clickstream-rebuild-{name}' SYNC")
            assert repair(alone) == 0
            assert platform.ask(name, users) == [{"n": 2}] and platform.ask(name, waiting) == [{"n": 0}]
            assert not erasing.done()
        finally:
            platform.ask(name, "SYSTEM START MERGES user_behaviors_local")
        assert erasing.result(60).days == {DAY.date()}
    assert platform.ask(name, waiting) == [{"n": 1}]
    assert repair(alone) == 0
    assert platform.ask(name, users) == [{"n": 1}]


@pytest.mark.parametrize("mine", range(1, 16))
def test_positions_in_a_file_of_letters_stay(mine: int, tmp_path: Path) -> None:
    """Every choice of four letters: what is left can be read, and is where a replay expects it."""
    folder = tmp_path / "dt=2026-03-01"
    folder.mkdir()
    path = folder / "x.jsonl"
    lines = [letter(at, USER if mine >> at & 1 else KEPT, encoded=at == 2) for at in range(4)]
    path.write_bytes(b"".join(lines))
    found = erase_letters(tmp_path, "aurora", USER)
    assert (found.files, found.letters) == (1, mine.bit_count())
    if mine == 15:
        assert not path.exists()
        return
    left = path.read_bytes()
    assert len(left) == sum(map(len, lines)) and left.endswith(b"\n")
    assert [json.loads(line)["offset"] for line in left.splitlines()] == [at for at in range(4) if not mine >> at & 1]
    for at in range(4):
        if not mine >> at & 1:
            begin = sum(map(len, lines[:at]))
            assert left[begin : begin + len(lines[at]) - 1] == lines[at][:-1]
    assert erase_letters(tmp_path, "aurora", USER).letters == 0


def test_the_rest_of_a_write_that_was_cut_off_is_erased_too(tmp_path: Path) -> None:
    folder = tmp_path / "dt=2026-03-01"
    folder.mkdir()
    (folder / "x.jsonl").write_bytes(letter(1, KEPT) + letter(2, "secret-user")[:-20])
    assert erase_letters(tmp_path, "aurora", "secret-user").letters == 1
    left = (folder / "x.jsonl").read_bytes()
    assert b"secret-user" not in left and json.loads(left)["offset"] == 1
