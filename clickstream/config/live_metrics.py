"""Live metrics: the rolling window, and when a minute is closed."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class LiveMetricsSettings(Settings):
    """Variables `CLICKSTREAM_METRICS_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}METRICS_")

    window_minutes: int = Field(60, ge=1, le=1440, description="the rolling window, the current minute included")
    lateness_seconds: int = Field(
        120, ge=0, description="an event is late when its minute ended so long before the newest of its ODS partition"
    )
    idle_seconds: float = Field(120.0, gt=0, description="an ODS partition silent for so long closes no minute later")
    keep_seconds: int = Field(3600, ge=0, description="a closed minute can be corrected for so long, in event time")
    flush_seconds: float = Field(0.5, gt=0, description="changed metrics are written at this interval")
    ttl_seconds: int = Field(24 * 3600, gt=0, description="keys expire so long after the last write")
    batch_rows: int = Field(10_000, ge=1, le=100_000, description="events in a micro-batch at the most")
    batch_seconds: float = Field(0.1, gt=0, description="a micro-batch goes on after so long")
