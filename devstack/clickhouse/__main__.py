"""Start the server: `python -m devstack.clickhouse --path FOLDER --port N`."""

import argparse
import os
import sys

from clickstream.errors import ClickstreamError
from devstack.clickhouse.request import Credentials
from devstack.clickhouse.server import serve


def main() -> None:
    """Read the command line and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.clickhouse", description="ClickHouse for the devstack.")
    parser.add_argument("--path", required=True, help="data folder; it is made if it is not there")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    arguments = parser.parse_args()
    try:
        serve(arguments.path, arguments.host, arguments.port, Credentials(arguments.user, arguments.password))
    except ClickstreamError as error:
        sys.exit(str(error))
    # Threads inside the engine may still wait for something: nothing is left to be done for them.
    os._exit(0)


main()
