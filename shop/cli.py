"""`clickstream shop`: the demo's shop by itself."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from clickstream.config import ServerSettings, resolve
from clickstream.errors import ConfigurationError
from shop.catalogue import TENANT

_COLLECTOR = "http://127.0.0.1:8003"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("shop", rich_help_panel="Devstack")(shop)


def shop(
    key: Annotated[str, typer.Option(help="Write key of the tenant: `clickstream write-key` makes one.")],
    collector: Annotated[
        str | None, typer.Option(help=f"As browsers reach it. Default: CLICKSTREAM_COLLECTOR_URL, else {_COLLECTOR}.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="tenant_id whose hot list is shown.")] = TENANT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8005,
) -> None:
    """Serve a small shop with the tracker's tag, whose hot list comes from Redis, until SIGTERM or Ctrl-C."""
    from shop.serve import serve  # noqa: PLC0415 - the web framework takes a while to import

    address = collector or resolve(ServerSettings).collector_url or _COLLECTOR
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or any(each in address for each in " ;,'\""):
        raise ConfigurationError(f"the collector's address {address!r} is none: write it as {_COLLECTOR}")
    serve(f"{parts.scheme}://{parts.netloc}", key, tenant, host, port)
