"""Migrations against real servers, in databases and topics of their own."""

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomysql
import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from clickstream import names
from clickstream.config import ClickHouseSettings, KafkaSettings
from clickstream.config.mysql import MySqlAddress, parse_mysql_url
from clickstream.errors import ConfigurationError, MigrationError, UnavailableError
from clickstream.kafka import topic_epoch, topic_id
from clickstream.migrate import Outcome, State, ddl_directory, migrate_clickhouse, migrate_kafka, migrate_mysql
from tests.kit.servers import Servers
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.stack

SECONDS = 30.0


@pytest.fixture(scope="module")
def addresses(servers: Servers) -> dict[str, str]:
    """Those of the servers that are migrated."""
    servers.stack.up(only=["clickhouse", "mysql", "kafka"])
    return dict(servers.stack.environment())


@pytest.fixture
def ddl(tmp_path: Path) -> Path:
    """A copy of ddl/ to change."""
    return shutil.copytree(ddl_directory(None), tmp_path / "ddl")


@pytest.fixture
def outcomes() -> list[Outcome]:
    return []


def states(outcomes: list[Outcome]) -> set[State]:
    return {outcome.state for outcome in outcomes}


def at_once(action: Callable[[], None], times: int = 4) -> None:
    with ThreadPoolExecutor(times) as pool:
        for done in [pool.submit(action) for _ in range(times)]:
            done.result(SECONDS)


# --- ClickHouse -----------------------------------------------------------------------------------------------------


@dataclass
class ClickHouse:
    settings: ClickHouseSettings
    client: Client
    database: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(query).result_rows]


@pytest.fixture
def clickhouse(addresses: dict[str, str]) -> Iterator[ClickHouse]:
    """One server, and the name of a database that is not there yet."""
    address = addresses["CLICKSTREAM_CLICKHOUSE_URLS"].partition(";")[0].partition(",")[0].partition("#")[0]
    database = f"migrate_{secrets.token_hex(4)}"
    settings = ClickHouseSettings(urls=urlsplit(address)._replace(path=f"/{database}").geturl())
    (node,) = settings.cluster.nodes
    client = clickhouse_connect.get_client(
        host=node.host, port=node.port, username=node.user, password=node.password, autogenerate_session_id=False
    )
    yield ClickHouse(settings, client, database)
    client.command(f"DROP DATABASE IF EXISTS {database}")
    client.close()


def test_clickhouse_gets_everything_once(clickhouse: ClickHouse, ddl: Path, outcomes: list[Outcome]) -> None:
    migrate_clickhouse(clickhouse.settings, ddl, report=outcomes.append)
    assert states(outcomes) == {State.APPLIED}
    tables = {row[0] for row in clickhouse.rows(f"SHOW TABLES FROM {clickhouse.database}")}
    assert {names.TABLE_BEHAVIORS_LOCAL, names.TABLE_BEHAVIORS, names.TABLE_REPAIRS, names.TABLE_MIGRATIONS} <= tables
    ledger = f"SELECT * FROM {clickhouse.database}.{names.TABLE_MIGRATIONS} FINAL ORDER BY name"
    first = clickhouse.rows(ledger)
    assert ("001_user_behaviors", 1) in [row[:2] for row in first]
    outcomes.clear()
    migrate_clickhouse(clickhouse.settings, ddl, report=outcomes.append)
    assert states(outcomes) == {State.PRESENT}
    assert clickhouse.rows(ledger) == first


def test_a_dry_run_changes_nothing(clickhouse: ClickHouse, ddl: Path, outcomes: list[Outcome]) -> None:
    migrate_clickhouse(clickhouse.settings, ddl, dry_run=True, report=outcomes.append)
    assert states(outcomes) == {State.PENDING}
    assert clickhouse.rows(f"EXISTS DATABASE {clickhouse.database}") == [(0,)]


def test_several_migrations_of_clickhouse_at_once_do_no_harm(clickhouse: ClickHouse, ddl: Path) -> None:
    at_once(lambda: migrate_clickhouse(clickhouse.settings, ddl))
    ledger = f"{clickhouse.database}.{names.TABLE_MIGRATIONS}"
    assert clickhouse.rows(f"SELECT count() = uniqExact(name) FROM {ledger} FINAL") == [(1,)]
    assert clickhouse.rows(f"SELECT count() FROM {clickhouse.database}.{names.TABLE_BEHAVIORS}") == [(0,)]


