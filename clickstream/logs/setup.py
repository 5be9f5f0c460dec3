"""Makes a process log as its settings say."""

import logging
import sys
from types import TracebackType

from clickstream.config.logs import LogFormat, LogLevel, LogSettings
from clickstream.logs.lines import JsonLines, TextLines

OURS = ("analytics", "clickstream", "collector", "devstack", "shop", "sinks")
# They quote statements with their values, or addresses with a query. What of it concerns us arrives as an error.
SILENT = ("aiohttp", "clickhouse_connect", "httpx", "pymongo", "urllib3", "uvicorn.access")

_NEVER = logging.CRITICAL + 1


def service(name: str, settings: LogSettings) -> None:
    """Set logging up for a service: everything on stderr, from the settings' level on.

    Args:
        name: the field `service` of each line.
        settings: form and level.
    """
    _set_up(name, settings, _number(settings.level))
    # The web server tells of its start and end. Below that it would describe connections.
    logging.getLogger("uvicorn").setLevel(max(_number(settings.level), logging.INFO))


def command(name: str, settings: LogSettings) -> None:
    """Set logging up for a command, which prints its results itself: warnings and errors only.

    Args:
        name: the field `service` of each line.
        settings: form and level.
    """
    _set_up(name, settings, max(_number(settings.level), logging.WARNING))


def is_json() -> bool:
    """Whether this process logs JSON: then what it says on its way out should be JSON too."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def _set_up(name: str, settings: LogSettings, level: int) -> None:
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each.formatter, (JsonLines, TextLines))]:
        root.removeHandler(former)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(name) if settings.format is LogFormat.JSON else TextLines())
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for package in OURS:
        logging.getLogger(package).setLevel(level)
    for library in SILENT:
        logging.getLogger(library).setLevel(_NEVER)
    logging.captureWarnings(True)
    if settings.format is LogFormat.JSON:
        sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("clickstream").critical("the process ends by an error", exc_info=(kind, error, trace))


def _number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.value.upper()]
