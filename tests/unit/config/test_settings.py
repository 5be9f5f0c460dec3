import os
import pickle
from pathlib import Path

import pytest

from clickstream.config import (
    ClickHouseSettings,
    DeadLetterSettings,
    DimensionSettings,
    EventSettings,
    KafkaSettings,
    LogSettings,
    ServerSettings,
    SinkSettings,
    resolve,
)
from clickstream.config.base import Settings
from clickstream.config.kafka import Source
from clickstream.config.resolve import GROUPS, known_variables, reject_unknown, variable
from clickstream.config.sink import Compression, OnExhausted, Routing
from clickstream.errors import ConfigurationError
from sinks.clickhouse.config import ClickHouseSinkConfig

REQUIRED = {
    "CLICKSTREAM_KAFKA_BOOTSTRAP": "broker:9092",
    "CLICKSTREAM_CLICKHOUSE_URLS": "http://user:s3cret@host:8123/db",
    "CLICKSTREAM_DEAD_LETTER_DIR": "/var/dead-letters",
    "CLICKSTREAM_ANALYTICS_TOKENS_FILE": "/etc/tokens.yaml",
}
# A value other than the default for every field of the groups that the sink and all jobs share.
CHANGED: dict[type[Settings], dict[str, str]] = {
    KafkaSettings: {
        "bootstrap": "b:1",
        "topic_behaviors": "a",
        "topic_enriched": "b",
        "topic_rejected": "c",
        "topic_dead_letters": "d",
        "topic_metrics": "e",
        "group_prefix": "g",
        "generation": "4294967295",
    },
    ClickHouseSettings: {
        "urls": "http://h",
        "cluster_name": "c",
        "connect_timeout": "0.5",
        "insert_timeout": "1",
        "query_timeout": "2.5",
    },
    EventSettings: {"oldest_seconds": "1", "newest_seconds": "0", "duplicate_seconds": "0", "duplicate_ids": "1"},
    SinkSettings: {
        "table": "t",
        "batch_rows": "1",
        "batch_seconds": "0.1",
        "batch_bytes": "65536",
        "routing": "sharding_key_hash",
        "compression": "zstd",
        "attempts": "1",
        "retry_initial": "0.5",
        "retry_maximum": "0.5",
        "retry_at_least": "0",
        "on_exhausted": "block",
        "dead_ratio": "1",
        "dead_ratio_rows": "1",
        "health_interval": "1",
        "circuit_failures": "1",
    },
    DeadLetterSettings: {"dir": "/d", "file_bytes": "1", "alarm_urls": "json://h", "alarm_interval": "0"},
    DimensionSettings: {
        "file": "/d.yaml",
        "timeout": "0.5",
        "query_timeout": "9",
        "connect_timeout": "1",
        "pause": "0",
        "connections": "1",
        "tls": "verified",
        "tls_ca": "/ca.pem",
        "capacity": "1",
        "batch_rows": "1",
        "batch_seconds": "1",
        "delivery": "exactly_once",
        "transaction_prefix": "p",
        "transaction_timeout": "1",
    },
    ServerSettings: {
        "source": "dwd",
        "redis_url": "redis://h",
        "mysql_url": "mysql://h/d",
        "mongo_url": "mongodb://h",
        "flink_rest_url": "http://h",
        "collector_url": "http://c",
        "analytics_url": "http://a",
        "shop_url": "http://s",
        "prometheus_url": "http://p",
        "devstack_dir": "x",
        "ddl_dir": "/ddl",
    },
    LogSettings: {"format": "json", "level": "debug", "access": "true"},
}


@pytest.fixture(autouse=True)
def _only_what_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CLICKSTREAM_"):
            monkeypatch.delenv(name)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("group", CHANGED)
def test_every_field_can_be_set(group: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = resolve(group)
    assert CHANGED[group].keys() == group.model_fields.keys()
    for field, value in CHANGED[group].items():
        monkeypatch.setenv(variable(group, field), value)
    changed = resolve(group)
    for field in group.model_fields:
        assert getattr(changed, field) != getattr(defaults, field), field


@pytest.mark.parametrize("group", GROUPS)
def test_settings_are_frozen_described_and_picklable(group: type[Settings]) -> None:
    settings = resolve(group)
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, next(iter(group.model_fields)), "x")
    assert [name for name, field in group.model_fields.items() if not field.description] == []


def test_a_pickled_object_does_not_read_the_environment_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(resolve(SinkSettings))
    monkeypatch.setenv("CLICKSTREAM_SINK_TABLE", "other")
    assert pickle.loads(data).table == "user_behaviors_local"


def test_values_have_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    for field, value in CHANGED[SinkSettings].items():
        monkeypatch.setenv(variable(SinkSettings, field), value)
    sink = resolve(SinkSettings)
    assert (sink.routing, sink.compression, sink.on_exhausted) == (
        Routing.SHARDING_KEY_HASH,
        Compression.ZSTD,
        OnExhausted.BLOCK,
    )
    assert resolve(ServerSettings).source is Source.ODS
    assert resolve(DeadLetterSettings).dir == Path("/var/dead-letters")
    assert resolve(ClickHouseSettings).cluster.nodes[0].password == "s3cret"
    kafka = resolve(KafkaSettings)
    assert (kafka.topic(Source.ODS), kafka.topic(Source.DWD)) == ("user-behaviors", "user-behaviors-enriched")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_SINK_TABLE", "")
    assert resolve(SinkSettings).table == "user_behaviors_local"


