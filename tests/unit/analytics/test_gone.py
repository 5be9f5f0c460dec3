"""A client that goes away ends the work for it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from analytics.gone import CancelWhenGone, Message, Receive, Send

GET = {"type": "http", "method": "GET"}


class Client:
    """What a server hands over."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})


async def test_work_is_cancelled_when_the_client_leaves() -> None:
    client, working, cancelled = Client(), asyncio.Event(), asyncio.Event()

    async def app(_: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        working.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    request = asyncio.create_task(CancelWhenGone(app)(dict(GET), client.messages.get, client.send))
    await working.wait()
    assert not request.done()
    client.leave()
    await request
    assert cancelled.is_set()


async def test_an_answer_and_an_error_go_through() -> None:
    client = Client()

    async def answers(_: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start"})

    async def fails(_: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        raise ValueError("mine")

    await CancelWhenGone(answers)(dict(GET), client.messages.get, client.send)
    assert client.sent == [{"type": "http.response.start"}]
    with pytest.raises(ValueError, match="mine"):
        await CancelWhenGone(fails)(dict(GET), client.messages.get, client.send)


async def test_what_writes_is_left_alone() -> None:
    seen: list[Any] = []

    async def app(_: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        seen.append(receive)

    client = Client()
    receive = client.messages.get
    await CancelWhenGone(app)({"type": "http", "method": "POST"}, receive, client.send)
    assert seen == [receive]
