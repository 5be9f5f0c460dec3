"""`clickstream analytics`: the service. `clickstream token`: who may ask it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from clickstream.errors import ConfigurationError, StorageError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("analytics")(analytics)
    app.command("token")(token)


def analytics() -> None:
    """Serve the analytics interface and the dashboard, until Ctrl-C."""
    from analytics.serve import serve  # noqa: PLC0415 - the web framework takes a while to import

    serve()


def token(
    tenants: Annotated[list[str], typer.Option("--tenant", help="May be given several times.")],
    roles: Annotated[list[str], typer.Option("--role", help="read, admin or erase; may be given several times.")],
    name: Annotated[str, typer.Option(help="Whose it is: shown in receipts.")],
    file: Annotated[Path, typer.Option(envvar="CLICKSTREAM_ANALYTICS_TOKENS_FILE", help="Made if missing.")],
    days: Annotated[int | None, typer.Option(min=1, help="It expires after so many days.")] = None,
) -> None:
    """Make a token for the analytics service, print it once, and add its hash to the file."""
    from analytics.tokens import Role, add_token  # noqa: PLC0415 - see above

    try:
        given = [Role(role) for role in roles]
    except ValueError as error:
        raise ConfigurationError(f"--role: {error}; there are {', '.join(Role)}") from error
    try:
        print(add_token(file, name, tenants, given, datetime.now(UTC) + timedelta(days=days) if days else None))
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
