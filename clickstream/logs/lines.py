"""A log record as a line. No library's formatter: theirs pass on every field and every error's text as they come."""

import logging
import traceback
from datetime import UTC, datetime
from textwrap import indent
from types import TracebackType

import orjson

_SECTION = "The error above was being handled when this one was raised:"
_CAUSE = "The error above is the cause of this one:"


def trace_of(error: BaseException) -> str:
    """An error with its causes, the first of them first: lines of code and types.

    Of texts only the operating system's is told (`Connection refused`): any other may quote what a user sent.
    """
    lines: list[str] = []
    seen: set[int] = set()
    part: BaseException | None = error
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        before, joint = part.__cause__, _CAUSE
        if before is None and not part.__suppress_context__:
            before, joint = part.__context__, _SECTION
        here = "".join(traceback.format_tb(part.__traceback__)) + _named(part)
        if isinstance(part, BaseExceptionGroup):
            here += "".join(f"\n{indent(trace_of(each), '  ')}" for each in part.exceptions)
        lines.insert(0, here if before is None else f"{joint}\n{here}")
        part = before
    return "\n".join(lines)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    said = error.strerror if isinstance(error, OSError) else None
    return f"{name}: {said}" if said else name


class _Lines(logging.Formatter):
    def message_of(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        # asyncio's go on with the task or future in question, and with the text of its error.
        return text.partition("\n")[0] if record.name == "asyncio" else text

    def formatException(  # noqa: N802 - the library's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """See trace_of."""
        return "" if ei[1] is None else trace_of(ei[1])

    def error_of(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info else ""


class TextLines(_Lines):
    """For people: time (UTC), level, logger, message; an error's lines below."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        error = self.error_of(record)
        head = f"{_time(record)} {record.levelname:<7} {record.name} {self.message_of(record)}"
        return f"{head}\n{error}" if error else head


class JsonLines(_Lines):
    """For programs: an object a line.

    Args:
        service: who logs.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One record; beside the usual fields those of a request, see `access_log`."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "service": self._service,
            "message": self.message_of(record),
        }
        if request := getattr(record, "request", None):
            line["request"] = request
        if error := self.error_of(record):
            line["error"] = error
        return orjson.dumps(line, default=str).decode()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(record.msecs):03d}Z"
