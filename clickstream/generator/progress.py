"""Progress on a terminal; silence elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text


class RateColumn(ProgressColumn):
    """Records a second over the last half minute; nothing until it can be told."""

    def render(self, task: Task) -> Text:
        """The rate as text."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


@contextmanager
def progress_bar(console: Console, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told the records sent since it was last told.

    Args:
        console: shows nothing if it is not a terminal.
        total: records in all; None for endless.
    """
    with Progress(
        TextColumn("{task.completed:,.0f} records"),
        BarColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        *(() if total is None else (TimeRemainingColumn(),)),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bars:
        task = bars.add_task("send", total=total)
        yield lambda count: bars.advance(task, count)
