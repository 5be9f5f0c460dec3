import random
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.config.kafka import Source
from clickstream.config.sink import Compression, Routing
from clickstream.errors import ContractError
from clickstream.migrate import migrate_clickhouse
from clickstream.names import DeadLetterReason
from clickstream.recent_ids import hashes_of
from sinks.clickhouse.batch import Report
from sinks.clickhouse.routing import HashRouter
from sinks.clickhouse.rows import BehaviorRows, Records
from sinks.clickhouse.writer import Writer
from tests.contract.clickhouse_sink.batches import batch_of, config, row, sort
from tests.contract.clickhouse_sink.engine import ROOT, Database

pytestmark = pytest.mark.net


@pytest.mark.parametrize("compression", Compression)
def test_rows_arrive_whole_however_they_are_compressed(database: Database, compression: Compression) -> None:
    text = 'quote " backslash \\ newline \n tab \t nul \0 emoji \U0001f600'
    with Writer(config(database.url(), compression=compression)) as writer:
        assert writer.write(batch_of([row(n, text=text) for n in range(1000)])) == Report(written=1000, inserts=1)
    assert database.numbers("SELECT n FROM t ORDER BY n") == list(range(1000))
    assert database.rows("SELECT DISTINCT text FROM t") == [{"text": text}]


@pytest.mark.parametrize("nodes", [1, 3])
def test_after_a_restart_what_is_there_is_found(databases: list[Database], nodes: int) -> None:
    urls = [each.url() for each in databases[:nodes]]
    rows = [row(n) for n in range(300)]
    with Writer(config(*urls)) as writer:
        for start in range(0, 200, 20):
            part = batch_of(rows[start : start + 20])
            assert sort(writer, part) == ([False] * 20, [False] * 20)
            if start != 100:  # a batch that never arrived
                writer.write(part)
        assert sort(writer, batch_of(rows[:20]))[0] == [True] * 20
    with Writer(config(*urls)) as writer:
        again = batch_of(rows[50:])
        repeated, held = sort(writer, again)
        assert not any(repeated)
        assert held == [n < 200 and not 100 <= n < 120 for n in range(50, 300)]
        writer.write(again.where(~np.array(held)))
    stored = [n for each in databases[:nodes] for n in each.numbers("SELECT n FROM t")]
    assert sorted(stored) == list(range(300))


def test_random_routing_uses_every_shard(databases: list[Database]) -> None:
    with Writer(config(*(each.url() for each in databases)), source=random.Random(1)) as writer:
        for n in range(30):
            writer.write(batch_of([row(n)]))
    counts = [each.numbers("SELECT count() FROM t")[0] for each in databases]
    assert sum(counts) == 30
    assert all(counts)


def test_hash_routing_puts_each_row_where_xxhash64_says(databases: list[Database]) -> None:
    urls = [f"{each.url()}#{weight}" for each, weight in zip(databases, (1, 2, 3), strict=True)]
    with Writer(config(*urls, routing=Routing.SHARDING_KEY_HASH)) as writer:
        assert writer.write(batch_of([row(n) for n in range(500)])).inserts == 3
    slots = [(0, 1), (1, 3), (3, 6)]
    for each, (first, end) in zip(databases, slots, strict=True):
        assert each.numbers("SELECT count() FROM t")[0] > 0
        assert each.numbers(f"SELECT countIf(xxHash64(key) % 6 NOT BETWEEN {first} AND {end - 1}) FROM t") == [0]


def test_hashes_are_the_engines(database: Database) -> None:
    keys = ["", "u-1", "größe", "\U0001f600", *(f"user-{n}" for n in range(100))]
    database.query("CREATE TABLE k (i UInt32, key String) ENGINE = Memory")
    database.query("INSERT INTO k FORMAT TSV", "".join(f"{i}\t{key}\n" for i, key in enumerate(keys)).encode())
    assert database.numbers("SELECT xxh3(key) FROM k ORDER BY i") == hashes_of(keys).tolist()
    cluster = config("http://a#1", "http://b#2", "http://c#4").cluster
    slots = [0, 1, 1, 2, 2, 2, 2]
    shards = [slots[remainder] for remainder in database.numbers("SELECT xxHash64(key) % 7 FROM k ORDER BY i")]
    assert HashRouter(cluster).shard_numbers(keys).tolist() == shards


