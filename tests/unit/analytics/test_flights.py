"""One query for equal concurrent requests, kept for seconds, cancelled when nobody waits."""

import asyncio

import pytest

from analytics.flights import Flights
from clickstream.clock import ManualClock


class Fetch:
    def __init__(self) -> None:
        self.calls = 0
        self.cancelled = asyncio.Event()
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> int:
        self.calls += 1
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return self.calls


async def test_who_asks_meanwhile_gets_the_same_answer() -> None:
    flights, fetch = Flights(0, 10, ManualClock()), Fetch()
    asking = [asyncio.create_task(flights.get("key", fetch)) for _ in range(5)]
    await fetch.begun.wait()
    fetch.go.set()
    assert await asyncio.gather(*asking) == [1] * 5
    assert await flights.get("key", fetch) == 2


async def test_an_answer_is_kept_for_its_seconds() -> None:
    clock = ManualClock()
    flights, fetch = Flights(5, 10, clock), Fetch()
    fetch.go.set()
    assert [await flights.get("key", fetch), await flights.get("key", fetch)] == [1, 1]
    assert await flights.get("other", fetch) == 2
    clock.advance(5.1)
    assert await flights.get("key", fetch) == 3


async def test_the_last_who_leaves_ends_the_query_and_nobody_before() -> None:
    flights, fetch = Flights(5, 10, ManualClock()), Fetch()
    first, second = (asyncio.create_task(flights.get("key", fetch)) for _ in range(2))
    await fetch.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not fetch.cancelled.is_set()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)
    assert fetch.cancelled.is_set()
    fetch.go.set()
    assert await flights.get("key", fetch) == 2


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    flights = Flights(5, 10, ManualClock())
    tries = 0

    async def fails() -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        raise ValueError("no")

    told = await asyncio.gather(*(flights.get("key", fails) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [ValueError] * 3
    with pytest.raises(ValueError, match="no"):
        await flights.get("key", fails)
    assert tries == 2


async def test_an_answer_that_becomes_too_old_while_it_is_asked_for_is_fetched_again() -> None:
    class Running(ManualClock):
        def monotonic(self) -> float:
            self.advance(3)
            return super().monotonic()

    flights, fetch = Flights(5, 10, Running()), Fetch()
    fetch.go.set()
    assert [await flights.get("key", fetch) for _ in range(6)][-1] > 1
