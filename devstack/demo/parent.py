"""Processes of the demo end with it, however it ends."""

import os
import select
import threading


def end_with(parent: int) -> None:
    """End this process at once when its parent has ended, even by SIGKILL: there is nobody to send anything for."""
    try:
        descriptor = os.pidfd_open(parent)
    except ProcessLookupError:
        os._exit(70)
    if os.getppid() != parent:  # it died before, and the number may be another process's by now
        os._exit(70)

    def wait() -> None:
        select.select([descriptor], [], [])
        os._exit(70)

    threading.Thread(target=wait, name="parent", daemon=True).start()
