"""What a page is told as it happens: live values every second, the overview's figures every few seconds.

Each message is one event of a stream of server-sent events (WHATWG HTML, section 9.2). A source that does not answer
is said to be away, and asked again: the other one goes on.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from analytics.answer import Answer
from analytics.reasons import FAILED, Reason, reason_of
from clickstream.errors import ClickstreamError

_LOG = logging.getLogger(__name__)
# A page takes a stream that is silent for longer than a few of these for dead.
ALIVE_SECONDS = 4.0
_ALIVE = b"event: alive\ndata: {}\n\n"

A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Away(Answer):
    """A source that does not answer: `source` is the name of the event that it would have sent."""

    source: str
    detail: str
    reason: Reason


@dataclass(frozen=True)
class Source(Generic[A_co]):
    """Something that is asked again and again.

    Attributes:
        name: of its events.
        seconds: between the end of one asking and the next.
        ask: finds the answer.
    """

    name: str
    seconds: float
    ask: Callable[[], Awaitable[A_co]]


async def feed(*sources: Source[Answer], allowed: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
    """Events of all sources, as they come, until `allowed` says no or the reader has gone.

    A slow source holds up no other; where all are slow, events `alive` say that the stream stands. What nobody has read
    yet is not piled up: a source is asked again when its last event was taken.
    """
    events: asyncio.Queue[bytes] = asyncio.Queue(1)
    workers = [asyncio.create_task(_ask(source, events)) for source in sources]
    try:
        # Proxies and browsers see that the stream is open; a browser waits so long before it comes again.
        yield b"retry: 2000\n\n"
        while allowed():
            try:
                event = await asyncio.wait_for(events.get(), ALIVE_SECONDS)
            except TimeoutError:
                event = _ALIVE
            yield event
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _ask(source: Source[Answer], events: asyncio.Queue[bytes]) -> None:
    while True:
        try:
            found: Answer = await source.ask()
            name = source.name
        except ClickstreamError as error:
            found, name = Away(source=source.name, detail=str(error), reason=reason_of(error)), "away"
        except Exception:  # a fault of ours: said and asked again, or the page would show old figures as new ones
            _LOG.exception("a source of a stream failed: %s", source.name)
            said = "the service failed; its log says why"
            found, name = Away(source=source.name, detail=said, reason=FAILED), "away"
        await events.put(f"event: {name}\ndata: {found.model_dump_json()}\n\n".encode())
        await asyncio.sleep(source.seconds)
