"""The stretch of time that a question is about, and the calendar in which its days and hours are counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from analytics.wrong import WrongError
from clickstream.error_codes import ErrorCode

QUARTER = timedelta(minutes=15)
DEFAULT_LENGTH = timedelta(days=7)
LONGEST = timedelta(days=400)


class Grain(StrEnum):
    """What a trend counts by."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, the end excluded.

    Attributes:
        start: in UTC, to the millisecond.
        end: likewise, later than `start`.
        zone: whose days and hours are meant.
    """

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def start_ms(self) -> int:
        """Milliseconds since the epoch."""
        return milliseconds(self.start)

    @property
    def end_ms(self) -> int:
        """Milliseconds since the epoch."""
        return milliseconds(self.end)

    @property
    def on_quarters(self) -> bool:
        """Whether both ends are full quarters of an hour: what the marts' buckets can answer exactly."""
        return self.start_ms % 900_000 == 0 and self.end_ms % 900_000 == 0

    @property
    def before(self) -> "Period":
        """The period of the same length just before this one."""
        return Period(self.start - (self.end - self.start), self.start, self.zone)

    def days(self) -> list[date]:
        """Every day of the calendar that the period touches, in order."""
        first = self.start.astimezone(self.zone).date()
        last = (self.end - timedelta(milliseconds=1)).astimezone(self.zone).date()
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def hours(self) -> list[datetime]:
        """The beginning of every hour of the clock on the wall that the period touches, in order.

        An hour that summer time repeats is there twice, one that it skips is not there.
        """
        found: dict[datetime, None] = {}
        for quarter in _quarters(self.start, self.end):
            found[self.hour_of(quarter)] = None
        return list(found)

    def hour_of(self, moment: datetime) -> datetime:
        """The beginning of the hour, on the wall's clock, that a moment is in."""
        offset = moment.astimezone(self.zone).utcoffset() or timedelta()
        local = milliseconds(moment) + offset // timedelta(milliseconds=1)
        return datetime.fromtimestamp((local - local % 3_600_000) / 1000, UTC) - offset


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def period(start: str | None, end: str | None, zone: ZoneInfo, now: datetime) -> Period:
    """Understand a request's period.

    Args:
        start: ISO 8601, such as 2026-03-01, 2026-03-01T12:00 (both in `zone`) or 2026-03-01T11:00:00Z; None: seven
            days before the end.
        end: the same; None: the end of this quarter of an hour.
        zone: of times that name none.
        now: of times that are not given.

    Raises:
        WrongError: a time is malformed, or the period is empty or too long.
    """
    until = _moment(end, "end_time", zone) if end else _next_quarter(now)
    since = _moment(start, "start_time", zone) if start else until - DEFAULT_LENGTH
    if since >= until:
        start, end = since.isoformat(), until.isoformat()
        raise WrongError(
            f"start_time {start} is not before end_time {end}", ErrorCode.PERIOD_EMPTY, start=start, end=end
        )
    if until - since > LONGEST:
        said = f"the period is longer than {LONGEST.days} days: narrow it"
        raise WrongError(said, ErrorCode.PERIOD_TOO_LONG, days=LONGEST.days)
    return Period(since, until, zone)


def _moment(text: str, name: str, zone: ZoneInfo) -> datetime:
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+"))  # a + that was not encoded in an address
    except ValueError as error:
        said = f"{name} {text!r} is no time; write it as 2026-03-01T12:00:00Z or 2026-03-01"
        raise WrongError(said, ErrorCode.TIME_MALFORMED, name=name, text=text) from error
    moment = parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        said = f"{name} {text!r} is outside the calendar"
        raise WrongError(said, ErrorCode.TIME_OUT_OF_RANGE, name=name, text=text) from error
    if not 1990 <= moment.year <= 2099:
        said = f"{name} {text!r} is not between 1990 and 2099"
        raise WrongError(said, ErrorCode.TIME_OUT_OF_RANGE, name=name, text=text)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _next_quarter(now: datetime) -> datetime:
    ms = milliseconds(now)
    return datetime.fromtimestamp(-(-ms // 900_000) * 900, UTC)


def _quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    moment = datetime.fromtimestamp(milliseconds(start) // 900_000 * 900, UTC)
    while moment < end:
        yield max(moment, start)
        moment += QUARTER
