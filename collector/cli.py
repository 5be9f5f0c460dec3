"""`clickstream collector` and `clickstream write-key`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from clickstream.write_keys import hash_of, new_write_key

PANEL = "Collector"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("collector", rich_help_panel=PANEL)(collector)
    app.command("write-key", rich_help_panel=PANEL)(write_key)


def collector(
    config: Annotated[Path | None, typer.Option(help="YAML file. Default: CLICKSTREAM_COLLECTOR_CONFIG.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share the port.")] = None,
) -> None:
    """Take events over HTTP and write them to Kafka, until SIGTERM or Ctrl-C."""
    from collector.server import serve  # noqa: PLC0415 - the web framework takes a while to import

    # Options are settings too: workers, which are processes of their own, read those from the environment.
    for name, value in (("CONFIG", config), ("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if value is not None:
            os.environ[f"CLICKSTREAM_COLLECTOR_{name}"] = str(value)
    serve()


def write_key(tenant: Annotated[str, typer.Argument(help="tenant_id that the key is for.")]) -> None:
    """Make a write key: printed once, with the lines of the collector's YAML file that let it in."""
    key = new_write_key()
    typer.echo(f"# write key (shown once): {key}")
    typer.echo(f"tenants:\n  {_quoted(tenant)}:\n    keys:\n      - sha256: {hash_of(key)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
