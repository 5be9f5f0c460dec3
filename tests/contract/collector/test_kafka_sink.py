"""The sink for Kafka where no broker answers: what it holds is bounded, and given back in time."""

import asyncio

import pytest
from confluent_kafka import KafkaError

from collector.records import Record
from collector.sinks.kafka import KafkaOptions, KafkaSink
from collector.sinks.sink import SinkUnavailableError

pytestmark = pytest.mark.net

NOBODY = {"bootstrap.servers": "127.0.0.1:1"}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not ask long whether a broker is there."""
    monkeypatch.setattr("collector.sinks.kafka._PROBE_TIMEOUT", 0.2)


def records(count: int, size: int = 10) -> list[Record]:
    return [Record(b"u", b"x" * size)] * count


async def unaware(queue_records: int, queue_bytes: int) -> KafkaSink:
    """One that has not noticed yet that Kafka is away."""
    sink = KafkaSink("k", KafkaOptions(NOBODY, "t", "r", 1.0, queue_records, queue_bytes))
    sink._loop = asyncio.get_running_loop()  # as start does, which would find it out
    sink._problem = ""
    return sink


def test_every_replica_in_sync_has_what_is_acknowledged() -> None:
    given = KafkaOptions({**NOBODY, "linger.ms": 50}, "t", "r").client()
    assert (given["acks"], given["enable.idempotence"], given["linger.ms"]) == ("all", True, 50)


async def test_what_waits_is_bounded_in_records_and_bytes_and_ends_in_time() -> None:
    sink = await unaware(100, 10_000)
    held = asyncio.create_task(sink.write(records(90)))
    await asyncio.sleep(0)
    for more in (records(11), records(1, 10_000)):
        with pytest.raises(SinkUnavailableError, match="more slowly") as refused:
            await sink.write(more)
        assert refused.value.reason == "queue_full"
    assert sink.waiting() == 90
    with pytest.raises(SinkUnavailableError, match="did not acknowledge"):
        await asyncio.wait_for(held, 10)
    assert (sink.waiting(), sink.unacknowledged_bytes) == (0, 0)
    assert sink.problem()
    with pytest.raises(SinkUnavailableError, match="does not take events"):
        await sink.write(records(1))
    await sink.close()


async def test_it_finds_out_by_itself_that_nobody_is_there_when_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.sinks.kafka._LOOK_SECONDS", 0.1)
    sink = KafkaSink("k", KafkaOptions(NOBODY, "t", "r"))
    await sink.start()
    assert sink._probing
    sink._probing.cancel()
    sink._problem = ""  # as if it had been well
    async with asyncio.timeout(10):
        while not sink.problem():
            await asyncio.sleep(0.02)
    await sink.close()


async def test_a_client_that_failed_for_good_is_replaced_and_nobody_waits_for_it() -> None:
    sink = await unaware(100, 10_000)
    before = sink._producer
    held = asyncio.create_task(sink.write(records(10)))
    await asyncio.sleep(0)
    sink._note(KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "lost its place", fatal=True))
    with pytest.raises(SinkUnavailableError, match="did not acknowledge"):
        await asyncio.wait_for(held, 0.9)  # sooner than its records would be given up
    assert sink._producer is not before
    assert sink.problem()
    assert sink.waiting() == 0
    await sink.close()
