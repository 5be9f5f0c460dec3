"""`clickstream catalogue import | sample`: many documents at once, straight into MongoDB."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickstream.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from analytics.catalogue.files import Imported, Line

_PATIENCE = 30.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(help="Scenarios, items, models, experiments and user profiles.", no_args_is_help=True)
    commands.command("import")(import_)
    commands.command("sample")(sample)
    app.add_typer(commands, name="catalogue")


def import_(
    files: Annotated[list[Path], typer.Argument(help="JSON lines; - for stdin.")],
    only_new: Annotated[bool, typer.Option("--only-new", help="Leave documents that are there as they are.")] = False,
) -> None:
    """Make and change documents: {"tenant_id": ..., "kind": "items", "document": {...}} a line."""
    from analytics.catalogue.files import read_lines  # noqa: PLC0415 - MongoDB's client takes a while to import

    for path in files:
        try:
            text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{path} cannot be read: {error}") from error
        _told(_load(list(read_lines(text.splitlines(), str(path))), change=not only_new))


def sample(
    tenants: Annotated[int, typer.Option(min=1, max=8, help="Shops.")] = 3,
    items: Annotated[int, typer.Option(min=1, help="Items of each.")] = 5000,
) -> None:
    """Make the catalogues of the shops that `clickstream generate` makes events for, where they are missing."""
    from analytics.catalogue.sample import sample as lines  # noqa: PLC0415 - see above

    _told(_load(lines(tenants, items), change=False))


def _load(lines: "Iterable[Line]", *, change: bool) -> "Imported":
    from analytics.catalogue.files import load  # noqa: PLC0415 - see above
    from analytics.configuration import Configuration  # noqa: PLC0415 - see above
    from clickstream.clock import SystemClock  # noqa: PLC0415 - see above
    from clickstream.config import ServerSettings, resolve  # noqa: PLC0415 - see above

    servers = resolve(ServerSettings)
    if not servers.mongo_url:
        raise ConfigurationError("CLICKSTREAM_MONGO_URL is not set: it names the server that keeps the catalogue")

    async def loaded(url: str) -> "Imported":
        configuration = Configuration(url, _PATIENCE)
        try:
            catalogue = configuration.catalogue(SystemClock())
            await catalogue.make_indexes()
            return await load(catalogue, lines, change=change)
        finally:
            await configuration.close()

    return asyncio.run(loaded(servers.mongo_url))


def _told(done: "Imported") -> None:
    print(f"{done.made} made, {done.changed} changed, {done.kept} left as they were")
