// @vitest-environment happy-dom
/** What is seen of a page: its markup, clicks, sights, time, scrolling and videos. Sight is told by a stand-in. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AUTO, type Auto } from "../src/options";
import type { WireEvent } from "../src/event";
import { Tracker } from "../src/tracker";

let sent: WireEvent[], tracker: Tracker | undefined, sight: Sight[];

/** Stands for IntersectionObserver, which a simulated browser has no layout for. */
class Sight {
  readonly watched = new Set<Element>();

  constructor(private readonly callback: IntersectionObserverCallback) {
    sight.push(this);
  }

  observe(element: Element): void {
    this.watched.add(element);
  }

  unobserve(element: Element): void {
    this.watched.delete(element);
  }

  disconnect(): void {
    this.watched.clear();
  }

  tell(element: Element, ratio: number, height = 100 * ratio): void {
    if (!this.watched.has(element)) return;
    const entry = {
      target: element, isIntersecting: ratio > 0, intersectionRatio: ratio,
      intersectionRect: { height }, rootBounds: { height: 800 },
    };
    this.callback([entry as unknown as IntersectionObserverEntry], this as unknown as IntersectionObserver);
  }
}

function start(...auto: Auto[]): void {
  tracker = new Tracker({ key: "wk", endpoint: "https://c.example/e", scenario: "home", auto });
}

async function settle(milliseconds = 2_000): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

function at(selector: string): HTMLElement {
  return document.querySelector<HTMLElement>(selector)!;
}

function see(selector: string, ratio: number, height?: number): void {
  for (const each of sight) each.tell(at(selector), ratio, height);
}

function show(state: "visible" | "hidden"): void {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}

function of(name: string): WireEvent[] {
  return sent.filter((event) => (event.event_name ?? event.action_type) === name);
}

function click(selector: string, more: MouseEventInit & { pageX?: number; pageY?: number } = {}, type = "click"): void {
  const event = new MouseEvent(type, { bubbles: true, composed: true, detail: 1, ...more });
  for (const name of ["pageX", "pageY"] as const) Object.defineProperty(event, name, { value: more[name] ?? 0 });
  at(selector).dispatchEvent(event);
}

const LIST = `
  <ul id="hot" data-cs-list data-cs-request="r-1" data-cs-scenario="hot" data-cs-experiment="ranker" data-cs-group="b">
    <li data-cs-item="p-1"><a href="#p-1"><b>one</b></a></li>
    <li data-cs-item="p-2"><a href="#p-2">two</a>
      <button data-cs-action="add_cart" data-cs-quantity="2" data-cs-price="9.5" data-cs-currency="EUR">buy</button></li>
    <li data-cs-item="p-3" data-cs-position="30"><a href="#p-3">three</a></li>
  </ul>
  <main><p>text</p><p>more</p></main>
  <div data-cs-off><button id="secret" data-cs-item="p-9">hidden</button></div>`;

const PLACE = { scenario_id: "hot", request_id: "r-1", experiment_id: "ranker", experiment_group: "b" };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  localStorage.clear();
  [sent, sight] = [[], []];
  vi.stubGlobal("IntersectionObserver", Sight);
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    sent.push(...(JSON.parse(body) as WireEvent[]));
    return new Response("{}", { status: 202 });
  });
  navigator.sendBeacon = (_url, body) => sent.push(...(JSON.parse(body as string) as WireEvent[])) > 0;
  show("visible");
  document.body.innerHTML = LIST;
});

afterEach(() => {
  tracker?.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("clicks", () => {
  it("on an item say which, where in which list, and where on the page", async () => {
    start("clicks");
    click("b", { pageX: 40.4, pageY: 1200 });
    await settle();
    expect(of("click")).toMatchObject([
      { action_type: "click", item_id: "p-1", position: 0, x: 40, y: 1200, ...PLACE,
        element_id: "#hot>li:nth-of-type(1)>a>b" },
    ]);
  });

  it("on an element that stands for an action are that action", async () => {
    start("clicks");
    click("button");
    await settle();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      action_type: "add_cart", item_id: "p-2", position: 1, quantity: 2, price: 9.5, currency: "EUR", ...PLACE,
    });
  });

  it("on anything else are custom, for heatmaps", async () => {
    start("clicks");
    click("main p:nth-of-type(2)", { pageX: 5, pageY: 6 });
    await settle();
    expect(sent).toMatchObject([{ action_type: "custom", event_name: "click", x: 5, y: 6 }]);
    expect([sent[0]!.element_id, sent[0]!.item_id]).toEqual(["html>body>main>p:nth-of-type(2)", undefined]);
  });

  it("take the slot that the page states over the one that is counted", async () => {
    start("clicks");
    click("[data-cs-item=p-3] a");
    await settle();
    expect(sent[0]!.position).toBe(30);
  });

  it("by the middle button count, by the right one and in what is switched off do not, nor by keyboard where", async () => {
    start("clicks");
    click("b", { button: 1 }, "auxclick");
    click("b", { button: 2 }, "auxclick");
    click("#secret");
    click("b", { detail: 0 });
    await settle();
    expect(of("click").map((event) => [event.item_id, event.x])).toEqual([["p-1", 0], ["p-1", undefined]]);
  });

  it("on an action of a page about an item are of that item", async () => {
    document.body.innerHTML = '<main data-cs-view="p-5"><button data-cs-action="like">like</button><i>text</i></main>';
    start("clicks");
    click("button");
    click("i");
    await settle();
    expect(sent.map((event) => [event.event_name ?? event.action_type, event.item_id])).toEqual([
      ["view", "p-5"], ["like", "p-5"], ["click", undefined],
    ]);
  });

  it("on what fails when it is looked at are no error of the page's", () => {
    const seen: unknown[] = [];
    const note = (event: Event) => seen.push(event);
    window.addEventListener("error", note);
    start("clicks");
    at("b").closest = () => {
      throw new Error("odd");
    };
    expect(() => click("b")).not.toThrow();
    window.removeEventListener("error", note);
    expect(seen).toEqual([]);
  });

  it("do not stop when the page's own handler throws or stops the event", async () => {
    start("clicks");
    at("b").addEventListener("click", (event) => event.stopImmediatePropagation());
    click("b");
    await settle();
    expect(of("click")).toHaveLength(1);
  });
});

