"""The demo's dashboard: the address that signs a browser in."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from clickstream.config import ClickHouseSettings, resolve
from devstack.demo.interrupts import Interrupts
from devstack.servers.analytics import signed_in_address
from devstack.stack import Stack

NAME = "analytics"


@contextmanager
def started_dashboard(stack: Stack, console: Console, interrupts: Interrupts) -> Iterator[None]:
    """Start the analytics service where it does not run, and say where its pages are. What was started here is stopped.

    Raises:
        ClickstreamError: it does not become ready.
    """
    if NAME in stack.plan.external:
        console.print(f"The dashboard is at {stack.plan.external[NAME]}; its tokens are not known here")
        yield
        return
    if len(resolve(ClickHouseSettings).cluster.shards) > 1:
        console.print("No dashboard: each of these ClickHouse nodes holds rows of its own, and none answers for all")
        yield
        return
    ran = bool(stack.pids(NAME))
    with console.status("Starting the dashboard"):
        stack.up(only=[NAME])
    address = stack.environment()["CLICKSTREAM_ANALYTICS_URL"]
    console.print(f"[green]✓[/] dashboard {signed_in_address(stack.layout, address)}", soft_wrap=True)
    try:
        yield
    finally:
        with interrupts.held_off():
            if not ran and stack.plan.wanted:  # else somebody has stopped everything
                stack.stop(NAME)
