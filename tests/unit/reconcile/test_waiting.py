"""What `clickstream reconcile` says while it waits, where nobody sees a spinner."""

import io

from rich.console import Console

from clickstream.clock import ManualClock
from clickstream.reconcile.cli import Waiting


def test_into_a_pipe_it_says_now_and_then_that_it_goes_on() -> None:
    said, clock = io.StringIO(), ManualClock()
    with Waiting(Console(file=said, width=40), clock, 60) as waiting:
        for second in range(11):
            waiting.tell(12_345 - second, second)
            clock.sleep(1)
    assert said.getvalue().splitlines() == [
        f"Comparing Kafka with ClickHouse: 12,{345 - second} records were missing when last compared; "
        f"nothing has moved for {second} s of the 60 s that --wait allows"
        for second in (0, 5, 10)
    ]
