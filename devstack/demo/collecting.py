"""The demo's collector: where it is, and a key that it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from clickstream.config import KafkaSettings, resolve
from devstack.demo.interrupts import Interrupts
from devstack.servers.collector import TENANT, write_key
from devstack.stack import Stack

NAME = "collector"


@dataclass(frozen=True)
class Collecting:
    """The address of a collector and a write key; where only the address is known, nothing is posted."""

    url: str
    key: str


@contextmanager
def started_collector(stack: Stack, console: Console, interrupts: Interrupts) -> Iterator[Collecting | None]:
    """Start the collector where it does not run, and say where it is. What was started here is stopped on leaving.

    None: somebody else runs it, or it would write to another topic than the jobs read. Needs the topics.

    Raises:
        ClickstreamError: it does not become ready.
    """
    if NAME in stack.plan.external:
        console.print(f"The collector is at {stack.plan.external[NAME]}; its keys are not known here: no visits")
        yield None
        return
    kafka, usual = resolve(KafkaSettings), KafkaSettings.model_fields
    if any(getattr(kafka, name) != usual[name].default for name in ("topic_behaviors", "topic_rejected")):
        console.print("No collector: it would write to the usual topics, and these jobs read others", soft_wrap=True)
        yield None
        return
    ran = bool(stack.pids(NAME))
    with console.status("Starting the collector"):
        stack.up(only=[NAME])
    url, key = stack.environment()["CLICKSTREAM_COLLECTOR_URL"], write_key(stack.layout)
    console.print(
        f"[green]✓[/] collector {url} takes events of tenant {TENANT} with the write key {key}", soft_wrap=True
    )
    try:
        yield Collecting(url, key)
    finally:
        with interrupts.held_off():
            if not ran and stack.plan.wanted:  # else somebody has stopped everything
                stack.stop(NAME)
