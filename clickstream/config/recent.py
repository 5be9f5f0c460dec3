"""Users' recent items."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class RecentSettings(Settings):
    """Variables `CLICKSTREAM_RECENT_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}RECENT_")

    items: int = Field(50, ge=1, le=1000, description="items kept for a user")
    ttl_seconds: int = Field(7 * 24 * 3600, gt=0, description="a list is forgotten so long after its last change")
    flush_seconds: float = Field(0.5, gt=0, description="changed lists are written at this interval")
    rewrite_seconds: float = Field(60.0, gt=0, description="all lists are written at this interval: lost writes heal")
    batch_rows: int = Field(10_000, ge=1, le=100_000, description="events in a micro-batch at the most")
    batch_seconds: float = Field(0.1, gt=0, description="a micro-batch goes on after so long")
