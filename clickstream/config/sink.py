"""The ClickHouse sink: how it batches, routes, retries and gives up."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream import names
from clickstream.config.base import PREFIX, Settings


class Routing(StrEnum):
    """How a batch finds its shard. The first two honour the shards' weights, and so does the hash."""

    RANDOM = "random"
    ROUND_ROBIN = "round_robin"
    SHARDING_KEY_HASH = "sharding_key_hash"


class OnExhausted(StrEnum):
    """What happens to a batch when its attempts are used up while servers are down."""

    DEAD_LETTER = "dead_letter"  # keep it in the dead letters, raise the alarm, go on
    BLOCK = "block"  # raise the alarm, keep trying: the topic waits


class Compression(StrEnum):
    """How insert bodies are compressed."""

    NONE = "none"
    LZ4 = "lz4"
    ZSTD = "zstd"
    GZIP = "gzip"


class SinkSettings(Settings):
    """Variables `CLICKSTREAM_SINK_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}SINK_")

    table: str = Field(names.TABLE_BEHAVIORS_LOCAL, min_length=1, description="a local table, never a Distributed one")
    batch_rows: int = Field(10_000, ge=1, le=1_000_000, description="a batch is written when it holds so many rows")
    batch_seconds: float = Field(15.0, gt=0, description="or after so many seconds, or before a checkpoint")
    batch_bytes: int = Field(32 * 1024 * 1024, ge=64 * 1024, description="of JSON in one insert; a larger one is split")
    routing: Routing = Field(Routing.RANDOM, description="how rows find their shard")
    compression: Compression = Field(Compression.LZ4, description="of insert bodies")
    attempts: int = Field(8, ge=1, description="tries of a batch while servers are down")
    retry_initial: float = Field(1.0, gt=0, description="seconds before the second attempt")
    retry_maximum: float = Field(30.0, gt=0, description="seconds between two attempts at the most")
    retry_at_least: float = Field(75.0, ge=0, description="a batch is given up after so many seconds at the earliest")
    on_exhausted: OnExhausted = Field(
        OnExhausted.DEAD_LETTER, description="keep a batch in the dead letters and go on, or hold it and keep trying"
    )
    dead_ratio: float = Field(0.5, gt=0, le=1, description="above this share of bad rows the job fails instead")
    dead_ratio_rows: int = Field(10_000, ge=1, description="measured over this many rows")
    health_interval: float = Field(5.0, gt=0, description="seconds between two checks of a node that failed")
    circuit_failures: int = Field(3, ge=1, description="failures in a row after which a node is left alone")

    @model_validator(mode="after")
    def _delays(self) -> Self:
        if self.retry_maximum < self.retry_initial:
            raise ValueError("CLICKSTREAM_SINK_RETRY_MAXIMUM is less than CLICKSTREAM_SINK_RETRY_INITIAL")
        return self