def test_an_applied_file_that_changed_is_refused(clickhouse: ClickHouse, ddl: Path) -> None:
    migrate_clickhouse(clickhouse.settings, ddl)
    file = ddl / "clickhouse" / "001_user_behaviors.sql"
    file.write_text(file.read_text().replace("90 DAY", "30 DAY"))
    with pytest.raises(MigrationError, match=r"001_user_behaviors\.sql was changed after it was applied on http://"):
        migrate_clickhouse(clickhouse.settings, ddl)
    (created,) = clickhouse.rows(f"SHOW CREATE TABLE {clickhouse.database}.{names.TABLE_BEHAVIORS_LOCAL}")
    assert "toIntervalDay(90)" in created[0]


def test_a_failing_statement_is_named_and_its_file_is_applied_later(
    clickhouse: ClickHouse, ddl: Path, outcomes: list[Outcome]
) -> None:
    last = max(int(path.name[:3]) for path in (ddl / "clickhouse").glob("*.sql"))
    file = ddl / "clickhouse" / f"{last + 1:03d}_more.sql"
    good = "CREATE TABLE IF NOT EXISTS more (a UInt8) ENGINE = ${engine MergeTree()} ORDER BY a;\n"
    file.write_text(f"{good}\nALTER TABLE nowhere ADD COLUMN b UInt8;")
    with pytest.raises(MigrationError) as caught:
        migrate_clickhouse(clickhouse.settings, ddl)
    for part in (
        str(file),
        "line 3",
        str(clickhouse.settings.cluster.nodes[0]),
        "ALTER TABLE nowhere",
        "UNKNOWN_TABLE",
    ):
        assert part in str(caught.value)
    file.write_text(f"{good}\nALTER TABLE more ADD COLUMN IF NOT EXISTS b UInt8;")
    migrate_clickhouse(clickhouse.settings, ddl, report=outcomes.append)
    assert {outcome.what: outcome.state for outcome in outcomes}[file.stem] is State.APPLIED
    assert clickhouse.rows(f"SELECT a, b FROM {clickhouse.database}.more") == []


def test_a_new_column_reaches_the_view_that_queries_name(clickhouse: ClickHouse, ddl: Path) -> None:
    migrate_clickhouse(clickhouse.settings, ddl)
    last = max(int(path.name[:3]) for path in (ddl / "clickhouse").glob("*.sql"))
    alter = f"ALTER TABLE {names.TABLE_BEHAVIORS_LOCAL} ADD COLUMN IF NOT EXISTS colour String COMMENT 'Of the item'"
    (ddl / "clickhouse" / f"{last + 1:03d}_colour.sql").write_text(alter)
    migrate_clickhouse(clickhouse.settings, ddl)
    assert clickhouse.rows(f"SELECT colour FROM {clickhouse.database}.{names.TABLE_BEHAVIORS}") == []


def test_a_cluster_that_the_server_does_not_know_is_a_wrong_setting(clickhouse: ClickHouse, ddl: Path) -> None:
    settings = clickhouse.settings.model_copy(update={"cluster_name": "no_such_cluster"})
    with pytest.raises(ConfigurationError, match="CLICKSTREAM_CLICKHOUSE_CLUSTER_NAME is 'no_such_cluster'"):
        migrate_clickhouse(settings, ddl)


def test_wrong_credentials_are_a_wrong_setting(clickhouse: ClickHouse, ddl: Path) -> None:
    (node,) = clickhouse.settings.cluster.nodes
    settings = ClickHouseSettings(urls=f"http://nobody:wrong@{node.host}:{node.port}/{clickhouse.database}")
    with pytest.raises(ConfigurationError, match=f"{node} refuses user 'nobody'"):
        migrate_clickhouse(settings, ddl)


# --- MySQL ----------------------------------------------------------------------------------------------------------


@dataclass
class MySql:
    url: str
    address: MySqlAddress

    def rows(self, statement: str, *, in_database: bool = True) -> list[tuple[Any, ...]]:
        async def run() -> list[tuple[Any, ...]]:
            connection = await aiomysql.connect(
                host=self.address.host,
                port=self.address.port,
                user=self.address.user,
                password=self.address.password,
                db=self.address.database if in_database else None,
                autocommit=True,
            )
            try:
                async with connection.cursor() as cursor:
                    await cursor.execute(statement)
                    return list(await cursor.fetchall())
            finally:
                connection.close()

        return asyncio.run(run())


