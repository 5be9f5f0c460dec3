"""How pages are used: by address, keyboard and screen reader, in both languages, light and dark, and as a file."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.dashboard.shown import Shown
from tests.kit.waiting import wait_for

Screenshot = Callable[[Page, str], Path]
# Every control, with what a screen reader calls it.
NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, [role=img], [role=region]')]
    .filter(each => each.getClientRects().length)
    .filter(each => !(each.getAttribute('aria-label') || each.textContent.trim()
        || [...(each.labels ?? [])].some(label => label.textContent.trim())))
    .map(each => each.outerHTML)"""


def test_what_is_chosen_stands_in_the_address_and_back_goes_back(shown: Shown) -> None:
    shown.go()
    shown.panel("figures")
    shown.page.select_option("[name=scenario]", "search")
    shown.page.wait_for_url("**scenario=search**")
    place = shown.stored.answers.place("aurora", "search")
    shown.page.wait_for_selector(f'[data-figure="total_clicks"][data-value="{place.actions["click"]}"]')
    shown.page.select_option("[name=zone]", "Asia/Shanghai")
    shown.page.wait_for_url("**zone=Asia%2FShanghai**")
    shown.page.get_by_role("link", name="Funnel").click()
    shown.panel("funnel")
    assert all(part in shown.page.url for part in ("/funnel?", "scenario=search", "zone=Asia", "period=dates"))
    shown.page.go_back()
    shown.page.go_back()
    shown.page.wait_for_selector(f'[data-figure="total_clicks"][data-value="{place.actions["click"]}"]')
    assert shown.page.locator("[name=zone]").input_value() == "UTC"
    shown.page.select_option("[name=tenant]", "borealis")
    shown.page.wait_for_url("**tenant=borealis**")
    clicks = sum(each.actions.get("click", 0) for each in shown.stored.answers.places if each.tenant_id == "borealis")
    shown.page.wait_for_selector(f'[data-figure="total_clicks"][data-value="{clicks}"]')


def test_by_keyboard_alone(shown: Shown) -> None:
    shown.go()
    shown.panel("items")
    page = shown.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Retention"
    page.keyboard.press("Enter")
    shown.panel("cohorts")
    page.locator("[name=unit]").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**unit=week**")
    shown.panel("cohorts")
    wait_for(lambda: page.evaluate("document.activeElement.name") == "unit", 10, "the focus does not get lost")


def test_every_control_has_a_name_and_every_table_says_what_it_is(shown: Shown) -> None:
    pages = {"": "items", "retention": "curve", "pipeline": "jobs", "catalogue": ""}
    pages |= {name: name for name in ("funnel", "paths", "heatmap", "experiments")}
    for path, panel in pages.items():
        shown.go(path, path="/home")
        if panel:
            shown.panel(panel)
        else:
            shown.page.wait_for_selector("[data-panel=catalogue]:not([data-state=loading])")
        if path not in {"pipeline", "catalogue"}:
            shown.page.wait_for_selector('.chart canvas, .sheet canvas, [data-state="empty"]', state="attached")
        assert shown.page.evaluate(NAMELESS) == []
        assert shown.page.locator("h1").count() == 1
        captions = shown.page.locator("table caption").all_inner_texts()
        assert len(captions) == shown.page.locator("table").count()
        if path == "heatmap":
            label = shown.page.locator(".sheet canvas").get_attribute("aria-label") or ""
            assert "events in" in label


def test_chinese_and_dark_are_kept(shown: Shown, screenshot: Screenshot) -> None:
    shown.go()
    shown.panel("trend")
    shown.page.get_by_role("button", name="Switch to Chinese").click()
    shown.page.wait_for_selector("html[lang=zh-CN]")
    panel = shown.panel("trend")
    assert panel.locator("th[scope=col]").all_text_contents() == ["日期", "点击率", "转化率"]
    shown.page.select_option("[name=theme]", "dark")
    background = "getComputedStyle(document.body).backgroundColor"
    wait_for(lambda: shown.page.evaluate(background) == "rgb(14, 18, 24)", 10, "it is dark")
    shown.page.reload()
    shown.page.wait_for_selector("html[lang=zh-CN][data-theme=dark]")
    shown.panel("items")
    screenshot(shown.page, "chinese-dark")
    shown.go("", **{"from": "2020-01-01", "to": "2020-01-02"})
    assert "暂无数据" in shown.panel("items", "empty").inner_text()


def test_a_file_holds_what_is_shown(shown: Shown) -> None:
    shown.go(scenario="home")
    panel = shown.panel("items")
    with shown.page.expect_download() as download:
        panel.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "items.csv"
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0][:3] == ["Item", "Impressions", "Clicks"]
    assert rows[1:] == shown.rows("items")


def test_the_pipelines_page_says_what_is_not_there(shown: Shown, screenshot: Screenshot) -> None:
    shown.go("pipeline")
    assert "CLICKSTREAM_FLINK_REST_URL is not set" in shown.panel("jobs").inner_text()
    assert "CLICKSTREAM_KAFKA_BOOTSTRAP is not set" in shown.panel("topics").inner_text()
    assert "CLICKSTREAM_KAFKA_BOOTSTRAP is not set" in shown.panel("reasons", "error").inner_text()
    screenshot(shown.page, "pipeline")
    shown.page.get_by_role("button", name="Switch to Chinese").click()
    shown.page.wait_for_selector("html[lang=zh-CN]")
    assert "未设置 CLICKSTREAM_FLINK_REST_URL" in shown.panel("jobs").inner_text()
    assert "未设置 CLICKSTREAM_KAFKA_BOOTSTRAP" in shown.panel("topics").inner_text()
    assert "未设置 CLICKSTREAM_KAFKA_BOOTSTRAP" in shown.panel("reasons", "error").inner_text()
    shown.go("funnel", steps="a,b,c,d,e,f,g,h,i,j,k")
    assert "给出了 11 个步骤；应为 1 至 10 个。" in shown.panel("funnel", "error").inner_text()


def test_a_narrow_window_has_nothing_beyond_its_edge(shown: Shown, screenshot: Screenshot) -> None:
    shown.page.set_viewport_size({"width": 420, "height": 800})
    for path, panel in (("", "items"), ("experiments", "experiments"), ("heatmap", "heatmap")):
        shown.go(path)
        shown.panel(panel)
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= 420, path
    screenshot(shown.page, "narrow")


def test_a_picture_of_the_page_lies_behind_its_heatmap(shown: Shown, tmp_path: Path, screenshot: Screenshot) -> None:
    picture = tmp_path / "page.png"
    shown.go("retention")
    shown.panel("cohorts")
    shown.page.screenshot(path=picture)
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.method))
    shown.go("heatmap", width="1280")
    shown.panel("heatmap")
    before = shown.page.locator(".sheet canvas").evaluate("canvas => canvas.toDataURL()")
    shown.page.set_input_files("[name=picture]", picture)
    now = "document.querySelector('.sheet canvas').toDataURL()"
    wait_for(lambda: shown.page.evaluate(now) != before, 10, "the picture is drawn")
    assert set(asked) == {"GET"}, "it is sent nowhere"
    screenshot(shown.page, "heatmap-over-the-page")
