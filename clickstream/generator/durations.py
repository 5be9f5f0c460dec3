"""Lengths of time as people write them on a command line."""

import re

from clickstream.errors import ConfigurationError

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def milliseconds(text: str) -> int:
    """Milliseconds of a text such as `90s`, `1h30m` or `7d`.

    Raises:
        ConfigurationError: it is not one.
    """
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        raise ConfigurationError(f"{text!r} is not a length of time; write it as 90s, 15m, 1h30m or 7d")
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
