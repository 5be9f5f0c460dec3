"""Marts counted anew while events come in, after views broke, and after the command was ended in its midst."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from clickstream.config import ClickHouseSettings
from clickstream.errors import ConfigurationError, ContractError, UnavailableError
from clickstream.migrate import ddl_directory
from clickstream.rebuild import Days, Step, rebuild, repair
from clickstream.rebuild import lock as lock_module
from clickstream.rebuild.report import Progress
from tests.contract.clickhouse_sink.engine import Engine
from tests.contract.warehouse.questions import QUESTIONS
from tests.contract.warehouse.test_marts import plain
from tests.contract.warehouse.warehouse import DAYS, Warehouse, month_end, traffic
from tests.kit.servers import own_environment

pytestmark = pytest.mark.net

FIRST = month_end() - timedelta(days=3)
SPAN = Days.between(FIRST, month_end() + timedelta(days=DAYS))
EVENTS = 3_000


class EndedError(Exception):
    """Stands for the end of the command: nothing of it runs any more."""


def wrong(warehouse: Warehouse) -> list[str]:
    """The marts that do not equal the raw rows."""
    return [
        name
        for name, (of_mart, of_raw) in QUESTIONS.items()
        if plain(warehouse.lists(of_mart)) != plain(warehouse.lists(of_raw))
    ]


def tables(warehouse: Warehouse) -> list[str]:
    found = warehouse.rows("SELECT name, comment FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    return [f"{row['name']}: {row['comment']}" for row in found]


def more(warehouse: Warehouse, seed: int) -> None:
    """A few hundred events over the same days, in one insert."""
    warehouse.fill(traffic(600, days=DAYS, seed=seed))


def foreign_view(warehouse: Warehouse, condition: str) -> None:
    """A view `fragile` that is no mart."""
    warehouse.query("CREATE TABLE fragile_rows (event_id String) ENGINE = MergeTree ORDER BY event_id")
    select = f"SELECT event_id FROM user_behaviors_local WHERE {condition}"
    warehouse.query(f"CREATE MATERIALIZED VIEW fragile TO fragile_rows AS {select}")


def spoil(warehouse: Warehouse) -> None:
    """The mart of users' days lacks some states and has others twice."""
    warehouse.query("INSERT INTO user_days_state SELECT * FROM user_days_state", insert_deduplicate="0")
    warehouse.query("ALTER TABLE user_days_state DELETE WHERE cityHash64(user_id) % 3 = 0 SETTINGS mutations_sync = 2")


def test_a_mart_equals_the_raw_rows_again_and_other_days_and_marts_stay(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    before = tables(own)
    day = month_end()
    own.query("ALTER TABLE metrics_hourly_state DELETE WHERE toHour(bucket) < 20 SETTINGS mutations_sync = 2")
    left = own.rows("SELECT date, sum(events) AS n FROM metrics_hourly_states GROUP BY date ORDER BY date")
    said: list[Progress] = []
    rebuild(own.settings, "metrics_hourly", Days.between(day, day), said.append)

    raw = {row["date"]: row["n"] for row in own.rows("SELECT date, count() AS n FROM user_behaviors GROUP BY date")}
    now = own.rows("SELECT date, sum(events) AS n FROM metrics_hourly_states GROUP BY date ORDER BY date")
    assert now == [{**row, "n": raw[row["date"]]} if row["date"] == str(day) else row for row in left]
    assert now != left
    assert tables(own) == before, "nothing is left of the rebuild"
    assert [each.step for each in said] == [Step.COUNTING, Step.COMPARED, Step.SWAPPED, Step.COLLECTED, Step.REBUILT]

    rebuild(own.settings, "metrics_hourly", SPAN)
    assert wrong(own) == []


def test_events_that_arrive_meanwhile_are_neither_lost_nor_doubled(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    spoil(own)
    # Inserts take long enough that some are always under way, at the moment of the exchange too.
    own.query("CREATE TABLE slow (n UInt8) ENGINE = Null")
    own.query("CREATE MATERIALIZED VIEW a_slow TO slow AS SELECT sleep(0.2) AS n FROM user_behaviors_local LIMIT 1")
    own.query("CREATE MATERIALIZED VIEW z_slow TO slow AS SELECT sleep(0.2) AS n FROM user_behaviors_local LIMIT 1")
    said: list[Progress] = []

    def moved() -> bool:
        """Whether an insert was under way at an exchange."""
        return any(each.step is Step.COLLECTED and each.note != "0 states" for each in said)

    with inserting(own, threads=3):
        rebuild(own.settings, "user_days", SPAN, said.append)
        for _ in range(8):
            if not moved():
                rebuild(own.settings, "metrics_hourly", SPAN, said.append)
    assert moved(), "no insert was under way: this shows nothing"
    assert own.numbers("SELECT uniqExact(_generation) > 1 FROM user_behaviors_local") == [1]
    assert wrong(own) == []


@contextmanager
def inserting(warehouse: Warehouse, threads: int) -> Iterator[list[int]]:
    """One insert after the other on each thread, as long as the block lasts."""
    stop = Event()
    done: list[int] = []

    def work(thread: int) -> None:
        seed = 1000 * (thread + 1)
        while not stop.is_set():
            seed += 1
            more(warehouse, seed)
            done.append(seed)

    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work, thread) for thread in range(threads)]
        try:
            yield done
        finally:
            stop.set()
            for each in working:
                each.result()


