"""Where the demo prints: a live table on a terminal, lines elsewhere; what happens meanwhile stands above it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.status import Status

from devstack.demo.display import ROWS, SMOOTHED, line, status, view
from devstack.demo.traffic import Traffic
from devstack.demo.watch import Sample, Watch

TABLE_SECONDS = 1.0
LINE_SECONDS = 5.0


class Screen:
    """Prints from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._said = 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(f"{time.strftime('%H:%M:%S')}  {text}", soft_wrap=True, markup=False)

    def follow(self, watch: Watch, traffic: Traffic) -> None:
        """Show samples until the traffic has ended or the devstack was taken down."""
        samples: deque[Sample] = deque([watch.sample()], maxlen=ROWS + SMOOTHED + 1)

        begun = samples[0].at

        def next_sample(seconds: float) -> bool:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not traffic.running() or watch.health.taken_down():
                    return False
                time.sleep(0.1)
            samples.append(watch.sample())
            return True

        if self._console.is_terminal:
            title = f"Kafka -> Flink -> ClickHouse, Redis   {watch.jobs.rest_url}"
            with Live(console=self._console, auto_refresh=False) as live:
                while next_sample(TABLE_SECONDS):
                    live.update(view(list(samples), begun, title), refresh=True)
        else:
            while next_sample(LINE_SECONDS):
                self.say_sample(samples[-1], samples[-2])

    def say_sample(self, now: Sample, before: Sample) -> None:
        """One line for a log."""
        self._console.print(line(now, before), soft_wrap=True, markup=False)
        if now.served and (said := str(now.served)):
            self._console.print(f"          Redis, {said}", soft_wrap=True, markup=False)

    @contextmanager
    def waiting(self) -> Iterator[Callable[[Sample, float, float], None]]:
        """While something is waited for: `status` replaces its text. What is yielded shows a sample."""
        with self._console.status("") as self._status:
            yield lambda sample, idle, limit: self.status(status(sample, idle, limit))
        self._status = None

    def status(self, text: str) -> None:
        """Say what is waited for: at once on a terminal, now and then elsewhere."""
        if self._status is not None:
            self._status.update(text)
        if not self._console.is_terminal and time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            self.say(text)
