"""`clickstream collector`, `clickstream write-key` and `clickstream cat`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from clickstream.write_keys import hash_of, new_write_key

PANEL = "Collector"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("collector", rich_help_panel=PANEL)(collector)
    app.command("write-key", rich_help_panel=PANEL)(write_key)
    app.command("cat", rich_help_panel=PANEL)(cat)


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
    """Make a write key, shown once on stderr. Stdout gets the lines of the collector's YAML file that let it in."""
    key = new_write_key()
    # Not on stdout, which goes into a file: that holds hashes alone.
    typer.echo(f"write key (shown once): {key}", err=True)
    typer.echo(f"tenants:\n  {_quoted(tenant)}:\n    keys:\n      - sha256: {hash_of(key)}")


def cat(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Of a sink or of the spool.")]) -> None:
    """Print files of the collector's as JSON lines: JSON lines themselves, Avro, and what its spool holds."""
    from collector import cat as files_of_the_collector  # noqa: PLC0415 - Avro takes a while to import

    try:
        files_of_the_collector.cat(files, sys.stdout.buffer)
    except BrokenPipeError:
        # Whoever read has seen enough. What is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
