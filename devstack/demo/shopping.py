"""The demo's shop: pages for a browser, whose clicks move what they list."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from devstack.demo.collecting import Collecting
from devstack.demo.interrupts import Interrupts
from devstack.stack import Stack

NAME = "shop"


@contextmanager
def started_shop(
    stack: Stack, console: Console, interrupts: Interrupts, collecting: Collecting | None
) -> Iterator[None]:
    """Start the shop where it does not run, and say where it is. What was started here is stopped on leaving.

    Nothing is started where there is no collector that its pages could send to.

    Raises:
        ClickstreamError: it does not become ready.
    """
    if collecting is None:
        yield
        return
    ran = NAME in stack.plan.external or bool(stack.pids(NAME))
    with console.status("Starting the shop"):
        stack.up(only=[NAME])
    url = stack.environment()["CLICKSTREAM_SHOP_URL"]
    console.print(f"[green]✓[/] shop {url}: click something, and see it move up the list", soft_wrap=True)
    try:
        yield
    finally:
        with interrupts.held_off():
            if not ran and stack.plan.wanted:  # else somebody has stopped everything
                stack.stop(NAME)
