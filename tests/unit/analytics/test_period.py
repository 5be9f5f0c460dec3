from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.period import period

NOW = datetime(2026, 3, 1, 12, 7, 3, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_without_times_it_is_the_last_seven_days_to_the_end_of_this_quarter() -> None:
    found = period(None, None, SHANGHAI, NOW)
    assert found.end == datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
    assert found.end - found.start == timedelta(days=7)
    assert found.on_quarters


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-28", datetime(2026, 2, 27, 16, tzinfo=UTC)),
        ("2026-02-28T01:30", datetime(2026, 2, 27, 17, 30, tzinfo=UTC)),
        ("2026-02-28T01:30:00Z", datetime(2026, 2, 28, 1, 30, tzinfo=UTC)),
        ("2026-02-28T01:30:00 05:30", datetime(2026, 2, 27, 20, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_the_time_zones_own(text: str, moment: datetime) -> None:
    assert period(text, None, SHANGHAI, NOW).start == moment


@pytest.mark.parametrize(
    ("start", "end"),
    [("soon", None), (None, "2026-13-01"), ("2026-03-02", "2026-03-01"), ("2020-01-01", None), ("0001-01-01", None)],
)
def test_what_is_no_period_is_refused(start: str | None, end: str | None) -> None:
    with pytest.raises(ValueError, match=r"time|period"):
        period(start, end, SHANGHAI, NOW)


def test_the_period_before_ends_where_this_one_begins() -> None:
    found = period("2026-02-01", "2026-02-03", SHANGHAI, NOW)
    assert (found.before.end, found.before.end - found.before.start) == (found.start, timedelta(days=2))


def test_days_and_hours_where_the_clock_is_put_back_by_half_an_hour() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    found = period("2026-04-05", "2026-04-06", lord_howe, datetime(2026, 5, 1, tzinfo=UTC))
    assert len(found.days()) == 1
    hours = found.hours()
    assert hours == sorted(set(hours))
    assert all(later - earlier <= timedelta(hours=1.5) for earlier, later in zip(hours, hours[1:], strict=False))
