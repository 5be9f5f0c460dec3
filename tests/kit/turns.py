"""A relay that counts how often a client speaks and is answered: its round trips."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Stands between a client and a server on this machine.

    Attributes:
        port: where the client connects to.
        count: how often a client has spoken when it was a server that spoke last.
    """

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.count = 0
        self._server_port = server_port
        self._asked = False

    async def relay(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        async with asyncio.TaskGroup() as ways:
            server, ask = await asyncio.open_connection("127.0.0.1", self._server_port)
            ways.create_task(self._questions(client, ask))
            ways.create_task(self._answers(server, answer))

    async def serve(self, ready: threading.Event, stopped: asyncio.Event) -> None:
        """Listen until told to stop, and serve to their end those who are connected."""
        served: set[asyncio.Task[None]] = set()

        def connected(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
            served.add(asyncio.create_task(self.relay(client, answer)))

        async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
            self.port = listening.sockets[0].getsockname()[1]
            ready.set()
            await stopped.wait()
        await asyncio.gather(*served)

    async def _questions(self, client: asyncio.StreamReader, ask: asyncio.StreamWriter) -> None:
        while data := await client.read(65_536):
            self.count += not self._asked
            self._asked = True
            ask.write(data)
        await _close(ask)

    async def _answers(self, server: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        while data := await server.read(65_536):
            self._asked = False
            answer.write(data)
        await _close(answer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


@contextmanager
def turns(server_port: int) -> Iterator[Turns]:
    """A relay to a server, in a thread of its own while this is entered. Close the clients before."""
    counted, ready, stopped = Turns(server_port), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(counted.serve(ready, stopped))

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    try:
        yield counted
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
