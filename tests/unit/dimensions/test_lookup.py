"""Memory, single flight, refreshes and outages, on a clock that only tests move."""

import asyncio
from collections.abc import Sequence

import pytest

from clickstream.clock import ManualClock
from clickstream.dimensions.cache import DimensionCache
from clickstream.dimensions.lookup import Lookup, Patience
from clickstream.dimensions.rows import Found, Key

TTL, NEGATIVE, PAUSE = 100.0, 10.0, 2.0
NEVER = 1e9


class Server:
    """A table, and what it was asked."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.asked: list[list[str]] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def fetch(self, keys: Sequence[Key]) -> dict[Key, Found]:
        self.asked.append(sorted(key[0] for key in keys))
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return {(key[0],): Found(self.rows[key[0]], {}, {}) for key in keys if key[0] in self.rows}


class Bench:
    """A lookup on a server of its own."""

    def __init__(self, size: int = 100, query: float = 60.0) -> None:
        self.server, self.clock = Server(), ManualClock(1000.0)
        self.failures: list[tuple[str, str]] = []
        cache = DimensionCache(size, TTL, NEGATIVE)
        self.lookup = Lookup("d", self.server.fetch, cache, Patience(query, PAUSE), self.clock, self.failed)

    def failed(self, dimension: str, error: Exception) -> None:
        self.failures.append((dimension, type(error).__name__))

    async def find(self, *keys: str, wait: float = NEVER) -> dict[str, bytes | None]:
        found = await self.lookup.find([(key,) for key in keys], self.clock.monotonic() + wait)
        return {key[0]: row.members if row else None for key, row in found.items()}


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def settled() -> None:
    """Let every task that can go on do so."""
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0)


async def test_all_misses_are_one_query_and_are_remembered_whether_there_is_a_row_or_not(bench: Bench) -> None:
    bench.server.rows = {"a": b"1", "b": b"2"}
    assert await bench.find("a", "b", "x") == {"a": b"1", "b": b"2", "x": None}
    assert await bench.find("b", "x") == {"b": b"2", "x": None}
    assert bench.server.asked == [["a", "b", "x"]]
    assert (bench.lookup.counts.hits, bench.lookup.counts.queried, bench.lookup.counts.absent) == (2, 3, 2)


async def test_equal_misses_share_a_query(bench: Bench) -> None:
    bench.server.rows, bench.server.gate = {"a": b"1", "b": b"2"}, asyncio.Event()
    first = asyncio.create_task(bench.find("a"))
    await asyncio.sleep(0)
    second = asyncio.create_task(bench.find("a", "b"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    bench.server.gate.set()
    assert await first == {"a": b"1"}
    assert await second == {"a": b"1", "b": b"2"}
    assert bench.server.asked == [["a"], ["b"]]


async def test_an_entry_is_refreshed_before_it_expires_and_nobody_waits_for_that(bench: Bench) -> None:
    bench.server.rows = {"a": b"1"}
    await bench.find("a")
    bench.server.rows, bench.server.gate = {"a": b"2"}, asyncio.Event()
    bench.clock.advance(TTL * 0.79)
    assert await bench.find("a") == {"a": b"1"}
    assert len(bench.server.asked) == 1
    bench.clock.advance(TTL * 0.02)
    assert await bench.find("a") == {"a": b"1"}
    assert await bench.find("a") == {"a": b"1"}  # under way already: not asked again
    bench.server.gate.set()
    await settled()
    assert await bench.find("a") == {"a": b"2"}
    assert bench.server.asked == [["a"], ["a"]]


async def test_an_expired_entry_is_asked_for_and_waited_for(bench: Bench) -> None:
    bench.server.rows = {"a": b"1"}
    await bench.find("a")
    bench.server.rows = {"a": b"2"}
    bench.clock.advance(TTL)
    assert await bench.find("a") == {"a": b"2"}
    assert bench.lookup.counts.stale == 0


async def test_that_there_is_no_row_is_forgotten_sooner(bench: Bench) -> None:
    assert await bench.find("a") == {"a": None}
    bench.server.rows = {"a": b"1"}
    bench.clock.advance(NEGATIVE)
    assert await bench.find("a") == {"a": b"1"}


async def test_while_the_server_is_away_old_answers_serve_and_unknown_keys_stay_unknown(bench: Bench) -> None:
    bench.server.rows = {"a": b"1"}
    await bench.find("a")
    bench.clock.advance(TTL * 50)
    bench.server.error = OSError("refused")
    assert await bench.find("a", "b") == {"a": b"1"}
    assert (bench.lookup.counts.stale, bench.lookup.counts.unknown, bench.lookup.counts.failures) == (1, 1, 1)
    assert bench.failures == [("d", "OSError")]


async def test_a_failed_query_is_followed_by_a_pause_and_then_all_is_well(bench: Bench) -> None:
    bench.server.error = OSError("refused")
    assert await bench.find("a") == {}
    bench.server.error, bench.server.rows = None, {"a": b"1"}
    bench.clock.advance(PAUSE * 0.9)
    assert await bench.find("a") == {}
    assert len(bench.server.asked) == 1
    bench.clock.advance(PAUSE * 0.2)
    assert await bench.find("a") == {"a": b"1"}


async def test_a_failure_is_not_remembered_as_an_answer(bench: Bench) -> None:
    bench.server.error = ValueError("unknown column")
    await bench.find("a")
    bench.server.error = None
    bench.clock.advance(PAUSE)
    assert await bench.find("a") == {"a": None}


async def test_nobody_waits_beyond_the_deadline_and_the_late_answer_serves_the_next(bench: Bench) -> None:
    bench.server.rows, bench.server.gate = {"a": b"1"}, asyncio.Event()
    async with asyncio.timeout(5):
        assert await bench.find("a", wait=0.01) == {}
    assert bench.lookup.counts.unknown == 1
    bench.server.gate.set()
    await settled()
    assert await bench.find("a") == {"a": b"1"}
    assert bench.server.asked == [["a"]]
    assert bench.failures == []


async def test_a_query_that_hangs_is_given_up() -> None:
    bench = Bench(query=0.01)
    bench.server.gate = asyncio.Event()
    async with asyncio.timeout(5):
        assert await bench.find("a") == {}
    assert bench.failures == [("d", "TimeoutError")]


async def test_one_micro_batch_may_have_more_keys_than_are_remembered() -> None:
    bench = Bench(size=2)
    bench.server.rows = {str(number): b"%d" % number for number in range(50)}
    assert await bench.find(*bench.server.rows) == bench.server.rows
    assert len(bench.server.asked) == 1


async def test_the_least_recently_used_is_forgotten_first() -> None:
    bench = Bench(size=2)
    bench.server.rows = {"a": b"1", "b": b"2", "c": b"3"}
    for key in ("a", "b", "a", "c", "a", "b"):
        await bench.find(key)
    assert bench.server.asked == [["a"], ["b"], ["c"], ["b"]]


async def test_no_key_no_query(bench: Bench) -> None:
    assert await bench.find() == {}
    assert bench.server.asked == []


async def test_a_server_that_hangs_is_waited_for_once_until_it_answers() -> None:
    bench = Bench()
    bench.server.rows, bench.server.gate = {"a": b"1", "b": b"2", "c": b"3"}, asyncio.Event()
    assert await bench.find("a", wait=0.01) == {}
    assert bench.server.asked == [["a"]]
    unbound = asyncio.create_task(bench.find("b"))  # without end, if it waited
    for _ in range(5):
        await asyncio.sleep(0)
    assert unbound.done()
    assert unbound.result() == {}
    bench.server.gate.set()
    await settled()
    assert await bench.find("a", "b") == {"a": b"1", "b": b"2"}, "asked for all the same"
    bench.server.gate = asyncio.Event()
    waiting = asyncio.create_task(bench.find("c"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done(), "it has answered since"
    bench.server.gate.set()
    assert await waiting == {"c": b"3"}
