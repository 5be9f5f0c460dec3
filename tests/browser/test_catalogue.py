"""The page of the catalogue, in a real browser, on MongoDB alone: documents made, found, changed by two at once."""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from analytics.configuration import Configuration
from analytics.pages import BUILT
from analytics.services import Services
from analytics.tokens import Role, Tokens, add_token
from analytics.warehouse import Warehouse
from clickstream.clock import SystemClock
from clickstream.config import ClickHouseSettings
from clickstream.config.analytics import AnalyticsSettings
from tests.contract.analytics.service import running
from tests.contract.catalogue.client import Catalogue
from tests.kit.mongo import Mongo

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokens; the service reads it again when it has changed."""
    made = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    add_token(made, "nobody's", ["nobody"], [Role.READ])
    return made


@pytest.fixture(scope="module")
def address(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert (BUILT / "index.html").exists(), "the dashboard is not built: make dashboard"
    mongo = Mongo(tmp_path_factory.mktemp("mongo"))
    settings = AnalyticsSettings(tokens_file=file)
    clock = SystemClock()
    services = Services(
        settings=settings,
        tokens=Tokens(file),
        warehouse=Warehouse(ClickHouseSettings(urls="http://127.0.0.1:1/none"), settings, clock),
        lookup=None,
        clock=clock,
        configuration=Configuration(mongo.url, 2.0),
    )
    try:
        mongo.start()
        with running(services) as started:
            yield started
    finally:
        mongo.stop()


@pytest.fixture
def tokens(file: Path) -> dict[str, str]:
    """Of a tenant of the test's own, which has no documents."""
    tenant = f"t{secrets.token_hex(4)}"
    return {
        "admin": add_token(file, f"{tenant}-admin", [tenant], [Role.READ, Role.ADMIN]),
        "reader": add_token(file, f"{tenant}-reader", [tenant], [Role.READ]),
    }


def signed_in(browser: Browser, address: str, token: str) -> Page:
    page = browser.new_context(viewport={"width": 1360, "height": 900}, locale="en-GB").new_page()
    page.goto(f"{address}/sign-in#token={token}")
    page.get_by_role("link", name="Catalogue").click()
    return page


def algorithm_is(name: str) -> re.Pattern[str]:
    return re.compile(rf'"algorithm": "{name}"')


def edited(document: dict[str, Any]) -> dict[str, Any]:
    """What of a document stands in the page's text."""
    return {name: value for name, value in document.items() if name not in ("revision", "created_at", "updated_at")}