def test_after_a_view_broke_every_mart_equals_the_raw_rows_again(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    # What real mistakes look like: a limit that a mart's table has, and an expression that throws.
    own.query("ALTER TABLE item_stats_daily_state ADD CONSTRAINT few CHECK position < 3")
    foreign_view(own, "NOT throwIf(position = 2)")
    more(own, 11)
    assert wrong(own) != []
    days = own.rows("SELECT DISTINCT date FROM clickstream_repairs FINAL WHERE state = 'open'")
    assert len(days) > 1

    with pytest.raises(ContractError, match="few"):
        repair(own.settings)  # it breaks as ever
    own.query("ALTER TABLE item_stats_daily_state DROP CONSTRAINT few")
    said: list[Progress] = []
    left = repair(own.settings, said.append)
    assert wrong(own) == []
    causes = own.rows("SELECT DISTINCT cause FROM clickstream_repairs FINAL WHERE state = 'open'")
    assert all("fragile" in row["cause"] for row in causes), "what is no mart of ours stays on the list"
    assert left == own.numbers("SELECT count() FROM clickstream_repairs FINAL WHERE state = 'open'")[0]
    steps = {each.step for each in said}
    assert Step.REBUILT in steps
    assert steps & {Step.REPAIRED, Step.LEFT_OPEN}, "which of the two views a row broke first is chance"


def test_marts_of_a_day_are_right_again_where_the_view_that_is_named_is_another(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    foreign_view(own, "true")
    own.query(
        "INSERT INTO clickstream_repairs (date, cause, state, noted_at) "
        "SELECT DISTINCT date, 'while pushing to view fragile', 'open', now64(3) FROM user_behaviors_local"
    )
    spoil(own)
    assert wrong(own) != []
    left = repair(own.settings)
    assert wrong(own) == []
    assert left == own.numbers("SELECT count() FROM clickstream_repairs FINAL WHERE state = 'open'")[0] > 1


def test_what_is_noted_again_while_a_repair_runs_stays_on_the_list(own: Warehouse) -> None:
    own.fill(traffic(600))
    note = f"INSERT INTO clickstream_repairs (date, cause) VALUES ('{month_end()}', 'view_failed')"
    waiting = "SELECT toString(date) AS day FROM clickstream_repairs FINAL WHERE state = 'open'"
    own.query(note)

    def again(progress: Progress) -> None:
        if progress.step is Step.COMPARED:
            own.query(note)

    repair(own.settings, again)
    assert own.rows(waiting) == [{"day": f"{month_end()}"}]
    repair(own.settings)
    assert own.rows(waiting) == []


@pytest.mark.parametrize("step", [Step.COUNTING, Step.COMPARED, Step.SWAPPED, Step.COLLECTED])
def test_what_was_ended_in_its_midst_is_put_right_by_the_next_run(own: Warehouse, step: Step) -> None:
    own.fill(traffic(EVENTS))
    before = tables(own)
    spoil(own)
    more(own, 21)

    def end(progress: Progress) -> None:
        more(own, 30 + list(Step).index(progress.step))
        if progress.step is step:
            raise EndedError

    with pytest.raises(EndedError):
        rebuild(own.settings, "user_days", SPAN, end)
    more(own, 22)
    rebuild(own.settings, "user_days", SPAN)
    assert wrong(own) == []
    assert tables(own) == before


def test_killed_it_can_be_run_again_at_once(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    before = tables(own)
    spoil(own)
    command = [sys.executable, "-m", "clickstream", "rebuild", "user_days", "--from", str(FIRST)]
    environment = own_environment() | {"CLICKSTREAM_CLICKHOUSE_URLS": own.url()}
    with inserting(own, threads=1):
        for killed_at in ("swapped", "counting anew"):
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                assert any(killed_at in line for line in process.stdout)
                process.kill()
            assert process.returncode == -signal.SIGKILL
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert wrong(own) == []
    assert tables(own) == before


def test_only_one_works_on_a_server_at_a_time(own: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    own.fill(traffic(600))
    monkeypatch.setattr(lock_module, "_START_SECONDS", 1.0)
    refused: list[str] = []

    def again(progress: Progress) -> None:
        if progress.step is Step.COMPARED:
            with pytest.raises(UnavailableError, match="another rebuild .* works on") as caught:
                rebuild(own.settings, "all", SPAN)
            refused.append(str(caught.value))

    rebuild(own.settings, "metrics_hourly", SPAN, again)
    assert len(refused) == 1
    assert wrong(own) == []


def test_each_server_has_its_own_rows(own: Warehouse, second: Warehouse) -> None:
    own.fill(traffic(3_000))
    second.fill(traffic(3_000, seed=8))
    for each in (own, second):
        spoil(each)
    both = ClickHouseSettings(urls=f"{own.url()};{second.url()}")
    rebuild(both, "user_days", SPAN)
    assert wrong(own) == wrong(second) == []
    assert own.numbers("SELECT count() FROM user_behaviors") != second.numbers("SELECT count() FROM user_behaviors")


def test_while_nothing_is_inserted_months_are_replaced(own: Warehouse) -> None:
    own.fill(traffic(EVENTS))
    before = tables(own)
    spoil(own)
    day = month_end()
    left = own.rows("SELECT date, sum(events) AS n FROM user_days_states GROUP BY date ORDER BY date")
    rebuild(own.settings, "user_days", Days.between(day, day), stopped=True)
    raw = {row["date"]: row["n"] for row in own.rows("SELECT date, count() AS n FROM user_behaviors GROUP BY date")}
    now = own.rows("SELECT date, sum(events) AS n FROM user_days_states GROUP BY date ORDER BY date")
    assert now == [{**row, "n": raw[row["date"]]} if row["date"] == str(day) else row for row in left]
    assert now != left

    own.query(f"INSERT INTO clickstream_repairs (date, cause) SELECT arrayJoin([{SPAN.sql}]), 'view_failed'")
    assert repair(own.settings, stopped=True) == 0
    assert wrong(own) == []
    assert tables(own) == before
    more(own, 51)
    assert wrong(own) == [], "views go on writing into what was replaced"


@pytest.mark.parametrize("step", [Step.COUNTING, Step.COMPARED])
def test_what_is_inserted_all_the_same_stops_the_replacement(own: Warehouse, step: Step) -> None:
    own.fill(traffic(600))
    before = tables(own)

    def insert(progress: Progress) -> None:
        if progress.step is step:
            more(own, 61)

    with pytest.raises(ContractError, match="user_days was not replaced: events were inserted meanwhile"):
        rebuild(own.settings, "user_days", SPAN, insert, stopped=True)
    assert wrong(own) == []
    assert tables(own) == before


def test_rows_from_before_there_were_generations(engine: Engine, tmp_path: Path) -> None:
    old = tmp_path / "ddl"
    shutil.copytree(ddl_directory(None), old)
    for path in (old / "clickhouse").glob("*.sql"):
        if path.name >= "008":
            path.unlink()
    warehouse = Warehouse(engine, "warehouse_old", old)
    try:
        warehouse.fill(traffic(3_000))
        warehouse.migrate(ddl_directory(None))
        more(warehouse, 41)
        spoil(warehouse)
        rebuild(warehouse.settings, "user_days", SPAN)
        rebuild(warehouse.settings, "user_days", SPAN)
        assert wrong(warehouse) == []
    finally:
        warehouse.drop()


def test_days_whose_raw_rows_are_gone_are_refused(own: Warehouse) -> None:
    gone = month_end() - timedelta(days=100)
    with pytest.raises(ConfigurationError, match="past their retention"):
        rebuild(own.settings, "all", Days.between(gone, month_end()))
    with pytest.raises(ConfigurationError, match=r"there is no mart 'metrics' on .*: there are experiment_metrics, "):
        rebuild(own.settings, "metrics", SPAN)
