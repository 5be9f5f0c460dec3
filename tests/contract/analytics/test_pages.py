"""The dashboard's pages without a browser: what is served, who is let in, and what a stream tells."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from analytics.pages import Pages
from analytics.services import Services
from analytics.tokens import Role, Tokens, add_token, read_tokens, write_tokens
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings, RedisSettings
from clickstream.config.analytics import AnalyticsSettings
from clickstream.lookup import AsyncLookup
from tests.contract.analytics.service import running
from tests.contract.analytics.stored import Stored
from tests.contract.analytics.test_numbers import EVERYTHING
from tests.contract.clickhouse.clickhouse_process import ServerProcess

pytestmark = pytest.mark.net

DOCUMENT = "<!doctype html><title>clickstream</title>"
SCRIPT = "console.log('a script that is long enough to be worth packing');\n" * 20
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    (folder / "index.html").write_text(DOCUMENT)
    (folder / "dashboard.js").write_text(SCRIPT)
    (folder / "notes.key").write_text("nobody's business")
    return folder


@pytest.fixture(scope="module")
def pages(
    clickhouse: ServerProcess, stored: Stored, settings: AnalyticsSettings, built: Path
) -> Iterator[tuple[str, Services]]:
    """A service with pages, whose Redis does not answer."""
    clock = SystemClock()
    fast = settings.model_copy(update={"live_seconds": 0.1, "figures_seconds": 0.1})
    services = Services(
        settings=fast,
        tokens=Tokens(settings.tokens_file),
        warehouse=Warehouse(ClickHouseSettings(urls=f"{clickhouse.url}/shop"), fast, clock),
        lookup=AsyncLookup.connect(NOBODY, RedisSettings(timeout=1)),
        clock=clock,
        pages=Pages(built),
    )
    with running(services) as address:
        yield address, services


@pytest.fixture
def browser(pages: tuple[str, Services]) -> Iterator[httpx.Client]:
    """Keeps cookies, and knows no token."""
    with httpx.Client(base_url=pages[0], timeout=30) as client:
        yield client


@pytest.mark.parametrize("page", ["", "funnel", "retention", "paths", "heatmap", "experiments", "hot", "pipeline"])
def test_every_page_is_there_and_may_load_nothing_from_elsewhere(browser: httpx.Client, page: str) -> None:
    answer = browser.get(f"/{page}", params={"tenant": "aurora"})
    assert (answer.status_code, answer.text) == (200, DOCUMENT)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert all("unsafe" not in sources and "http" not in sources for sources in policy.values())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_file_is_packed_and_sent_once(browser: httpx.Client, built: Path) -> None:
    first = browser.get("/assets/dashboard.js")
    assert first.text == SCRIPT
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert int(first.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 9, mtime=0))
    etag = first.headers["etag"]
    again = browser.get("/assets/dashboard.js", headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    plain = browser.get("/assets/dashboard.js", headers={"Accept-Encoding": "identity"})
    assert (plain.text, "content-encoding" in plain.headers) == (SCRIPT, False)
    (built / "dashboard.js").write_text(SCRIPT + "// built anew")
    try:
        anew = browser.get("/assets/dashboard.js", headers={"If-None-Match": etag})
        assert (anew.status_code, anew.text) == (200, SCRIPT + "// built anew")
    finally:
        (built / "dashboard.js").write_text(SCRIPT)


@pytest.mark.parametrize("name", ["missing.js", "notes.key", "..%2Fdashboard.js", "%2Fetc%2Fpasswd", "a%00.js"])
def test_nothing_else_is_served(browser: httpx.Client, name: str) -> None:
    assert browser.get(f"/assets/{name}").status_code == 404


def test_pages_that_are_not_built_say_how_they_are(
    pages: tuple[str, Services], browser: httpx.Client, tmp_path: Path
) -> None:
    shown = pages[1].pages.folder
    pages[1].pages.folder = tmp_path
    try:
        answer = browser.get("/")
        assert answer.status_code == 404
        assert "make dashboard" in answer.text
    finally:
        pages[1].pages.folder = shown


def test_a_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(
    browser: httpx.Client, tokens: dict[str, str]
) -> None:
    assert browser.get("/api/v1/analytics/session").status_code == 401
    assert browser.post("/sign-in", json={"token": "cs_guess"}).status_code == 401
    assert not browser.cookies
    answer = browser.post("/sign-in", json={"token": tokens["all"]})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    session = browser.get("/api/v1/analytics/session").json()
    assert [tenant["tenant_id"] for tenant in session["tenants"]] == ["aurora", "borealis", "cascade"]
    assert session["tenants"][1] == {"tenant_id": "borealis", "title": "Borealis", "time_zone": "Asia/Kolkata"}
    assert session["roles"] == ["admin", "erase", "read"]
    shown = browser.get("/api/v1/analytics/trend", params={"tenant_id": "aurora", **EVERYTHING})
    assert shown.status_code == 200
    assert browser.post("/sign-out").status_code == 204
    assert browser.get("/api/v1/analytics/session").status_code == 401


def test_another_origin_cannot_sign_in_or_change_anything(browser: httpx.Client, tokens: dict[str, str]) -> None:
    # Another port of the same host: the same site, so its pages' requests carry the cookie.
    elsewhere = {"Origin": "http://127.0.0.1:1"}
    assert browser.post("/sign-in", json={"token": tokens["all"]}, headers=elsewhere).status_code == 403
    assert browser.post("/sign-in", json={"token": tokens["all"]}).status_code == 204
    assert browser.post("/sign-out", headers=elsewhere).status_code == 403
    answer = browser.get("/api/v1/analytics/session", headers=elsewhere)
    assert "access-control-allow-origin" not in answer.headers


def test_a_cookie_is_bound_to_its_tenants_as_a_header_is(browser: httpx.Client, tokens: dict[str, str]) -> None:
    browser.post("/sign-in", json={"token": tokens["aurora"]})
    assert browser.get("/api/v1/analytics/trend", params={"tenant_id": "borealis"}).status_code == 403
    assert browser.get("/api/v1/analytics/stream", params={"tenant_id": "borealis", "figures": 1}).status_code == 403
    assert browser.get("/api/v1/analytics/pipeline").status_code == 403


def test_choices_are_what_the_tenant_has(browser: httpx.Client, tokens: dict[str, str], stored: Stored) -> None:
    browser.post("/sign-in", json={"token": tokens["aurora"]})
    found = browser.get("/api/v1/analytics/choices", params=EVERYTHING).json()
    mine = [place for place in stored.answers.places if place.tenant_id == "aurora"]
    assert {each["scenario_id"]: each["impressions"] for each in found["scenarios"]} == {
        place.scenario_id: place.actions.get("impression", 0) for place in mine
    }
    events = [page["events"] for page in found["pages"]]
    assert events == sorted(events, reverse=True)
    assert sum(events) > 0


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_stream_tells_figures_again_and_again_while_redis_is_away(
    browser: httpx.Client, tokens: dict[str, str]
) -> None:
    browser.post("/sign-in", json={"token": tokens["aurora"]})
    parameters = {**EVERYTHING, "figures": "true", "place": ["home", "search"]}
    found: dict[str, list[dict[str, object]]] = {"figures": [], "away": []}
    with browser.stream("GET", "/api/v1/analytics/stream", params=parameters) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for name, data in events_of(answer.iter_lines()):
            if name != "alive":  # where a question took long
                found[name].append(data)
            if all(len(each) > 1 for each in found.values()):
                break
    assert found["figures"][0] == browser.get("/api/v1/analytics/dashboard", params=EVERYTHING).json()
    assert found["away"][0]["source"] == "live"
    assert "Redis does not answer" in str(found["away"][0]["detail"])
    assert '"code": "redis_away"' in json.dumps(found["away"][0]["reason"])


def test_a_stream_ends_with_its_token(
    pages: tuple[str, Services], browser: httpx.Client, tokens: dict[str, str]
) -> None:
    file = Path(tokens["file"])
    until = datetime.now(UTC) + timedelta(hours=1)
    browser.post("/sign-in", json={"token": add_token(file, "short-lived", ["aurora"], [Role.READ], until)})
    with browser.stream("GET", "/api/v1/analytics/stream", params={**EVERYTHING, "figures": "true"}) as answer:
        told = events_of(answer.iter_lines())
        assert next(told)[0] == "figures"
        content = read_tokens(file)
        kept = tuple(grant for grant in content.tokens if grant.name != "short-lived")
        write_tokens(file, content.model_copy(update={"tokens": kept}))
        assert len(list(told)) < 5, "it ends by itself"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({}, "place"), ({"place": ""}, "place"), ({"figures": "true", "start_time": "soon"}, "start_time")],
)
def test_a_stream_of_nothing_is_refused(
    browser: httpx.Client, tokens: dict[str, str], parameters: dict[str, str], said: str
) -> None:
    browser.post("/sign-in", json={"token": tokens["aurora"]})
    answer = browser.get("/api/v1/analytics/stream", params=parameters)
    assert answer.status_code == 422
    assert said in answer.text
