"""What counts as a valid event."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class EventSettings(Settings):
    """Variables `CLICKSTREAM_EVENTS_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}EVENTS_")

    oldest_seconds: int = Field(7 * 24 * 3600, gt=0, description="an event may be this much older than its receipt")
    newest_seconds: int = Field(5 * 60, ge=0, description="an event may be this far ahead of its receipt")
    duplicate_seconds: int = Field(30 * 60, ge=0, description="an event_id seen this long ago is a duplicate; 0: off")
    duplicate_ids: int = Field(2_000_000, gt=0, description="event_ids remembered per Kafka partition at the most")
