"""What services and commands log, and in which form. Flink's processes have flink-conf/log4j-console.properties."""

from enum import StrEnum

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings


class LogFormat(StrEnum):
    """A line for people, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(Settings):
    """Variables `CLICKSTREAM_LOG_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}LOG_")

    format: LogFormat = Field(LogFormat.TEXT, description="of the lines that services and commands log to stderr")
    level: LogLevel = Field(
        LogLevel.INFO, description="the least that services log; libraries, and commands, log warnings at the least"
    )
    access: bool = Field(
        False, description="log each request that a service answers: method, route, status and time, nothing else of it"
    )
