"""A pipe between a thread that runs a query and the event loop that sends its rows on."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator

_BYTES = 1 << 20


class RowPipe:
    """Rows on their way out. A full pipe makes the query wait.

    Attributes:
        sink: The write end; whoever runs the query closes it by `close_sink`.
    """

    def __init__(self) -> None:
        self._source, self.sink = os.pipe()
        os.set_blocking(self._source, False)
        # Without privileges the number of large pipes is limited; smaller ones work as well.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._source, fcntl.F_SETPIPE_SZ, _BYTES)

    def close_sink(self) -> None:
        """End the rows."""
        os.close(self.sink)

    async def rows(self) -> AsyncGenerator[bytes, None]:
        """Pieces of the rows, as large as there are, until the sink is closed. Closes the read end.

        To be read to the end even if nobody wants the rows any more: the engine takes a closed pipe for no reason to
        end a query, and a full one keeps it from noticing that it is killed.
        """
        try:
            while True:
                try:
                    data = os.read(self._source, _BYTES)
                except BlockingIOError:
                    await self._readable()
                    continue
                if not data:
                    return
                yield data
        finally:
            os.close(self._source)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(self._source, wake)
        try:
            await ready
        finally:
            loop.remove_reader(self._source)
