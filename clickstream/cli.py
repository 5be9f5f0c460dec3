"""The `clickstream` command.

Each package registers its own sub-commands under the entry point group `clickstream.commands`: a function that takes
the typer application and adds to it. So the command line can start servers and run jobs while the core imports neither.
"""

import logging
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec

import typer

from clickstream import logs
from clickstream.config import LogSettings
from clickstream.config.resolve import read
from clickstream.errors import ClickstreamError

GROUP = "clickstream.commands"


def application() -> typer.Typer:
    """Build the command line from every registered package that is there: images leave the devstack out."""
    app = typer.Typer(
        name="clickstream",
        help="Real-time clickstream and recommendation behaviour on Apache Flink.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        if find_spec(entry.module.partition(".")[0]):
            entry.load()(app)
    return app


def main() -> None:
    """Run the command line: an error of ours is one line on stderr and exit status 1, never a traceback."""
    try:
        logs.command(_called(sys.argv), read(LogSettings))
        application()()
    except ClickstreamError as error:
        if logs.is_json():
            logging.getLogger("clickstream").error("%s", error)
        else:
            print(f"clickstream: {error}", file=sys.stderr)
        sys.exit(1)


def _called(arguments: list[str]) -> str:
    """The command's name for its log."""
    return next((each for each in arguments[1:2] if each and not each.startswith("-")), "clickstream")
