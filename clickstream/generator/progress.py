"""Progress on a terminal; silence elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextmanager
def progress_bar(console: Console, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told the records sent since it was last told.

    Args:
        console: shows nothing if it is not a terminal.
        total: records in all; None for endless.
    """
    with Progress(
        TextColumn("{task.completed:>13,.0f} records"),
        BarColumn(),
        TextColumn("{task.speed:,.0f}/s" if total is None else "{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        *(() if total is None else (TimeRemainingColumn(),)),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bars:
        task = bars.add_task("send", total=total)
        yield lambda count: bars.advance(task, count)