@pytest.fixture
def mysql(addresses: dict[str, str]) -> Iterator[MySql]:
    """The server, and the name of a database that is not there yet."""
    database = f"migrate_{secrets.token_hex(4)}"
    url = urlsplit(addresses["CLICKSTREAM_MYSQL_URL"])._replace(path=f"/{database}").geturl()
    server = MySql(url, parse_mysql_url(url))
    yield server
    if server.rows(f"SHOW DATABASES LIKE '{database}'", in_database=False):
        server.rows(f"DROP DATABASE {database}", in_database=False)


def test_mysql_gets_everything_once(mysql: MySql, ddl: Path, outcomes: list[Outcome]) -> None:
    migrate_mysql(mysql.url, ddl, dry_run=True, report=outcomes.append)
    assert states(outcomes) == {State.PENDING}
    assert mysql.rows(f"SHOW DATABASES LIKE '{mysql.address.database}'", in_database=False) == []
    outcomes.clear()
    migrate_mysql(mysql.url, ddl, report=outcomes.append)
    assert states(outcomes) == {State.APPLIED}
    tables = {row[0] for row in mysql.rows("SHOW TABLES")}
    assert {"dim_product", "dim_category", "dim_geo", "dim_scenario", "user_profile", names.TABLE_MIGRATIONS} <= tables
    first = mysql.rows(f"SELECT * FROM {names.TABLE_MIGRATIONS}")
    outcomes.clear()
    migrate_mysql(mysql.url, ddl, report=outcomes.append)
    assert states(outcomes) == {State.PRESENT}
    assert mysql.rows(f"SELECT * FROM {names.TABLE_MIGRATIONS}") == first


def test_several_migrations_of_mysql_wait_for_each_other(mysql: MySql, ddl: Path) -> None:
    reports: list[list[Outcome]] = [[] for _ in range(4)]
    free = iter(reports)
    at_once(lambda: migrate_mysql(mysql.url, ddl, report=next(free).append), times=len(reports))
    assert sum(State.APPLIED in states(report) for report in reports) == 1


def test_a_failing_statement_of_mysql_is_named(mysql: MySql, ddl: Path) -> None:
    last = max(int(path.name[:3]) for path in (ddl / "mysql").glob("*.sql"))
    file = ddl / "mysql" / f"{last + 1:03d}_more.sql"
    file.write_text("-- one\nALTER TABLE nowhere ADD COLUMN b INT;")
    with pytest.raises(MigrationError) as caught:
        migrate_mysql(mysql.url, ddl)
    for part in (str(file), "line 2", str(mysql.address), "ALTER TABLE nowhere", "doesn't exist"):
        assert part in str(caught.value)


def test_keys_of_dimensions_are_case_sensitive_and_categories_have_three_levels(mysql: MySql, ddl: Path) -> None:
    migrate_mysql(mysql.url, ddl)
    mysql.rows("INSERT INTO dim_product (tenant_id, item_id, product_name) VALUES ('t', 'a', 'x'), ('t', 'A', 'y')")
    assert len(mysql.rows("SELECT * FROM dim_product WHERE item_id = 'a'")) == 1
    mysql.rows("INSERT INTO dim_category VALUES ('t', 'c', NULL, 1, 'top', NOW())")
    with pytest.raises(Exception, match="category_level"):
        mysql.rows("INSERT INTO dim_category VALUES ('t', 'd', NULL, 2, 'orphan', NOW())")


def test_wrong_mysql_credentials_are_a_wrong_setting(mysql: MySql, ddl: Path) -> None:
    url = urlsplit(mysql.url)
    wrong = url._replace(netloc=f"nobody:wrong@{url.hostname}:{url.port}").geturl()
    with pytest.raises(ConfigurationError, match="refuses user 'nobody'"):
        migrate_mysql(wrong, ddl)


def test_a_mysql_that_does_not_answer_is_named(ddl: Path) -> None:
    with pytest.raises(UnavailableError, match="MySQL at 127.0.0.1:1/x does not answer"):
        migrate_mysql("mysql://127.0.0.1:1/x", ddl)


# --- Kafka ----------------------------------------------------------------------------------------------------------


