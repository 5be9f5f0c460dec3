"""The collector: where it listens, how much of everything it holds at once. What it collects is in its YAML file."""

from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings

MEBIBYTE = 1024 * 1024


class CollectorSettings(Settings):
    """Variables `CLICKSTREAM_COLLECTOR_*`. Limits on memory are each worker's."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}COLLECTOR_")

    config: Path | None = Field(None, description="YAML file of tenants, sources, sinks and custom events")
    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8003, ge=0, le=65535, description="port to listen on")
    workers: int = Field(1, ge=1, le=64, description="processes that share the port")

    body_bytes: int = Field(MEBIBYTE, ge=1024, le=64 * MEBIBYTE, description="of a request, also when uncompressed")
    batch_events: int = Field(500, ge=1, le=100_000, description="events in one request")
    body_seconds: float = Field(10.0, gt=0, description="a request's body must have come after so long")
    memory_bytes: int = Field(64 * MEBIBYTE, ge=MEBIBYTE, description="of bodies held at once; beyond it: 503")
    connections: int = Field(2_000, ge=1, description="open at once; beyond them: 503")
    raw_bytes: int = Field(64 * 1024, ge=256, le=512 * 1024, description="kept of a rejected event, from its beginning")

    ack_seconds: float = Field(5.0, gt=0, le=300, description="to wait for Kafka's acknowledgement before 503")
    queue_records: int = Field(50_000, ge=1_000, description="records handed to Kafka's client, unacknowledged")
    queue_bytes: int = Field(64 * MEBIBYTE, ge=2 * MEBIBYTE, description="of these records; beyond them: 503")

    spool_dir: Path | None = Field(None, description="folder that takes events while Kafka is away; none: 503 then")
    spool_bytes: int = Field(1024 * MEBIBYTE, ge=MEBIBYTE, description="in that folder at the most; beyond it: 503")
    spool_segment_bytes: int = Field(16 * MEBIBYTE, ge=64 * 1024, description="of one file there")

    tracker: Path | None = Field(None, description="file served as /tracker.js; none: the one that was built here")
    tracker_seconds: int = Field(3600, ge=0, description="browsers may keep /tracker.js so long")
    geo_database: Path | None = Field(None, description="MaxMind-format city database; none: no location")
    trusted_proxies: str = Field("", description="networks whose X-Forwarded-For is believed, separated by commas")
    ip_secret: str = Field("", repr=False, description="what the salt of hashed addresses is made from; none: chance")
    salt_seconds: int = Field(86_400, ge=60, description="hashed addresses can be told equal within this time")
    user_agents: int = Field(10_000, ge=1, description="parsed user agents remembered")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, (each.strip() for each in value.split(","))):
            ip_network(part)
        return value

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.memory_bytes < 2 * self.body_bytes:
            raise ValueError(
                "CLICKSTREAM_COLLECTOR_MEMORY_BYTES is less than twice CLICKSTREAM_COLLECTOR_BODY_BYTES: "
                "a single request of the largest size would not fit"
            )
        if self.spool_bytes < 2 * self.spool_segment_bytes:
            raise ValueError(
                "CLICKSTREAM_COLLECTOR_SPOOL_BYTES is less than twice CLICKSTREAM_COLLECTOR_SPOOL_SEGMENT_BYTES"
            )
        return self