def test_a_batch_that_spans_months_goes_in_whole(database: Database) -> None:
    rows = [row(n, day=f"2026-{n % 12 + 1:02}-10") for n in range(240)]
    with Writer(config(database.url())) as writer:
        assert writer.write(batch_of(rows)) == Report(written=240, inserts=1)
    assert database.numbers("SELECT count(), uniqExact(_offset), uniqExact(toYYYYMM(day)) FROM t") == [240, 240, 12]


def test_a_batch_of_more_partitions_than_a_limit_of_the_users_allows_goes_in_by_several(database: Database) -> None:
    rows = [row(n, day=f"2026-{n // 20 + 1:02}-10") for n in range(240)]
    with Writer(config(database.url(), settings={"max_partitions_per_insert_block": "3"})) as writer:
        report = writer.write(batch_of(rows))
    assert (report.written, report.dead, report.retries) == (240, [], 0)
    assert report.inserts <= 8
    assert database.numbers("SELECT count(), uniqExact(_offset) FROM t") == [240, 240]


def test_a_backlog_of_many_days_goes_in_whole_where_each_is_a_partition(database: Database) -> None:
    """Of a batch that is cut each piece would hold most of the days: hundreds of inserts, and as many parts a day."""
    database.query(
        "CREATE TABLE days AS t ENGINE = MergeTree PARTITION BY day ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 1000"
    )
    database.query(
        "CREATE MATERIALIZED VIEW view ENGINE = MergeTree PARTITION BY day ORDER BY day "
        "SETTINGS non_replicated_deduplication_window = 1000 AS SELECT day, count() AS c FROM days GROUP BY day"
    )
    first = date(2026, 1, 1)
    rows = [row(n, day=str(first + timedelta(days=n % 150))) for n in range(3_000)]
    with Writer(config(database.url(), table="days")) as writer:
        assert writer.write(batch_of(rows)) == Report(written=3_000, inserts=1)
    assert database.numbers("SELECT count(), uniqExact(_offset), uniqExact(day) FROM days") == [3_000, 3_000, 150]
    assert database.numbers("SELECT sum(c), min(c), max(c) FROM view") == [3_000, 20, 20]


def test_a_large_batch_is_cut_by_bytes(database: Database) -> None:
    with Writer(config(database.url(), batch_bytes=20_000)) as writer:
        report = writer.write(batch_of([row(n, text="x" * 900) for n in range(100)]))
    assert report.written == 100
    assert report.inserts == report.parts_by_bytes + 1 >= 5
    assert database.numbers("SELECT count() FROM t") == [100]


def test_rows_that_break_a_constraint_die_alone_with_few_inserts(database: Database) -> None:
    bad = {17, 400, 401, 998}
    with Writer(config(database.url())) as writer:
        report = writer.write(batch_of([row(n) | ({"n": -n} if n in bad else {}) for n in range(1000)]))
    assert {dead.index for dead in report.dead} == bad
    assert {(dead.reason, dead.code, dead.shard) for dead in report.dead} == {(DeadLetterReason.REFUSED, 469, 0)}
    assert "positive" in report.dead[0].message
    assert (report.written, report.found) == (996, 0)
    assert report.inserts <= 5  # those that succeeded
    assert database.numbers("SELECT count(), uniqExact(_offset), min(n)  FROM t") == [996, 996, 0]