@dataclass
class Kafka:
    settings: KafkaSettings
    client: AdminClient

    def partitions(self, topic: str) -> int:
        return len(self.client.list_topics(timeout=SECONDS).topics[topic].partitions)

    def setting(self, topic: str, key: str) -> str:
        resource = ConfigResource(ResourceType.TOPIC, topic)
        return str(self.client.describe_configs([resource])[resource].result(SECONDS)[key].value)

    def create(self, new: NewTopic) -> None:
        self.client.create_topics([new])[new.topic].result(SECONDS)
        self._until(lambda topics: new.topic in topics)

    def delete(self, *names: str) -> None:
        for done in self.client.delete_topics(list(names)).values():
            done.result(SECONDS)
        self._until(lambda topics: not topics & set(names))

    def _until(self, reached: Callable[[set[str]], bool]) -> None:
        def topics() -> set[str]:
            return set(self.client.list_topics(timeout=SECONDS).topics)

        wait_for(lambda: reached(topics()), SECONDS, lambda: f"the topics are {topics()}", pause=0.02)


@pytest.fixture
def kafka(addresses: dict[str, str]) -> Iterator[Kafka]:
    """The cluster, and names of topics that are not there yet."""
    prefix = f"migrate-{secrets.token_hex(4)}"
    topics = {field: f"{prefix}-{field}" for field in KafkaSettings.model_fields if field.startswith("topic_")}
    bootstrap = addresses["CLICKSTREAM_KAFKA_BOOTSTRAP"]
    cluster = Kafka(
        KafkaSettings.model_validate({"bootstrap": bootstrap, **topics}), AdminClient({"bootstrap.servers": bootstrap})
    )
    yield cluster
    left = [topic for topic in cluster.client.list_topics(timeout=SECONDS).topics if topic.startswith(prefix)]
    if left:
        cluster.delete(*left)


def test_kafka_gets_every_topic_once(kafka: Kafka, ddl: Path, outcomes: list[Outcome]) -> None:
    migrate_kafka(kafka.settings, ddl, dry_run=True, report=outcomes.append)
    assert states(outcomes) == {State.PENDING}
    assert kafka.settings.topic_behaviors not in kafka.client.list_topics(timeout=SECONDS).topics
    outcomes.clear()
    migrate_kafka(kafka.settings, ddl, report=outcomes.append)
    assert states(outcomes) == {State.APPLIED}
    assert kafka.partitions(kafka.settings.topic_behaviors) == 12
    assert kafka.setting(kafka.settings.topic_behaviors, "retention.ms") == str(7 * 86_400_000)
    assert kafka.setting(kafka.settings.topic_dead_letters, "max.message.bytes") == "4194304"
    outcomes.clear()
    migrate_kafka(kafka.settings, ddl, report=outcomes.append)
    assert states(outcomes) == {State.PRESENT}


def test_several_migrations_of_kafka_at_once_do_no_harm(kafka: Kafka, ddl: Path) -> None:
    at_once(lambda: migrate_kafka(kafka.settings, ddl))
    assert kafka.partitions(kafka.settings.topic_enriched) == 12


def test_retention_is_altered_and_partitions_are_not(kafka: Kafka, ddl: Path, outcomes: list[Outcome]) -> None:
    topic = kafka.settings.topic_behaviors
    new = NewTopic(topic, num_partitions=2, replication_factor=1, config={"retention.ms": "1000"})
    kafka.create(new)
    migrate_kafka(kafka.settings, ddl, dry_run=True, report=outcomes.append)
    assert [outcome.state for outcome in outcomes if outcome.what == topic] == [State.WOULD_ALTER, State.WARNING]
    assert kafka.setting(topic, "retention.ms") == "1000"
    outcomes.clear()
    migrate_kafka(kafka.settings, ddl, report=outcomes.append)
    altered, warning = (outcome for outcome in outcomes if outcome.what == topic)
    assert altered.state is State.ALTERED
    assert warning.state is State.WARNING
    assert "it has 2 partitions, 12 are wanted" in warning.note
    assert "drain" in warning.note
    assert kafka.partitions(topic) == 2
    assert kafka.setting(topic, "retention.ms") == str(7 * 86_400_000)


def test_a_topic_made_anew_has_another_id_and_another_epoch(kafka: Kafka, ddl: Path) -> None:
    topic, bootstrap = kafka.settings.topic_behaviors, kafka.settings.bootstrap
    assert topic_id(bootstrap, topic) is None
    migrate_kafka(kafka.settings, ddl)
    first = topic_id(bootstrap, topic)
    assert first is not None
    assert len(first) == 22
    assert topic_id(bootstrap, topic) == first
    kafka.delete(topic)
    migrate_kafka(kafka.settings, ddl)
    second = topic_id(bootstrap, topic)
    assert second is not None
    assert topic_epoch(second, 0) != topic_epoch(first, 0)
