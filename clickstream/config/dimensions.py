"""The dimension join: what it joins with, how long it waits, how it delivers."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class Tls(StrEnum):
    """How connections to MySQL are protected."""

    OFF = "off"
    REQUIRED = "required"  # encrypted, but the server's certificate is not checked
    VERIFIED = "verified"  # encrypted, and the certificate is that of the host, signed by a known authority


class Delivery(StrEnum):
    """How often a restart may write an event to the DWD topic."""

    AT_LEAST_ONCE = "at_least_once"  # some again, at once visible; readers drop them by their position
    EXACTLY_ONCE = "exactly_once"  # once, visible to readers of committed records after the next checkpoint


class DimensionSettings(Settings):
    """Variables `CLICKSTREAM_DIMENSIONS_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}DIMENSIONS_")

    file: Path | None = Field(None, description="YAML file that declares the dimensions; default: the four that ship")
    timeout: float = Field(1.0, gt=0, description="seconds that events wait for MySQL at the most")
    query_timeout: float = Field(
        5.0, gt=0, description="seconds after which a query is given up; an answer after `TIMEOUT` serves later events"
    )
    connect_timeout: float = Field(3.0, gt=0, description="seconds")
    pause: float = Field(1.0, ge=0, description="seconds without a query after one that failed")
    connections: int = Field(4, ge=1, description="to MySQL, of one subtask, at the most")
    tls: Tls = Field(Tls.OFF, description="to MySQL")
    tls_ca: Path | None = Field(None, description="certificates that `verified` trusts; default: those of the system")
    capacity: int = Field(4, ge=1, description="micro-batches of one subtask that are joined at the same time")
    batch_rows: int = Field(10_000, ge=1, le=1_000_000, description="events in a micro-batch at the most")
    batch_seconds: float = Field(0.1, gt=0, description="seconds after which a smaller one goes on")
    delivery: Delivery = Field(
        Delivery.AT_LEAST_ONCE,
        description="to the DWD topic; with `exactly_once` readers of your own need isolation.level=read_committed",
    )
    transaction_prefix: str = Field(
        "clickstream-dimension-join", min_length=1, description="of transactional ids, with `exactly_once`"
    )
    transaction_timeout: int = Field(
        600, gt=0, description="seconds, with `exactly_once`: at most the broker's transaction.max.timeout.ms"
    )

    @model_validator(mode="after")
    def _waits(self) -> Self:
        if self.query_timeout < self.timeout:
            raise ValueError("CLICKSTREAM_DIMENSIONS_QUERY_TIMEOUT is less than CLICKSTREAM_DIMENSIONS_TIMEOUT")
        if self.tls_ca is not None and self.tls is not Tls.VERIFIED:
            raise ValueError("CLICKSTREAM_DIMENSIONS_TLS_CA is set, but CLICKSTREAM_DIMENSIONS_TLS is not `verified`")
        return self