def shown(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def test_documents_are_made_found_and_changed(
    browser: Browser, address: str, tokens: dict[str, str], screenshot: Callable[[Page, str], Path]
) -> None:
    page = signed_in(browser, address, tokens["admin"])
    listed = page.locator('[data-panel="catalogue"]')
    document = page.locator('[data-panel="document"]')
    expect(listed).to_have_attribute("data-state", "empty")
    page.locator("select[name=of]").select_option("items")
    page.locator("button[name=new]").click()
    text = document.locator("textarea")
    blank = json.loads(text.input_value())
    text.fill(json.dumps(blank | {"item_id": "e/1 ü", "title": "Blue <b>sofa</b>", "price": -1}))
    document.locator("button[name=save]").click()
    expect(document.get_by_role("status")).to_contain_text("price")
    text.fill(json.dumps(blank | {"item_id": "e/1 ü", "title": "Blue <b>sofa</b>"}))
    document.locator("button[name=save]").click()
    expect(listed.get_by_role("button", name="e/1 ü")).to_be_visible()
    expect(listed.locator("tbody").first).to_contain_text("Blue <b>sofa</b>")

    with Catalogue(address, tokens["admin"]) as other:
        read = other.get("items/e%2F1%20%C3%BC")
        expect(text).to_have_value(shown(edited(read)))
        other.put("items/e%2F1%20%C3%BC", 1, **(read | {"title": "Green sofa"}))
        for number in range(60):
            other.make("items", item_id=f"lamp-{number:02}", title="Lamp")
    text.fill(text.input_value().replace("Blue", "Red"))
    document.locator("button[name=save]").click()
    expect(document.get_by_role("status")).to_contain_text("revision 2, not 1")
    screenshot(page, "changed-meanwhile")
    document.get_by_role("button", name="Close").click()
    expect(document).to_have_count(0)

    page.locator("input[name=q]").fill("green so")
    page.locator("input[name=q]").press("Enter")
    expect(listed.locator("tbody tr")).not_to_have_count(0)
    expect(listed.get_by_role("button", name="e/1 ü")).to_be_visible()
    assert "q=green+so" in page.url
    page.locator("input[name=q]").fill("")
    page.locator("input[name=q]").press("Enter")
    expect(listed.locator(".body tbody tr")).to_have_count(50)
    listed.get_by_role("button", name="Further").click()
    expect(listed.locator(".body tbody tr")).to_have_count(11)

    page.goto(f"{address}/catalogue?of=items&id=e%2F1+%C3%BC")
    expect(text).to_have_value(shown(edited(read) | {"title": "Green sofa"}))
    page.on("dialog", lambda dialog: dialog.accept())
    document.locator("button[name=remove]").click()
    expect(document).to_have_count(0)
    expect(listed.get_by_role("button", name="lamp-00")).to_be_visible()
    expect(listed.get_by_role("button", name="e/1 ü")).to_have_count(0)
    page.context.close()


def test_what_was_typed_outlives_a_change_of_language(
    browser: Browser, address: str, tokens: dict[str, str], screenshot: Callable[[Page, str], Path]
) -> None:
    with Catalogue(address, tokens["admin"]) as other:
        other.make("items", item_id="sofa", title="Green sofa")
    page = signed_in(browser, address, tokens["admin"])
    text = page.locator('[data-panel="document"] textarea')
    page.get_by_label("Theme").select_option("dark")
    page.locator("select[name=of]").select_option("items")
    page.locator('[data-panel="catalogue"]').get_by_role("button", name="sofa").click()
    expect(text).to_have_value(re.compile("Green sofa"))
    text.fill(text.input_value().replace("Green", "Red"))
    page.locator("button[lang=zh]").click()
    expect(page.get_by_role("heading", name="物品")).to_be_visible()
    expect(text).to_have_value(re.compile("Red sofa"))
    screenshot(page, "dark-chinese")
    page.locator("button[name=reload]").click()
    expect(text).to_have_value(re.compile("Green sofa"))
    page.context.close()


def test_a_model_goes_back_to_a_version_and_a_reader_changes_nothing(
    browser: Browser, address: str, tokens: dict[str, str], screenshot: Callable[[Page, str], Path]
) -> None:
    with Catalogue(address, tokens["admin"]) as other:
        other.make("models", model_id="ranker", algorithm="als")
        other.put("models/ranker", 1, model_id="ranker", algorithm="two-tower")
        page = signed_in(browser, address, tokens["admin"])
        page.locator("select[name=of]").select_option("models")
        page.get_by_role("button", name="ranker").click()
        document = page.locator('[data-panel="document"]')
        expect(document.locator("textarea")).to_have_value(algorithm_is("als"))
        document.get_by_role("button", name="Activate").click()
        expect(document.locator("textarea")).to_have_value(algorithm_is("two-tower"))
        expect(document.locator(".versions li").first).to_contain_text("(active)")
        assert other.get("models/ranker")["algorithm"] == "two-tower"
        screenshot(page, "versions")
        page.context.close()
    page = signed_in(browser, address, tokens["reader"])
    page.goto(f"{address}/catalogue?of=models&id=ranker")
    document = page.locator('[data-panel="document"]')
    expect(document.locator("textarea")).to_have_value(algorithm_is("two-tower"))
    expect(document.locator("textarea")).not_to_be_editable()
    expect(page.locator("button[name=save], button[name=new], button[name=remove]")).to_have_count(0)
    expect(document.get_by_role("button", name="Activate")).to_have_count(0)
    page.context.close()
