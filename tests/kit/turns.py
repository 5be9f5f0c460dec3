"""A relay that counts how often a client speaks and is answered: its round trips."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Stands between a client and a server on this machine.

    Attributes:
        port: where the client connects to.
        count: how often the client has spoken, on any connection, when it was the server that spoke last.
    """

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.count = 0
        self._server_port = server_port

    async def relay(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        server, ask = await asyncio.open_connection("127.0.0.1", self._server_port)
        asked = False

        async def answers() -> None:
            nonlocal asked
            while data := await server.read(65_536):
                asked = False
                answer.write(data)
            answer.close()

        back = asyncio.create_task(answers())
        while data := await client.read(65_536):
            self.count += not asked
            asked = True
            ask.write(data)
        ask.close()
        await back

    async def serve(self, ready: threading.Event, stopped: asyncio.Event) -> None:
        """Listen until told to stop."""
        async with await asyncio.start_server(self.relay, "127.0.0.1", 0) as listening:
            self.port = listening.sockets[0].getsockname()[1]
            ready.set()
            await stopped.wait()


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
