"""Ports for servers that tests start themselves."""

import random

from devstack.ports import is_free

# Below those of devstacks, and below the range from which the kernel takes ports for outgoing connections: one of these
# may be taken between the question and the server's start.
PORTS = range(10_000, 20_000)

_given: set[int] = set()


def free_port(beside: int = 0) -> int:
    """A port that nobody listens on now, and that this process was not given before.

    Args:
        beside: how far above it another port must be free, too; 0: none.
    """
    while True:
        port = random.choice(PORTS)
        if port not in _given and is_free(port) and is_free(port + beside):
            _given.add(port)
            return port
