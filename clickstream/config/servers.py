"""Addresses that no other group of settings holds."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings
from clickstream.config.kafka import Source


class ServerSettings(Settings):
    """Variables `CLICKSTREAM_*` without a group. Credentials stand in the URLs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    source: Source = Source.ODS
    redis_url: str | None = None
    mysql_url: str | None = None
    mongo_url: str | None = None
    flink_rest_url: str | None = None
    devstack_dir: str | None = None
    ddl_dir: Path | None = None