describe("impressions", () => {
  it("take half of the element for a whole second without a break", async () => {
    start("impressions");
    see("[data-cs-item=p-1]", 0.5);
    see("[data-cs-item=p-2]", 0.4);
    await settle(999);
    see("[data-cs-item=p-2]", 0.6);
    await settle(900);
    see("[data-cs-item=p-2]", 0.3);
    await settle(100);
    see("[data-cs-item=p-2]", 1);
    await settle(999);
    tracker!.flush();
    await settle(0);
    expect(of("impression").map((event) => event.item_id)).toEqual(["p-1"]);
    await settle(3_000);
    expect(of("impression")).toMatchObject([
      { item_id: "p-1", position: 0, ...PLACE },
      { item_id: "p-2", position: 1, ...PLACE },
    ]);
    expect(of("impression")[0]!.timestamp).toBe(1_700_000_001_000);
  });

  it("come once per page view and list", async () => {
    start("impressions", "pages");
    const item = "[data-cs-item=p-1]";
    for (let time = 0; time < 3; time++) {
      see(item, 1);
      await settle(1_500);
      see(item, 0);
    }
    see(item, 1);
    await settle(1_500);
    expect(of("impression")).toHaveLength(0 + 1);
    history.pushState({}, "", "/next");
    await settle(5_000);
    expect(of("impression")).toHaveLength(2);
    at("#hot").setAttribute("data-cs-request", "r-2");
    await settle(10);
    see(item, 1);
    await settle(5_000);
    expect(of("impression").map((event) => event.request_id)).toEqual(["r-1", "r-1", "r-2"]);
    history.pushState({}, "", "/");
  });

  it("are of items that come later too, and of what an element holds by then", async () => {
    start("impressions");
    at("main").innerHTML = '<div data-cs-item="p-4"></div>';
    await settle(10);
    see("[data-cs-item=p-4]", 1);
    await settle(500);
    at("[data-cs-item=p-4]").setAttribute("data-cs-item", "p-6");
    await settle(10);
    see("[data-cs-item=p-6]", 1);
    await settle(900);
    expect(of("impression")).toEqual([]);
    await settle(5_000);
    expect(of("impression").map((event) => event.item_id)).toEqual(["p-6"]);
    at("main").innerHTML = "";
    await settle(10);
    expect([...sight[0]!.watched].every((element) => element.isConnected)).toBe(true);
  });

  it("wait while the tab is hidden", async () => {
    start("impressions");
    see("[data-cs-item=p-1]", 1);
    await settle(900);
    show("hidden");
    await settle(60_000);
    expect(of("impression")).toEqual([]);
    show("visible");
    await settle(999);
    show("hidden");
    show("visible");
    await settle(5_000);
    expect(of("impression")).toHaveLength(1);
  });

  it("of an element taller than the window take half of the window", async () => {
    start("impressions");
    see("[data-cs-item=p-1]", 0.2, 400);
    see("[data-cs-item=p-2]", 0.2, 399);
    see("#secret", 1);
    await settle(5_000);
    expect(of("impression").map((event) => event.item_id)).toEqual(["p-1"]);
  });
});

