"""`clickstream sample-dimensions`."""

import typer

from clickstream.config import DimensionSettings, ServerSettings, resolve
from clickstream.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sample-dimensions")(sample_dimensions)


def sample_dimensions() -> None:
    """Fill MySQL's dimensions with rows that fit `clickstream generate`. For demos and tests; it can be repeated."""
    # aiomysql takes a while to import: only this command waits for it.
    from clickstream.dimensions.sample import load_sample  # noqa: PLC0415 - see above
    from clickstream.dimensions.tls import tls_context  # noqa: PLC0415 - see above
    from clickstream.migrate.files import ddl_directory  # noqa: PLC0415 - see above

    servers = resolve(ServerSettings)
    if servers.mysql_url is None:
        raise ConfigurationError("CLICKSTREAM_MYSQL_URL is not set: mysql://user:password@host:3306/database")
    dimensions = resolve(DimensionSettings)
    tls = tls_context(dimensions.tls, dimensions.tls_ca)
    for table, rows in load_sample(servers.mysql_url, ddl_directory(servers.ddl_dir), tls).items():
        typer.echo(f"{table}: {rows} rows")
