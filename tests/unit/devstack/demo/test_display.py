import io
import re

from rich.console import Console

from devstack.demo.census import Counted
from devstack.demo.display import ROWS, line, status, view
from devstack.demo.health import Away
from devstack.demo.jobs import KINDS, Seen
from devstack.demo.watch import Sample

AWAY = Away("kafka", "stopped", 0.0, 0.0)
JOBS = tuple(Seen(kind, "running", 12_345) for kind in KINDS.values())
BEFORE = Sample(0.0, Counted(), 0, JOBS, (), None)
NOW = Sample(
    3_725.0, Counted(sent=12_345_678, repeated=123_456, rejected=61_728, dead=9_999), 12_000_000, JOBS, (AWAY,), None
)


def test_the_table_fits_in_80_columns_unbroken() -> None:
    output = io.StringIO()
    Console(file=output, width=80).print(view([BEFORE, NOW], -60.0, "title"))
    text = output.getvalue()
    row = next(row for row in text.splitlines() if "12,345,678" in row)
    assert row.split()[:2] == ["63:05", "12,345,678"]
    assert "9,999" in row, "the last column stands on the same line"
    assert "RealtimeMetricsAggregator" in text
    assert "AWAY: kafka stopped since" in text


def test_rates_are_smoothed_and_old_samples_scroll_away() -> None:
    samples = [Sample(float(at), Counted(sent=100 * at), 200 * (at // 2), (), (), None) for at in range(30)]
    output = io.StringIO()
    Console(file=output, width=80).print(view(samples, 0.0, "title"))
    rows = [row.split() for row in output.getvalue().splitlines() if re.match(r"\d+:\d\d ", row)]
    assert [row[0] for row in rows] == [f"0:{at}" for at in range(30 - ROWS, 30)]
    assert {row[2] for row in rows} == {"100"}
    assert {row[4] for row in rows} == {"80", "120"}, "rows come every other second"


def test_a_line_says_what_is_away_and_how_far_jobs_are() -> None:
    said = line(NOW, BEFORE)
    assert "lag 150,495 " in said
    assert "hot running, 12,345 to read" in said
    assert "AWAY: kafka stopped since" in said


def test_the_last_wait_says_what_for_and_for_how_long_still() -> None:
    assert status(NOW, 1.0, 90.0).startswith("150,495 records on their way to ClickHouse; ")
    assert "nothing has moved" not in status(NOW, 1.0, 90.0)
    assert status(NOW, 7.0, 90.0).endswith("; nothing has moved for 7 s: given up after 90 s")
    arrived = Sample(0.0, Counted(sent=10), 10, (), (), None)
    assert status(arrived, 1.0, 90.0) == "Every record has arrived; balancing the books"


def test_lag_is_what_nothing_accounts_for() -> None:
    assert Sample(0.0, Counted(sent=10, rejected=1, repeated=2), 4, (), (), None).lag == 3
    assert Sample(0.0, Counted(sent=10, rejected=1, repeated=2), 40, (), (), None).lag == 0
