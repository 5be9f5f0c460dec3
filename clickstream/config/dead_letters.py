"""Where what could not be stored is kept, and who is told."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class DeadLetterSettings(Settings):
    """Variables `CLICKSTREAM_DEAD_LETTER_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}DEAD_LETTER_")

    dir: Path = Field(description="absolute path of a folder that outlives the worker: {dir}/dt=YYYY-MM-DD/*.jsonl")
    file_bytes: int = Field(64 * 1024 * 1024, gt=0, description="a file is closed and another begun at this size")
    alarm_urls: str = Field(
        "",
        repr=False,  # they hold tokens
        description="apprise addresses, separated by white space: chats, mail, webhooks",
    )
    alarm_interval: float = Field(300.0, ge=0, description="seconds between two alarms at the least")

    @field_validator("dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError("must be an absolute path: workers run in folders of their own")
        return path
