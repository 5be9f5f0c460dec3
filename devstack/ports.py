"""TCP ports on the loopback interface: the usual one when it is free, else another."""

import os
import socket
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from clickstream.errors import UnavailableError
from devstack.files import locked, read_json, write_json

HOST = "127.0.0.1"
# Between choosing a port and listening on it a server needs some seconds, in which another devstack must not choose it.
RESERVED_SECONDS = 60
# Below the range from which the kernel takes ports for outgoing connections, so that none of those is in the way later.
ALTERNATIVES = range(20000, 30000)


def is_free(port: int) -> bool:
    """Whether a server could listen there now, on the loopback interface and on all of them."""
    for address in (HOST, "0.0.0.0"):
        with socket.socket() as probe:
            # As servers do: connections of the one before, lingering in TIME_WAIT, are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def choose(preferred: int, owner: Path, avoid: Collection[int] = ()) -> int:
    """A port for the devstack at `owner`, reserved against other devstacks of this user until its server listens.

    Args:
        preferred: taken when it is free.
        owner: the devstack's folder.
        avoid: ports that this devstack has given to its other servers.

    Raises:
        UnavailableError: no port is free.
    """
    book = Path(tempfile.gettempdir()) / f"clickstream-ports-{os.getuid()}.json"
    with locked(book.with_suffix(".lock")):
        now = time.time()
        reserved = {
            port: entry for port, entry in read_json(book).items() if now - float(entry["at"]) < RESERVED_SECONDS
        }
        others = {int(port) for port, entry in reserved.items() if entry["owner"] != str(owner)}
        # Every server's alternatives start elsewhere, so that a run of taken ports is not tried again and again.
        start = preferred * 7 % len(ALTERNATIVES)
        candidates = [preferred, *(ALTERNATIVES[(start + i) % len(ALTERNATIVES)] for i in range(len(ALTERNATIVES)))]
        for port in candidates:
            if port not in others and port not in avoid and is_free(port):
                write_json(book, {**reserved, str(port): {"owner": str(owner), "at": now}})
                return port
    raise UnavailableError(
        f"no TCP port is free on {HOST}: tried {preferred} and {ALTERNATIVES.start}-{ALTERNATIVES.stop - 1}. "
        "End what listens there (ss -ltnp lists it)."
    )
