"""The spool's files: in order, once each, whole after a torn write, and never more than allowed."""

import asyncio
import io
import os
from pathlib import Path

import pytest

from collector.cat import cat
from collector.records import Record
from collector.sinks.sink import SinkUnavailableError
from collector.spool.frames import packed
from collector.spool.spool import CHUNK_RECORDS, Spool
from collector.spool.store import Store

SEGMENT = 64 * 1024


def record(number: int, size: int = 10) -> Record:
    return Record(b"user", str(number).zfill(size).encode(), rejected=number % 2 == 0)


async def drained(spool: Spool) -> list[int]:
    found: list[int] = []
    while not spool.empty:
        records, store, position = await spool.read()
        numbers = [int(each.value[-10:]) for each in records]
        assert records == [record(number, len(each.value)) for number, each in zip(numbers, records, strict=True)]
        found += numbers
        store.advance(position)
    return found


async def test_many_at_once_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10**7, SEGMENT)
    await asyncio.gather(*(spool.append([record(number)]) for number in range(500)))
    assert not spool.empty
    assert await drained(spool) == list(range(500))
    await spool.append([record(7)])
    assert await drained(spool) == [7]
    await spool.close()


async def test_the_next_process_goes_on_where_this_one_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10**8, SEGMENT)
    for number in range(3_000):
        await spool.append([record(number, 200)])
    records, store, position = await spool.read()
    store.advance(position)
    await spool.close()
    following = Spool(tmp_path, 10**8, SEGMENT)
    assert await drained(following) == list(range(len(records), 3_000))
    assert list(tmp_path.rglob("*.segment")) == []
    await following.close()


async def test_it_goes_on_in_the_middle_of_a_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10**7, 10**7)
    await spool.append([record(number) for number in range(CHUNK_RECORDS + 5)])
    records, store, position = await spool.read()
    store.advance(position)
    await spool.close()
    following = Spool(tmp_path, 10**7, 10**7)
    assert len(records) == CHUNK_RECORDS
    assert await drained(following) == list(range(CHUNK_RECORDS, CHUNK_RECORDS + 5))
    await following.close()


@pytest.mark.parametrize("torn", [packed(record(9))[:-1], packed(record(9))[:3], b"\xff" * 50])
async def test_a_torn_end_is_left_out(tmp_path: Path, torn: bytes) -> None:
    spool = Spool(tmp_path, 10**7, SEGMENT)
    await spool.append([record(1), record(2)])
    await spool.close()
    (segment,) = tmp_path.rglob("*.segment")
    with segment.open("ab") as file:
        file.write(torn)
    following = Spool(tmp_path, 10**7, SEGMENT)
    await following.append([record(3)])
    assert await drained(following) == [1, 2, 3]
    await following.close()


async def test_what_is_damaged_is_kept_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, 10**7, SEGMENT)
    await spool.append([record(1), record(2), record(3)])
    await spool.close()
    (segment,) = tmp_path.rglob("*.segment")
    whole = segment.read_bytes()
    at = len(packed(record(1)))
    segment.write_bytes(whole[: at + 20] + bytes([whole[at + 20] ^ 1]) + whole[at + 21 :])
    following = Spool(tmp_path, 10**7, SEGMENT)
    await following.append([record(4)])
    assert await drained(following) == [1, 4]
    (damaged,) = tmp_path.rglob("*.damaged")
    assert damaged.read_bytes()[21:] == whole[at + 21 :], "with what was whole behind it"
    assert f"damaged at byte {at}" in caplog.text
    assert str(damaged) in caplog.text
    await following.close()


@pytest.mark.parametrize("torn", [b"", packed(record(9))[:-1], packed(record(9))[:3]])
async def test_what_was_never_acknowledged_is_no_damage(
    tmp_path: Path, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path, 10**7, SEGMENT)
    await spool.append([record(1)])
    await spool.close()
    (segment,) = tmp_path.rglob("*.segment")
    with segment.open("ab") as file:
        file.write(torn)
    await Spool(tmp_path, 10**7, SEGMENT).close()
    assert list(tmp_path.rglob("*.damaged")) == []
    assert caplog.text == ""


async def test_it_is_on_disk_before_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def noting(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", noting)
    spool = Spool(tmp_path, 10**7, SEGMENT)
    for number in range(3):
        await spool.append([record(number)])
        (segment,) = tmp_path.rglob("*.segment")
        assert synced[number:] == [segment.stat().st_size]
    await spool.close()


async def test_so_is_every_folder_on_the_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[Path, set[str]]] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        real(descriptor)
        at = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        synced.append((at, {path.name for path in at.iterdir()}))

    monkeypatch.setattr(os, "fsync", noting)
    folder = tmp_path / "spool" / "kafka"
    spool = Spool(folder, 10**7, SEGMENT)
    await spool.append([record(1)])
    (segment,) = folder.rglob("*.segment")
    for at in (segment, segment.parent, folder):
        assert any(place == at.parent and at.name in names for place, names in synced), at
    await spool.close()


async def test_cat_prints_what_is_in_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10**7, SEGMENT)
    await spool.append([Record(b"user", b'{"a": 1}'), Record(b"user", b'{"a": 2}', rejected=True)])
    await spool.close()
    out = io.BytesIO()
    cat(list(tmp_path.rglob("*.segment")), out)
    assert out.getvalue() == b'{"a": 1}\n{"a": 2}\n'


async def test_it_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 200_000, SEGMENT)
    with pytest.raises(SinkUnavailableError, match="200,000 bytes"):
        for _ in range(10):
            await spool.append([record(1, 20_000)])
    assert spool.size <= 200_000
    assert len(await drained(spool)) == 9
    await spool.append([record(1, 20_000)])
    await spool.close()


async def test_two_processes_share_no_folder(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, 10**6, SEGMENT), Spool(tmp_path, 10**6, SEGMENT)
    await first.append([record(1)])
    await second.append([record(2)])
    assert (await drained(first), await drained(second)) == ([1], [2])
    assert Store.claim(tmp_path / "1", SEGMENT) is None
    await first.close()
    await second.close()