def test_values_that_cannot_be_parsed_die_alone(database: Database) -> None:
    rows = [row(n) for n in range(100)]
    wrong: dict[int, dict[str, Any]] = {
        3: {"size": "many"},
        50: {"kind": "z"},
        51: {"day": "someday"},
        52: {"column": 1},
        99: {"size": [1]},
    }
    for index, fields in wrong.items():
        rows[index] |= fields
    with Writer(config(database.url())) as writer:
        report = writer.write(batch_of(rows))
    assert {dead.index: dead.code for dead in report.dead} == {3: 27, 50: 691, 51: 38, 52: 117, 99: 27}
    assert report.written == 95
    assert database.numbers("SELECT count() FROM t") == [95]


def test_a_batch_of_nothing_but_bad_rows(database: Database) -> None:
    with Writer(config(database.url())) as writer:
        report = writer.write(batch_of([row(n) | {"n": -1} for n in range(60)]))
    assert sorted(dead.index for dead in report.dead) == list(range(60))
    assert database.numbers("SELECT count() FROM t") == [0]


def test_a_parse_error_at_the_end_of_a_large_insert_leaves_nothing_behind(database: Database) -> None:
    # What is taken for granted when an error names a row: no block before it was written.
    body = b"".join(b'{"n":%d,"day":"2026-01-15"}\n' % n for n in range(300_000)) + b'{"n":"x"}\n'
    settings = {"input_format_parallel_parsing": "0", "async_insert": "0"}
    status, text = database.ask("INSERT INTO t FORMAT JSONEachRow", body, **settings)
    assert (status, text.split(".")[0]) == (400, "Code: 27")
    assert database.numbers("SELECT count() FROM t") == [0]


def test_a_part_that_changed_gets_another_token(database: Database) -> None:
    # The engine drops what comes under a used token, whatever it holds: one token for two different batches loses rows.
    for n in (1, 2):
        database.query(
            "INSERT INTO t FORMAT JSONEachRow", b'{"n":%d,"day":"2026-01-15"}' % n, insert_deduplication_token="same"
        )
    assert database.numbers("SELECT n FROM t") == [1]
    with Writer(config(database.url())) as writer:
        for start in (10, 20, 30):
            rows = [row(n) for n in range(start, start + 10)]
            rows[4] |= {"n": -1}
            writer.write(batch_of(rows))
    assert database.numbers("SELECT count() FROM t WHERE n >= 10") == [27]


def test_a_wrong_password_is_a_clear_error(database: Database) -> None:
    writer = Writer(config(database.url(password="wrong")))
    with pytest.raises(ContractError, match="refuses user 'default'.*correct CLICKSTREAM_CLICKHOUSE_URLS") as failure:
        writer.open()
    writer.close()
    assert "wrong" not in str(failure.value)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("nowhere", r"has no table test_\d+\.nowhere: run `clickstream migrate`"),
        ("bare", r"bare lacks one of the columns '_epoch', '_partition', '_offset'"),
        ("forgetful", r"forgetful remembers no inserts.* MODIFY SETTING non_replicated_deduplication_window = 1000"),
    ],
)
def test_a_table_that_cannot_be_written_exactly_is_a_clear_error(database: Database, table: str, text: str) -> None:
    database.query("CREATE TABLE bare (n Int64, _epoch UInt32) ENGINE = MergeTree ORDER BY n")
    database.query("CREATE TABLE forgetful AS t ENGINE = MergeTree ORDER BY n")
    writer = Writer(config(database.url(), table=table))
    with pytest.raises(ContractError, match=text):
        writer.open()
    writer.close()


def test_an_unknown_database_is_a_clear_error(database: Database) -> None:
    writer = Writer(config(database.url().replace(database.name, "nowhere")))
    with pytest.raises(ContractError, match="no database nowhere: run `clickstream migrate`"):
        writer.open()
    writer.close()


def test_an_unknown_column_in_a_look_up_ends_instead_of_being_asked_for_ever(database: Database) -> None:
    database.query("CREATE TABLE v AS t")
    with Writer(config(database.url(), table="v")) as writer:
        database.query("ALTER TABLE v DROP COLUMN _offset")
        with pytest.raises(ContractError, match="_offset"):
            sort(writer, batch_of([row(1)]))


