"""Environment variables to a settings object, with errors that name the variable."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from clickstream.config.analytics import AnalyticsSettings
from clickstream.config.base import PREFIX, Settings
from clickstream.config.clickhouse import ClickHouseSettings
from clickstream.config.collector import CollectorSettings
from clickstream.config.dead_letters import DeadLetterSettings
from clickstream.config.dimensions import DimensionSettings
from clickstream.config.events import EventSettings
from clickstream.config.hot import HotSettings
from clickstream.config.kafka import KafkaSettings
from clickstream.config.live_metrics import LiveMetricsSettings
from clickstream.config.logs import LogSettings
from clickstream.config.recent import RecentSettings
from clickstream.config.redis import RedisSettings
from clickstream.config.servers import ServerSettings
from clickstream.config.sink import SinkSettings
from clickstream.errors import ConfigurationError

GROUPS: tuple[type[Settings], ...] = (
    KafkaSettings,
    ClickHouseSettings,
    EventSettings,
    SinkSettings,
    DeadLetterSettings,
    DimensionSettings,
    RedisSettings,
    HotSettings,
    LiveMetricsSettings,
    RecentSettings,
    CollectorSettings,
    AnalyticsSettings,
    ServerSettings,
    LogSettings,
)

# The devstack marks its processes with these, so that it finds them again. They are no settings.
_MARKS = frozenset({"CLICKSTREAM_DEVSTACK_MEMBER", "CLICKSTREAM_DEVSTACK_SERVER"})

S = TypeVar("S", bound=Settings)


def variable(group: type[Settings], field: str) -> str:
    """The environment variable that sets a field."""
    return f"{group.model_config.get('env_prefix', '')}{field}".upper()


def known_variables() -> frozenset[str]:
    """Every variable that some group of settings reads."""
    return frozenset(variable(group, field) for group in GROUPS for field in group.model_fields)


def reject_unknown(environment: Mapping[str, str]) -> None:
    """Refuse `CLICKSTREAM_*` variables that nothing reads: most likely they are misspelt.

    Raises:
        ConfigurationError: names the variable and the nearest known one.
    """
    known = known_variables()
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and name not in _MARKS:
            near = get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else "docs/CONFIGURATION.md lists the settings"
            raise ConfigurationError(f"{name} is set, but there is no such setting: {hint}")


def resolve(group: type[S]) -> S:
    """Read one group of settings from the environment.

    Raises:
        ConfigurationError: a variable is unknown, missing, malformed, or contradicts another.
    """
    reject_unknown(os.environ)
    return read(group)


def read(group: type[S]) -> S:
    """The same, and variables that nothing reads are let pass: for what every command does before its own work.

    Raises:
        ConfigurationError: a variable of the group is missing, malformed, or contradicts another.
    """
    try:
        return group()
    except SettingsError as error:
        raise ConfigurationError(str(error)) from error
    except ValidationError as error:
        raise ConfigurationError("; ".join(_explain(group, detail) for detail in error.errors())) from error


def _explain(group: type[Settings], detail: object) -> str:
    assert isinstance(detail, dict)
    location = ".".join(str(part) for part in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not location:
        return message
    name = variable(group, location)
    if detail["type"] != "missing":
        return f"{name}: {message}"
    description = group.model_fields[location].description
    return f"{name} is not set" + (f" ({description})" if description else "")
