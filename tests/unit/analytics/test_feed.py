"""Server-sent events: several sources side by side, failures told, and an end."""

import asyncio

import pytest

from analytics import feed as feed_module
from analytics.answer import Answer
from analytics.feed import Source, feed
from clickstream.error_codes import ErrorCode
from clickstream.errors import UnavailableError


class Number(Answer):
    value: int


class Counter:
    """Counts how often it was asked; waits for a gate first."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.asked = 0
        self.cancelled = False
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def ask(self) -> Number:
        self.asked += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return Number(value=self.asked)


async def test_a_slow_source_holds_up_no_other() -> None:
    slow, quick = Counter(is_open=False), Counter()
    told = feed(Source("slow", 0, slow.ask), Source("quick", 0.001, quick.ask), allowed=lambda: True)
    assert await anext(told) == b"retry: 2000\n\n"
    assert [await anext(told) for _ in range(3)] == [
        f'event: quick\ndata: {{"value":{number}}}\n\n'.encode() for number in (1, 2, 3)
    ]
    slow.gate.set()
    found = [await anext(told) for _ in range(50)]
    assert b'event: slow\ndata: {"value":1}\n\n' in found
    await told.aclose()


async def test_what_nobody_reads_is_not_asked_for_again_and_again() -> None:
    counter = Counter()
    told = feed(Source("n", 0, counter.ask), allowed=lambda: True)
    await anext(told)
    await anext(told)
    for _ in range(100):
        await asyncio.sleep(0)
    assert counter.asked <= 3
    await told.aclose()


async def test_a_source_that_is_away_is_said_and_asked_again() -> None:
    away = UnavailableError("Redis does not answer", ErrorCode.REDIS_AWAY, reason="gone")
    answers: list[Number | UnavailableError] = [away, Number(value=7)]

    async def ask() -> Number:
        found = answers.pop(0)
        if isinstance(found, UnavailableError):
            raise found
        return found

    told = feed(Source("live", 0, ask), allowed=lambda: True)
    assert [await anext(told) for _ in range(3)][1:] == [
        b'event: away\ndata: {"source":"live","detail":"Redis does not answer",'
        b'"reason":{"code":"redis_away","parameters":{"reason":"gone"}}}\n\n',
        b'event: live\ndata: {"value":7}\n\n',
    ]
    await told.aclose()


async def test_a_reader_that_goes_ends_the_questions() -> None:
    counter = Counter(is_open=False)
    told = feed(Source("n", 0, counter.ask), allowed=lambda: True)
    await anext(told)
    waiting = asyncio.ensure_future(anext(told))
    while not counter.asked:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert counter.cancelled


async def test_it_ends_when_it_is_allowed_no_more() -> None:
    counter = Counter()
    told = feed(Source("n", 0, counter.ask), allowed=lambda: counter.asked < 3)
    assert len([event async for event in told]) < 6


async def test_a_fault_of_a_source_is_said_and_it_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    asked = 0

    async def ask() -> Number:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise KeyError("a column")
        return Number(value=7)

    told = feed(Source("figures", 0, ask), allowed=lambda: True)
    assert [await anext(told) for _ in range(3)][1:] == [
        b'event: away\ndata: {"source":"figures","detail":"the service failed; its log says why",'
        b'"reason":{"code":"failed","parameters":{}}}\n\n',
        b'event: figures\ndata: {"value":7}\n\n',
    ]
    assert [record.getMessage() for record in caplog.records] == ["a source of a stream failed: figures"]
    await told.aclose()


async def test_while_all_sources_are_slow_the_stream_says_that_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "ALIVE_SECONDS", 0.01)
    counter, allowed = Counter(is_open=False), True
    told = feed(Source("n", 0, counter.ask), allowed=lambda: allowed)
    assert [await anext(told) for _ in range(3)][1:] == [b"event: alive\ndata: {}\n\n"] * 2
    assert counter.asked == 1, "the question goes on meanwhile"
    counter.gate.set()
    assert b'event: n\ndata: {"value":1}\n\n' in [await anext(told) for _ in range(3)]
    counter.gate.clear()
    allowed = False
    assert [event async for event in told] == [], "and it ends with its token, whether or not a source answers"