def test_variables_are_told_apart() -> None:
    assert len(known_variables()) == sum(len(group.model_fields) for group in GROUPS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CLICKSTREAM_SINK_TABEL", "did you mean CLICKSTREAM_SINK_TABLE?"),
        ("CLICKSTREAM_CLICKHOUSE_URL", "did you mean CLICKSTREAM_CLICKHOUSE_URLS?"),
        ("CLICKSTREAM_KAFKA_BOOTSTRAP_SERVERS", "did you mean CLICKSTREAM_KAFKA_BOOTSTRAP?"),
        ("CLICKSTREAM_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "docs/CONFIGURATION.md"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "s3cret")
    with pytest.raises(ConfigurationError) as failure:
        resolve(EventSettings)
    assert f"{name} is set" in str(failure.value)
    assert hint in str(failure.value)
    assert "s3cret" not in str(failure.value)


def test_other_programs_variables_are_none_of_ours() -> None:
    reject_unknown({"PATH": "x", "KAFKA_BOOTSTRAP": "x", "MY_CLICKSTREAM_SINK_TABEL": "x"})


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        (KafkaSettings, "generation", "4294967296"),
        (ClickHouseSettings, "connect_timeout", "0"),
        (EventSettings, "oldest_seconds", "a week"),
        (EventSettings, "duplicate_seconds", "-1"),
        (SinkSettings, "batch_rows", "0"),
        (SinkSettings, "batch_rows", "1000001"),
        (SinkSettings, "batch_bytes", "10"),
        (SinkSettings, "routing", "sideways"),
        (SinkSettings, "compression", "rar"),
        (SinkSettings, "on_exhausted", "panic"),
        (SinkSettings, "dead_ratio", "1.1"),
        (SinkSettings, "attempts", "many"),
        (DeadLetterSettings, "dir", "relative/path"),
        (ServerSettings, "source", "kafka"),
    ],
)
def test_a_malformed_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, group: type[Settings], field: str, value: str
) -> None:
    monkeypatch.setenv(variable(group, field), value)
    with pytest.raises(ConfigurationError) as failure:
        resolve(group)
    assert str(failure.value).startswith(f"{variable(group, field)}: ")


def test_every_malformed_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_SINK_ATTEMPTS", "0")
    monkeypatch.setenv("CLICKSTREAM_SINK_ROUTING", "x")
    with pytest.raises(ConfigurationError, match=r"SINK_ROUTING: .*; CLICKSTREAM_SINK_ATTEMPTS: "):
        resolve(SinkSettings)


def test_settings_that_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_SINK_RETRY_INITIAL", "31")
    with pytest.raises(ConfigurationError, match="RETRY_MAXIMUM is less than CLICKSTREAM_SINK_RETRY_INITIAL"):
        resolve(SinkSettings)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named_and_explained(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    (group,) = [group for group in GROUPS for field in group.model_fields if variable(group, field) == name]
    with pytest.raises(ConfigurationError, match=rf"{name} is not set \(.{{10,}}\)"):
        resolve(group)


def test_no_text_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "CLICKSTREAM_REDIS_URL": "redis://user:s3cret@host",
        "CLICKSTREAM_MYSQL_URL": "mysql://user:s3cret@host/db",
        "CLICKSTREAM_MONGO_URL": "mongodb://user:s3cret@host",
        "CLICKSTREAM_DEAD_LETTER_ALARM_URLS": "slack://s3cret/s3cret/s3cret",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    for group in GROUPS:
        settings = resolve(group)
        assert "s3cret" not in repr(settings) + str(settings)
    sink = ClickHouseSinkConfig.of(resolve(ClickHouseSettings), resolve(SinkSettings))
    assert "s3cret" not in repr(sink)


def test_no_error_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_CLICKHOUSE_URLS", "tcp://user:s3cret@host")
    with pytest.raises(ConfigurationError) as failure:
        resolve(ClickHouseSettings)
    assert "s3cret" not in str(failure.value)
    assert "host" in str(failure.value)


def test_a_sink_takes_every_setting_that_concerns_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for group in (ClickHouseSettings, SinkSettings):
        for field, value in CHANGED[group].items():
            monkeypatch.setenv(variable(group, field), value)
    clickhouse, sink = resolve(ClickHouseSettings), resolve(SinkSettings)
    made = ClickHouseSinkConfig.of(clickhouse, sink)
    assert pickle.loads(pickle.dumps(made)) == made
    for name in ("table", "routing", "compression", "on_exhausted", "batch_bytes", "health_interval"):
        assert getattr(made, name) == getattr(sink, name)
    for name in ("cluster", "connect_timeout", "insert_timeout", "query_timeout"):
        assert getattr(made, name) == getattr(clickhouse, name)
    policy = made.policy
    assert (policy.attempts, policy.initial, policy.maximum, policy.at_least) == (1, 0.5, 0.5, 0)
    assert made.circuit_failures == 1
    assert made.repairs is None  # a table of somebody's own has no list of repairs
    monkeypatch.delenv("CLICKSTREAM_SINK_TABLE")
    assert ClickHouseSinkConfig.of(clickhouse, resolve(SinkSettings)).repairs == "clickstream_repairs"
