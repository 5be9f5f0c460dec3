"""The collector with files instead of Kafka: events, rejects, other workers, the tracker's script, rates; no server."""

import contextlib
import gzip
import io
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from clickstream.write_keys import hash_of
from collector.cat import cat
from tests.contract.collector.conftest import click
from tests.kit.collector import KEY, TENANT, CollectorProcess, collection
from tests.kit.commands import clickstream
from tests.kit.servers import own_environment
from tests.kit.waiting import wait_for

pytestmark = pytest.mark.net

SCRIPT = b"console.log('tracker');" * 50
SLOW_KEY, SLOW_TOO = "cs_key-of-a-slow-tenant", "cs_another-key-of-it"


class Filed:
    """A collector whose sinks are files: JSON lines, and the same in Avro."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.script = folder / "tracker.js"
        self.script.write_bytes(SCRIPT)
        sinks = {kind: {"type": kind, "folder": kind, "roll_seconds": 3600} for kind in ("file", "avro")}
        configuration = collection(sinks=sinks)
        rate = {"events_per_second": 4, "burst": 20}
        keys = [{"sha256": hash_of(key)} for key in (SLOW_KEY, SLOW_TOO)]
        configuration["tenants"]["slow"] = {"keys": keys, "scenario": "web", "rate": rate}
        own = {"COLLECTOR_TRACKER": str(self.script), "COLLECTOR_TRACKER_SECONDS": "60", **settings}
        self.process = CollectorProcess(folder, configuration, own)

    def files(self, kind: str, prefix: str = "events") -> list[Path]:
        return sorted((self.folder / kind).glob(f"{prefix}-*"))

    def stored(self, kind: str = "file", prefix: str = "events") -> list[dict[str, Any]]:
        """What `clickstream cat` prints of one sink's files."""
        out = io.BytesIO()
        cat(self.files(kind, prefix), out)
        return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filed]:
    made = Filed(tmp_path_factory.mktemp("filed"))
    with made.process:
        yield made


def test_accepted_events_are_in_every_file_sink_and_cat_prints_them(filed: Filed) -> None:
    events = [click(user="files", extra_data={"list": [1, None]}) for _ in range(3)]
    answer = filed.process.post([*events, click(user="files", x="left")])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3)
    plain, avro = ([each for each in filed.stored(kind) if each["user_id"] == "files"] for kind in ("file", "avro"))
    assert [each["event_id"] for each in plain] == [each["event_id"] for each in events]
    assert avro == plain
    shown = clickstream(own_environment(), "cat", *map(str, filed.files("avro"))).splitlines()
    assert [each for each in map(json.loads, shown) if each["user_id"] == "files"] == plain
    assert plain[0]["tenant_id"] == TENANT
    assert plain[0]["extra_data"] == {"list": [1, None]}
    for kind in ("file", "avro"):
        (refused,) = filed.stored(kind, "rejected")
        assert (refused["reason"], refused["field"]) == ("wrong_type", "x")
    assert filed.process.client.get("/readyz").status_code == 200


def test_what_is_nested_as_deep_as_the_interpreter_can_follow_makes_nothing_fail(filed: Filed) -> None:
    # What one step still follows may be too deep for the next: to take names out, to write it as Avro, to answer.
    old, client = json.dumps(click(user="deep", timestamp=1)), filed.process.client
    for depth in range(880, 1000, 2):
        nest = f'{json.dumps(click(user="deep"))[:-1]}, "extra_data": {{"a": {"[" * depth}{"]" * depth}}}}}'
        for path, headers in (("/api/v1/behaviors", {"DNT": "1"}), ("/events", {})):
            content = f"[{nest}, {old}, {json.dumps(click(user='deep'))}]"
            answer = client.post(path, content=content, headers={"X-Write-Key": KEY, **headers})
            assert answer.status_code == 202, (depth, answer.text)
            assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (1, 2)
    assert filed.process.client.get("/readyz").status_code == 200


def test_what_was_accepted_outlives_the_collector(tmp_path: Path) -> None:
    made = Filed(tmp_path)
    with made.process as collector:
        accepted = [click() for _ in range(50)]
        for event in accepted:
            assert collector.post(event).status_code == 202
        collector.kill()
        ids = {event["event_id"] for event in accepted}
        assert {each["event_id"] for each in made.stored()} == ids
        collector.start()
        accepted.append(click())
        assert collector.post(accepted[-1]).status_code == 202
        collector.stop()
    for kind in ("file", "avro"):
        found = [each["event_id"] for each in made.stored(kind)]
        assert sorted(found) == sorted(each["event_id"] for each in accepted), "each once, before and after"
        assert len(list((tmp_path / kind).glob("events-*.partial"))) == 1, "that of the process that was killed"


