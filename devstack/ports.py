"""TCP ports on the loopback interface: the usual one when it is free, else another."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from clickstream.errors import UnavailableError
from devstack.files import locked, read_json, write_json

HOST = "127.0.0.1"
# Between choosing its ports and being up a devstack needs some seconds, in which another one must not choose them.
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


class Reservations:
    """Which ports the devstacks of this user have: each keeps its own for as long as it is up.

    A server that was killed or stopped for a while does not listen, and must find its port free when it starts again.

    Args:
        is_up: whether the devstack in a folder is up.
    """

    def __init__(self, is_up: Callable[[Path], bool]) -> None:
        self._is_up = is_up
        self._book = Path(tempfile.gettempdir()) / f"clickstream-ports-{os.getuid()}.json"

    def choose(self, preferred: int, owner: Path, avoid: Collection[int] = ()) -> int:
        """A port for the devstack at `owner`, and reserve it.

        Args:
            preferred: taken when it is free.
            owner: the devstack's folder.
            avoid: ports that this devstack has given to its other servers.

        Raises:
            UnavailableError: no port is free.
        """
        with locked(self._book.with_suffix(".lock")):
            reserved = self._reserved()
            others = {int(port) for port, entry in reserved.items() if entry["owner"] != str(owner)}
            # Every server's alternatives start elsewhere, so that a run of taken ports is not tried again and again.
            start = preferred * 7 % len(ALTERNATIVES)
            candidates = [preferred, *(ALTERNATIVES[(start + i) % len(ALTERNATIVES)] for i in range(len(ALTERNATIVES)))]
            for port in candidates:
                if port not in others and port not in avoid and is_free(port):
                    write_json(self._book, {**reserved, str(port): {"owner": str(owner), "at": time.time()}})
                    return port
        raise UnavailableError(
            f"no TCP port is free on {HOST}: tried {preferred} and {ALTERNATIVES.start}-{ALTERNATIVES.stop - 1}. "
            "End what listens there (ss -ltnp lists it)."
        )

    def is_others(self, port: int, owner: Path) -> bool:
        """Whether another devstack has it."""
        with locked(self._book.with_suffix(".lock")):
            entry = self._reserved().get(str(port))
        return entry is not None and entry["owner"] != str(owner)

    def keep(self, ports: Iterable[int], owner: Path) -> None:
        """Reserve ports that a devstack was given before, and that are no other's."""
        with locked(self._book.with_suffix(".lock")):
            own = {str(port): {"owner": str(owner), "at": time.time()} for port in ports}
            write_json(self._book, {**self._reserved(), **own})

    def _reserved(self) -> dict[str, Any]:
        now = time.time()
        return {
            port: entry
            for port, entry in read_json(self._book).items()
            if now - float(entry["at"]) < RESERVED_SECONDS or self._is_up(Path(entry["owner"]))
        }
