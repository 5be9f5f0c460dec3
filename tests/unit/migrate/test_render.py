from pathlib import Path

import pytest

from clickstream.config.mysql import MySqlAddress
from clickstream.errors import MigrationError
from clickstream.migrate.files import Migration, checksum
from clickstream.migrate.render import Topology, render
from clickstream.migrate.statements import split


def migration(sql: str, version: int | None = 1) -> Migration:
    return Migration(version, "001_x", Path("001_x.sql"), tuple(split(sql, "001_x.sql")), checksum(sql))


def rendered(sql: str, topology: Topology) -> list[str]:
    return [statement.text for statement in render(migration(sql), topology).statements]


ZOOKEEPER = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"


@pytest.mark.parametrize(
    ("engine", "single", "replicated"),
    [
        ("MergeTree()", "MergeTree()", f"ReplicatedMergeTree({ZOOKEEPER})"),
        (
            "ReplacingMergeTree(noted_at)",
            "ReplacingMergeTree(noted_at)",
            f"ReplicatedReplacingMergeTree({ZOOKEEPER}, noted_at)",
        ),
        (
            "SummingMergeTree((a, b))",
            "SummingMergeTree((a, b))",
            f"ReplicatedSummingMergeTree({ZOOKEEPER}, (a, b))",
        ),
    ],
)
def test_engines_are_replicated_where_shards_have_replicas(engine: str, single: str, replicated: str) -> None:
    sql = f"CREATE TABLE t ENGINE = ${{engine {engine}}} ORDER BY a"
    assert rendered(sql, Topology()) == [f"CREATE TABLE t ENGINE = {single} ORDER BY a"]
    assert rendered(sql, Topology(replicated=True)) == [f"CREATE TABLE t ENGINE = {replicated} ORDER BY a"]


def test_directives_choose_by_the_cluster() -> None:
    sql = "-- @no-cluster\nVIEW;\n-- @cluster\nDISTRIBUTED(${cluster});\nBOTH"
    assert rendered(sql, Topology()) == ["VIEW", "BOTH"]
    assert rendered(sql, Topology(cluster="it's")) == ["DISTRIBUTED('it\\'s')", "BOTH"]


def test_braces_of_the_server_are_left_alone() -> None:
    assert rendered("SELECT {a:String}, '{shard}', '$x'", Topology()) == ["SELECT {a:String}, '{shard}', '$x'"]


@pytest.mark.parametrize("placeholder", ["${database}", "${engine Memory}", "${engine MergeTree}", "${}"])
def test_an_unknown_placeholder_is_an_error_with_its_line(placeholder: str) -> None:
    with pytest.raises(MigrationError, match=r"001_x\.sql, line 2: there is no placeholder"):
        rendered(f"\nSELECT {placeholder}", Topology())


def test_an_unknown_directive_is_an_error_with_its_line() -> None:
    with pytest.raises(MigrationError, match=r"001_x\.sql, line 2: there is no directive @clutser"):
        rendered("-- @clutser\nSELECT 1", Topology())


def test_a_numbered_file_keeps_its_checksum_and_a_repeatable_one_follows_the_topology() -> None:
    sql = "-- @cluster\nA;\n-- @no-cluster\nB"
    numbered, repeatable = migration(sql), migration(sql, version=None)
    assert render(numbered, Topology("c")).checksum == render(numbered, Topology()).checksum == numbered.checksum
    assert render(repeatable, Topology("c")).checksum != render(repeatable, Topology()).checksum
    assert render(repeatable, Topology("c")).checksum == render(repeatable, Topology("c", replicated=True)).checksum


MYSQL = MySqlAddress("db", 3306, "u'x", "shop", "p\\w")


def test_what_needs_mysql_is_applied_only_where_there_is_one() -> None:
    sql = "-- @mysql\nA ${mysql engine t}; -- @mysql\nB ${mysql source t}; C"
    assert rendered(sql, Topology()) == ["C"]
    assert rendered(sql, Topology(mysql=MYSQL)) == [
        "A MySQL('db:3306', 'shop', 't', 'u\\'x', 'p\\\\w')",
        "B MYSQL(HOST 'db' PORT 3306 USER 'u\\'x' PASSWORD 'p\\\\w' DB 'shop' TABLE 't')",
        "C",
    ]


def test_a_statement_with_two_conditions_needs_both() -> None:
    sql = "-- @mysql\n-- @cluster\nA"
    assert rendered(sql, Topology(mysql=MYSQL)) == rendered(sql, Topology("c")) == []
    assert rendered(sql, Topology("c", mysql=MYSQL)) == ["A"]
