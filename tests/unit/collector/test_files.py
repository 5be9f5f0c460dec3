"""Files instead of Kafka: whole after every answer, in order, done when they are large or old, and printed as JSON."""

import asyncio
import io
import json
import os
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clickstream.clock import ManualClock
from clickstream.errors import ContractError, StorageError
from clickstream.events.model import Event
from collector.avro_events import SCHEMA, decode, encode
from collector.cat import cat, lines
from collector.records import Record
from collector.sinks.file import FileOptions, FileSink
from collector.sinks.sink import SinkUnavailableError

EVENT = {
    "event_id": "e",
    "tenant_id": "t",
    "scenario_id": "s",
    "user_id": "u",
    "action_type": "click",
    "timestamp": 1_800_000_000_000,
    "x": 3,
    "price": 2,
    "context": {"os": "Linux", "is_bot": False},
    "extra_data": {"list": [1, {"deep": None}], "text": "ü\n"},
}


def event(number: int) -> dict[str, Any]:
    return {**EVENT, "event_id": str(number)}


def record(number: int, *, rejected: bool = False) -> Record:
    body = {"reason": "empty", "number": number} if rejected else event(number)
    return Record(b"u", json.dumps(body).encode(), rejected)


def printed(*paths: Path) -> list[dict[str, Any]]:
    out = io.BytesIO()
    cat(list(paths), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


class Sinks:
    """Makes sinks on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder / "events", ManualClock(1_800_000_000.0)
        self._made: list[FileSink] = []

    async def make(self, *, avro: bool = False, roll_bytes: int = 10**9, queue: int = 10**6) -> FileSink:
        sink = FileSink("files", FileOptions(self.folder, avro, roll_bytes, 60, queue), self.clock)
        await sink.start()
        self._made.append(sink)
        return sink

    def paths(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern))

    async def close(self) -> None:
        for sink in self._made:
            await sink.close()


@pytest.fixture
async def sinks(tmp_path: Path) -> AsyncIterator[Sinks]:
    made = Sinks(tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize("avro", [False, True])
async def test_what_was_written_is_whole_on_disk_before_the_file_is_done(sinks: Sinks, avro: bool) -> None:
    sink = await sinks.make(avro=avro)
    for number in range(20):
        await sink.write([record(number), record(number, rejected=True)])
    (partial,) = sinks.paths("events-*.partial")
    (rejected,) = sinks.paths("rejected-*.jsonl.partial")
    assert printed(partial) == [event(number) for number in range(20)]
    assert [each["number"] for each in printed(rejected)] == list(range(20))
    await sink.close()
    (done,) = sinks.paths("events-*.avro" if avro else "events-*.jsonl")
    assert printed(done) == [event(number) for number in range(20)]
    assert sinks.paths("*.partial") == []


async def test_it_is_on_disk_before_it_is_said_to_be(sinks: Sinks, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def noting(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", noting)
    sink = await sinks.make()
    for number in range(3):
        await sink.write([record(number)])
        (partial,) = sinks.paths("events-*")
        assert synced[number:] == [partial.stat().st_size]


async def test_many_at_once_are_each_there_once_and_share_the_flushes(sinks: Sinks) -> None:
    sink = await sinks.make(avro=True)
    await asyncio.gather(*(sink.write([record(2 * number), record(2 * number + 1)]) for number in range(200)))
    (partial,) = sinks.paths("events-*")
    assert [int(each["event_id"]) for each in printed(partial)] == list(range(400))
    assert sink.waiting() == 0


async def test_a_file_is_done_when_it_is_large_or_old(sinks: Sinks) -> None:
    sink = await sinks.make(roll_bytes=4096)
    for number in range(100):
        await sink.write([record(number)])
    done = sinks.paths("events-*.jsonl")
    assert len(done) > 4
    assert all(path.stat().st_size < 8192 for path in done)
    found = sorted(int(each["event_id"]) for each in printed(*sinks.paths("events-*")))
    assert found == list(range(100)), "nothing is lost or doubled between files"
    sinks.clock.advance(61)
    await sink.write([record(100, rejected=True)])
    assert sinks.paths("events-*.partial") == [], "a quiet file is done too"


async def test_a_disk_that_fails_is_said_and_the_next_try_goes_into_another_file(sinks: Sinks) -> None:
    sink = await sinks.make()
    await sink.write([record(1)])
    sinks.folder.rename(sinks.folder.with_name("moved"))
    sinks.clock.advance(61)  # so that the file is to be renamed, in a folder that is gone
    with pytest.raises(SinkUnavailableError, match="cannot be written: No such file"):
        await sink.write([record(2)])
    assert "No such file" in sink.problem()
    sinks.folder.mkdir()
    await sink.write([record(3)])
    assert sink.problem() == ""
    assert [each["event_id"] for each in printed(*sinks.paths("events-*"))] == ["3"]


async def test_more_than_may_wait_is_refused(sinks: Sinks) -> None:
    sink = await sinks.make(queue=10)
    with pytest.raises(SinkUnavailableError, match="more slowly"):
        await sink.write([record(number) for number in range(11)])


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"sinks\.f\.folder"):
        FileSink("f", FileOptions(tmp_path / "file" / "below", False, 1, 1, 1), ManualClock())


@pytest.mark.parametrize("avro", [False, True])
async def test_a_torn_end_is_said_and_what_stands_before_it_is_printed(sinks: Sinks, avro: bool) -> None:
    sink = await sinks.make(avro=avro)
    for number in range(3):
        await sink.write([record(number)])
    (partial,) = sinks.paths("events-*")
    whole = partial.read_bytes()
    for cut in (20, 40):  # more than the marker behind a block of Avro
        partial.write_bytes(whole[:-cut])
        torn: list[str] = []
        assert [json.loads(line) for line in lines(partial, torn)] == [event(0), event(1)]
        assert len(torn) == 1
    partial.write_bytes(whole[: len(whole) - 60] + b"!" + whole[len(whole) - 59 :] + (b"" if avro else b"{\n"))
    with pytest.raises(ContractError, match=r"damaged behind record|is no JSON"):
        list(lines(partial, []))


async def test_a_number_that_no_decoder_takes_is_kept_as_it_was_sent(sinks: Sinks) -> None:
    sink = await sinks.make(avro=True)
    huge = b'{"n":1e999,"m":%b}' % (b"9" * 30)
    value = json.dumps({**EVENT, "extra_data": 0}).encode().replace(b'"extra_data": 0', b'"extra_data":' + huge)
    await sink.write([Record(b"u", value)])
    (path,) = sinks.paths("events-*")
    (line,) = lines(path, [])
    assert b'"extra_data":' + huge in line


def test_every_field_of_the_event_is_in_the_schema_and_comes_back() -> None:
    names = {field["name"]: field["type"] for field in SCHEMA["fields"]}
    assert set(names) == set(Event.__struct_encode_fields__)
    assert [name for name, kind in names.items() if not isinstance(kind, list)] == [
        field.encode_name for field in msgspec.structs.fields(Event) if field.required
    ]
    assert decode(encode(json.dumps(EVENT).encode())) == EVENT
    hints = typing.get_type_hints(Event)
    full = {**EVENT, **{name: 1 if hints[name] in {int | None, float | None} else "text" for name in names}}
    full |= {"context": EVENT["context"], "extra_data": {}, "timestamp": 5}
    assert decode(encode(json.dumps(full).encode())) == full