def test_the_schema_of_avro_is_served_under_its_id(filed: Filed) -> None:
    (path,) = (filed.folder / "avro").glob("events-*")
    fields = {field["name"] for field in json.loads(_head(path.read_bytes()))["fields"]}
    assert {"event_id", "context", "extra_data"} <= fields
    described = filed.process.client.get("/schemas/none-of-these")
    assert described.status_code == 404
    served = filed.process.client.get(f"/schemas/{described.json()['message'].split()[-1]}")
    assert served.status_code == 200
    assert {field["name"] for field in served.json()["fields"]} == fields


def _head(container: bytes) -> bytes:
    """The schema in the head of an Avro container file."""
    begin = container.index(b'{"type"')
    found, end = json.JSONDecoder().raw_decode(container[begin:].decode("utf-8", "replace"))
    assert found["name"].endswith("Behavior")
    return container[begin : begin + end]


def test_the_tracker_is_served_with_an_etag_and_not_sent_twice(filed: Filed) -> None:
    client = filed.process.client
    answer = client.get("/tracker.js", headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    for said in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = client.get("/tracker.js", headers={"If-None-Match": said})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), said
        assert again.headers["cache-control"] == "public, max-age=60"
    assert client.get("/tracker.js", headers={"If-None-Match": '"other"'}).status_code == 200
    packed = httpx.get(f"{filed.process.url}/tracker.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == SCRIPT
    with httpx.stream("GET", f"{filed.process.url}/tracker.js", headers={"Accept-Encoding": "gzip"}) as raw:
        assert gzip.decompress(b"".join(raw.iter_raw())) == SCRIPT


def test_a_tracker_that_is_built_anew_has_another_etag(filed: Filed) -> None:
    client = filed.process.client
    before = client.get("/tracker.js").headers["etag"]
    filed.script.write_bytes(SCRIPT + b"// newer")
    after = client.get("/tracker.js", headers={"If-None-Match": before})
    assert (after.status_code, after.content) == (200, SCRIPT + b"// newer")
    filed.script.write_bytes(SCRIPT)
    os.utime(filed.script, ns=(1, 1))
    assert client.get("/tracker.js").headers["etag"] == before, "the same content has the same one"
    filed.script.rename(filed.script.with_suffix(".away"))
    assert client.get("/tracker.js").status_code == 404
    filed.script.with_suffix(".away").rename(filed.script)


def test_who_sends_too_much_is_told_when_to_come_again_and_others_are_not_held_up(filed: Filed) -> None:
    headers = {"X-Write-Key": SLOW_KEY}
    client = filed.process.client
    assert client.post("/api/v1/behaviors", json=[click() for _ in range(20)], headers=headers).status_code == 202
    refused = client.post("/api/v1/behaviors", json=[click(user="late") for _ in range(10)], headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate")
    seconds = int(refused.headers["retry-after"])
    assert 1 <= seconds <= 3
    pixel = client.get("/t.gif", params={"key": SLOW_KEY, "user_id": "late"})
    if pixel.status_code != 200:  # a token may have come back meanwhile
        assert (pixel.status_code, pixel.headers["x-rejected"]) == (429, "rate")
        assert int(pixel.headers["retry-after"]) >= 1
    assert filed.process.post(click()).status_code == 202, "another tenant"
    assert filed.process.post([click() for _ in range(20)], key=SLOW_TOO).status_code == 202, "another key"
    assert filed.process.metric("collector_problems_total", route="behaviors", reason="rate") == 1

    def taken() -> bool:
        again = client.post("/api/v1/behaviors", json=[click(user="late") for _ in range(10)], headers=headers)
        return again.status_code == 202

    wait_for(taken, seconds + 10, "after that time it is taken", pause=0.5)
    stored = [each for each in filed.stored() if each["user_id"] == "late"]
    assert len(stored) - (pixel.status_code == 200) == 10, "what was refused is not stored"


def test_workers_share_the_port_the_folder_and_the_metrics(tmp_path: Path) -> None:
    made = Filed(tmp_path, COLLECTOR_WORKERS="2")
    with made.process as collector:
        workers = _workers(collector)
        assert len(workers) == 2

        def send(number: int) -> list[str]:
            events = [click(user=f"u{number}") for _ in range(10)]
            with httpx.Client(base_url=collector.url, timeout=30) as client:  # a connection of its own
                answer = client.post("/api/v1/behaviors", json=events, headers={"X-Write-Key": KEY})
            assert answer.json() == {"accepted": 10, "rejected": []}, answer.text
            return [event["event_id"] for event in events]

        ids: set[str] = set()

        def both_write() -> bool:
            """The kernel chooses who takes a connection: on a busy machine often the same worker."""
            with ThreadPoolExecutor(8) as pool:
                ids.update(each for sent in pool.map(send, range(20)) for each in sent)
            return len(list((tmp_path / "file").glob("events-*.partial"))) == 2

        wait_for(both_write, 60, "each worker writes a file of its own")
        assert {each["event_id"] for each in made.stored()} == ids
        taken = collector.metric("collector_events_accepted_total", tenant=TENANT)
        assert taken == len(ids), "whichever worker answers"
        killed = next(iter(workers))
        killed.kill()
        wait_for(lambda: len(_workers(collector) - {killed}) == 2, 30, "another worker takes its place")
        ids.update(send(0))
        collector.stop()
    assert {each["event_id"] for each in made.stored()} == ids


def test_gauges_are_of_all_workers_and_of_none_that_is_dead(tmp_path: Path) -> None:
    # Nobody listens there: everything goes to the spool, which each worker has one of.
    kafka = {"type": "kafka", "producer": {"bootstrap.servers": "127.0.0.1:1"}}
    settings = {"COLLECTOR_WORKERS": "2", "COLLECTOR_SPOOL_DIR": str(tmp_path / "spool")}
    with CollectorProcess(tmp_path, collection(sinks={"kafka": kafka}), settings) as collector:

        def bytes_spooled() -> dict[Path, int]:
            return {path: path.stat().st_size for path in (tmp_path / "spool").rglob("*.segment")}

        def spooled_in(segments: int) -> bool:
            with httpx.Client(base_url=collector.url, timeout=30) as client:  # a connection of its own
                answer = client.post("/api/v1/behaviors", json=click(), headers={"X-Write-Key": KEY})
            assert answer.status_code == 202, answer.text
            return len(bytes_spooled()) == segments

        def told() -> bool:
            return collector.metric("collector_spool_bytes") == sum(bytes_spooled().values())

        wait_for(lambda: spooled_in(2), 30, "each of them has been asked")
        # One connection is one worker's.
        wait_for(told, 10, lambda: f"{collector.metric('collector_spool_bytes')} of {bytes_spooled()}")
        killed = next(iter(_workers(collector)))
        killed.kill()
        wait_for(lambda: len(_workers(collector) - {killed}) == 2, 30, "another worker takes its place")
        wait_for(lambda: spooled_in(3), 30, "it has spooled, beside what it took over")
        collector.client.close()
        collector.client = httpx.Client(base_url=collector.url, timeout=60)
        wait_for(told, 30, lambda: f"{collector.metric('collector_spool_bytes')} of {bytes_spooled()}")


def test_workers_that_cannot_start_say_why_and_it_ends(tmp_path: Path) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"broken")
    settings = {"COLLECTOR_WORKERS": "2", "COLLECTOR_GEO_DATABASE": str(tmp_path / "broken.mmdb")}
    process = CollectorProcess(tmp_path, collection(sinks={"f": {"type": "file", "folder": "f"}}), settings)
    with pytest.raises(AssertionError, match=r"ended with 1"):
        process.start()
    process.client.close()
    said = process.log.read_text()
    assert "clickstream: CLICKSTREAM_COLLECTOR_GEO_DATABASE: " in said
    assert "Traceback" not in said


def test_one_connection_too_many_is_told_when_to_come_again(tmp_path: Path) -> None:
    origin = {"Origin": "https://shop.example", "X-Write-Key": KEY}
    with Filed(tmp_path, COLLECTOR_CONNECTIONS="2").process as collector:  # its own client's is the first
        with socket.create_connection(("127.0.0.1", collector.port), 30) as idle:
            assert collector.post(click()).status_code == 202, "two are allowed"
            with httpx.Client(base_url=collector.url, timeout=30) as third:
                refused = third.post("/api/v1/behaviors", json=click(), headers=origin)
            assert (refused.status_code, refused.json()["error"]) == (503, "connections")
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["access-control-allow-origin"] == origin["Origin"]
            assert httpx.get(f"{collector.url}/healthz").status_code == 200, "it is alive"
            told = httpx.get(f"{collector.url}/metrics").text
            assert 'collector_requests_total{route="behaviors",status="503"} 1.0' in told, (
                "the alert on 5xx hears of it"
            )
            idle.close()
        wait_for(lambda: httpx.get(f"{collector.url}/tracker.js").status_code == 200, 10, "there is room again")


def test_a_head_without_end_is_refused(filed: Filed) -> None:
    before = filed.process.process.memory_info().rss
    with socket.create_connection(("127.0.0.1", filed.process.port), 30) as endless:
        endless.sendall(b"POST /api/v1/behaviors HTTP/1.1\r\nHost: x\r\nX-Much: ")
        answer = b""
        with contextlib.suppress(ConnectionError):
            for _ in range(4096):
                endless.sendall(b"x" * 65_536)
        with contextlib.suppress(ConnectionError):
            answer = endless.recv(200)
    assert answer.startswith(b"HTTP/1.1 431 ") or not answer, answer
    assert filed.process.process.memory_info().rss - before < 64 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", filed.process.port), 30) as long:
        long.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Much: " + b"x" * 20_000 + b"\r\n\r\n")
        assert long.recv(200).startswith(b"HTTP/1.1 200 "), "a long one is taken"


def _workers(collector: CollectorProcess) -> set[psutil.Process]:
    """Its children, except the one that Python's multiprocessing starts to look after shared resources."""
    found = set()
    for child in collector.process.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.add(child)
    return found
