"""What the services log at their most talkative while marked people ask them right and wrong things: nothing of those.

Real processes, all that they print in files, and each of the files is JSON lines throughout.
"""

import contextlib
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from analytics.tokens import Role, add_token
from clickstream.catalogue.v1 import catalogue_pb2 as pb
from clickstream.config import ClickHouseSettings
from clickstream.migrate import ddl_directory, migrate_clickhouse
from tests.contract.clickhouse.clickhouse_process import ServerProcess
from tests.kit.collector import KEY, CollectorProcess, collection
from tests.kit.ports import free_port
from tests.kit.redis import RedisProcess
from tests.observability import personal
from tests.observability.personal import MAIL, USER, Visitor, event
from tests.observability.service_process import ServiceProcess

pytestmark = pytest.mark.net

LOGGED = {"LOG_FORMAT": "json", "LOG_LEVEL": "debug", "LOG_ACCESS": "true"}
NOBODY = "127.0.0.1:1"
FIELDS = {"time", "level", "logger", "service", "message"}


def lines(log: Path, service: str) -> list[dict[str, Any]]:
    """The log's lines, each an object of the fields that there are."""
    read = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for line in read:
        assert line.keys() - {"request", "error"} == FIELDS, line
        assert line["service"] == service
    return read


def routes(read: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    """What the requests were, as the log has it."""
    found = [line["request"] for line in read if "request" in line]
    return {(each["method"], each["route"], each["status"]) for each in found}


def test_the_collector_logs_nothing_of_its_visitors(tmp_path: Path) -> None:
    # Kafka is away: it talks most then. What it keeps of people is in its spool, which is no log.
    sinks = {
        "kafka": {"type": "kafka", "producer": {"bootstrap.servers": NOBODY}},
        "file": {"type": "file", "folder": str(tmp_path / "events")},
    }
    settings = LOGGED | {
        "COLLECTOR_SPOOL_DIR": str(tmp_path / "spool"),
        "COLLECTOR_TRUSTED_PROXIES": f"{personal.PEER}/32",
    }
    made = collection(sinks=sinks)
    made["tenants"]["shop"]["privacy"] = {"ip": "full"}
    with CollectorProcess(tmp_path, made, settings) as collector, Visitor(collector.url) as visitor:
        path, key = "/api/v1/behaviors", {"X-Write-Key": KEY}
        sent = json.dumps([event(), event(action_type=MAIL), event(timestamp=1), event(user_id=[USER])]).encode()
        statuses = [
            visitor.http.post(path, content=sent, headers=key).status_code,
            visitor.http.post(path, params={"key": KEY, "mail": MAIL}, content=sent).status_code,
            visitor.http.get("/t.gif", params={"key": KEY, "user_id": USER, "scenario_id": "web"}).status_code,
            visitor.http.post(path, params={"key": personal.KEY}, content=sent).status_code,
            visitor.http.post(path, headers={"X-Write-Key": personal.KEY}, content=sent).status_code,
            visitor.http.post(path, content=sent[:-9], headers=key).status_code,
            visitor.http.post(
                path, content=gzip.compress(sent)[:-4], headers={**key, "Content-Encoding": "gzip"}
            ).status_code,
            visitor.http.post(path, content=sent, headers={**key, "Content-Type": USER}).status_code,
            visitor.http.post(f"/{USER}", content=sent, headers=key).status_code,
            visitor.http.get(f"/schemas/{USER}").status_code,
            visitor.http.request(USER, path).status_code,
        ]
        assert statuses == [202, 202, 200, 401, 401, 400, 400, 415, 404, 404, 400]
        for data in personal.broken():
            assert not visitor.raw(data).startswith(b"HTTP/1.1 2")
        # What the alerts hold the spool and the queue against: one spool, two sinks.
        assert collector.metric("collector_spool_limit_bytes") == 1024**3
        assert collector.metric("collector_queue_limit_records") == 2 * 50_000
        assert collector.metric("collector_spool_bytes") > 0
    stored = b"".join(file.read_bytes() for file in (tmp_path / "events").iterdir())
    assert all(mark.encode() in stored for mark in (USER, MAIL, personal.ADDRESS)), "the marks have come through"
    read = lines(collector.log, "collector")
    assert personal.marks_in(collector.log) == []
    assert KEY not in collector.log.read_text()
    assert any("takes nothing" in line["message"] for line in read), "it says that Kafka is away"
    assert any("Invalid HTTP request" in line["message"] for line in read), "the web server's own lines are there"
    assert {("POST", "/api/v1/behaviors", 202), ("GET", "/schemas/{id}", 404), ("POST", "none", 404)} <= routes(read)


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "clickhouse").mkdir()
    made = ServerProcess(tmp_path / "clickhouse")
    made.start()
    yield made
    if made.process is not None:
        made.end()


