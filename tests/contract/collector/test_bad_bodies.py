"""Bodies that nobody should send: a clear 4xx each, nothing in the topic, and no memory that stays."""

import gzip
import json
import socket
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.collector.conftest import Collected, click
from tests.kit.collector import KEY

pytestmark = pytest.mark.stack

MEBIBYTE = 1024 * 1024


def send(collected: Collected, content: bytes, **headers: str) -> tuple[int, str]:
    sent = {
        "X-Write-Key": KEY,
        "Content-Type": "application/json",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    answer = collected.collector.client.post("/api/v1/behaviors", content=content, headers=sent)
    return answer.status_code, answer.json().get("error", "")


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
        (gzip.compress(b" " * 500 * MEBIBYTE, 1, mtime=0), {"Content_Encoding": "gzip"}, (413, "body_too_large")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_each_is_refused(
    collected: Collected, content: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    if len(content) > MEBIBYTE + 1:  # the bomb is larger than a body even when packed
        content = content[:MEBIBYTE]
    assert send(collected, content, **headers) == expected


def test_a_slow_body_is_given_up(collected: Collected) -> None:
    head = (
        f"POST /api/v1/behaviors HTTP/1.1\r\nHost: x\r\nX-Write-Key: {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n["
    )
    with socket.create_connection(("127.0.0.1", collected.collector.port), 30) as slow:
        slow.sendall(head.encode())
        begun = time.monotonic()
        assert b" 408 " in slow.recv(200)
        assert time.monotonic() - begun < 20


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
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
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
