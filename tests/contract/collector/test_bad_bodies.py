"""Bodies that nobody should send: a clear 4xx each, nothing in the topic, and no memory that stays."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.collector.conftest import Collected, click, collecting
from tests.kit.broker import Broker
from tests.kit.collector import KEY

pytestmark = pytest.mark.stack

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def collected(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    """One of these tests' own: what they send is much, and stays in the topics."""
    with collecting(kafka, tmp_path_factory.mktemp("collector")) as running:
        yield running


def send(collected: Collected, content: bytes, **headers: str) -> tuple[int, str]:
    sent = {
        "X-Write-Key": KEY,
        "Content-Type": "application/json",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    answer = collected.collector.client.post("/api/v1/behaviors", content=content, headers=sent)
    said = answer.json()
    assert answer.status_code == 202 or len(said["message"]) > len(said["error"]), "it says what is wrong"
    return answer.status_code, said.get("error", "")


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"", {}, (400, "not_json")),
        (b"{", {}, (400, "not_json")),
        (b"7", {}, (400, "not_an_object")),
        (b"[" * 100_000, {}, (400, "too_deep")),
        (b"\xff\xfe{}", {}, (400, "not_utf8")),
        (b" " * (MEBIBYTE + 1), {}, (413, "body_too_large")),
        (json.dumps([{}] * 501).encode(), {}, (413, "too_many")),
        (b"a=b", {"Content_Type": "application/x-www-form-urlencoded"}, (415, "content_type")),
        (b"{}", {"Content_Type": "application/json; charset=utf-16"}, (415, "charset")),
        (b"{}", {"Content_Encoding": "br"}, (415, "content_encoding")),
        (b"{}", {"Content_Encoding": "gzip"}, (400, "encoding_broken")),
        (b"{}", {"Content_Encoding": "zstd"}, (400, "encoding_broken")),
        (gzip.compress(b"{}", mtime=0)[:-4], {"Content_Encoding": "gzip"}, (400, "encoding_broken")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_each_is_refused(
    collected: Collected, content: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert send(collected, content, **headers) == expected


def test_of_a_body_that_is_refused_nothing_is_stored(collected: Collected) -> None:
    good = json.dumps([click(user="refused")] * 2).encode()
    many = json.dumps([click(user="refused")] * 501).encode()
    torn, packed = good[:-1], gzip.compress(good)[:-4]
    statuses = [send(collected, body)[0] for body in (torn, many, b"\xff" + good)]
    statuses.append(send(collected, packed, Content_Encoding="gzip")[0])
    assert statuses == [400, 413, 400, 400]
    assert collected.collector.post(click(user="taken")).status_code == 202
    users = {event["user_id"] for event in collected.events()}
    assert "taken" in users
    assert "refused" not in users


@pytest.mark.parametrize("path", ["/api/v1/behaviors", "/events"])
def test_an_event_that_cannot_be_read_is_refused_alone(collected: Collected, path: str) -> None:
    good = json.dumps({**click(user="beside"), "item_id": path})
    halved = good.replace("beside", r"\ud800")
    deep = f'{good[:-1]}, "own": {"[" * 5_000}{"]" * 5_000}}}'
    before = len(collected.refused())
    body = f"[{good}, {halved}, {good}, {deep}]"
    answer = collected.collector.client.post(path, content=body, headers={"X-Write-Key": KEY})
    assert (answer.status_code, answer.json()) == (
        202,
        {
            "accepted": 2,
            "rejected": [
                {"index": 1, "field": "user_id", "reason": "not_json"},
                {"index": 3, "field": "own", "reason": "too_deep"},
            ],
        },
    )
    assert [event["user_id"] for event in collected.events() if event.get("item_id") == path] == ["beside"] * 2
    refused = collected.refused()[before:]
    assert [(each["reason"], each["raw"][:500]) for each in refused] == [
        ("not_json", halved),
        ("too_deep", deep[:500]),
    ]


def gzip_bomb(mebibytes: int) -> bytes:
    """A KiB for each of so many MiB: the same block again and again. Its checksum is wrong; nobody gets so far."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head, block = (packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return head + block * (mebibytes - 1) + packer.flush()


def zstd_bomb(mebibytes: int) -> bytes:
    """The same in a frame that does not say how large it is."""
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join([*(packer.compress(b" " * MEBIBYTE) for _ in range(mebibytes)), packer.flush()])


def peak(process: psutil.Process) -> int:
    """The most memory that a process ever had, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@pytest.mark.parametrize(("encoding", "bomb"), [("gzip", gzip_bomb), ("zstd", zstd_bomb)])
def test_what_would_fill_the_memory_is_not_unpacked(
    collected: Collected, encoding: str, bomb: Callable[[int], bytes]
) -> None:
    content = bomb(500)
    assert len(content) < MEBIBYTE, "packed it is none too large"
    before = peak(collected.collector.process)
    assert send(collected, content, Content_Encoding=encoding) == (413, "body_too_large")
    assert peak(collected.collector.process) - before < 100 * MEBIBYTE


def test_a_slow_body_is_given_up_also_when_it_trickles(collected: Collected) -> None:
    head = (
        f"POST /api/v1/behaviors HTTP/1.1\r\nHost: x\r\nX-Write-Key: {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n["
    )
    with socket.create_connection(("127.0.0.1", collected.collector.port), 30) as slow:
        slow.sendall(head.encode())
        slow.settimeout(0.3)
        deadline = time.monotonic() + 20
        answer = b""
        while not answer and time.monotonic() < deadline:
            try:
                answer = slow.recv(200)
            except TimeoutError:
                slow.sendall(b" ")
        assert b" 408 " in answer


def test_many_large_bodies_leave_no_memory_behind(collected: Collected) -> None:
    process = collected.collector.process
    garbage = json.dumps([{"own": "x" * 900}] * 500).encode()
    for _ in range(20):
        send(collected, garbage)
    before = process.memory_info().rss
    for _ in range(60):
        assert send(collected, garbage)[0] == 202
        assert send(collected, b"[" * MEBIBYTE)[0] == 400
    assert process.memory_info().rss - before < 48 * MEBIBYTE
    assert collected.collector.metric("collector_body_bytes") == 0


junk: st.SearchStrategy[Any] = st.recursive(
    # Halves of surrogate pairs among the characters.
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
field_names = st.sampled_from(
    ["user_id", "action_type", "action", "context", "extra_data", "x", "timestamp", "type", "payload"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(field_names, junk, max_size=4) | junk, max_size=4) | junk,
    st.sampled_from(["/api/v1/behaviors", "/events"]),
)
def test_no_json_makes_it_fail(collected: Collected, body: Any, path: str) -> None:
    if isinstance(body, list):
        body = [{**click(), **each} if isinstance(each, dict) else each for each in body]
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = collected.collector.client.post(path, content=content, headers={"X-Write-Key": KEY})
    assert answer.status_code in (202, 400), answer.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "zstd"]))
def test_no_bytes_make_it_fail(collected: Collected, content: bytes, encoding: str) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    status, _ = send(collected, content, **headers)
    assert status in (202, 400)
