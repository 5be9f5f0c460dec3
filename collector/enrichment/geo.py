"""Where an address is, by a MaxMind-format city database: `CC-REGION/City`, the key of the dimension `geo`."""

import logging
from pathlib import Path

import maxminddb

from clickstream.clock import Clock
from clickstream.errors import ConfigurationError
from collector.enrichment.address import IP

logger = logging.getLogger(__name__)

_LABEL = 256
_LOOK_SECONDS = 30.0


class Places:
    """Looks addresses up. A file that is replaced is opened anew within half a minute.

    Args:
        path: of the database; None: no address is anywhere.
        clock: for looking at the file.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._reader: maxminddb.Reader | None = None
        self._seen: tuple[int, int] | None = None
        self._looked = clock.monotonic()
        if path is not None:
            try:
                self._open(path)
            except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
                raise ConfigurationError(f"CLICKSTREAM_COLLECTOR_GEO_DATABASE: {path}: {error}") from error

    def location(self, address: IP) -> str | None:
        """As precise as the database is: `DE`, `DE-BE`, `DE-BE/Berlin`; None where it says nothing."""
        self._renew()
        if self._reader is None:
            return None
        try:
            found = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None  # an IPv6 address, and a database of IPv4 only
        return _key(found) if isinstance(found, dict) else None

    def _renew(self) -> None:
        if self._path is None or self._clock.monotonic() < self._looked + _LOOK_SECONDS:
            return
        self._looked = self._clock.monotonic()
        try:
            self._open(self._path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            logger.error("the new %s cannot be used, the old one stays: %s", self._path, error)

    def _open(self, path: Path) -> None:
        status = path.stat()
        seen = (status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            # Into memory: a file that is overwritten in place would change under the reader.
            self._reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
            self._seen = seen


def _key(found: "dict[str, object]") -> str | None:
    country = _code(found.get("country"))
    if country is None:
        return None
    regions = found.get("subdivisions")
    region = _code(regions[0]) if isinstance(regions, list) and regions else None
    city = _name(found.get("city"))
    place = country if region is None else f"{country}-{region}"
    return (place if city is None else f"{place}/{city}")[:_LABEL]


def _code(part: object) -> str | None:
    code = part.get("iso_code") if isinstance(part, dict) else None
    return code if isinstance(code, str) and code else None


def _name(part: object) -> str | None:
    names = part.get("names") if isinstance(part, dict) else None
    name = names.get("en") if isinstance(names, dict) else None
    return name if isinstance(name, str) and name else None