def test_the_analytics_service_logs_nothing_of_those_it_is_asked_about(
    clickhouse: ServerProcess, tmp_path: Path
) -> None:
    urls = f"{clickhouse.url}/shop"
    migrate_clickhouse(ClickHouseSettings(urls=urls), ddl_directory(None))
    file = tmp_path / "tokens.yaml"
    token = add_token(file, "marked-cookie", ["shop"], list(Role))
    port, rpc = free_port(), free_port()
    (tmp_path / "redis").mkdir()
    with RedisProcess(tmp_path / "redis") as redis:
        settings = LOGGED | {
            "CLICKHOUSE_URLS": urls,
            "REDIS_URL": redis.url,
            "ANALYTICS_TOKENS_FILE": str(file),
            "ANALYTICS_PORT": str(port),
            "ANALYTICS_GRPC_PORT": str(rpc),
            "ANALYTICS_MONGO_SECONDS": "0.3",
            "ANALYTICS_CACHE_SECONDS": "0",
            "MONGO_URL": f"mongodb://{personal.BEARER}:{personal.BEARER}@{NOBODY}/clickstream",
        }
        url = f"http://127.0.0.1:{port}"
        started = ServiceProcess(tmp_path / "analytics.log", url, ("analytics",), settings)
        with started as service, Visitor(url) as visitor:
            asked(visitor, token, rpc)
            clickhouse.end()
            bearer = {"Authorization": f"Bearer {token}"}
            assert visitor.http.get(f"{API}/trend", params=PERIOD, headers=bearer).status_code == 503
            assert visitor.http.delete(f"{API}/users/{USER}", headers=bearer).status_code == 503
            # What the alert about this service is made of.
            failed = f'analytics_requests_total{{method="GET",route="{API}/trend",status="503"}} 1.0'
            assert failed in visitor.http.get("/metrics").text
    read = lines(service.log, "analytics")
    assert personal.marks_in(service.log) == []
    assert token not in service.log.read_text()
    assert any("the catalogue's indexes are not made yet" in line["message"] for line in read), "MongoDB is away"
    seen = routes(read)
    assert {("GET", f"{API}/trend", 401), ("GET", f"{API}/trend", 200), ("GET", "none", 404)} <= seen
    assert ("DELETE", f"{API}/users/{{user_id:path}}", 503) in seen


API = "/api/v1/analytics"
PERIOD = {"start_time": "2026-01-01", "end_time": "2026-01-02", "scenario_id": USER}


def asked(visitor: Visitor, token: str, rpc: int) -> None:
    """Right and wrong questions, over HTTP and gRPC."""
    bearer = {"Authorization": f"Bearer {token}"}
    http = visitor.http
    statuses = [
        http.get(f"{API}/trend", params=PERIOD, headers={"Authorization": f"Bearer {personal.BEARER}"}).status_code,
        http.get(f"{API}/trend", params=PERIOD, headers=bearer).status_code,
        http.get(f"{API}/trend", params={**PERIOD, "start_time": USER}, headers=bearer).status_code,
        http.get(f"{API}/{USER}", params={"token": token}).status_code,
        http.post("/sign-in", json={"token": personal.BEARER}).status_code,
        http.post("/sign-in", content=b'{"token": "' + token.encode()).status_code,
        http.put(f"/api/v1/catalogue/user_profiles/{USER}", json={"mail": MAIL}, headers=bearer).status_code,
        http.post("/api/v1/catalogue/items", content=f'{{"title": "{MAIL}'.encode(), headers=bearer).status_code,
        http.request(USER, f"{API}/trend", headers=bearer).status_code,
    ]
    assert [status // 100 for status in statuses] == [4, 2, 4, 4, 4, 4, 4, 4, 4], statuses
    for data in personal.broken():
        visitor.raw(data)
        with contextlib.suppress(OSError):
            visitor.raw(data, rpc)
    with grpc.insecure_channel(f"127.0.0.1:{rpc}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/clickstream.catalogue.v1.Catalogue/GetUserProfile"
        )
        for shown in (personal.BEARER, token):
            for request in (pb.GetRequest(id=USER).SerializeToString(), f"\xff{USER}".encode()):
                with pytest.raises(grpc.RpcError):
                    call(request, metadata=(("authorization", f"Bearer {shown}"),), timeout=10)


def test_the_shop_logs_nothing_of_its_visitors(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ("shop", "--key", personal.KEY, "--port", str(port))
    settings = LOGGED | {"REDIS_URL": f"redis://:{personal.BEARER}@{NOBODY}/0", "REDIS_TIMEOUT": "0.5"}
    with ServiceProcess(tmp_path / "shop.log", url, command, settings) as service, Visitor(url) as visitor:
        found = [visitor.http.get(path).status_code for path in ("/", f"/p/{USER}?mail={MAIL}", "/api/hot", f"/{USER}")]
        assert found == [200, 404, 503, 404]
    read = lines(service.log, "shop")
    assert personal.marks_in(service.log) == []
    assert {("GET", "/", 200), ("GET", "/p/{item_id}", 404), ("GET", "none", 404)} <= routes(read)