describe("dwell", () => {
  it("is the time in which the tab could be seen, told whenever it is hidden", async () => {
    document.body.innerHTML = '<main data-cs-view="p-5"></main>';
    start("pages", "dwell");
    await settle(10_400);
    show("hidden");
    await settle(60_000);
    show("visible");
    await settle(5_300);
    window.dispatchEvent(new Event("pagehide"));
    const dwell = of("dwell");
    expect(dwell.map((event) => event.watch_duration)).toEqual([10, 6]); // 15.7 s, and no fraction is lost
    expect(dwell[0]).toMatchObject({
      action_type: "custom", item_id: "p-5", extra_data: { page_view: of("pageview")[0]!.event_id },
    });
  });

  it("is of the page that is left, not of the one that follows", async () => {
    start("pages", "dwell");
    const first = location.href;
    await settle(3_000);
    history.pushState({}, "", "/next");
    await settle(4_000);
    show("hidden");
    await settle();
    const pages = of("pageview").map((event) => event.event_id);
    expect(of("dwell").map(({ url, watch_duration, extra_data }) => [url, watch_duration, extra_data!.page_view])).toEqual([
      [first, 3, pages[0]], [new URL("/next", first).href, 4, pages[1]],
    ]);
    history.pushState({}, "", "/");
  });
});

describe("views", () => {
  it("are of the item that a page is about, once, when the page gets to showing it", async () => {
    start("pages");
    await settle(10);
    history.pushState({}, "", "/p-5");
    document.body.innerHTML = '<main data-cs-view="p-5"></main>';
    await settle(10);
    history.pushState({}, "", "/p-6"); // the old page still stands while the new one is fetched
    await settle(500);
    document.body.innerHTML = '<main data-cs-view="p-6"></main>';
    await settle();
    const seen = sent.map((event) => [event.action_type, event.item_id, new URL(event.url!).pathname]);
    expect(seen).toEqual([
      ["pageview", undefined, "/"], ["pageview", undefined, "/p-5"], ["view", "p-5", "/p-5"],
      ["pageview", undefined, "/p-6"], ["view", "p-6", "/p-6"],
    ]);
    history.pushState({}, "", "/");
  });
});

it("a page that comes back out of the browser's cache is viewed and seen anew", async () => {
  document.body.innerHTML = '<main data-cs-view="p-5"><p data-cs-item="p-1"></p></main>';
  start("pages", "impressions");
  see("p", 1);
  await settle();
  window.dispatchEvent(new Event("pagehide"));
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await settle();
  const once = ["pageview", "view", "impression"];
  const names = new Map(sent.map((event) => [event.event_id, event.action_type])); // a beacon's events are sent again
  expect([...names.values()]).toEqual([...once, ...once]);
});

describe("scrolling", () => {
  it("is told by the quarter, each once, and the deepest goes with the dwell time", async () => {
    Object.defineProperty(document.documentElement, "scrollHeight", { configurable: true, get: () => 8 * innerHeight });
    start("pages", "scroll", "dwell");
    const scroll = async (screens: number) => {
      Object.defineProperty(window, "scrollY", { configurable: true, value: screens * innerHeight });
      document.dispatchEvent(new Event("scroll"));
      await settle(100);
    };
    for (const screens of [0.5, 1, 1.5, 5, 2, 5.5]) await scroll(screens);
    show("hidden");
    await settle();
    expect(of("scroll").map((event) => event.completion_rate)).toEqual([0.25, 0.75]);
    expect(of("dwell").map((event) => event.completion_rate)).toEqual([6.5 / 8]);
    await scroll(0);
  });
});

describe("videos", () => {
  it("tell how long they played in a tab that can be seen, and how much of them", async () => {
    document.body.innerHTML = '<div data-cs-item="v-1" data-cs-position="4"><video id="film"></video></div>';
    const film = at("video") as HTMLVideoElement;
    const played = [[0, 12], [20, 26]];
    Object.defineProperties(film, {
      duration: { value: 60 },
      paused: { value: false },
      played: { value: { length: 2, start: (at: number) => played[at]![0], end: (at: number) => played[at]![1] } },
    });
    start("pages", "video");
    const tell = (type: string) => film.dispatchEvent(new Event(type)); // media events do not bubble
    show("hidden");
    tell("playing");
    await settle(20_000);
    show("visible");
    await settle(8_000);
    tell("waiting");
    await settle(30_000);
    tell("playing");
    await settle(4_000);
    show("hidden");
    await settle(10_000);
    show("visible");
    await settle(6_000);
    tell("ended");
    await settle();
    window.dispatchEvent(new Event("pagehide"));
    expect(of("video")).toMatchObject([
      { item_id: "v-1", position: 4, element_id: "film", watch_duration: 12, completion_rate: 0.3 },
      { item_id: "v-1", watch_duration: 6, completion_rate: 0.3 },
    ]);
  });
});

it("leaves the page as it was when it is stopped", async () => {
  const [push, replace] = [history.pushState, history.replaceState];
  start(...AUTO);
  await settle();
  tracker!.stop();
  sent.length = 0;
  click("b");
  show("hidden");
  history.pushState({}, "", "/x");
  history.pushState({}, "", "/");
  window.dispatchEvent(new Event("pagehide"));
  await settle(10_000);
  expect(sent).toEqual([]);
  expect([history.pushState, history.replaceState]).toEqual([push, replace]);
});