def test_events_arrive_in_the_shipped_table(database: Database) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    now = int(time.time()) * 1000  # the table forgets old days
    value = (
        b'{"event_id":"e-1","tenant_id":"shop","scenario_id":"home","user_id":"u-1","item_id":"i-1","action_type":'
        b'"add_cart","timestamp":%d,"x":0,"context":{"os":"Linux","is_bot":true},"own":[1,"\\n"],'
        b'"completion_rate":0.5,"price":12.5}'
    ) % (now + 1)
    count = np.array([7], dtype=np.int64)
    records = Records([value], np.array([3], dtype=np.int64), count, np.array([now + 999], dtype=np.int64))
    rows = BehaviorRows(Source.ODS, epoch=2**32 - 1).rows(records)
    with Writer(config(database.url(), table="user_behaviors_local")) as writer:
        assert writer.write(rows.batch) == Report(written=1, inserts=1)
    columns = "event_id, action_type, event_name, x, y, completion_rate, price, extra_data, _epoch, _partition, _offset"
    times = "toUnixTimestamp64Milli(timestamp) AS ms, toUnixTimestamp64Milli(received_at) AS received, date"
    context = "context.os AS os, context.is_bot AS bot, context.browser AS browser"
    (stored,) = database.rows(f"SELECT {columns}, {times}, {context} FROM user_behaviors_local")
    assert {name: int(value) if name in ("ms", "received", "_offset") else value for name, value in stored.items()} == {
        "event_id": "e-1",
        "action_type": "add_cart",
        "event_name": "add_cart",
        "x": 0,
        "y": -1,
        "completion_rate": 0.5,
        "price": 12.5,
        "extra_data": '{"own":[1,"\\n"]}',
        "_epoch": 2**32 - 1,
        "_partition": 3,
        "_offset": 7,
        "ms": now + 1,
        "received": now + 999,
        "date": f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d}",
        "os": "Linux",
        "bot": True,
        "browser": "",
    }


OBJECTS = [
    "{}",
    '{"a": 1.50, "b" : [ 1e3, -0 ], "c":null}',
    '{"quote":"\\"","backslash":"\\\\","both":"\\\\\\"","braces":"}{]["}',
    '{"\\u0061\\n\\t\\u0000":"\\ud83d\\ude00 \U0001f600 \u00e9"}',
    '{"deep":' + '{"a":[' * 100 + "]}" * 100 + "}",
    '{"twice":1,"twice":2}',
    '{\t"spaced"\r:  {"x" : "y  z" } }',
    '{"long":"' + "x" * 8000 + '"}',
]


def test_extra_data_arrives_as_it_was_sent_letter_by_letter(database: Database) -> None:
    migrate_clickhouse(ClickHouseSettings(urls=database.url()), ROOT / "ddl")
    now = int(time.time()) * 1000
    values = [
        b'{"event_id":"e-%d","tenant_id":"t","scenario_id":"s","user_id":"u","action_type":"custom","timestamp":%d,'
        b'"extra_data": %s }' % (number, now, sent.encode())
        for number, sent in enumerate([*OBJECTS, '{\n"broken":\n1}'])
    ]
    offsets = np.arange(len(values))
    records = Records(values, np.zeros(len(values), dtype=np.int64), offsets, np.full(len(values), now))
    with Writer(config(database.url(), table="user_behaviors_local")) as writer:
        written = writer.write(BehaviorRows(Source.ODS, epoch=1).rows(records).batch)
    assert written == Report(written=len(values), inserts=1)
    stored = database.rows("SELECT extra_data FROM user_behaviors_local ORDER BY _offset")
    assert [each["extra_data"] for each in stored] == [*OBJECTS, '{ "broken": 1}']  # a line break is white space
