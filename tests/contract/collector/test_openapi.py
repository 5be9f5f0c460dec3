"""Requests made up from the service's own description, right ones and wrong ones: each is answered as it describes."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks

from tests.kit.collector import KEY, CollectorProcess, collection

pytestmark = pytest.mark.net

EXAMPLES = 60
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    folder = tmp_path_factory.mktemp("described")
    sinks = {"file": {"type": "file", "folder": "events"}}
    with CollectorProcess(folder, collection(sinks=sinks), {}) as process:
        yield process


@pytest.fixture(scope="module")
def described(collector: CollectorProcess) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{collector.url}/openapi.json")


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize(("path", "method"), [("/api/v1/behaviors", "POST"), ("/events", "POST"), ("/t.gif", "GET")])
def test_every_request_is_answered_as_described(
    described: schemathesis.BaseSchema, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    seen: set[int] = set()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(described[path][method].as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        with_key: dict[str, Any] = {"headers": {"X-Write-Key": KEY}} if method == "POST" else {"params": {"key": KEY}}
        response = case.call(**with_key)
        case.validate_response(response, checks=CHECKS)
        seen.add(response.status_code)

    answered()
    wanted = ({202} if method == "POST" else {200, 400}) if mode is schemathesis.GenerationMode.POSITIVE else {400}
    assert seen & wanted, f"made-up requests reach more than the door: {seen}"


def test_it_still_takes_events(collector: CollectorProcess) -> None:
    (path, of) = next(iter(collector.client.get("/openapi.json").json()["paths"].items()))
    example = of["post"]["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    answer = collector.client.post(path, json=example, headers={"X-Write-Key": KEY})
    assert answer.json() == {"accepted": 1, "rejected": []}
    assert collector.metric("collector_body_bytes") == 0, "nothing is left in memory"
