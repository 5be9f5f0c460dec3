"""Jobs that sound alarms refuse an address that is none before they are submitted, without asking any server."""

from collections.abc import Callable

import pytest

from clickstream.errors import ConfigurationError
from pyflink_jobs import clickhouse_sink, dimension_join


@pytest.mark.parametrize("resolve_config", [clickhouse_sink.resolve_config, dimension_join.resolve_config])
def test_an_address_for_alarms_that_is_none_is_refused_at_submission(
    resolve_config: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "KAFKA_BOOTSTRAP": "host:9092",
        "CLICKHOUSE_URLS": "http://host",
        "MYSQL_URL": "mysql://user:password@host:3306/database",
        "DEAD_LETTER_DIR": "/letters",
        "DEAD_LETTER_ALARM_URLS": "jsn://secret@host",
    }.items():
        monkeypatch.setenv(f"CLICKSTREAM_{name}", value)
    with pytest.raises(ConfigurationError, match=r"CLICKSTREAM_DEAD_LETTER_ALARM_URLS: address 1"):
        resolve_config()
