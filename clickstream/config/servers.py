"""Addresses that no other group of settings holds."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings
from clickstream.config.kafka import Source


class ServerSettings(Settings):
    """Variables `CLICKSTREAM_*` without a group. Credentials stand in the URLs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    source: Source = Field(Source.ODS, description="which topic the jobs read: raw events, or joined ones")
    redis_url: str | None = Field(None, repr=False, description="redis://user:password@host:6379/0")
    mysql_url: str | None = Field(None, repr=False, description="mysql://user:password@host:3306/database")
    mongo_url: str | None = Field(None, repr=False, description="mongodb://user:password@host:27017/database")
    flink_rest_url: str | None = Field(
        None, description="http://host:8081, for the demo, the tests and the page on the pipeline"
    )
    collector_url: str | None = Field(None, description="http://host:8003, where the devstack's collector is not used")
    shop_url: str | None = Field(None, description="http://host:8005, where the devstack's demo shop is not used")
    analytics_url: str | None = Field(
        None, description="http://host:8004, where the devstack's analytics service is not used"
    )
    prometheus_url: str | None = Field(
        None, description="http://host:9090, where the devstack's Prometheus is not used"
    )
    devstack_dir: str | None = Field(None, description="folder of the devstack's data and logs; default .devstack")
    ddl_dir: Path | None = Field(None, description="folder of the numbered SQL files, where it is not beside the code")
